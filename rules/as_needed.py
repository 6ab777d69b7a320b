"""Doses taken as needed: nobody waits for them, but more of them than the plan allows is an alarm."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from events.ids import derived_id
from events.log import Entry
from events.messages import DoseTaken
from rules.counting import Times, counted, together
from rules.decisions import AlarmKind, Priority, Raise, Reason
from rules.detector import NOTHING, Detector, Result
from rules.lateness import age
from rules.plan import AsNeeded, Plan
from rules.state import ResidentState
from rules.waiting import happened


def on_entry(state: ResidentState, entry: Entry) -> Result:
    plan = state.plan.medicine
    if plan is None or not plan.as_needed or not isinstance(entry.data, DoseTaken):
        return state, NOTHING
    dose = entry.data.dose
    needed = next((needed for needed in plan.as_needed if needed.dose == dose), None)
    if needed is None:
        return state, NOTHING
    at, taken = happened(entry), dict(state.as_needed)
    taken[needed.dose] = times = counted(taken.get(needed.dose, ()), at, needed.at_most + 1)
    state = replace(state, as_needed=tuple(taken.items()))
    # A dose is allowed again when the time is up to the minute, so what is together must be a little closer.
    too_many = together(times, at, needed.at_most + 1, timedelta(hours=needed.hours) - timedelta.resolution)
    return state, [_raise(entry, needed, too_many)] if too_many is not None else NOTHING


def _raise(entry: Entry, needed: AsNeeded, times: Times) -> Raise:
    return Raise(
        id=derived_id(AlarmKind.TOO_MANY_DOSES, entry.key, entry.id),
        key=entry.key,
        at=entry.received_at,
        reason=Reason.DOSE_TOO_MANY,
        kind=AlarmKind.TOO_MANY_DOSES,
        priority=Priority.CARE,
        occurred_at=happened(entry),
        device=entry.device,
        detail={
            "dose": needed.dose,
            "n": len(times),
            "hours": needed.hours,
            "inputs": [{"kind": entry.kind, "at": time.isoformat(), "device": entry.device} for time in times],
            **age(entry),
        },
    )


def on_plan(state: ResidentState, old: Plan, now: datetime) -> ResidentState:
    """What was taken is remembered as long as the plan names the dose."""
    plan = state.plan.medicine
    named = {needed.dose for needed in plan.as_needed} if plan is not None else set()
    return replace(state, as_needed=tuple((dose, times) for dose, times in state.as_needed if dose in named))


DETECTOR = Detector("as_needed", ("dose_taken",), on_entry, on_plan=on_plan, version=2)
