"""Water on the floor, a wet bed, and that the danger is over: every report reaches staff. Needs no plan.

Smoke is a call for help, see `rules.social_alarm`; that it is gone is told here.
"""

from events.ids import derived_id
from events.log import Entry
from rules.decisions import AlarmKind, Annotate, Priority, Raise, Reason
from rules.detector import Detector, Result
from rules.lateness import age
from rules.state import ResidentState

_RAISES = {
    "leak_detected": (AlarmKind.LEAK, Reason.LEAK_DETECTED),
    "wet_detected": (AlarmKind.WETNESS, Reason.WET_DETECTED),
}
_CLEARS = {
    "leak_cleared": AlarmKind.LEAK,
    "wet_cleared": AlarmKind.WETNESS,
    "smoke_cleared": AlarmKind.SMOKE,
}


def on_entry(state: ResidentState, entry: Entry) -> Result:
    if entry.kind in _RAISES:
        return state, [_raise(entry)]
    return state, [_annotate(entry)]


def _raise(entry: Entry) -> Raise:
    kind, reason = _RAISES[entry.kind]
    return Raise(
        id=derived_id(kind, entry.key, entry.id),
        key=entry.key,
        at=entry.received_at,
        reason=reason,
        kind=kind,
        priority=Priority.CARE,
        occurred_at=entry.occurred_at,
        device=entry.device,
        detail=age(entry),
    )


def _annotate(entry: Entry) -> Annotate:
    """Somebody looks all the same: smoke that is gone was there, and a floor that is dry may have been mopped."""
    return Annotate(
        id=derived_id(entry.kind, entry.key, entry.id),
        key=entry.key,
        at=entry.received_at,
        reason=Reason.CLEARED,
        kind=_CLEARS[entry.kind],
        detail={"occurred_at": entry.occurred_at.isoformat(), "device": entry.device, **age(entry)},
    )


DETECTOR = Detector("home_hazard", (*_RAISES, *_CLEARS), on_entry, version=2)
