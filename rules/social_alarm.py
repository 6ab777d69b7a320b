"""Presses, falls and smoke: every one reaches staff, with where to come and whom to ring. Needs no plan or memory."""

from typing import Any

import msgspec

from events.ids import derived_id
from events.log import Entry
from events.messages import Call, CallUpdated
from rules.decisions import AlarmKind, Annotate, Priority, Raise, Reason
from rules.detector import Detector, Result
from rules.lateness import age
from rules.state import ResidentState

_RAISES = {
    "alarm_pressed": (AlarmKind.SOCIAL_ALARM, Reason.PRESSED),
    "fall_detected": (AlarmKind.FALL, Reason.FALL_DETECTED),
    "smoke_detected": (AlarmKind.SMOKE, Reason.SMOKE_DETECTED),
}

KINDS = (*_RAISES, "alarm_cancelled", "call_updated")

_TOLD = {"button", *Call.__struct_fields__} - {"at", "id"}
"""What of a call staff are told: the fields of `events.messages.Call`, and which button it was."""


def on_entry(state: ResidentState, entry: Entry) -> Result:
    if entry.kind == "alarm_cancelled":
        return state, [_annotation(entry)]
    if isinstance(entry.data, CallUpdated):
        return state, [_update(entry, entry.data)]
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
        detail={**_told(entry), **age(entry)},
    )
    return state, [press]


def _told(entry: Entry) -> dict[str, Any]:
    fields = msgspec.structs.asdict(entry.data)
    return {name: fields[name] for name in fields if name in _TOLD and fields[name] is not None}


def _update(entry: Entry, data: CallUpdated) -> Annotate:
    return Annotate(
        id=derived_id("call_updated", entry.key, entry.id),
        key=entry.key,
        at=entry.received_at,
        reason=Reason.CALL_UPDATED,
        kind=_RAISES[data.about][0],
        detail={"occurred_at": entry.occurred_at.isoformat(), **_told(entry)},
    )


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


DETECTOR = Detector("social_alarm", KINDS, on_entry, version=3)
