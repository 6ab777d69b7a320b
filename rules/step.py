"""`step(state, entry or time) -> state, decisions, next deadline`: the one door to all detectors."""

import traceback
from datetime import datetime

from msgspec.structs import replace

from events.control import PauseChanged, PlanChanged
from events.ids import derived_id
from events.log import Entry
from events.messages import Message
from rules import (
    as_needed,
    clock,
    conditions,
    coverage_gap,
    dispenser,
    doors,
    flapping,
    flood,
    geofence,
    home_hazard,
    inactivity,
    lock,
    missed_dose,
    night,
    pauses,
    replay_check,
    social_alarm,
    supervision,
)
from rules.decisions import AnyDecision, Failed, Raise, Reason
from rules.detector import NOTHING, Detector, Result, never
from rules.plan import Plan, read_plan, shared
from rules.state import ResidentState


def _change_plan(state: ResidentState, entry: Entry) -> Result:
    assert isinstance(entry.data, PlanChanged)
    plan = read_plan(entry.data.plan)
    return _watching(state, plan, entry.received_at, entry.data.version, entry.data.timezone), NOTHING


def _change_pause(state: ResidentState, entry: Entry) -> Result:
    assert isinstance(entry.data, PauseChanged)
    state = replace(state, pauses=pauses.changed(state.pauses, entry.data, entry.received_at))
    return _pause(state, entry.received_at)


def _pause(state: ResidentState, now: datetime) -> Result:
    """A pause begins or ends: a change of plan that nobody has to make."""
    state = replace(state, pauses=pauses.standing(state.pauses, now))
    return _watching(state, state.whole_plan or state.plan, now, state.plan_version, state.timezone), NOTHING


def _watching(state: ResidentState, whole: Plan, now: datetime, version: int, timezone: str) -> ResidentState:
    """Every rule follows what is watched of the `whole` plan from `now` on."""
    for detector in DETECTORS:
        state = detector.noted(state, now)
    whole = shared(whole)
    old, plan = state.plan, shared(pauses.without_paused(whole, state.pauses, now))
    state = replace(
        state,
        plan=plan,
        plan_version=version,
        timezone=timezone,
        whole_plan=None if plan is whole else whole,
        pause_at=pauses.next_change(state.pauses, now),
    )
    for detector in DETECTORS:
        state = detector.on_plan(state, old, now)
    return state


def _unpaused(state: ResidentState) -> ResidentState:
    """After a fault: until a plan or a pause changes next."""
    return replace(state, pause_at=None)


PLAN = Detector("plan", ("plan_changed",), _change_plan)
PAUSE = Detector(
    "pause", ("pause_changed",), _change_pause, lambda state: state.pause_at, on_time=_pause, disarmed=_unpaused
)
DETECTORS: tuple[Detector, ...] = (
    PLAN,
    social_alarm.DETECTOR,
    flood.DETECTOR,
    missed_dose.DETECTOR,
    as_needed.DETECTOR,
    inactivity.DETECTOR,
    home_hazard.DETECTOR,
    dispenser.DETECTOR,
    doors.DETECTOR,
    night.DETECTOR,
    supervision.DETECTOR,
    lock.DETECTOR,
    geofence.DETECTOR,
    conditions.DETECTOR,
    flapping.DETECTOR,
    replay_check.DETECTOR,
    coverage_gap.DETECTOR,
    # The last one: what is due as a pause begins is still told.
    PAUSE,
)
CHANGES = frozenset((*PLAN.kinds, *PAUSE.kinds))
"""What changes for every rule what it watches."""

TIMED = tuple(detector for detector in DETECTORS if detector.is_timed)
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
    deadline, is_over = state.deadline, entry.kind in CHANGES
    for detector in BY_KIND.get(entry.kind, ()):
        before = state
        try:
            state, made = detector.on_entry(state, entry)
        except Exception:
            made = [_failed(state, detector, entry.received_at, entry.position)]
        if made:
            decisions = [*decisions, *_named(made, detector, state)]
        if state is not before and detector.deadline is not never:
            was, now = detector.deadline(before), detector.deadline(state)
            if now is not was:
                is_over = is_over or was == deadline
                deadline = now if now is not None and (deadline is None or now < deadline) else deadline
    if decisions and isinstance(entry.data, Message) and entry.occurred_at != entry.data.at:
        decisions = _timed(decisions, entry, entry.data.at)
    # Few entries end what was due first: only then is it worth asking every rule for its own.
    deadline = _earliest(state) if is_over else deadline
    return replace(state, position=entry.position, deadline=deadline), decisions


def _timed(decisions: list[AnyDecision], entry: Entry, at: datetime) -> list[AnyDecision]:
    """What follows from a time that was not believed says so."""
    time = {"time": clock.source(at, entry.occurred_at, entry.received_at).value, "device_time": at.isoformat()}
    return [replace(decision, detail={**decision.detail, **time}) for decision in decisions]


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
            decisions += _named(made, detector, state)
        state = replace(state, deadline=_earliest(state))
    return state, decisions


def _earliest(state: ResidentState) -> datetime | None:
    earliest = None
    for detector in TIMED:
        deadline = detector.deadline(state)
        if deadline is not None and (earliest is None or deadline < earliest):
            earliest = deadline
    return earliest


def _named(made: list[AnyDecision], detector: Detector, state: ResidentState) -> list[AnyDecision]:
    """Every alarm says which rule made it, of which version, by which version of the plan, and who is away."""
    origin = {"rule": detector.name, "rule_version": detector.version, "plan_version": state.plan_version}
    return [
        replace(d, detail={**d.detail, **origin, **_away(state, d.at)}) if isinstance(d, Raise) else d for d in made
    ]


def _away(state: ResidentState, at: datetime) -> dict[str, str]:
    """Until when nothing of the resident is watched, for who goes there."""
    ends = [pause.end for pause in pauses.active(state.pauses, at) if not pause.technologies]
    return {"away_until": max(ends).isoformat()} if ends else {}


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
