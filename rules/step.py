"""`step(state, entry or time) -> state, decisions, next deadline`: the one door to all detectors."""

import traceback
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from events.control import PlanChanged
from events.ids import derived_id
from events.log import Entry
from rules import inactivity, missed_dose, social_alarm
from rules.decisions import AnyDecision, Failed, Reason
from rules.plan import read_plan
from rules.state import ResidentState

Result = tuple[ResidentState, list[AnyDecision]]
NOTHING: list[AnyDecision] = []


class Detector(NamedTuple):
    """One rule: the kinds of entries that it reads, and how it uses them and time."""

    name: str
    kinds: tuple[str, ...]
    on_entry: Callable[[ResidentState, Entry], Result]
    deadline: Callable[[ResidentState], datetime | None] = lambda state: None
    on_time: Callable[[ResidentState, datetime], Result] = lambda state, due: (state, NOTHING)
    disarmed: Callable[[ResidentState], ResidentState] = lambda state: state


def _change_plan(state: ResidentState, entry: Entry) -> Result:
    assert isinstance(entry.data, PlanChanged)
    plan = read_plan(entry.data.plan)
    new = state.plan.inactivity is None
    # While deadlines wait, windows of the old plan may have begun that nobody has looked at yet.
    state = missed_dose.noted(state, entry.received_at)
    state = replace(state, plan=plan, plan_version=entry.data.version, timezone=entry.data.timezone)
    state = missed_dose.on_plan(state, entry.received_at)
    return inactivity.on_plan(state, entry.received_at, new=new), NOTHING


DETECTORS = (
    Detector("plan", ("plan_changed",), _change_plan),
    Detector("social_alarm", social_alarm.KINDS, social_alarm.on_entry),
    Detector(
        "missed_dose",
        missed_dose.KINDS,
        missed_dose.on_entry,
        lambda state: state.medicine.deadline,
        missed_dose.on_time,
        missed_dose.disarmed,
    ),
    Detector(
        "inactivity",
        inactivity.KINDS,
        inactivity.on_entry,
        lambda state: state.inactivity.check_at,
        inactivity.on_time,
        inactivity.disarmed,
    ),
)
TIMED = tuple(detector for detector in DETECTORS if detector.name in ("missed_dose", "inactivity"))
BY_KIND: dict[str, tuple[Detector, ...]] = {
    kind: tuple(detector for detector in DETECTORS if kind in detector.kinds)
    for kind in {kind for detector in DETECTORS for kind in detector.kinds}
}


def step(state: ResidentState, what: Entry | datetime) -> tuple[ResidentState, list[AnyDecision], datetime | None]:
    """The state after `what`, what was decided, and when time itself must be given next (None: never).

    An entry at or before the state's position changes nothing, so redelivery is harmless. A time fires every
    deadline due until then, each at its own due time, so it does not matter how often or how late this is called.
    """
    if isinstance(what, datetime):
        state, decisions = _pass_time(state, what)
    elif what.position <= state.position:
        return state, NOTHING, state.deadline
    else:
        state, decisions = _apply(state, what)
    return state, decisions, state.deadline


def _apply(state: ResidentState, entry: Entry) -> Result:
    decisions = NOTHING
    for detector in BY_KIND.get(entry.kind, ()):
        try:
            state, made = detector.on_entry(state, entry)
        except Exception:
            made = [_failed(state, detector, entry.received_at, entry.position)]
        if made:
            decisions = [*decisions, *made]
    return _moved(state, entry.position), decisions


def _pass_time(state: ResidentState, now: datetime) -> Result:
    decisions: list[AnyDecision] = []
    while state.deadline is not None and state.deadline <= now:
        due = state.deadline
        for detector in TIMED:
            if detector.deadline(state) != due:
                continue
            try:
                state, made = detector.on_time(state, due)
            except Exception:
                made = [_failed(state, detector, due, None)]
                state = detector.disarmed(state)
            decisions += made
        state = _moved(state, state.position)
    return state, decisions


def _moved(state: ResidentState, position: int) -> ResidentState:
    """`state` at `position`, with the earliest of all deadlines."""
    deadline = state.inactivity.check_at
    dose = state.medicine.deadline
    if deadline is None or (dose is not None and dose < deadline):
        deadline = dose
    return replace(state, position=position, deadline=deadline)


def _failed(state: ResidentState, detector: Detector, at: datetime, position: int | None) -> Failed:
    return Failed(
        id=derived_id("failed", detector.name, state.key, at.isoformat(), position),
        key=state.key,
        at=at,
        reason=Reason.RULE_FAILED,
        detector=detector.name,
        traceback=traceback.format_exc(limit=20),
        position=position,
    )
