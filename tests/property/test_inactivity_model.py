"""Inactivity against a model that walks through time in small steps and looks at every one of them."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from events.control import PlanChanged
from events.ids import ResidentId, resident_key
from events.log import Entry
from events.messages import Motion
from rules.decisions import Annotate, AnyDecision, Raise, Withdraw
from rules.partition import Partition
from rules.plan import InactivityPlan, PlanError, read_plan

STEP = timedelta(minutes=5)
RESIDENT = ResidentId("testa")
KEY = resident_key(RESIDENT)
MIDNIGHTS = [
    ("UTC", date(2026, 3, 2)),
    ("Europe/Stockholm", date(2026, 3, 28)),
    ("Europe/Stockholm", date(2026, 10, 24)),
    ("America/St_Johns", date(2026, 3, 7)),
    ("America/St_Johns", date(2026, 10, 31)),
    ("Australia/Lord_Howe", date(2026, 4, 4)),
    ("Australia/Lord_Howe", date(2026, 10, 3)),
    ("Africa/Cairo", date(2026, 4, 23)),
    ("Africa/Cairo", date(2026, 10, 29)),
]

Told = tuple[str, datetime, datetime]


class SlowInactivity:
    """What staff should hear of one resident, told as (what, when, since when or when the activity was)."""

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)
        self.plan: InactivityPlan | None = None
        self.not_before = datetime.min.replace(tzinfo=UTC)
        """A stricter plan finds silence too long from its beginning on, not before."""
        self.since: datetime | None = None
        self.raised: tuple[datetime, datetime] | None = None
        """(silent since, raised at)"""
        self.days: dict[date, list[tuple[datetime, timedelta | None]]] = {}
        self.told: list[Told] = []

    def pass_time(self, now: datetime) -> None:
        if self.plan is None or self.since is None or self.raised is not None:
            return
        due = self.first_too_long(self.since, now, self.not_before)
        if due is not None:
            self.raised = (self.since, due)
            self.told.append(("raise", due, self.since))

    def change_plan(self, plan: InactivityPlan | None, now: datetime) -> None:
        if plan is None:
            self.raised = None
        elif self.raised is None:
            self.since = now if self.plan is None or self.since is None else self.since
            self.not_before = now
        self.plan = plan
        self.days.clear()

    def activity(self, at: datetime, now: datetime) -> None:
        at = min(at, now)
        if self.raised is None:
            self.since = at if self.since is None else max(at, self.since)
            return
        since, raised_at = self.raised
        if at <= since:
            return
        self.since, self.not_before = at, raised_at
        if at >= raised_at:
            self.raised = None
            self.told.append(("annotate", now, at))
        elif self.first_too_long(at, raised_at, raised_at) is not None:
            self.raised = (at, raised_at)
        else:
            self.raised = None
            self.told.append(("withdraw", now, at))

    def first_too_long(self, since: datetime, until: datetime, not_before: datetime) -> datetime | None:
        """The first moment at which silence since `since` is too long, looked for step by step."""
        counted_from = moment = since
        while moment <= until:
            limit = self.limit_at(moment)
            if limit is None:
                counted_from = moment + STEP
            elif moment - counted_from >= limit and moment > since and moment >= not_before:
                return moment
            moment += STEP
        return None

    def limit_at(self, moment: datetime) -> timedelta | None:
        """The stretch of the local day that `moment` is in is the first one whose end has not come."""
        day = moment.astimezone(self.zone).date()
        if day not in self.days:
            self.days[day] = self.stretches(day)
        return next(limit for end, limit in self.days[day] if moment < end)

    def stretches(self, day: date) -> list[tuple[datetime, timedelta | None]]:
        """The end of each, and its limit; None where it is quiet."""
        assert self.plan is not None
        spans = [(limit.start, limit.end) for limit in self.plan.limits]
        spans += [(quiet.start, quiet.end) for quiet in self.plan.quiet]
        cuts = sorted({0, 24 * 60, *(minutes(time) for span in spans for time in span)})
        return [(self.instant(day, end), self.limit_of(start)) for start, end in pairwise(cuts)]

    def limit_of(self, minute: int) -> timedelta | None:
        assert self.plan is not None
        if any(covers(minute, span.start, span.end) for span in self.plan.quiet):
            return None
        limits = [limit.minutes for limit in self.plan.limits if covers(minute, limit.start, limit.end)]
        return timedelta(minutes=min(limits)) if limits else None

    def instant(self, day: date, minute: int) -> datetime:
        local = datetime.combine(day, time(), self.zone) + timedelta(minutes=minute)
        return local.astimezone(UTC)


def minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def covers(minute: int, start: str, end: str) -> bool:
    """Whether the minute of the day lies in the span, walked through from its start."""
    length = (minutes(end) - minutes(start)) % (24 * 60) or 24 * 60
    return (minute - minutes(start)) % (24 * 60) < length


class Moved(NamedTuple):
    """Somebody moved `ago`, and it is heard now."""

    ago: timedelta


class Replanned(NamedTuple):
    plan: dict[str, Any]


def steps(low: int, high: int) -> st.SearchStrategy[timedelta]:
    return st.integers(low, high).map(lambda number: number * STEP)


clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from((0, 15, 30, 45)))
near_change = st.sampled_from(("00:00", "00:30", "01:00", "01:45", "02:00", "02:30", "03:00", "03:15", "04:00"))
spans = st.fixed_dictionaries({"from": clocks | near_change, "to": clocks | near_change})
limits = st.builds(
    lambda span, minutes: {**span, "minutes": minutes},
    spans | st.just({"from": "00:00", "to": "00:00"}),
    st.sampled_from((10, 30, 60, 90, 240, 600)),
)
inactivity = st.fixed_dictionaries(
    {"limits": st.lists(limits, min_size=1, max_size=3), "quiet": st.lists(spans, max_size=2)}
)
plans = st.none() | inactivity | inactivity


def can_be_followed(plan: dict[str, Any]) -> bool:
    try:
        read_plan(plan)
    except PlanError:
        return False
    return True


whole_plans = st.builds(lambda part: {"inactivity": part}, plans).filter(can_be_followed)
happenings = st.lists(
    st.tuples(
        steps(0, 80),
        st.none() | st.builds(Moved, st.just(timedelta(0)) | steps(-6, 100)) | st.builds(Replanned, whole_plans),
    ),
    max_size=12,
)


def told(decision: AnyDecision) -> Told:
    match decision:
        case Raise():
            return "raise", decision.at, datetime.fromisoformat(decision.detail["since"])
        case Withdraw():
            return "withdraw", decision.at, datetime.fromisoformat(decision.detail["activity_at"])
        case Annotate():
            return "annotate", decision.at, datetime.fromisoformat(decision.detail["activity_at"])
    raise AssertionError(decision)


@settings(max_examples=300)
@given(st.sampled_from(MIDNIGHTS), whole_plans, happenings)
def test_inactivity_is_what_a_walk_through_time_finds(
    place: tuple[str, date], plan: dict[str, Any], happenings: list[tuple[timedelta, Moved | Replanned | None]]
) -> None:
    zone, day = place
    now = datetime.combine(day, time(20), ZoneInfo(zone)).astimezone(UTC)
    model, partition, decisions = SlowInactivity(zone), Partition(), []
    for position, (after, what) in enumerate([(timedelta(0), Replanned(plan)), *happenings, (timedelta(days=1), None)]):
        now += after
        model.pass_time(now)
        match what:
            case Moved(ago):
                model.activity(now - ago, now)
                entry = Entry(position, KEY, "motion", Motion(at=now - ago), now - ago, now)
                decisions += partition.apply(entry)
            case Replanned(new):
                model.change_plan(read_plan(new).inactivity, now)
                changed = PlanChanged(resident=RESIDENT, version=1, timezone=zone, plan=new)
                decisions += partition.apply(Entry(position, KEY, "plan_changed", changed, now, now))
        model.pass_time(now)
        decisions += partition.fire(now)
    assert [told(decision) for decision in decisions] == model.told
