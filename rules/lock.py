"""Digital lock: openings that are refused time after time, and openings at hours that nobody planned.

A door that is left open is told by `rules.doors`.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from events.ids import derived_id
from events.log import Entry
from events.messages import UnlockDenied, Unlocked
from rules.counting import Times, counted, together
from rules.decisions import AlarmKind, AnyDecision, Priority, Raise, Reason
from rules.detector import NOTHING, Detector, Result
from rules.lateness import age
from rules.localtime import is_between
from rules.plan import LockPlan, Plan
from rules.state import ResidentState
from rules.waiting import happened


def on_entry(state: ResidentState, entry: Entry) -> Result:
    plan = state.plan.lock
    if plan is None:
        return state, NOTHING
    if entry.kind == "unlock_denied":
        return _refused(state, entry, plan)
    return state, _opened(state, entry, plan)


def on_plan(state: ResidentState, old: Plan, now: datetime) -> ResidentState:
    return state if state.plan.lock is not None else replace(state, refused=())


def _refused(state: ResidentState, entry: Entry, plan: LockPlan) -> Result:
    """So many within the time: told once, and counted anew."""
    at = happened(entry)
    times = counted(state.refused, at, plan.refused_count)
    found = together(times, at, plan.refused_count, timedelta(minutes=plan.refused_minutes))
    if found is None:
        return replace(state, refused=times), NOTHING
    return replace(state, refused=()), [_raise(entry, AlarmKind.LOCK_REFUSED, Reason.REFUSED_OPENINGS, found)]


def _opened(state: ResidentState, entry: Entry, plan: LockPlan) -> list[AnyDecision]:
    at = happened(entry)
    if not plan.planned or any(is_between(at, hours.start, hours.end, state.timezone) for hours in plan.planned):
        return NOTHING
    return [_raise(entry, AlarmKind.UNPLANNED_OPENING, Reason.UNPLANNED_OPENING, (at,))]


def _raise(entry: Entry, kind: AlarmKind, reason: Reason, times: Times) -> Raise:
    data = entry.data
    user = data.user if isinstance(data, Unlocked | UnlockDenied) else None
    return Raise(
        id=derived_id(kind, entry.key, entry.id),
        key=entry.key,
        at=entry.received_at,
        reason=reason,
        kind=kind,
        priority=Priority.CARE,
        occurred_at=happened(entry),
        device=entry.device,
        detail={
            "n": len(times),
            "inputs": [{"kind": entry.kind, "at": time.isoformat(), "device": entry.device} for time in times],
            **({} if user is None else {"user": user}),
            **age(entry),
        },
    )


DETECTOR = Detector("lock", ("unlock_denied", "unlocked"), on_entry, on_plan=on_plan, version=2)
