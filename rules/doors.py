"""Door open too long: an outside door was opened, or is said to stand ajar, and was not closed in time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from events.log import Entry
from events.messages import DoorClosed, DoorOpened
from rules import waiting
from rules.decisions import AlarmKind, AnyDecision, Reason
from rules.detector import NOTHING, Detector, Result
from rules.plan import Plan
from rules.state import ResidentState

_OPENS = ("door_opened", "door_ajar")
_CLOSES = ("door_closed", "locked")


def is_outside(entry: Entry, outside: Sequence[str]) -> bool:
    """Whether this is about one of the doors that the plan names, by device or by name; all unless it names some."""
    if not outside or entry.device in outside:
        return True
    return isinstance(entry.data, DoorOpened | DoorClosed) and entry.data.door in outside


def on_entry(state: ResidentState, entry: Entry) -> Result:
    plan = state.plan.doors
    if plan is None or entry.device is None or not is_outside(entry, plan.outside):
        return state, NOTHING
    limit = timedelta(minutes=plan.open_minutes)
    at, now = waiting.happened(entry), entry.received_at
    if entry.kind in _OPENS:
        return replace(state, doors=waiting.begun(state.doors, entry.device, at, now, limit)), NOTHING
    doors, raised = waiting.ended(state.doors, entry.device, at, now, limit)
    made: list[AnyDecision] = [waiting.verdict(state, raised, entry, AlarmKind.DOOR_OPEN)] if raised else NOTHING
    return replace(state, doors=doors), made


def on_time(state: ResidentState, due: datetime) -> Result:
    doors, late = waiting.overdue(state.doors, due)
    raised: list[AnyDecision] = [
        waiting.raise_about(
            state, door, due, AlarmKind.DOOR_OPEN, Reason.DOOR_OPEN_TOO_LONG, "door_opened", device=door.what
        )
        for door in late
    ]
    return replace(state, doors=doors), raised


def disarmed(state: ResidentState) -> ResidentState:
    """After a fault in this rule: until a door opens next."""
    return replace(state, doors=())


def on_plan(state: ResidentState, old: Plan, now: datetime) -> ResidentState:
    """A door that stands open keeps the limit it was opened under; without a plan nothing is remembered."""
    return state if state.plan.doors is not None else disarmed(state)


DETECTOR = Detector(
    "doors",
    (*_OPENS, *_CLOSES),
    on_entry,
    deadline=lambda state: waiting.deadline(state.doors),
    on_time=on_time,
    disarmed=disarmed,
    on_plan=on_plan,
)
