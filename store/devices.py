"""Devices, and who has each of them now."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from psycopg.errors import UniqueViolation

from events.devices import LifeCycle, Origin
from events.ids import DeviceId, ResidentId, TenantId
from events.kinds import Technology
from store.pool import Connection
from store.select import Scope, Select

DEVICES = """
SELECT d.id, d.tenant, d.technology, d.name, d.model, a.resident, d.created_at, d.type,
       CASE WHEN d.family IS NOT NULL THEN ARRAY[d.family, d.scope, d.external_id] END AS origin,
       d.hub, d.serial, d.note, d.life_cycle, d.testing_until, a.shared_with
FROM devices d
LEFT JOIN assignments a ON a.device = d.id AND a."from" <= %s AND (a."to" IS NULL OR a."to" > %s)
LEFT JOIN residents r ON r.id = a.resident
"""
ADD_DEVICE = """
INSERT INTO devices (id, tenant, technology, name, model, created_at, type, family, scope, external_id, hub, serial,
                     note, life_cycle)
VALUES (%(id)s, %(tenant)s, %(technology)s, %(name)s, %(model)s, %(created_at)s, %(type)s, %(family)s, %(scope)s,
        %(external_id)s, %(hub)s, %(serial)s, %(note)s, %(life_cycle)s)
ON CONFLICT (id) DO NOTHING
"""
CHANGE_DEVICE = """
UPDATE devices SET name = %(name)s, model = %(model)s, type = %(type)s, family = %(family)s, scope = %(scope)s,
    external_id = %(external_id)s, hub = %(hub)s, serial = %(serial)s, note = %(note)s
WHERE id = %(id)s
"""
IS_BEHIND = """
WITH RECURSIVE above (id) AS (
    SELECT %(hub)s::text UNION SELECT devices.hub FROM devices JOIN above USING (id) WHERE devices.hub IS NOT NULL
)
SELECT %(device)s IN (SELECT id FROM above)
"""


class OriginTaken(Exception):
    """Another device is registered under this origin."""


@dataclass(frozen=True, slots=True)
class Device:
    """What sends events. `resident` is who has it now, with `shared_with` if they are a couple.

    `origin`: how it speaks, when that is not Vaka's own form. `hub`: the device that its messages come through.
    `testing_until`: when an installer's trial ends.
    """

    id: DeviceId
    tenant: TenantId
    technology: Technology
    name: str | None
    model: str | None
    resident: ResidentId | None
    created_at: datetime
    type: str | None = None
    origin: Origin | None = None
    hub: DeviceId | None = None
    serial: str | None = None
    note: str | None = None
    life_cycle: LifeCycle = LifeCycle.IN_USE
    testing_until: datetime | None = None
    shared_with: ResidentId | None = None


async def device(
    connection: Connection, scope: Scope, now: datetime, id: DeviceId, *, lock: bool = False
) -> Device | None:
    select = _devices(scope, now).where("d.id = %s", id)
    return await select.then("FOR NO KEY UPDATE OF d" if lock else "").one(connection)


async def devices_of(
    connection: Connection, scope: Scope, now: datetime, ids: Sequence[DeviceId], *, lock: bool = False
) -> list[Device]:
    """Those of `ids` that there are, in the order of their ids."""
    select = _devices(scope, now).where("d.id = ANY(%s)", list(ids))
    return await select.then("ORDER BY d.id FOR NO KEY UPDATE OF d" if lock else "ORDER BY d.id").rows(connection)


async def devices(
    connection: Connection,
    scope: Scope,
    now: datetime,
    *,
    resident: ResidentId | None = None,
    after: tuple[str] | None = None,
    limit: int = 100,
) -> list[Device]:
    """In the order of their ids. `resident` has it now, alone or as one of a couple."""
    select = _devices(scope, now).where("(a.resident = %s OR a.shared_with = %s)", resident, resident)
    return await select.after("d.id > %s", after).then("ORDER BY d.id").rows(connection, limit)


def _devices(scope: Scope, now: datetime) -> Select[Device]:
    """A unit sees its residents' devices, and those that are with nobody: it may take one into use."""
    select = Select(Device, DEVICES, (now, now)).where("d.tenant = %s", scope.tenant)
    return select.where("(a.resident IS NULL OR r.unit = %s)", scope.unit)


async def add_device(connection: Connection, new: Device) -> bool:
    """False when the id is taken. Raises OriginTaken, after which the transaction is over."""
    try:
        return (await connection.execute(ADD_DEVICE, device_values(new))).rowcount == 1
    except UniqueViolation as error:
        raise OriginTaken from error


async def change_device(connection: Connection, changed: Device) -> None:
    """Stores what is said about it; not its life cycle. Raises OriginTaken, after which the transaction is over."""
    try:
        await connection.execute(CHANGE_DEVICE, device_values(changed))
    except UniqueViolation as error:
        raise OriginTaken from error


async def is_behind(connection: Connection, hub: DeviceId, device: DeviceId) -> bool:
    """Whether `hub`, or one of the hubs that it is behind itself, is `device`."""
    row = await (await connection.execute(IS_BEHIND, {"hub": hub, "device": device})).fetchone()
    return row is not None and bool(row[0])


def device_values(device: Device) -> dict[str, object]:
    """As ADD_DEVICE and CHANGE_DEVICE take them."""
    values = asdict(device)
    origin = values.pop("origin")
    family, scope, external_id = (origin.family, origin.scope, origin.id) if origin is not None else (None, None, None)
    return {**values, "family": family, "scope": scope, "external_id": external_id}
