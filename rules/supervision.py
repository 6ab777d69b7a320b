"""Supervision: a planned look-in that was not made in its window, or that failed.

One that failed is told at once, and can still be made: a check that is done later withdraws the alarm.
"""

from datetime import datetime

from msgspec.structs import replace

from events.ids import Key, derived_id
from events.log import Entry
from events.messages import CheckFailed
from rules import windows
from rules.decisions import AlarmKind, AnyDecision, Priority, Raise, Reason, Withdraw
from rules.detector import NOTHING, Detector, Result
from rules.localtime import local_text
from rules.plan import Plan, Window
from rules.state import ResidentState, Slot, SlotState, SlotStatus
from rules.waiting import happened


def on_entry(state: ResidentState, entry: Entry) -> Result:
    if entry.kind == "check_done":
        return _done(state, entry)
    return _failed(state, entry)


def on_time(state: ResidentState, due: datetime) -> Result:
    checks, missed, _ = windows.pass_time(state.supervision, _windows(state), state.timezone, due)
    decisions: list[AnyDecision] = [_raise(state, check, due, Reason.CHECK_NOT_DONE) for check in missed]
    return replace(state, supervision=checks), decisions


def on_plan(state: ResidentState, old: Plan, now: datetime) -> ResidentState:
    return replace(state, supervision=windows.on_plan(state.supervision, _windows(state), state.timezone, now))


def noted(state: ResidentState, now: datetime) -> ResidentState:
    return replace(state, supervision=windows.noted(state.supervision, _windows(state), state.timezone, now))


def disarmed(state: ResidentState) -> ResidentState:
    """The same without deadlines: after a fault in this rule, until the plan changes."""
    return replace(state, supervision=SlotState())


def _windows(state: ResidentState) -> tuple[Window, ...]:
    return state.plan.supervision.checks if state.plan.supervision is not None else ()


def _done(state: ResidentState, entry: Entry) -> Result:
    if state.plan.supervision is None:
        return state, NOTHING
    at = happened(entry)
    checks, check = windows.done(state.supervision, _windows(state), state.timezone, at, entry.received_at)
    state = replace(state, supervision=checks)
    missed = check is not None and check.status is SlotStatus.MISSED
    return state, [_withdraw(state, check, entry, at)] if check is not None and missed else NOTHING


def _failed(state: ResidentState, entry: Entry) -> Result:
    at = happened(entry)
    checks, check = windows.given_up(state.supervision, _windows(state), state.timezone, at, entry.received_at)
    state = replace(state, supervision=checks)
    if check is None:
        return state, [_raise_without_window(entry)]
    if check.status is not SlotStatus.PENDING:
        return state, NOTHING
    return state, [_raise(state, check, entry.received_at, Reason.CHECK_FAILED, **_why(entry))]


def _why(entry: Entry) -> dict[str, str]:
    data = entry.data
    return {"why": data.reason} if isinstance(data, CheckFailed) and data.reason else {}


def _episode(key: Key, check: Slot) -> str:
    return derived_id(AlarmKind.SUPERVISION, key, check.window, check.day)


def _about(state: ResidentState, check: Slot) -> dict[str, str]:
    window = f"{local_text(check.start, state.timezone)}-{local_text(check.end, state.timezone)}"
    return {"window": window, "check": check.window, "day": check.day.isoformat()}


def _raise(state: ResidentState, check: Slot, at: datetime, reason: Reason, **more: str) -> Raise:
    return Raise(
        id=_episode(state.key, check),
        key=state.key,
        at=at,
        reason=reason,
        kind=AlarmKind.SUPERVISION,
        priority=Priority.CARE,
        occurred_at=min(at, check.end),
        detail={**_about(state, check), "deadline": check.end.isoformat(), **more},
    )


def _raise_without_window(entry: Entry) -> Raise:
    """The plan knows no such check, the camera does: it is believed."""
    return Raise(
        id=derived_id(AlarmKind.SUPERVISION, entry.key, entry.id),
        key=entry.key,
        at=entry.received_at,
        reason=Reason.CHECK_FAILED,
        kind=AlarmKind.SUPERVISION,
        priority=Priority.CARE,
        occurred_at=entry.occurred_at,
        device=entry.device,
        detail=_why(entry),
    )


def _withdraw(state: ResidentState, check: Slot, entry: Entry, at: datetime) -> Withdraw:
    episode = _episode(state.key, check)
    late = at >= check.end or entry.received_at < check.end
    return Withdraw(
        id=derived_id("withdraw", episode),
        key=state.key,
        at=entry.received_at,
        reason=Reason.CHECK_DONE_LATE if late else Reason.CHECK_REPORTED_LATE,
        episode=episode,
        detail={**_about(state, check), "done_at": at.isoformat(), "reported_at": entry.received_at.isoformat()},
    )


DETECTOR = Detector(
    "supervision",
    ("check_done", "check_failed"),
    on_entry,
    deadline=lambda state: state.supervision.deadline,
    on_time=on_time,
    disarmed=disarmed,
    # While deadlines wait, windows of the old plan may have begun that nobody has looked at yet.
    noted=noted,
    on_plan=on_plan,
)
