"""Single shifts: extra ones, and those that another system plans. One that is removed stays as what was recorded."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from events.ids import StaffId, TenantId, UnitId
from rules.duty import Skill
from store.pool import Connection
from store.select import Scope, Select

SHIFTS = """
SELECT id, tenant, staff, units, skill, "from" AS start, "to" AS "end", source, uid, created_at, created_by, removed_at,
       removed_by
FROM duty_shifts
"""
SEEN = "(units = '{}' OR %s = ANY(units))"
ADD_SHIFT = """
INSERT INTO duty_shifts (id, tenant, staff, units, skill, "from", "to", source, uid, created_at, created_by)
VALUES (%(id)s, %(tenant)s, %(staff)s, %(units)s, %(skill)s, %(start)s, %(end)s, %(source)s, %(uid)s, %(created_at)s,
        %(created_by)s)
ON CONFLICT DO NOTHING
"""
REMOVE_SHIFTS = "UPDATE duty_shifts SET removed_at = %s, removed_by = %s WHERE id = ANY(%s) AND removed_at IS NULL"

# Whoever changes single shifts of a tenant does so alone, so that what is noted below is all of them.
LOCK = "SELECT FROM tenants WHERE id = %s FOR NO KEY UPDATE"
NOTE_PLANNED = """
INSERT INTO duty_planned (tenant, units, skill, "from", "to")
SELECT tenant, units, skill, min("from"), max("to") FROM duty_shifts WHERE id = ANY(%s) GROUP BY tenant, units, skill
ON CONFLICT (tenant, units, skill) DO UPDATE
SET "from" = least(duty_planned."from", excluded."from"), "to" = greatest(duty_planned."to", excluded."to")
"""
FORGET_PLANNED = "DELETE FROM duty_planned WHERE tenant = %s"
NOTE_ALL_PLANNED = """
INSERT INTO duty_planned (tenant, units, skill, "from", "to")
SELECT tenant, units, skill, min("from"), max(least("to", removed_at)) FROM duty_shifts
WHERE tenant = %s AND (removed_at IS NULL OR removed_at > "from")
GROUP BY tenant, units, skill
"""

ShiftKey = tuple[datetime, str]
"""Where a page ends: `start` and id of its last shift."""


@dataclass(frozen=True, slots=True)
class SingleShift:
    """One person's shift, from `start` until before `end`. `source` and `uid`: whence it was imported, and as what."""

    id: str
    tenant: TenantId
    staff: StaffId
    units: list[UnitId]
    skill: Skill | None
    start: datetime
    end: datetime
    source: str | None
    uid: str | None
    created_at: datetime
    created_by: str
    removed_at: datetime | None = None
    removed_by: str | None = None


async def shifts(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    staff: StaffId | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    removed: bool = False,
    after: ShiftKey | None = None,
    limit: int = 100,
) -> list[SingleShift]:
    """Those that are worked between `start` and `end`, in order of time; `removed`: also what has been removed."""
    select = (
        _shifts(scope)
        .where("tenant = %s", tenant)
        .where(SEEN, unit)
        .where("staff = %s", staff)
        .where('"to" > %s', start)
        .where('"from" < %s', end)
        .after('("from", id) > (%s, %s)', after)
    )
    if not removed:
        select.where("removed_at IS NULL")
    return await select.then('ORDER BY "from", id').rows(connection, limit)


async def shift(connection: Connection, scope: Scope, id: str) -> SingleShift | None:
    return await _shifts(scope).where("id = %s", id).one(connection)


async def from_source(
    connection: Connection, tenant: TenantId, source: str, not_over_at: datetime
) -> list[SingleShift]:
    """What stands of what was imported from `source`, and is not over."""
    select = _shifts(Scope(tenant)).where("source = %s", source).where("removed_at IS NULL")
    return await select.where('"to" > %s', not_over_at).then('ORDER BY "from", id').rows(connection)


async def lock(connection: Connection, tenant: TenantId) -> None:
    """Until the transaction ends, nobody else changes single shifts of `tenant`."""
    await connection.execute(LOCK, (tenant,))


async def add_shifts(connection: Connection, new: Sequence[SingleShift]) -> bool:
    """False when an id is taken, after which the transaction must be given up. Their tenant must be locked."""
    async with connection.cursor() as cursor:
        await cursor.executemany(ADD_SHIFT, [asdict(shift) for shift in new])
        if new and cursor.rowcount != len(new):
            return False
        await cursor.execute(NOTE_PLANNED, ([shift.id for shift in new],))
    return True


async def remove_shifts(
    connection: Connection, tenant: TenantId, ids: Sequence[str], actor: str, now: datetime
) -> None:
    """They stood until `now`. The tenant must be locked."""
    await connection.execute(REMOVE_SHIFTS, (now, actor, list(ids)))
    await connection.execute(FORGET_PLANNED, (tenant,))
    await connection.execute(NOTE_ALL_PLANNED, (tenant,))


def _shifts(scope: Scope) -> Select[SingleShift]:
    return Select(SingleShift, SHIFTS).where("tenant = %s", scope.tenant).where(SEEN, scope.unit)
