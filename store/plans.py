"""Plans: every version that a resident has had."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from events.ids import ResidentId, TenantId, UnitId
from store import registry
from store.pool import Connection
from store.registry import Resident
from store.select import Scope, Select

PLANS = """
SELECT p.resident || ':' || p.version AS id, p.resident, p.version, p.tenant, p.plan, p.given, p.created_at,
       p.created_by
FROM plans p JOIN residents r ON r.id = p.resident
"""
IS_NEWEST = "p.version = (SELECT max(version) FROM plans n WHERE n.resident = p.resident)"
ADD_PLAN = """
INSERT INTO plans (resident, version, tenant, plan, given, created_at, created_by)
SELECT %(resident)s, 1 + coalesce(max(version), 0), %(tenant)s, %(plan)s, %(given)s, %(now)s, %(by)s
FROM plans WHERE resident = %(resident)s
RETURNING version
"""
DEFAULTS = "SELECT plan_defaults FROM units WHERE id = %s"
SET_DEFAULTS = "UPDATE units SET plan_defaults = %s WHERE id = %s"
# In the order of their ids, as all who lock several residents do.
RESIDENTS = "SELECT id FROM residents WHERE unit = %s AND left_at IS NULL ORDER BY id"


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """`plan` is what `rules.plan.Plan` describes, with the unit's defaults; `given` was given for the resident alone.

    `created_by` is a staff id or a token's.
    """

    id: str
    resident: ResidentId
    version: int
    tenant: TenantId
    plan: dict[str, Any]
    given: dict[str, Any]
    created_at: datetime
    created_by: str


async def plans(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    resident: ResidentId | None = None,
    after: tuple[str, int] | None = None,
    limit: int = 100,
) -> list[PlanVersion]:
    """By resident, each one's newest version first."""
    select = (
        _plans(scope)
        .where("p.tenant = %s", tenant)
        .where("r.unit = %s", unit)
        .where("p.resident = %s", resident)
        .after("(p.resident, -p.version) > (%s, -%s::int)", after)
    )
    return await select.then("ORDER BY p.resident, -p.version").rows(connection, limit)


async def plan(connection: Connection, scope: Scope, resident: ResidentId, version: int) -> PlanVersion | None:
    return await _plans(scope).where("p.resident = %s", resident).where("p.version = %s", version).one(connection)


def _plans(scope: Scope) -> Select[PlanVersion]:
    return Select(PlanVersion, PLANS).where("p.tenant = %s", scope.tenant).where("r.unit = %s", scope.unit)


async def newest_plans(
    connection: Connection,
    scope: Scope,
    *,
    resident: ResidentId | None = None,
    after: tuple[str] | None = None,
    limit: int = 100,
) -> list[PlanVersion]:
    """The newest version of each resident's plan, by resident."""
    select = _plans(scope).where(IS_NEWEST).where("p.resident = %s", resident).after("p.resident > %s", after)
    return await select.then("ORDER BY p.resident").rows(connection, limit)


async def newest(connection: Connection, resident: ResidentId) -> PlanVersion | None:
    select = _plans(Scope()).where("p.resident = %s", resident)
    rows = await select.then("ORDER BY p.version DESC").rows(connection, 1)
    return rows[0] if rows else None


async def add_plan(
    connection: Connection,
    tenant: TenantId,
    resident: ResidentId,
    plan: dict[str, Any],
    now: datetime,
    by: str,
    given: dict[str, Any] | None = None,
) -> int:
    """Stores the next version, and returns its number. The resident must be locked, or two could take the same one.

    `given`: what of it was given for the resident; all of it unless told otherwise.
    """
    values = {"tenant": tenant, "resident": resident, "plan": Jsonb(plan), "now": now, "by": by}
    values["given"] = Jsonb(plan if given is None else given)
    row = await (await connection.execute(ADD_PLAN, values)).fetchone()
    assert row is not None
    return int(row[0])


async def defaults_of(connection: Connection, unit: UnitId) -> dict[str, Any]:
    """What lies under the plans of the unit's residents."""
    row = await (await connection.execute(DEFAULTS, (unit,))).fetchone()
    return dict(row[0]) if row is not None else {}


async def set_defaults(connection: Connection, unit: UnitId, defaults: dict[str, Any]) -> None:
    await connection.execute(SET_DEFAULTS, (Jsonb(defaults), unit))


async def residents_of(connection: Connection, unit: UnitId) -> list[Resident]:
    """The residents of a unit who have not left, each locked until the transaction ends."""
    rows = await (await connection.execute(RESIDENTS, (unit,))).fetchall()
    found = [await registry.resident(connection, Scope(), ResidentId(id), lock=True) for (id,) in rows]
    return [resident for resident in found if resident is not None and resident.unit == unit]
