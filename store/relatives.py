"""Who is a relative of whom, and what a relative sees: the alarms of their own residents that they were told of."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from events.ids import AlarmId, ResidentId, StaffId, TenantId, UnitId
from rules.alarm_lifecycle import State
from store.pool import Connection
from store.select import Scope, Select

TIES = """
SELECT t.id, t.tenant, r.unit, t.resident, r.name AS resident_name, t.staff, s.name AS staff_name, t.created_at,
       t.created_by, t.ended_at, t.ended_by
FROM relatives t JOIN residents r ON r.id = t.resident JOIN staff s ON s.id = t.staff
"""
ADD_TIE = """
INSERT INTO relatives (id, tenant, resident, staff, created_at, created_by)
VALUES (%(id)s, %(tenant)s, %(resident)s, %(staff)s, %(created_at)s, %(created_by)s)
ON CONFLICT DO NOTHING
"""
END_TIE = "UPDATE relatives SET ended_at = %s, ended_by = %s WHERE id = %s AND ended_at IS NULL"

# Told at the console, or by a contact point of theirs. Who is no relative any more sees nothing more.
TOLD = """
SELECT a.id, a.resident, r.name AS resident_name, a.kind, a.priority, a.state, a.version, a.opened_at, a.accepted_at,
       s.name AS accepted_by_name, a.at_person_at, a.closed_at,
       CASE WHEN a.detail ? 'latitude' THEN jsonb_build_object('latitude', a.detail->'latitude',
            'longitude', a.detail->'longitude', 'at', a.detail->'position_at') END AS position
FROM alarms a JOIN residents r ON r.id = a.resident LEFT JOIN staff s ON s.id = a.accepted_by
"""
OWN = """
EXISTS (SELECT FROM relatives t WHERE t.resident = a.resident AND t.staff = %s AND t.ended_at IS NULL)
AND EXISTS (SELECT FROM notifications n WHERE n.alarm = a.id AND (n.channel = 'console' AND n.receiver = %s
            OR n.owner = 'staff' AND n.owner_id = %s))
"""


@dataclass(frozen=True, slots=True)
class Tie:
    """`staff`, an account of the role relative, is a relative of `resident` until the tie is ended."""

    id: str
    tenant: TenantId
    unit: UnitId
    resident: ResidentId
    resident_name: str
    staff: StaffId
    staff_name: str
    created_at: datetime
    created_by: str
    ended_at: datetime | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class RelativesAlarm:
    """What a relative needs to know of an alarm to help: no address, no instructions, nothing of what led to it.

    `position`: latitude, longitude and the time of it, where the alarm has one.
    """

    id: AlarmId
    resident: ResidentId
    resident_name: str
    kind: str
    priority: int
    state: State
    version: int
    opened_at: datetime
    accepted_at: datetime | None
    accepted_by_name: str | None
    at_person_at: datetime | None
    closed_at: datetime | None
    position: dict[str, Any] | None


async def ties(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    resident: ResidentId | None = None,
    staff: StaffId | None = None,
    ended: bool = False,
    after: tuple[str] | None = None,
    limit: int = 100,
) -> list[Tie]:
    """`ended`: also those that have ended."""
    select = _ties(scope).where("t.tenant = %s", tenant).where("t.resident = %s", resident).where("t.staff = %s", staff)
    if not ended:
        select.where("t.ended_at IS NULL")
    return await select.after("t.id > %s", after).then("ORDER BY t.id").rows(connection, limit)


async def tie(connection: Connection, scope: Scope, id: str) -> Tie | None:
    return await _ties(scope).where("t.id = %s", id).one(connection)


async def add_tie(connection: Connection, new: Tie) -> bool:
    """False when the id is taken, or the two are tied already."""
    return (await connection.execute(ADD_TIE, asdict(new))).rowcount == 1


async def end_tie(connection: Connection, id: str, now: datetime, by: str) -> None:
    await connection.execute(END_TIE, (now, by, id))


async def alarms_of_relative(
    connection: Connection, staff: str, *, after: tuple[datetime, str] | None = None, limit: int = 100
) -> list[RelativesAlarm]:
    """The newest first."""
    select = _told(staff).after("(a.opened_at, a.id) < (%s, %s)", after)
    return await select.then("ORDER BY a.opened_at DESC, a.id DESC").rows(connection, limit)


async def alarm_of_relative(connection: Connection, staff: str, id: AlarmId) -> RelativesAlarm | None:
    return await _told(staff).where("a.id = %s", id).one(connection)


def _ties(scope: Scope) -> Select[Tie]:
    return Select(Tie, TIES).where("t.tenant = %s", scope.tenant).where("r.unit = %s", scope.unit)


def _told(staff: str) -> Select[RelativesAlarm]:
    return Select(RelativesAlarm, TOLD).where(OWN, staff, staff, staff)
