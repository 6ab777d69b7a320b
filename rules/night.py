"""Night wandering: the bed was left, or an outside door opened, and the resident did not come back in time.

Who left bed is back when they lie in it again. Who opened the door is back, or never went, when something moves at
home after the door's last word: a door that closes behind somebody who leaves is followed by silence.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from events.log import Entry
from rules import waiting
from rules.decisions import AlarmKind, AnyDecision, Reason
from rules.detector import NOTHING, Detector, Result
from rules.doors import is_outside
from rules.localtime import is_between
from rules.plan import NightPlan, Plan
from rules.state import ResidentState, Wait

BED, DOOR = "bed", "door"
_BED = ("bed_left", "bed_entered")
_AT_HOME = ("motion", *_BED, "mat_on")
_REASONS = {
    BED: (Reason.LEFT_BED_AT_NIGHT, "bed_left"),
    DOOR: (Reason.LEFT_HOME_AT_NIGHT, "door_opened"),
}
KINDS = (*_AT_HOME, "door_opened", "door_closed")


def on_entry(state: ResidentState, entry: Entry) -> Result:
    plan = state.plan.night
    if plan is None or not _is_watched(state, plan, waiting.happened(entry)):
        return state, NOTHING
    made = NOTHING
    if plan.bed_minutes is not None and entry.kind in _BED:
        state, made = _moved(state, plan, entry, BED, plan.bed_minutes, left=entry.kind == "bed_left")
    if plan.door_minutes is None:
        return state, made
    if entry.kind in _AT_HOME:
        state, more = _moved(state, plan, entry, DOOR, plan.door_minutes, left=False)
        made = [*made, *more] if more else made
    elif is_outside(entry, plan.outside):
        state, made = _moved(state, plan, entry, DOOR, plan.door_minutes, left=True)
    return state, made


def _is_watched(state: ResidentState, plan: NightPlan, at: datetime) -> bool:
    """By day nearly nothing is: only who is not back from the night."""
    return is_between(at, plan.start, plan.end, state.timezone) or any(wait.since is not None for wait in state.night)


def _moved(state: ResidentState, plan: NightPlan, entry: Entry, what: str, minutes: int, *, left: bool) -> Result:
    at, now = waiting.happened(entry), entry.received_at
    if not is_between(at, plan.start, plan.end, state.timezone) and not waiting.runs(state.night, what):
        return state, NOTHING
    limit = timedelta(minutes=minutes)
    if not left:
        night, raised = waiting.ended(state.night, what, at, now, limit)
        made: list[AnyDecision] = NOTHING
        if raised is not None:
            made = [waiting.verdict(state, raised, entry, AlarmKind.NIGHT_WANDERING)]
        return replace(state, night=night), made
    # A door that closes begins nothing, but what was heard before it is no sign that somebody stayed.
    if entry.kind != "door_closed" or waiting.runs(state.night, what):
        state = replace(state, night=waiting.begun(state.night, what, at, now, limit))
    return state, NOTHING


def on_time(state: ResidentState, due: datetime) -> Result:
    night, late = waiting.overdue(state.night, due)
    return replace(state, night=night), [_raise(state, wait, due) for wait in late]


def _raise(state: ResidentState, wait: Wait, due: datetime) -> AnyDecision:
    reason, began = _REASONS[wait.what]
    return waiting.raise_about(state, wait, due, AlarmKind.NIGHT_WANDERING, reason, began)


def disarmed(state: ResidentState) -> ResidentState:
    """After a fault in this rule: until the resident leaves bed or home next."""
    return replace(state, night=())


def on_plan(state: ResidentState, old: Plan, now: datetime) -> ResidentState:
    """Who is up keeps the limit they got up under; without a plan nothing is remembered."""
    return state if state.plan.night is not None else disarmed(state)


DETECTOR = Detector(
    "night",
    KINDS,
    on_entry,
    deadline=lambda state: waiting.deadline(state.night),
    on_time=on_time,
    disarmed=disarmed,
    on_plan=on_plan,
)
