"""Where residents have lived, and from when to when: which unit cared for them, and in which kind of housing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from events.ids import ResidentId, TenantId, UnitId
from store.pool import Connection
from store.registry import Housing, Resident
from store.select import Scope, Select

STAYS = """
SELECT s.id::text, s.id AS number, s.tenant, s.resident, s.unit, s.housing, s."from" AS start, s."to" AS "end"
FROM stays s
"""
OPEN = 'SELECT id, "from" FROM stays WHERE resident = %(resident)s AND "to" IS NULL FOR UPDATE'
BEGIN = """
INSERT INTO stays (resident, tenant, unit, housing, "from")
VALUES (%(resident)s, %(tenant)s, %(unit)s, %(housing)s, %(at)s)
"""
END = 'UPDATE stays SET "to" = %(at)s WHERE resident = %(resident)s AND "to" IS NULL'
CORRECT = "UPDATE stays SET unit = %(unit)s, housing = %(housing)s WHERE id = %(id)s"
FORGET = "DELETE FROM stays WHERE id = %(id)s"


class TooEarly(ValueError):
    """A stay cannot end before it began; `start` is when it did."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self.start = start


@dataclass(frozen=True, slots=True)
class Stay:
    """From `start` until before `end` (None: until now)."""

    id: str
    number: int
    tenant: TenantId
    resident: ResidentId
    unit: UnitId
    housing: Housing
    start: datetime
    end: datetime | None


async def stays(
    connection: Connection, scope: Scope, resident: ResidentId, *, after: tuple[int] | None = None, limit: int = 100
) -> list[Stay]:
    """In their order. Who may see the resident may see all of them, in other units too."""
    select = Select(Stay, STAYS).where("s.resident = %s", resident).where("s.tenant = %s", scope.tenant)
    return await select.after("s.id > %s", after).then("ORDER BY s.id").rows(connection, limit)


async def begin_stay(connection: Connection, resident: Resident, at: datetime) -> None:
    """From `at` on the resident lives as `resident` says; what was before ends. Raises TooEarly."""
    values = _values(resident, at)
    row = await (await connection.execute(OPEN, values)).fetchone()
    if row is not None and at == row[1]:
        await connection.execute(CORRECT, {**values, "id": row[0]})
        return
    if row is not None:
        await _end(connection, row[1], values)
    await connection.execute(BEGIN, values)


async def end_stay(connection: Connection, resident: Resident, at: datetime) -> None:
    """The resident has left. Raises TooEarly. A stay that lasted no time never was."""
    values = _values(resident, at)
    row = await (await connection.execute(OPEN, values)).fetchone()
    if row is not None and at == row[1]:
        await connection.execute(FORGET, {"id": row[0]})
    elif row is not None:
        await _end(connection, row[1], values)


async def _end(connection: Connection, start: datetime, values: dict[str, Any]) -> None:
    if values["at"] < start:
        raise TooEarly(start)
    await connection.execute(END, values)


def _values(resident: Resident, at: datetime) -> dict[str, Any]:
    return {
        "resident": resident.id,
        "tenant": resident.tenant,
        "unit": resident.unit,
        "housing": resident.housing,
        "at": at,
    }
