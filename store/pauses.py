"""Pauses: when who is not watched, until when, and why."""

from dataclasses import dataclass
from datetime import datetime

from events.ids import ResidentId, TenantId, UnitId
from events.kinds import Technology
from store.pool import Connection
from store.select import Scope, Select

PAUSES = """
SELECT p.id, p.tenant, r.unit, p.resident, r.name AS resident_name, p."from" AS start, p."to" AS "end", p.technologies,
       p.life_critical, p.reason, p.created_at, p.created_by, p.ended_at, p.ended_by
FROM pauses p JOIN residents r ON r.id = p.resident
"""
ADD_PAUSE = """
INSERT INTO pauses (id, tenant, resident, "from", "to", technologies, life_critical, reason, created_at, created_by)
VALUES (%(id)s, %(tenant)s, %(resident)s, %(start)s, %(end)s, %(technologies)s, %(life_critical)s, %(reason)s,
        %(created_at)s, %(created_by)s)
ON CONFLICT DO NOTHING
"""
END_PAUSE = "UPDATE pauses SET ended_at = %s, ended_by = %s WHERE id = %s"

PauseKey = tuple[datetime, str]
"""Where a page ends: `start` and id of its last pause."""


@dataclass(frozen=True, slots=True)
class Pause:
    """From `start` until before `end`, or `ended_at` if that is before it. No technologies: everything is paused."""

    id: str
    tenant: TenantId
    unit: UnitId
    resident: ResidentId
    resident_name: str
    start: datetime
    end: datetime
    technologies: list[Technology]
    life_critical: bool
    reason: str | None
    created_at: datetime
    created_by: str
    ended_at: datetime | None = None
    ended_by: str | None = None


async def pauses(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    resident: ResidentId | None = None,
    life_critical: bool | None = None,
    not_over_at: datetime | None = None,
    after: PauseKey | None = None,
    limit: int = 100,
) -> list[Pause]:
    """The one that begins last first; `not_over_at`: only those that have not ended by then."""
    select = (
        _pauses(scope)
        .where("p.tenant = %s", tenant)
        .where("r.unit = %s", unit)
        .where("p.resident = %s", resident)
        .where("p.life_critical = %s", life_critical)
        .where('least(p."to", p.ended_at) > %s', not_over_at)
        .after('(p."from", p.id) < (%s, %s)', after)
    )
    return await select.then('ORDER BY p."from" DESC, p.id DESC').rows(connection, limit)


async def pause(connection: Connection, scope: Scope, id: str, *, lock: bool = False) -> Pause | None:
    select = _pauses(scope).where("p.id = %s", id)
    return await (select.then("FOR UPDATE OF p") if lock else select).one(connection)


def _pauses(scope: Scope) -> Select[Pause]:
    return Select(Pause, PAUSES).where("p.tenant = %s", scope.tenant).where("r.unit = %s", scope.unit)


async def add_pause(connection: Connection, new: Pause) -> bool:
    """False when the id is taken."""
    values = {name: getattr(new, name) for name in Pause.__slots__}
    return (await connection.execute(ADD_PAUSE, values)).rowcount == 1


async def end_pause(connection: Connection, id: str, now: datetime, by: str) -> None:
    await connection.execute(END_PAUSE, (now, by, id))
