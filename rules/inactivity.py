"""Inactivity: no sign of life for longer than the plan accepts at this time of day.

Silence is counted from the last activity or from the end of the last quiet hours, whichever is later: a night's
sleep is no silence, but a morning without any activity is.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec.structs import replace

from events.ids import derived_id
from events.kinds import ACTIVITY
from events.log import Entry
from rules.decisions import AlarmKind, Annotate, Priority, Raise, Reason, Withdraw
from rules.detector import Detector, Result
from rules.localtime import DAYS, instant, local_day
from rules.plan import InactivityPlan, Plan, day_pattern
from rules.state import InactivityState, ResidentState, Silence, with_inactivity

KINDS = tuple(sorted(ACTIVITY))


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


def on_plan(state: ResidentState, old: Plan, now: datetime) -> ResidentState:
    """Counts from the last activity, or from now when nothing was watched before."""
    plan, before, new = state.plan.inactivity, state.inactivity, old.inactivity is None
    if plan is None:
        return with_inactivity(state, InactivityState(since=before.since))
    if before.raised is not None:
        return state
    since = now if new or before.since is None else before.since
    return with_inactivity(state, InactivityState(since, deadline(plan, since, state.timezone, now)))


def on_time(state: ResidentState, due: datetime) -> Result:
    now, plan = state.inactivity, state.plan.inactivity
    if plan is None or now.since is None:
        return with_inactivity(state, InactivityState(since=now.since)), []
    true_deadline = deadline(plan, now.since, state.timezone, due)
    if true_deadline != due:
        return with_inactivity(state, InactivityState(now.since, true_deadline)), []
    silence = Silence(derived_id(AlarmKind.INACTIVITY, state.key, now.since.isoformat()), now.since, due)
    return with_inactivity(state, InactivityState(now.since, None, silence)), [_raise(state, silence)]


def disarmed(state: ResidentState) -> ResidentState:
    """The same without a deadline: after a fault in this rule, until the next activity."""
    return with_inactivity(state, InactivityState())


def _verdict(state: ResidentState, entry: Entry, at: datetime, raised: Silence) -> Result:
    """Activity while an alarm stands: it resumed, or it had never stopped and was only reported late."""
    if at <= raised.since:
        return state, []
    plan = state.plan.inactivity
    again = deadline(plan, at, state.timezone, raised.raised_at) if plan is not None else None
    if at >= raised.raised_at:
        return with_inactivity(state, InactivityState(at, again)), [_annotate(state, entry, at, raised)]
    if again == raised.raised_at:
        # The silence began later than was thought and was too long all the same: the alarm stands.
        return with_inactivity(state, InactivityState(at, None, replace(raised, since=at))), []
    return with_inactivity(state, InactivityState(at, again)), [_withdraw(state, entry, at, raised)]


def deadline(plan: InactivityPlan, since: datetime, zone: str, earliest: datetime | None = None) -> datetime | None:
    """When silence since `since` is too long, the first time from `earliest` on; None when there is none in a week."""
    earliest = earliest or since
    counted_from = since
    for start, end, limit in _stretches(plan, since, earliest, zone):
        if end <= since or end == start:
            continue
        if limit is None:
            counted_from = max(counted_from, end)
            continue
        due = max(start, counted_from + limit, earliest)
        if due < end:
            return due
    return None


def _stretches(
    plan: InactivityPlan, since: datetime, earliest: datetime, zone: str
) -> Iterator[tuple[datetime, datetime, timedelta | None]]:
    """Stretches of the day, each with its limit, or None where it is quiet: from `since`'s day to after `earliest`'s.

    One ends where the next begins, also in the night whose clocks skip the hour in which one should have ended.
    """
    today = local_day(since, zone)
    start = instant(today, 0, zone)
    for n in range((local_day(earliest, zone) - today).days + DAYS):
        day = today + timedelta(days=n)
        for _, last, limit in day_pattern(plan):
            end = max(start, instant(day, last, zone))
            yield start, end, timedelta(minutes=limit) if limit is not None else None
            start = end


def _raise(state: ResidentState, silence: Silence) -> Raise:
    return Raise(
        id=silence.episode,
        key=state.key,
        at=silence.raised_at,
        reason=Reason.NO_ACTIVITY,
        kind=AlarmKind.INACTIVITY,
        priority=Priority.CARE,
        occurred_at=silence.raised_at,
        detail={"since": silence.since.isoformat()},
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


DETECTOR = Detector(
    "inactivity",
    KINDS,
    on_entry,
    deadline=lambda state: state.inactivity.check_at,
    on_time=on_time,
    disarmed=disarmed,
    on_plan=on_plan,
)
