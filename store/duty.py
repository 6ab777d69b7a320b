"""The duty of municipalities as data, for the time around a moment: what the rules need to say who is on duty."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, LiteralString

import msgspec
from msgspec.structs import replace

from events.ids import ResidentId, StaffId, TenantId, UnitId
from rules.duty import FOREVER, Duty, DutyException, Leg, Rotation, Shift, Skill, Use
from rules.rotation import Pattern
from store.pool import Connection

AHEAD = timedelta(days=1)
"""How far ahead duty is read, unless more is asked for."""

REMEMBERED = timedelta(days=28)
"""How long after its last shift a unit still counts as one that plans duty: the next schedule may be late."""

ZONES = "SELECT id, timezone FROM tenants WHERE id = ANY(%(tenants)s)"

# A version holds until the first time from which a later one does, so a later one can also begin before it.
ROTATIONS = """
SELECT r.tenant, v.rotation, v.units, v.skill, v."from", v.until, v.pattern::text
FROM rotations r JOIN (
    SELECT *, min("from") OVER (PARTITION BY rotation ORDER BY version
                                ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS until
    FROM rotation_versions WHERE created_at <= %(as_of)s
) v ON v.rotation = r.id
WHERE r.tenant = ANY(%(tenants)s) AND v.pattern IS NOT NULL AND v."from" < %(until)s
    AND (v.until IS NULL OR (v.until > %(now)s - %(remembered)s AND v.until > v."from"))
ORDER BY v.rotation, v.version
"""
# What was taken back stood until then: the past does not change by it.
SHIFTS = """
SELECT tenant, id, staff, units, skill, "from",
       CASE WHEN removed_at <= %(as_of)s THEN least("to", removed_at) ELSE "to" END
FROM duty_shifts
WHERE tenant = ANY(%(tenants)s) AND tstzrange("from", "to") && tstzrange(%(now)s, %(until)s)
    AND created_at <= %(as_of)s AND (removed_at IS NULL OR removed_at > "from" OR removed_at > %(as_of)s)
ORDER BY id
"""
PLANNED = """
SELECT tenant, units, skill FROM duty_planned
WHERE tenant = ANY(%(tenants)s) AND "from" <= %(now)s AND "to" > %(now)s - %(remembered)s
"""
EXCEPTIONS = """
SELECT tenant, id, kind = 'absence', staff, instead, rotation, "from", "to", back_from, back_to,
       CASE WHEN withdrawn_at <= %(as_of)s THEN withdrawn_at END
FROM duty_exceptions
WHERE tenant = ANY(%(tenants)s) AND during && tstzrange(%(now)s, %(until)s) AND created_at <= %(as_of)s
ORDER BY seq
"""
EVER_PLANNED = """
SELECT EXISTS (SELECT 1 FROM rotations WHERE tenant = %(tenant)s)
    OR EXISTS (SELECT 1 FROM duty_shifts WHERE tenant = %(tenant)s)
    OR EXISTS (SELECT 1 FROM duty_planned WHERE tenant = %(tenant)s)
"""
# One text for all who can do the same, as no id has a comma: a row for each of them costs more than all the rest.
SKILLED = """
SELECT tenant, skills, string_agg(id, ',') FROM staff WHERE tenant = ANY(%(tenants)s) AND skills <> '{}'
GROUP BY tenant, skills
"""
CLOSED = "SELECT tenant, id, closed_at FROM staff WHERE tenant = ANY(%(tenants)s) AND closed_at <= %(as_of)s"
RELATIVES = """
SELECT t.resident, t.staff FROM relatives t JOIN staff s ON s.id = t.staff
WHERE t.resident = ANY(%s) AND t.ended_at IS NULL AND s.closed_at IS NULL AND s.role = 'relative'
ORDER BY t.resident, t.staff
"""


async def duties(
    connection: Connection,
    tenants: Iterable[TenantId],
    now: datetime,
    until: datetime | None = None,
    *,
    as_of: datetime | None = None,
) -> dict[TenantId, Duty]:
    """The duty of each tenant from `now` to `until` (a day later unless given); what is outside is not in it.

    As it is recorded; with `as_of`, as it was recorded at that time. What has been taken back since counts until then.
    """
    wanted = sorted(set(tenants))
    values = {
        "tenants": wanted,
        "now": now,
        "until": until or now + AHEAD,
        "as_of": as_of or FOREVER,
        "remembered": REMEMBERED,
    }
    read = {tenant: _Reading(zone) for tenant, zone in await _rows(connection, ZONES, values)}
    for tenant, *rotation in await _rows(connection, ROTATIONS, values):
        read[tenant].rotation(now, *rotation)
    for tenant, id, staff, units, skill, start, end in await _rows(connection, SHIFTS, values):
        read[tenant].shifts.append(Shift(id, staff, tuple(units), _skill(skill), start, end))
    for tenant, units, skill in await _rows(connection, PLANNED, values):
        read[tenant].use(units, _skill(skill))
    for tenant, *exception in await _rows(connection, EXCEPTIONS, values):
        read[tenant].exceptions.append(_exception(*exception))
    for tenant, skills, ids in await _rows(connection, SKILLED, values):
        read[tenant].skills |= dict.fromkeys(ids.split(","), frozenset(map(Skill, skills)))
    for tenant, id, closed_at in await _rows(connection, CLOSED, values):
        read[tenant].closed[id] = closed_at
    return {tenant: reading.duty() for tenant, reading in read.items()}


async def was_ever_planned(connection: Connection, tenant: TenantId) -> bool:
    """Whether the tenant has ever planned any duty, taken back or not."""
    row = await (await connection.execute(EVER_PLANNED, {"tenant": tenant})).fetchone()
    return row is not None and bool(row[0])


async def relatives(connection: Connection, residents: Iterable[ResidentId]) -> dict[ResidentId, tuple[StaffId, ...]]:
    """The accounts of those who are relatives of each of `residents` now; one that has none is not in it."""
    found: dict[ResidentId, tuple[StaffId, ...]] = {}
    for resident, staff in await (await connection.execute(RELATIVES, (sorted(set(residents)),))).fetchall():
        found[resident] = (*found.get(resident, ()), staff)
    return found


class _Reading:
    """What has been read of one tenant's duty so far."""

    def __init__(self, zone: str) -> None:
        self.shifts: list[Shift] = []
        self.exceptions: list[DutyException] = []
        self.skills: dict[StaffId, frozenset[Skill]] = {}
        self.closed: dict[StaffId, datetime] = {}
        self._zone = zone
        self._rotations: list[Rotation] = []
        self._in_use: set[Use] = set()

    def rotation(
        self,
        now: datetime,
        id: str,
        units: list[UnitId],
        skill: str | None,
        since: datetime,
        until: datetime | None,
        pattern: str,
    ) -> None:
        """One version. That of a rotation that has ended not long ago still says that there is duty here."""
        if since <= now:
            self.use(units, _skill(skill))
        if until is None or until > now:
            self._rotations.append(Rotation(id, tuple(units), _skill(skill), since, until, _pattern(pattern)))

    def use(self, units: list[UnitId], skill: Skill | None) -> None:
        self._in_use |= {Use(unit, skill) for unit in units} or {Use(None, skill)}

    def duty(self) -> Duty:
        return Duty(
            zone=self._zone,
            rotations=tuple(self._rotations),
            shifts=tuple(self.shifts),
            exceptions=tuple(self.exceptions),
            skills=self.skills,
            closed=self.closed,
            in_use=frozenset(self._in_use),
        )


@lru_cache(maxsize=10_000)
def _pattern(text: str) -> Pattern:
    """A version never changes, and escalation asks for the same ones again and again."""
    return msgspec.json.decode(text, type=Pattern)


def _exception(
    id: str,
    absent: bool,
    staff: StaffId | None,
    instead: StaffId | None,
    rotation: str | None,
    start: datetime,
    end: datetime | None,
    back_start: datetime | None,
    back_end: datetime | None,
    withdrawn_at: datetime | None,
) -> DutyException:
    """Until it was withdrawn, it stood."""
    legs = [Leg(staff, start, end or FOREVER, instead, rotation)]
    if back_start is not None and back_end is not None:
        legs.append(Leg(instead, back_start, back_end, staff, rotation))
    stood = [replace(leg, end=min(leg.end, withdrawn_at or FOREVER)) for leg in legs]
    return DutyException(id, tuple(leg for leg in stood if leg.start < leg.end), absent)


def _skill(skill: str | None) -> Skill | None:
    return Skill(skill) if skill is not None else None


async def _rows(connection: Connection, query: LiteralString, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    return await (await connection.execute(query, values)).fetchall()
