"""Exceptions: who is away, who stands in, who swaps, and when a rotation pauses. Withdrawn is not forgotten."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from events.ids import StaffId, TenantId, UnitId
from store.pool import Connection
from store.select import Scope, Select

ExceptionKind = Literal["absence", "substitution", "swap", "pause"]

EXCEPTIONS = """
SELECT id, tenant, kind, staff, instead, rotation, "from" AS start, "to" AS "end", back_from AS back_start,
       back_to AS back_end, note, created_at, created_by, withdrawn_at, withdrawn_by
FROM duty_exceptions
"""
# A unit sees what is about its own people, and about rotations that work for it.
OF_UNIT = """
(EXISTS (SELECT FROM staff s WHERE s.id IN (duty_exceptions.staff, duty_exceptions.instead)
         AND (s.unit IS NULL OR s.unit = %s))
 OR EXISTS (SELECT FROM rotation_versions v WHERE v.rotation = duty_exceptions.rotation
            AND (v.units = '{}' OR %s = ANY(v.units))))
"""
ADD_EXCEPTION = """
INSERT INTO duty_exceptions (id, tenant, kind, staff, instead, rotation, "from", "to", back_from, back_to, note,
                             created_at, created_by)
VALUES (%(id)s, %(tenant)s, %(kind)s, %(staff)s, %(instead)s, %(rotation)s, %(start)s, %(end)s, %(back_start)s,
        %(back_end)s, %(note)s, %(created_at)s, %(created_by)s)
ON CONFLICT (id) DO NOTHING
"""
WITHDRAW = "UPDATE duty_exceptions SET withdrawn_at = %s, withdrawn_by = %s WHERE id = %s"
ABSENT = """
SELECT EXISTS (SELECT FROM duty_exceptions
WHERE tenant = %s AND kind = 'absence' AND staff = %s AND withdrawn_at IS NULL AND during && tstzrange(%s, %s))
"""


ExceptionKey = tuple[datetime, str]
"""Where a page ends: `start` and id of its last exception."""


@dataclass(frozen=True, slots=True)
class RecordedException:
    """`staff` does not work from `start` until before `end` (None: until further notice); `instead` does, if anybody.

    In a swap, `staff` works for `instead` from `back_start` until before `back_end`. `rotation`: only what it plans.
    """

    id: str
    tenant: TenantId
    kind: ExceptionKind
    staff: StaffId | None
    instead: StaffId | None
    rotation: str | None
    start: datetime
    end: datetime | None
    back_start: datetime | None
    back_end: datetime | None
    note: str | None
    created_at: datetime
    created_by: str
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None


async def exceptions(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    staff: StaffId | None = None,
    kind: ExceptionKind | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    withdrawn: bool = False,
    after: ExceptionKey | None = None,
    limit: int = 100,
) -> list[RecordedException]:
    """Those that hold between `start` and `end`, the one that begins last first; `withdrawn`: also those that were."""
    select = (
        _exceptions(scope)
        .where("tenant = %s", tenant)
        .where(OF_UNIT, unit, unit)
        .where("%s IN (staff, instead)", staff)
        .where("kind = %s", kind)
        .where("NOT during << tstzrange(%s, NULL)", start)
        .where("NOT during >> tstzrange(NULL, %s)", end)
        .after('("from", id) < (%s, %s)', after)
    )
    if not withdrawn:
        select.where("withdrawn_at IS NULL")
    return await select.then('ORDER BY "from" DESC, id DESC').rows(connection, limit)


async def exception(connection: Connection, scope: Scope, id: str, *, lock: bool = False) -> RecordedException | None:
    return await _exceptions(scope).where("id = %s", id).then("FOR UPDATE" if lock else "").one(connection)


async def add_exception(connection: Connection, new: RecordedException) -> bool:
    """False when the id is taken."""
    return (await connection.execute(ADD_EXCEPTION, asdict(new))).rowcount == 1


async def withdraw(connection: Connection, id: str, now: datetime, by: str) -> None:
    """It stood until `now`."""
    await connection.execute(WITHDRAW, (now, by, id))


async def is_absent(
    connection: Connection, tenant: TenantId, staff: StaffId, start: datetime, end: datetime | None
) -> bool:
    """Whether `staff` is away for any of that time."""
    row = await (await connection.execute(ABSENT, (tenant, staff, start, end))).fetchone()
    return row is not None and bool(row[0])


def _exceptions(scope: Scope) -> Select[RecordedException]:
    select = Select(RecordedException, EXCEPTIONS).where("tenant = %s", scope.tenant)
    return select.where(OF_UNIT, scope.unit, scope.unit)
