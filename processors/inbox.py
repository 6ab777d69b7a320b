"""What people changed, on its way into the log: each item is appended, and used from then on."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from events.codec import decode_control, decode_message, same_event_key
from events.control import (
    AssignmentChanged,
    CoverageChanged,
    DeviceChanged,
    HelpAccepted,
    HistoryImported,
    PauseChanged,
    PlanChanged,
    QuarantineReplayed,
    ReplayDiffered,
    ResidentChanged,
    TenantChanged,
)
from events.delivery import Content, Delivery, Found, Heard, Lane, Observation, Rejected, Rejection
from events.ids import EVERYBODY, DeviceId, Key, ResidentId, TenantId, device_key, resident_key, unit_key
from events.kinds import URGENT
from processors.batch import Batch
from processors.directory import Directory
from store.inbox import correction_of
from store.log import InboxItem, new_keys
from store.pool import Connection
from store.quarantine_write import held_message, mark_replayed
from store.reattribute import reattribute

Changed = (
    TenantChanged | DeviceChanged | ResidentChanged | AssignmentChanged | PlanChanged | PauseChanged | HelpAccepted
)
"""What people change about residents and devices, each in its own place of the log."""

ReadMessage = Callable[[str, bytes, datetime], Content]


async def apply_item(
    connection: Connection, batch: Batch, directory: Directory, item: InboxItem, read: ReadMessage
) -> tuple[dict[str, Any], list[Delivery]]:
    """Appends the item; what it resulted in, and messages from quarantine that are to be read again."""
    control = decode_control(item.kind, item.data)
    match control:
        case QuarantineReplayed():
            return await _replay_held(connection, control.quarantine, batch.now, read)
        case HistoryImported():
            return await _import_history(connection, batch, control), []
        case (
            TenantChanged()
            | DeviceChanged()
            | ResidentChanged()
            | AssignmentChanged()
            | PlanChanged()
            | PauseChanged()
            | HelpAccepted()
        ):
            correction = await correction_of(connection, item.id) if isinstance(control, AssignmentChanged) else None
            # The rest of a large correction was taken over with its beginning, and may be out of date by now.
            if correction is None or correction.continues is None:
                directory.change(control)
                key, resident = _place(control)
                batch.control(control, key, resident)
            if correction is not None and isinstance(control, AssignmentChanged):
                await reattribute(connection, item.id, correction, control, batch.now)
            return {}, []
        case ReplayDiffered():
            batch.control(control, Key(control.key))
            return {}, []
        case CoverageChanged():
            batch.control(control, unit_key(control.unit))
            return {}, []
    raise ValueError(f"inbox item {item.id}: {item.kind!r} does not come from people")


def _place(control: Changed) -> tuple[Key, ResidentId | None]:
    match control:
        case TenantChanged():
            return EVERYBODY, None
        case DeviceChanged():
            return device_key(control.device), None
    return resident_key(control.resident), control.resident


async def _replay_held(
    connection: Connection, id: int, now: datetime, read: ReadMessage
) -> tuple[dict[str, Any], list[Delivery]]:
    held = await held_message(connection, id)
    if held is None:
        return {"replayed": False}, []
    await mark_replayed(connection, id, now)
    content = read(held.topic, held.payload, held.at)
    if held.reason == Rejection.PARTLY_MALFORMED:
        # What could be read of it was used when it came: a call for help must not sound twice.
        content = tuple(item for item in content if not _calls_for_help(item))
    return {"replayed": True}, [Delivery(held.topic, held.payload, Lane.INTERNAL, content)]


def _calls_for_help(item: Observation | Heard | Found | Rejected) -> bool:
    return isinstance(item, Observation | Heard) and item.kind in URGENT


async def _import_history(connection: Connection, batch: Batch, history: HistoryImported) -> dict[str, Any]:
    """Events of the past, known forever by their keys, so that importing a recording again changes nothing."""
    seen: dict[bytes, Observation] = {}
    for event in history.events:
        payload = msgspec.json.encode(event.data)
        message = decode_message(event.kind, payload)
        device = DeviceId(history.device)
        key = same_event_key(device, event.kind, message, payload)
        seen.setdefault(key, Observation(TenantId(history.tenant), device, event.kind, message, payload, key))
    new = await new_keys(connection, list(seen), batch.now, forever=True)
    for key, observation in seen.items():
        if key in new:
            batch.remember(observation, ResidentId(history.resident))
    return {"events": len(new), "duplicates": len(history.events) - len(new)}
