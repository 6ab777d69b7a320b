"""Presses, falls and smoke: every one reaches staff. Needs no plan and no memory."""

from events.ids import derived_id
from events.log import Entry
from rules.decisions import AlarmKind, Annotate, Priority, Raise, Reason
from rules.detector import Detector, Result
from rules.state import ResidentState

_RAISES = {
    "alarm_pressed": (AlarmKind.SOCIAL_ALARM, Reason.PRESSED),
    "fall_detected": (AlarmKind.FALL, Reason.FALL_DETECTED),
    "smoke_detected": (AlarmKind.SMOKE, Reason.SMOKE_DETECTED),
}

KINDS = (*_RAISES, "alarm_cancelled")


def on_entry(state: ResidentState, entry: Entry) -> Result:
    if entry.kind == "alarm_cancelled":
        return state, [_annotation(entry)]
    kind, reason = _RAISES[entry.kind]
    press = Raise(
        id=derived_id(kind, entry.key, entry.id),
        key=entry.key,
        at=entry.received_at,
        reason=reason,
        kind=kind,
        priority=Priority.LIFE,
        occurred_at=entry.occurred_at,
        device=entry.device,
    )
    return state, [press]


def _annotation(entry: Entry) -> Annotate:
    """A press that was taken back is still looked at by a person: the resident may have been talked out of it."""
    return Annotate(
        id=derived_id("alarm_cancelled", entry.key, entry.id),
        key=entry.key,
        at=entry.received_at,
        reason=Reason.CANCELLED_AT_DEVICE,
        kind=AlarmKind.SOCIAL_ALARM,
        detail={"occurred_at": entry.occurred_at.isoformat()},
    )


DETECTOR = Detector("social_alarm", KINDS, on_entry)
