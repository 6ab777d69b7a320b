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
from rules.detector import NOTHING, Detector, Result
from rules.learned import deadline as learned_deadline
from rules.learned import is_ready, learned
from rules.localtime import DAYS, instant, local_day
from rules.plan import InactivityPlan, Plan, day_pattern
from rules.profile import DOUBTFUL, KEPT, Profile, source_of
from rules.state import InactivityState, ResidentState, Silence, with_inactivity
from rules.waiting import happened

KINDS = tuple(sorted(ACTIVITY))

LOCKS = frozenset({"locked", "unlocked"})
"""No signs of life, staff open locks as well; but what they say about being out or at home is learned."""

TROUBLES = frozenset({"offline", "online", "fault", "mains_lost", "mains_restored"})
"""What was not heard around these need not have been silence."""

PUNCTUAL = timedelta(minutes=10)
"""What is heard later may be out of order with what other devices are still to tell: no quiet is learned from it."""


def on_entry(state: ResidentState, entry: Entry) -> Result:
    """Activity. The common case, nothing raised and something armed, must stay cheap."""
    now, plan = state.inactivity, state.plan.inactivity
    if plan is None:
        return state, NOTHING
    if entry.kind not in ACTIVITY:
        return _circumstance(state, entry), NOTHING
    at = happened(entry)
    if now.raised is not None:
        return _verdict(state, entry, at, now.raised)
    if now.since is not None and at <= now.since:
        return state, NOTHING
    if now.profile is not None:
        return _learning(state, entry, at), NOTHING
    check_at = now.check_at
    if check_at is None:
        check_at = deadline(plan, at, state.timezone)
    return with_inactivity(state, InactivityState(at, check_at)), NOTHING


def on_plan(state: ResidentState, old: Plan, now: datetime) -> ResidentState:
    """Counts from the last activity, or from now when nothing was watched before."""
    plan, before, new = state.plan.inactivity, state.inactivity, old.inactivity is None
    if plan is None:
        # What was learned is kept over a pause: the person who comes back has the same habits.
        profile = before.profile if state.whole_plan is not None and state.whole_plan.inactivity is not None else None
        return with_inactivity(state, InactivityState(profile=profile))
    profile = (before.profile or Profile()) if plan.learned is not None else None
    if before.raised is not None:
        return with_inactivity(state, replace(before, profile=profile))
    since, source = (now, DOUBTFUL) if new or before.since is None else (before.since, before.source)
    return _watched(state, InactivityState(since, None, None, source, profile), now)


def on_time(state: ResidentState, due: datetime) -> Result:
    now = state.inactivity
    check_at = _check_at(state, now, due)
    if check_at != due or now.since is None:
        return with_inactivity(state, replace(now, check_at=check_at)), []
    silence = Silence(derived_id(AlarmKind.INACTIVITY, state.key, now.since.isoformat()), now.since, due)
    return with_inactivity(state, replace(now, check_at=None, raised=silence)), [_raise(state, silence)]


def disarmed(state: ResidentState) -> ResidentState:
    """The same without a deadline: after a fault in this rule, until the next activity."""
    return with_inactivity(state, InactivityState(profile=state.inactivity.profile))


def _verdict(state: ResidentState, entry: Entry, at: datetime, raised: Silence) -> Result:
    """Activity while an alarm stands: it resumed, or it had never stopped and was only reported late."""
    if at <= raised.since:
        return state, []
    heard = _heard(state, entry, at)
    again = _check_at(state, heard, raised.raised_at)
    if at < raised.raised_at and again == raised.raised_at:
        # The silence began later than was thought and was too long all the same: the alarm stands.
        return with_inactivity(state, replace(heard, raised=replace(raised, since=at))), []
    tell = _annotate if at >= raised.raised_at else _withdraw
    return with_inactivity(state, replace(heard, check_at=again)), [tell(state, entry, at, raised)]


def _learning(state: ResidentState, entry: Entry, at: datetime) -> ResidentState:
    """Activity while quiets are learned: from another place the deadline may be earlier, but never before the floor."""
    now, plan = state.inactivity, state.plan.inactivity
    since, check_at = now.since, now.check_at
    if since is None or check_at is None or at - since >= KEPT:
        return _watched(state, _heard(state, entry, at), at)
    if check_at - at > KEPT and plan is not None and plan.learned is not None:
        check_at = min(check_at, at + timedelta(minutes=plan.learned.floor_minutes))
    return replace(state, inactivity=InactivityState(at, check_at, None, source_of(entry), now.profile))


def _heard(state: ResidentState, entry: Entry, at: datetime) -> InactivityState:
    """Activity at `at`, nothing raised and no deadline yet, and the quiet before it learned if it taught something."""
    now, plan = state.inactivity, state.plan.inactivity
    profile = now.profile
    if profile is None or plan is None or plan.learned is None:
        return InactivityState(at)
    late = entry.received_at - at > PUNCTUAL
    if now.since is not None and now.source < DOUBTFUL and not late and at - now.since >= KEPT:
        raised_at = now.raised.raised_at if now.raised is not None and at >= now.raised.raised_at else None
        profile = learned(profile, plan.learned, now.since, at, now.source, state.timezone, raised_at)
    return InactivityState(at, None, None, source_of(entry), profile)


def _circumstance(state: ResidentState, entry: Entry) -> ResidentState:
    """A lock or a device's trouble in the midst of a quiet."""
    now = state.inactivity
    if now.profile is None or now.raised is not None or now.since is None:
        return state
    if entry.kind in TROUBLES:
        return with_inactivity(state, replace(now, source=now.source | DOUBTFUL))
    source = source_of(entry) | now.source & DOUBTFUL
    return _watched(state, replace(now, source=source), entry.received_at)


def _watched(state: ResidentState, now: InactivityState, earliest: datetime) -> ResidentState:
    return with_inactivity(state, replace(now, check_at=_check_at(state, now, earliest)))


def _check_at(state: ResidentState, now: InactivityState, earliest: datetime) -> datetime | None:
    """When silence is too long, the first time from `earliest` on; or an earlier time at which to ask again."""
    plan, profile, since = state.plan.inactivity, now.profile, now.since
    if plan is None or since is None:
        return None
    if profile is None or plan.learned is None or not is_ready(profile, plan.learned):
        return deadline(plan, since, state.timezone, earliest)
    floor = since + timedelta(minutes=plan.learned.floor_minutes)
    if floor > earliest:
        return floor
    return max(learned_deadline(profile, plan.learned, since, now.source, state.timezone), earliest)


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


def _is_learned(state: ResidentState) -> bool:
    plan, profile = state.plan.inactivity, state.inactivity.profile
    return plan is not None and plan.learned is not None and profile is not None and is_ready(profile, plan.learned)


def _raise(state: ResidentState, silence: Silence) -> Raise:
    return Raise(
        id=silence.episode,
        key=state.key,
        at=silence.raised_at,
        reason=Reason.NO_ACTIVITY,
        kind=AlarmKind.INACTIVITY,
        priority=Priority.CARE,
        occurred_at=silence.raised_at,
        detail={"since": silence.since.isoformat(), "judged_by": "learned" if _is_learned(state) else "limits"},
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
    (*KINDS, *sorted(LOCKS | TROUBLES)),
    on_entry,
    deadline=lambda state: state.inactivity.check_at,
    on_time=on_time,
    disarmed=disarmed,
    on_plan=on_plan,
)
