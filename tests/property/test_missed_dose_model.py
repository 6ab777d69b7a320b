"""Missed doses against a plain dict of doses and a walk through time in small steps."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from events.codec import decode_message
from events.control import PlanChanged
from events.ids import ResidentId, resident_key
from events.log import Entry
from rules.decisions import AnyDecision, Raise, Reason, Remind, Withdraw
from rules.partition import Partition
from rules.plan import DoseWindow, PlanError, read_plan

STEP = timedelta(minutes=5)
DAY = timedelta(days=1)
DISPENSER_LATE = timedelta(hours=2)
EARLY = timedelta(hours=4)
RESIDENT = ResidentId("testa")
KEY = resident_key(RESIDENT)
EVENINGS = [
    ("UTC", date(2026, 3, 2)),
    ("Europe/Stockholm", date(2026, 3, 28)),
    ("Europe/Stockholm", date(2026, 10, 24)),
    ("Australia/Lord_Howe", date(2026, 4, 4)),
    ("Australia/Lord_Howe", date(2026, 10, 3)),
    ("Africa/Cairo", date(2026, 4, 23)),
]

Told = tuple[str, datetime, str, str]
Name = tuple[str, date]


class SlowDose:
    def __init__(self, start: datetime, end: datetime, remind: datetime | None, window: DoseWindow) -> None:
        self.start = start
        self.end = end
        self.remind = remind
        self.every = window.remind_every_minutes
        self.early = timedelta(minutes=window.early_minutes)
        self.status = "pending"


class SlowMedicine:
    """What staff and the dispenser should hear, told as (what, when, which dose, which day)."""

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)
        self.windows: tuple[DoseWindow, ...] = ()
        self.doses: dict[Name, SlowDose] = {}
        self.now = datetime.min.replace(tzinfo=UTC)
        self.told: list[Told] = []
        self.unclaimed: datetime | None = None

    def pass_time(self, now: datetime) -> None:
        while self.now < now:
            self.now += STEP
            for name, dose in self.planned():
                if dose.start == self.now:
                    self.doses.setdefault(name, dose)
            for name, dose in self.in_order():
                if dose.status == "pending" and dose.end == self.now:
                    dose.status = "missed"
                    early = self.unclaimed is not None and dose.start - EARLY <= self.unclaimed < dose.start
                    self.tell(f"raise dose_{'taken_early' if early else 'not_taken'}", self.now, name)
                elif dose.status == "pending" and dose.remind == self.now:
                    self.remind(name, dose)

    def remind(self, name: Name, dose: SlowDose) -> None:
        assert dose.remind is not None
        self.tell("remind dose_due", dose.remind, name)
        again = dose.remind + timedelta(minutes=dose.every) if dose.every is not None else dose.end
        dose.remind = again if again < dose.end else None

    def change_plan(self, windows: tuple[DoseWindow, ...], now: datetime) -> None:
        self.now = now
        self.windows = windows
        self.doses = {name: dose for name, dose in self.doses.items() if dose.status != "pending"}
        for name, dose in self.planned():
            if dose.start <= now < dose.end and name not in self.doses:
                self.doses[name] = dose
                while dose.remind is not None and dose.remind <= now:
                    self.remind(name, dose)

    def report(self, kind: str, at: datetime, now: datetime) -> None:
        at = min(at, now)
        for name, dose in list(self.doses.items()):
            if dose.status != "pending" and now >= dose.end + DAY:
                del self.doses[name]
        running = {name: dose for name, dose in self.planned(at) if dose.start <= at < dose.end}
        doses = sorted((running | self.doses).items(), key=lambda item: item[1].start)
        if kind == "dose_taken":
            self.taken(doses, at, now)
        else:
            self.reported_missed(doses, at, now)

    def taken(self, doses: list[tuple[Name, SlowDose]], at: datetime, now: datetime) -> None:
        running = [(name, dose) for name, dose in doses if dose.start <= at < dose.end]
        before = [(name, dose) for name, dose in doses if dose.end <= at and dose.status != "taken"]
        untaken = [(name, dose) for name, dose in running if dose.status != "taken"]
        choice = last(untaken or running or before) if running or before else None
        coming = sorted((item for item in self.planned(at, 2) if item[1].start > at), key=lambda item: item[1].start)
        if not running and coming and coming[0][0] not in self.doses:
            ahead = coming[0][1].start - at
            if ahead <= coming[0][1].early and (choice is None or ahead <= at - choice[1].end):
                choice = coming[0]
        if choice is None:
            self.unclaimed = at
        else:
            name, dose = choice
            if dose.status == "missed":
                reported_late = at < dose.end <= now
                self.tell(f"withdraw dose_{'reported' if reported_late else 'taken'}_late", now, name)
            dose.status = "taken"
            self.doses[name] = dose

    def reported_missed(self, doses: list[tuple[Name, SlowDose]], at: datetime, now: datetime) -> None:
        about = [(name, dose) for name, dose in doses if dose.start <= at <= dose.end + DISPENSER_LATE]
        if not about:
            self.told.append(("raise dose_reported_missed", now, "", ""))
            return
        name, dose = last(about)
        if dose.status == "pending":
            dose.status = "missed"
            self.doses[name] = dose
            self.tell("raise dose_reported_missed", now, name)

    def tell(self, what: str, at: datetime, name: Name) -> None:
        self.told.append((what, at, name[0], name[1].isoformat()))

    def in_order(self) -> list[tuple[Name, SlowDose]]:
        return sorted(self.doses.items(), key=lambda item: item[1].start)

    def planned(self, moment: datetime | None = None, ahead: int = 0) -> Iterator[tuple[Name, SlowDose]]:
        today = (moment or self.now).astimezone(self.zone).date()
        for day in (today + days * DAY for days in range(-1, 1 + ahead)):
            for window in self.windows:
                yield (window.id, day), self.dose(window, day)

    def dose(self, window: DoseWindow, day: date) -> SlowDose:
        start = self.instant(day, window.start)
        end = self.instant(day if window.end > window.start else day + DAY, window.end)
        if end <= start:
            length = datetime.combine(day, time.fromisoformat(window.end)) - datetime.combine(
                day, time.fromisoformat(window.start)
            )
            end = start + length
        remind = None
        if window.remind_after_minutes is not None:
            remind = start + timedelta(minutes=window.remind_after_minutes)
        return SlowDose(start, end, remind if remind is not None and remind < end else None, window)

    def instant(self, day: date, clock: str) -> datetime:
        return datetime.combine(day, time.fromisoformat(clock), self.zone).astimezone(UTC)


def last(doses: list[tuple[Name, SlowDose]]) -> tuple[Name, SlowDose]:
    """The one that began last; of those that began together, one that waits, else one that was missed."""
    return max(doses, key=lambda item: (item[1].start, item[1].status == "pending", item[1].status != "taken"))


class Reported(NamedTuple):
    kind: str
    ago: timedelta


class Replanned(NamedTuple):
    plan: dict[str, Any]


def steps(low: int, high: int) -> st.SearchStrategy[timedelta]:
    return st.integers(low, high).map(lambda number: number * STEP)


clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from((0, 15, 30)))
near_change = st.sampled_from(("00:00", "01:30", "02:00", "02:15", "02:30", "03:00", "03:30"))
windows = st.fixed_dictionaries(
    {
        "from": clocks | near_change,
        "to": clocks | near_change,
        "remind_after_minutes": st.none() | st.sampled_from((0, 5, 15, 60, 1440)),
        "remind_every_minutes": st.none() | st.sampled_from((10, 30)),
        "early_minutes": st.sampled_from((0, 0, 30, 300)),
    }
)
medicine = st.fixed_dictionaries({"windows": st.lists(windows, min_size=1, max_size=4)})


def can_be_followed(plan: dict[str, Any]) -> bool:
    try:
        read_plan(plan)
    except PlanError:
        return False
    return True


plans = st.builds(lambda part: {"medicine": part}, st.none() | medicine | medicine | medicine).filter(can_be_followed)
reports = st.builds(Reported, st.sampled_from(("dose_taken", "dose_missed")), st.just(timedelta(0)) | steps(-3, 400))
happenings = st.lists(st.tuples(steps(0, 80), reports | reports | st.builds(Replanned, plans)), min_size=1, max_size=10)


def told(decision: AnyDecision) -> Told:
    what = {Raise: "raise", Withdraw: "withdraw", Remind: "remind"}[type(decision)]
    return f"{what} {decision.reason}", decision.at, decision.detail.get("dose", ""), decision.detail.get("day", "")


def all_day(to: str) -> dict[str, Any]:
    return {"medicine": {"windows": [{"from": "01:30", "to": to, "remind_after_minutes": None}]}}


@settings(max_examples=300)
@given(st.sampled_from(EVENINGS), plans, happenings)
@example(  # A dose that was missed, and beside it one of a new plan that began with it and waits.
    ("UTC", date(2026, 3, 2)),
    all_day("00:00"),
    [
        (timedelta(0), Reported("dose_missed", timedelta(0))),
        (timedelta(0), Replanned(all_day("00:15"))),
        (timedelta(0), Reported("dose_taken", timedelta(0))),
    ],
)
def test_doses_are_judged_as_by_a_walk_through_time(
    place: tuple[str, date], plan: dict[str, Any], happenings: list[tuple[timedelta, Reported | Replanned]]
) -> None:
    zone, day = place
    now = datetime.combine(day, time(20), ZoneInfo(zone)).astimezone(UTC)
    model, partition, decisions = SlowMedicine(zone), Partition(), []
    model.now = now
    for position, (after, what) in enumerate([(timedelta(0), Replanned(plan)), *happenings]):
        now += after
        model.pass_time(now)
        match what:
            case Reported(kind, ago):
                model.report(kind, now - ago, now)
                data = decode_message(kind, f'{{"at": "{(now - ago).isoformat()}"}}'.encode())
                decisions += partition.apply(Entry(position, KEY, kind, data, now - ago, now))
            case Replanned(new):
                parts = read_plan(new).medicine
                model.change_plan(parts.windows if parts is not None else (), now)
                changed = PlanChanged(resident=RESIDENT, version=1, timezone=zone, plan=new)
                decisions += partition.apply(Entry(position, KEY, "plan_changed", changed, now, now))
        decisions += partition.fire(now)
    model.pass_time(now + 2 * DAY)
    decisions += partition.fire(now + 2 * DAY)
    assert in_order([told(d) for d in decisions]) == in_order(model.told)
    assert Reason.RULE_FAILED not in {decision.reason for decision in decisions}


def in_order(told: list[Told]) -> list[Told]:
    """Two doses may be due at the same moment: which is told first does not matter."""
    return sorted(told, key=lambda one: (one[1], one[0], one[2], one[3]))
