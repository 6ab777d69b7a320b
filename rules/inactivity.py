"""Inactivity: no sign of life for longer than the plan accepts at this time of day.

Silence is counted from the last activity or from the end of the last quiet hours, whichever is later: a night's
sleep is no silence, but a morning without any activity is.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from msgspec.structs import replace

from events.ids import derived_id
from events.kinds import ACTIVITY
from events.log import Entry
from rules.decisions import AlarmKind, Annotate, AnyDecision, Priority, Raise, Reason, Withdraw
from rules.localtime import DAY_MINUTES, EVER, instant, local_day, minutes
from rules.plan import InactivityPlan
from rules.state import InactivityState, ResidentState, Silence, with_inactivity

KINDS = tuple(sorted(ACTIVITY))

Result = tuple[ResidentState, list[AnyDecision]]


def on_entry(state: ResidentState, entry: Entry) -> Result:
    """Activity. The common case, nothing raised and something armed, must stay cheap."""
    at = min(entry.occurred_at, entry.received_at)
    now = state.inactivity
    if now.raised is not None:
        return _verdict(state, entry, at, now.raised)
    if now.since is not None and at <= now.since:
        return state, []
    check_at = now.check_at
    if check_at is None and state.plan.inactivity is not None:
        check_at = deadline(state.plan.inactivity, at, state.timezone)
    return with_inactivity(state, InactivityState(at, check_at)), []


def on_plan(state: ResidentState, now: datetime, *, new: bool) -> ResidentState:
    """Counts from the last activity, or from now when nothing was watched before."""
    plan, before = state.plan.inactivity, state.inactivity
    if plan is None:
        return with_inactivity(state, InactivityState(since=before.since))
    if before.raised is not None:
        return state
    since = now if new or before.since is None else before.since
    return with_inactivity(state, InactivityState(since, deadline(plan, since, state.timezone)))


def on_time(state: ResidentState, due: datetime) -> Result:
    now, plan = state.inactivity, state.plan.inactivity
    if plan is None or now.since is None:
        return with_inactivity(state, InactivityState(since=now.since)), []
    true_deadline = deadline(plan, now.since, state.timezone)
    if true_deadline is None or true_deadline > due:
        return with_inactivity(state, InactivityState(now.since, true_deadline)), []
    silence = Silence(derived_id(AlarmKind.INACTIVITY, state.key, now.since.isoformat()), now.since, due)
    return with_inactivity(state, InactivityState(now.since, None, silence)), [_raise(state, silence)]


def disarmed(state: ResidentState) -> ResidentState:
    """The same without a deadline: after a fault in this rule, until the plan changes."""
    return with_inactivity(state, InactivityState())


def _verdict(state: ResidentState, entry: Entry, at: datetime, raised: Silence) -> Result:
    """Activity while an alarm stands: it resumed, or it had never stopped and was only reported late."""
    if at <= raised.since:
        return state, []
    plan = state.plan.inactivity
    again = deadline(plan, at, state.timezone) if plan is not None else None
    if at >= raised.raised_at:
        return with_inactivity(state, InactivityState(at, again)), [_annotate(state, entry, at, raised)]
    if again is not None and again <= raised.raised_at:
        # The silence began later than was thought and was too long all the same: the alarm stands.
        return with_inactivity(state, InactivityState(at, None, replace(raised, since=at))), []
    return with_inactivity(state, InactivityState(at, again)), [_withdraw(state, entry, at, raised)]


def deadline(plan: InactivityPlan, since: datetime, zone: str) -> datetime | None:
    """When silence since `since` becomes too long; None when the plan has no such time within a week."""
    counted_from = since
    for start, end, limit in _stretches(plan, since, zone):
        if end <= since:
            continue
        if limit is None:
            counted_from = max(counted_from, end)
            continue
        due = max(start, counted_from + limit)
        if due < end:
            return due
    return None


def _stretches(
    plan: InactivityPlan, since: datetime, zone: str
) -> Iterator[tuple[datetime, datetime, timedelta | None]]:
    """The stretches of the local days from `since`'s on, each with its limit, or None where it is quiet."""
    day = local_day(since, zone)
    last = day + EVER
    while day <= last:
        for first, end, limit in day_pattern(plan):
            yield instant(day, first, zone), instant(day, end, zone), limit
        day = date.fromordinal(day.toordinal() + 1)


@lru_cache(maxsize=4096)
def day_pattern(plan: InactivityPlan) -> tuple[tuple[int, int, timedelta | None], ...]:
    """The plan over one day: (first minute, minute after the last, limit or None for quiet).

    Where limits overlap the shortest holds; quiet hours beat every limit.
    """
    spans = [(limit.start, limit.end) for limit in plan.limits] + [(quiet.start, quiet.end) for quiet in plan.quiet]
    cuts = sorted({0, DAY_MINUTES, *(minutes(time) for span in spans for time in span)})
    return tuple((first, end, _limit_at(plan, first)) for first, end in pairwise(cuts))


def _limit_at(plan: InactivityPlan, minute: int) -> timedelta | None:
    if any(_covers(quiet.start, quiet.end, minute) for quiet in plan.quiet):
        return None
    limits = [limit.minutes for limit in plan.limits if _covers(limit.start, limit.end, minute)]
    return timedelta(minutes=min(limits)) if limits else None


def _covers(start: str, end: str, minute: int) -> bool:
    first, last = minutes(start), minutes(end)
    if first < last:
        return first <= minute < last
    return minute >= first or minute < last


def _raise(state: ResidentState, silence: Silence) -> Raise:
    return Raise(
        id=silence.episode,
        key=state.key,
        at=silence.raised_at,
        reason=Reason.NO_ACTIVITY,
        kind=AlarmKind.INACTIVITY,
        priority=Priority.CARE,
        occurred_at=silence.raised_at,
        detail={"since": silence.since.isoformat(), "plan_version": str(state.plan_version)},
    )


def _withdraw(state: ResidentState, entry: Entry, at: datetime, raised: Silence) -> Withdraw:
    return Withdraw(
        id=derived_id("withdraw", raised.episode),
        key=state.key,
        at=entry.received_at,
        reason=Reason.ACTIVITY_REPORTED_LATE,
        episode=raised.episode,
        detail={
            "activity_at": at.isoformat(),
            "reported_at": entry.received_at.isoformat(),
            "kind": entry.kind,
        },
    )


def _annotate(state: ResidentState, entry: Entry, at: datetime, raised: Silence) -> Annotate:
    return Annotate(
        id=derived_id("resumed", raised.episode),
        key=state.key,
        at=entry.received_at,
        reason=Reason.ACTIVITY_RESUMED,
        kind=AlarmKind.INACTIVITY,
        detail={"activity_at": at.isoformat(), "kind": entry.kind},
    )
