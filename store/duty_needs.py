"""How many must be on duty: what units have said that they need."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from events.ids import TenantId, UnitId
from rules.duty import Skill
from rules.staffing import Need
from store.pool import Connection
from store.select import Scope, Select

NEEDS = """
SELECT id, tenant, unit, skill, minimum, weekdays, start, "end", created_at, created_by, removed_at, removed_by
FROM duty_needs
"""
ADD_NEED = """
INSERT INTO duty_needs (id, tenant, unit, skill, minimum, weekdays, start, "end", created_at, created_by)
VALUES (%(id)s, %(tenant)s, %(unit)s, %(skill)s, %(minimum)s, %(weekdays)s, %(start)s, %(end)s, %(created_at)s,
        %(created_by)s)
ON CONFLICT DO NOTHING
"""
REMOVE_NEED = "UPDATE duty_needs SET removed_at = %s, removed_by = %s WHERE id = %s AND removed_at IS NULL"


@dataclass(frozen=True, slots=True)
class RecordedNeed:
    """At least `minimum` people with `skill`, from `start` to `end` local time of `weekdays` (1: Monday; none: all)."""

    id: str
    tenant: TenantId
    unit: UnitId
    skill: Skill | None
    minimum: int
    weekdays: list[int]
    start: str
    end: str
    created_at: datetime
    created_by: str
    removed_at: datetime | None = None
    removed_by: str | None = None

    @property
    def need(self) -> Need:
        return Need(self.id, self.unit, self.skill, self.minimum, tuple(self.weekdays), self.start, self.end)


async def recorded_needs(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    after: tuple[str] | None = None,
    limit: int | None = 100,
) -> list[RecordedNeed]:
    """Those that stand."""
    select = _needs(scope).where("removed_at IS NULL").where("tenant = %s", tenant).where("unit = %s", unit)
    return await select.after("id > %s", after).then("ORDER BY id").rows(connection, limit)


async def needs(connection: Connection, tenants: Iterable[TenantId]) -> dict[TenantId, tuple[Need, ...]]:
    """What stands for each of `tenants`, as the rules take it."""
    wanted = sorted(set(tenants))
    found = (
        await Select(RecordedNeed, NEEDS)
        .where("removed_at IS NULL")
        .where("tenant = ANY(%s)", wanted)
        .then("ORDER BY id")
        .rows(connection)
    )
    return {tenant: tuple(each.need for each in found if each.tenant == tenant) for tenant in wanted}


async def recorded_need(connection: Connection, scope: Scope, id: str) -> RecordedNeed | None:
    return await _needs(scope).where("id = %s", id).one(connection)


async def add_need(connection: Connection, new: RecordedNeed) -> bool:
    """False when the id is taken."""
    return (await connection.execute(ADD_NEED, asdict(new))).rowcount == 1


async def remove_need(connection: Connection, id: str, now: datetime, by: str) -> None:
    await connection.execute(REMOVE_NEED, (now, by, id))


def _needs(scope: Scope) -> Select[RecordedNeed]:
    return Select(RecordedNeed, NEEDS).where("tenant = %s", scope.tenant).where("unit = %s", scope.unit)
