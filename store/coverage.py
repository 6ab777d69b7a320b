"""Coverage ahead of time: what it depends on, and the gaps that are known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from events.ids import StaffId, TenantId, UnitId
from events.kinds import Technology
from rules.coverage import AHEAD, Gap, GapReason, KnownGap, Town, Watched
from store.duty_needs import needs
from store.escalation import rosters
from store.policies import in_force
from store.pool import Connection
from store.select import Scope, Select

# One checker at a time: gaps that two have seen would be told twice.
ALONE = "SELECT pg_try_advisory_xact_lock(0x636f7665)"
# Hubs and gateways raise no alarm of a resident.
WATCHED = """
SELECT residents.tenant, residents.unit, array_agg(DISTINCT devices.technology ORDER BY devices.technology)
        AS technologies, count(DISTINCT residents.id) AS residents
FROM assignments lent
CROSS JOIN LATERAL (VALUES (lent.resident), (lent.shared_with)) AS holder (id)
JOIN residents ON residents.id = holder.id
JOIN devices ON devices.id = lent.device AND devices.technology <> 'other'
"""
HELD = """lent."from" <= %s AND (lent."to" IS NULL OR lent."to" > %s)"""
# How long each is signed in, in real time; whoever asks knows how fast Vaka's clock runs.
SIGNED_IN = """
SELECT staff.tenant, staff.id, max(expires_at) - now() FROM sessions JOIN staff ON staff.id = sessions.staff
WHERE staff.tenant = ANY(%s) AND expires_at > now() GROUP BY staff.id
"""
FAILED_TESTS = "SELECT id FROM contact_points WHERE tenant = ANY(%s) AND last_test = 'failed'"
GAPS = """
SELECT unit, reason, tenant, technologies, residents, "from" AS start, "to" AS end, seen_at, told_at FROM coverage_gaps
"""
FORGET = "DELETE FROM coverage_gaps WHERE tenant = %s"
KEEP = """
INSERT INTO coverage_gaps (unit, reason, tenant, technologies, residents, "from", "to", seen_at, told_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class GapRow:
    """A gap as it is kept. `residents`: how many the unit has that rely on a device."""

    unit: UnitId
    reason: GapReason
    tenant: TenantId
    technologies: list[Technology]
    residents: int
    start: datetime
    end: datetime
    seen_at: datetime
    told_at: datetime | None

    @property
    def known(self) -> KnownGap:
        gap = Gap(self.unit, self.reason, tuple(self.technologies), self.start, self.end)
        return KnownGap(gap, self.seen_at, self.told_at)


async def alone(connection: Connection) -> bool:
    """Whether nobody else checks; so it stays until the transaction ends."""
    row = await (await connection.execute(ALONE)).fetchone()
    return bool(row is not None and row[0])


async def watched(
    connection: Connection,
    scope: Scope,
    now: datetime,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    technology: Technology | None = None,
    after: tuple[str] | None = None,
    limit: int | None = None,
) -> list[Watched]:
    """The units whose residents have devices now, in the order of their ids."""
    select = (
        Select(Watched, WATCHED)
        .where(HELD, now, now)
        .where("residents.tenant = %s", scope.tenant)
        .where("residents.unit = %s", scope.unit)
        .where("residents.tenant = %s", tenant)
        .where("residents.unit = %s", unit)
        .where("devices.technology = %s", technology)
        .after("residents.unit > %s", after)
    )
    return await select.then("GROUP BY 1, 2 ORDER BY 2").rows(connection, limit)


async def towns(
    connection: Connection, tenants: Iterable[TenantId], now: datetime, speed: float = 1.0
) -> dict[TenantId, Town]:
    """What the coverage of each of `tenants` depends on, for the day that begins now."""
    wanted = sorted(set(tenants))
    policies, need = await in_force(connection, wanted, now), await needs(connection, wanted)
    failed = {id for (id,) in await (await connection.execute(FAILED_TESTS, (wanted,))).fetchall()}
    until: dict[TenantId, dict[StaffId, datetime]] = {}
    for tenant, id, left in await (await connection.execute(SIGNED_IN, (wanted,))).fetchall():
        # A session for ever would be beyond what a time can be.
        until.setdefault(tenant, {})[id] = now + min(left * speed, 2 * AHEAD)
    found = {}
    for tenant, roster in (await rosters(connection, wanted, now, now + AHEAD)).items():
        points = tuple(point._replace(usable=point.usable and point.id not in failed) for point in roster.points)
        found[tenant] = Town(roster._replace(points=points), policies[tenant], need[tenant], until.get(tenant, {}))
    return found


async def known_gaps(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    after: tuple[str, str] | None = None,
    limit: int | None = None,
) -> list[GapRow]:
    """By unit and kind."""
    select = (
        Select(GapRow, GAPS)
        .where("tenant = %s", scope.tenant)
        .where("unit = %s", scope.unit)
        .where("tenant = %s", tenant)
        .where("unit = %s", unit)
        .after("(unit, reason) > (%s, %s)", after)
    )
    return await select.then("ORDER BY unit, reason").rows(connection, limit)


async def keep_gaps(
    connection: Connection, tenant: TenantId, known: Sequence[KnownGap], residents: dict[UnitId, int]
) -> None:
    """In the place of those that were known of this tenant."""
    await connection.execute(FORGET, (tenant,))
    rows = [
        (
            *(each.gap.unit, each.gap.reason, tenant, list(each.gap.technologies), residents[each.gap.unit]),
            *(each.gap.start, each.gap.end, each.seen_at, each.told_at),
        )
        for each in known
    ]
    async with connection.cursor() as cursor:
        await cursor.executemany(KEEP, rows)
