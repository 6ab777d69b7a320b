"""Who lives where: tenants, their units, and the residents of each."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from events.ids import ResidentId, TenantId, UnitId
from store.pool import Connection
from store.select import Scope, Select

Sex = Literal["female", "male", "other"]
Housing = Literal["ordinary", "special"]
LeftReason = Literal["died", "moved_away", "care_ended"]
Language = Literal["sv", "en"]

TENANTS = "SELECT id, name, timezone, language, created_at FROM tenants"
ADD_TENANT = """
INSERT INTO tenants (id, name, timezone, language, created_at)
VALUES (%(id)s, %(name)s, %(timezone)s, %(language)s, %(created_at)s)
ON CONFLICT DO NOTHING
"""
UNITS = "SELECT id, tenant, name, created_at FROM units"
ADD_UNIT = """
INSERT INTO units (id, tenant, name, created_at) VALUES (%(id)s, %(tenant)s, %(name)s, %(created_at)s)
ON CONFLICT DO NOTHING
"""
CHANGE_UNIT = "UPDATE units SET name = %(name)s WHERE id = %(id)s"
RESIDENTS = """
SELECT id, tenant, unit, name, sex, birth_year, housing, address, instructions, created_at, left_at, left_reason
FROM residents
"""
# With the first of their stays: see store.stays.
ADD_RESIDENT = """
WITH added AS (
    INSERT INTO residents (id, tenant, unit, name, sex, birth_year, housing, address, instructions, created_at)
    VALUES (%(id)s, %(tenant)s, %(unit)s, %(name)s, %(sex)s, %(birth_year)s, %(housing)s, %(address)s,
            %(instructions)s, %(created_at)s)
    ON CONFLICT DO NOTHING
    RETURNING *
)
INSERT INTO stays (resident, tenant, unit, housing, "from")
SELECT id, tenant, unit, housing, created_at FROM added
"""
CHANGE_RESIDENT = """
UPDATE residents SET unit = %(unit)s, name = %(name)s, sex = %(sex)s, birth_year = %(birth_year)s,
    housing = %(housing)s, address = %(address)s, instructions = %(instructions)s, left_at = %(left_at)s,
    left_reason = %(left_reason)s
WHERE id = %(id)s
"""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A municipality, with the time zone that its plans are meant in, and the language that machines speak there."""

    id: TenantId
    name: str
    timezone: str
    created_at: datetime
    language: Language = "sv"


@dataclass(frozen=True, slots=True)
class Unit:
    """A home-care group with its own residents and staff."""

    id: UnitId
    tenant: TenantId
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Resident:
    """The person who gets care. `instructions` are what staff should know or do when an alarm comes.

    `left_at` and `left_reason`: since when, and why, nobody cares for them any more.
    """

    id: ResidentId
    tenant: TenantId
    unit: UnitId
    name: str
    sex: Sex | None
    birth_year: int | None
    housing: Housing
    address: str | None
    instructions: str | None
    created_at: datetime
    left_at: datetime | None = None
    left_reason: LeftReason | None = None


async def tenants(
    connection: Connection, scope: Scope, *, after: tuple[str] | None = None, limit: int = 100
) -> list[Tenant]:
    return await _tenants(scope).after("id > %s", after).then("ORDER BY id").rows(connection, limit)


async def tenant(connection: Connection, scope: Scope, id: TenantId) -> Tenant | None:
    return await _tenants(scope).where("id = %s", id).one(connection)


def _tenants(scope: Scope) -> Select[Tenant]:
    return Select(Tenant, TENANTS).where("id = %s", scope.tenant)


async def add_tenant(connection: Connection, new: Tenant) -> bool:
    """False when the id is taken; so it is with all `add_...` here."""
    return (await connection.execute(ADD_TENANT, asdict(new))).rowcount == 1


async def units(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    after: tuple[str] | None = None,
    limit: int | None = 100,
) -> list[Unit]:
    select = _units(scope).where("tenant = %s", tenant).after("id > %s", after)
    return await select.then("ORDER BY id").rows(connection, limit)


async def unit(connection: Connection, scope: Scope, id: UnitId) -> Unit | None:
    return await _units(scope).where("id = %s", id).one(connection)


def _units(scope: Scope) -> Select[Unit]:
    return Select(Unit, UNITS).where("tenant = %s", scope.tenant).where("id = %s", scope.unit)


async def add_unit(connection: Connection, new: Unit) -> bool:
    return (await connection.execute(ADD_UNIT, asdict(new))).rowcount == 1


async def change_unit(connection: Connection, changed: Unit) -> None:
    await connection.execute(CHANGE_UNIT, asdict(changed))


async def residents(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    left: bool | None = None,
    after: tuple[str] | None = None,
    limit: int = 100,
) -> list[Resident]:
    """`left`: only those who have left, or only those who have not."""
    select = _residents(scope).where("tenant = %s", tenant).where("unit = %s", unit)
    select.where("(left_at IS NOT NULL) = %s", left).after("id > %s", after)
    return await select.then("ORDER BY id").rows(connection, limit)


async def resident(connection: Connection, scope: Scope, id: ResidentId, *, lock: bool = False) -> Resident | None:
    """With `lock`, nobody else changes the resident, or adds a plan, until the transaction ends."""
    return await _residents(scope).where("id = %s", id).then("FOR NO KEY UPDATE" if lock else "").one(connection)


def _residents(scope: Scope) -> Select[Resident]:
    return Select(Resident, RESIDENTS).where("tenant = %s", scope.tenant).where("unit = %s", scope.unit)


async def add_resident(connection: Connection, new: Resident) -> bool:
    return (await connection.execute(ADD_RESIDENT, asdict(new))).rowcount == 1


async def change_resident(connection: Connection, changed: Resident) -> None:
    await connection.execute(CHANGE_RESIDENT, asdict(changed))
