"""Plans: every version that a resident has had."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from events.ids import ResidentId, TenantId, UnitId
from store.pool import Connection
from store.select import Scope, Select

PLANS = """
SELECT p.resident || ':' || p.version AS id, p.resident, p.version, p.tenant, p.plan, p.created_at, p.created_by
FROM plans p JOIN residents r ON r.id = p.resident
"""
ADD_PLAN = """
INSERT INTO plans (resident, version, tenant, plan, created_at, created_by)
SELECT %(resident)s, 1 + coalesce(max(version), 0), %(tenant)s, %(plan)s, %(now)s, %(by)s
FROM plans WHERE resident = %(resident)s
RETURNING version
"""


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """`plan` is what `rules.plan.Plan` describes; `created_by` a staff id or a token's."""

    id: str
    resident: ResidentId
    version: int
    tenant: TenantId
    plan: dict[str, Any]
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


async def add_plan(
    connection: Connection, tenant: TenantId, resident: ResidentId, plan: dict[str, Any], now: datetime, by: str
) -> int:
    """Stores the next version, and returns its number. The resident must be locked, or two could take the same one."""
    values = {"tenant": tenant, "resident": resident, "plan": Jsonb(plan), "now": now, "by": by}
    row = await (await connection.execute(ADD_PLAN, values)).fetchone()
    assert row is not None
    return int(row[0])
