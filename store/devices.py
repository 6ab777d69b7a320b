"""Devices, and who has had each of them from when to when."""

from dataclasses import asdict, dataclass
from datetime import datetime

from psycopg.errors import ExclusionViolation

from events.ids import DeviceId, ResidentId, TenantId, UnitId
from events.kinds import Technology
from store.pool import Connection
from store.select import Scope, Select

DEVICES = """
SELECT d.id, d.tenant, d.technology, d.name, d.model, a.resident, d.created_at
FROM devices d
LEFT JOIN assignments a ON a.device = d.id AND a."from" <= %s AND (a."to" IS NULL OR a."to" > %s)
LEFT JOIN residents r ON r.id = a.resident
"""
ADD_DEVICE = """
INSERT INTO devices (id, tenant, technology, name, model, created_at)
VALUES (%(id)s, %(tenant)s, %(technology)s, %(name)s, %(model)s, %(created_at)s)
ON CONFLICT DO NOTHING
"""
CHANGE_DEVICE = "UPDATE devices SET name = %(name)s, model = %(model)s WHERE id = %(id)s"
ASSIGNMENTS = """
SELECT a.id, a.tenant, a.device, a.resident, a."from" AS start, a."to" AS "end", a.created_at, d.technology
FROM assignments a JOIN devices d ON d.id = a.device JOIN residents r ON r.id = a.resident
"""
ADD_ASSIGNMENT = """
INSERT INTO assignments (id, tenant, device, resident, "from", "to", created_at)
VALUES (%(id)s, %(tenant)s, %(device)s, %(resident)s, %(start)s, %(end)s, %(created_at)s)
ON CONFLICT (id) DO NOTHING
"""
END_ASSIGNMENT = 'UPDATE assignments SET "to" = %(end)s WHERE id = %(id)s'


class Overlap(Exception):
    """The device is with somebody else at that time."""


@dataclass(frozen=True, slots=True)
class Device:
    """What sends events. `resident` is who has it now."""

    id: DeviceId
    tenant: TenantId
    technology: Technology
    name: str | None
    model: str | None
    resident: ResidentId | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Assignment:
    """A device is with a resident from `start` until before `end` (None: until further notice)."""

    id: str
    tenant: TenantId
    device: DeviceId
    resident: ResidentId
    start: datetime
    end: datetime | None
    created_at: datetime
    technology: Technology


async def devices(
    connection: Connection,
    scope: Scope,
    now: datetime,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    resident: ResidentId | None = None,
    technology: Technology | None = None,
    after: tuple[str] | None = None,
    limit: int = 100,
) -> list[Device]:
    """`unit` and `resident`: those that have the device at `now`."""
    select = (
        _devices(scope, now)
        .where("d.tenant = %s", tenant)
        .where("r.unit = %s", unit)
        .where("a.resident = %s", resident)
        .where("d.technology = %s", technology)
        .after("d.id > %s", after)
    )
    return await select.then("ORDER BY d.id").rows(connection, limit)


async def device(
    connection: Connection, scope: Scope, now: datetime, id: DeviceId, *, lock: bool = False
) -> Device | None:
    select = _devices(scope, now).where("d.id = %s", id)
    return await select.then("FOR NO KEY UPDATE OF d" if lock else "").one(connection)


def _devices(scope: Scope, now: datetime) -> Select[Device]:
    """A unit sees its residents' devices, and those that are with nobody: it may take one into use."""
    select = Select(Device, DEVICES, (now, now)).where("d.tenant = %s", scope.tenant)
    return select.where("(a.resident IS NULL OR r.unit = %s)", scope.unit)


async def add_device(connection: Connection, new: Device) -> bool:
    """False when the id is taken."""
    return (await connection.execute(ADD_DEVICE, asdict(new))).rowcount == 1


async def change_device(connection: Connection, changed: Device) -> None:
    await connection.execute(CHANGE_DEVICE, asdict(changed))


async def assignments(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    device: DeviceId | None = None,
    resident: ResidentId | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    after: tuple[str] | None = None,
    limit: int = 100,
) -> list[Assignment]:
    """Those that overlap the time from `start` until before `end`."""
    select = (
        _assignments(scope)
        .where("a.tenant = %s", tenant)
        .where("r.unit = %s", unit)
        .where("a.device = %s", device)
        .where("a.resident = %s", resident)
        .where('(a."to" IS NULL OR a."to" > %s)', start)
        .where('a."from" < %s', end)
        .after("a.id > %s", after)
    )
    return await select.then("ORDER BY a.id").rows(connection, limit)


async def assignment(connection: Connection, scope: Scope, id: str, *, lock: bool = False) -> Assignment | None:
    select = _assignments(scope).where("a.id = %s", id)
    return await select.then("FOR NO KEY UPDATE OF a" if lock else "").one(connection)


def _assignments(scope: Scope) -> Select[Assignment]:
    return Select(Assignment, ASSIGNMENTS).where("a.tenant = %s", scope.tenant).where("r.unit = %s", scope.unit)


async def add_assignment(connection: Connection, new: Assignment) -> bool:
    """False when the id is taken. Raises Overlap, after which the transaction is over."""
    try:
        return (await connection.execute(ADD_ASSIGNMENT, asdict(new))).rowcount == 1
    except ExclusionViolation as error:
        raise Overlap from error


async def end_assignment(connection: Connection, changed: Assignment) -> None:
    """Stores the `end` of `changed`. Raises Overlap, after which the transaction is over."""
    try:
        await connection.execute(END_ASSIGNMENT, asdict(changed))
    except ExclusionViolation as error:
        raise Overlap from error
