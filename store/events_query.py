"""Looking at events, newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from events.control import CONTROLS
from events.ids import DeviceId, ResidentId, TenantId, UnitId, resident_key
from events.kinds import Technology
from store.pool import Connection
from store.select import Scope, Select

EVENTS = """
SELECT e.position::text AS id, e.kind, e.tenant, e.device, e.resident, e.occurred_at, e.received_at, e.source_id,
       e.data, e.history
FROM events e
"""
CONTROL_KINDS = sorted(CONTROLS)
OF_UNIT = "e.resident IN (SELECT id FROM residents WHERE unit = %s)"
OF_TECHNOLOGY = "e.device IN (SELECT id FROM devices WHERE technology = %s)"

EventKey = tuple[datetime, int]
"""Where a page ends: `occurred_at` and position of its last event."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a device said: `data` as it came, `source_id` the device's own id of it, `history` if it was imported."""

    id: str
    kind: str
    tenant: TenantId
    device: DeviceId
    resident: ResidentId | None
    occurred_at: datetime
    received_at: datetime
    source_id: str | None
    data: dict[str, Any]
    history: bool


async def events(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    resident: ResidentId | None = None,
    device: DeviceId | None = None,
    kind: str | None = None,
    technology: Technology | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    after: EventKey | None = None,
    limit: int = 100,
) -> list[Event]:
    """Newest first; `start` and `end` are about `occurred_at`.

    Those of one resident or device are in the order of `occurred_at`, as both have an index that gives it. Without
    either the order is that of the log: nothing else could be read in order when there are millions.
    """
    select = (
        _events(scope)
        .where("e.tenant = %s", tenant)
        .where(OF_UNIT, unit)
        .where("e.key = %s", resident_key(resident) if resident is not None else None)
        .where("e.resident = %s", resident)
        .where("e.device = %s", device)
        .where("e.kind = %s", kind)
        .where(OF_TECHNOLOGY, technology)
        .where("e.occurred_at >= %s", start)
        .where("e.occurred_at < %s", end)
    )
    if resident is None and device is None:
        select.after("e.position < %s", after[1:] if after else None).then("ORDER BY e.position DESC")
    else:
        select.after("(e.occurred_at, e.position) < (%s, %s)", after)
        select.then("ORDER BY e.occurred_at DESC, e.position DESC")
    return await select.rows(connection, limit)


async def event(connection: Connection, scope: Scope, position: int) -> Event | None:
    return await _events(scope).where("e.position = %s", position).one(connection)


def _events(scope: Scope) -> Select[Event]:
    select = Select(Event, EVENTS).where("e.device IS NOT NULL").where("e.kind <> ALL(%s)", CONTROL_KINDS)
    return select.where("e.tenant = %s", scope.tenant).where(OF_UNIT, scope.unit)
