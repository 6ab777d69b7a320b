"""Service-level targets: versions, of a tenant and of its units."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
from psycopg.rows import dict_row

from events.ids import TenantId, UnitId
from rules.service_levels import Target, write_targets
from store.pool import Connection
from store.select import Scope, Select

VERSIONS = "SELECT id, tenant, unit, version, targets, created_at, created_by FROM service_level_targets"
# The row that all versions of a place hang from is locked: of two who change them at once the second one comes after.
LOCK = "SELECT FROM tenants WHERE id = %s FOR NO KEY UPDATE"
ADD = """
INSERT INTO service_level_targets (id, tenant, unit, version, targets, created_at, created_by)
SELECT %(id)s, %(tenant)s, %(unit)s, coalesce(max(version), 0) + 1, %(targets)s, %(now)s, %(by)s
FROM service_level_targets WHERE tenant = %(tenant)s AND unit IS NOT DISTINCT FROM %(unit)s
ON CONFLICT (id) DO NOTHING
RETURNING id, tenant, unit, version, targets, created_at, created_by
"""


@dataclass(frozen=True, slots=True)
class TargetVersion:
    """Targets from `created_at` on, of a unit or (without one) of a tenant; None: those that lie under them again."""

    id: str
    tenant: TenantId
    unit: UnitId | None
    version: int
    targets: list[Target] | None
    created_at: datetime
    created_by: str


async def target_versions(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int = 100,
) -> list[TargetVersion]:
    """Newest first. Who belongs to a unit sees those of its tenant, too: they are what may hold for it."""
    select = (
        _versions(scope)
        .where("tenant = %s", tenant)
        .where("unit = %s", unit)
        .after("(created_at, id) < (%s, %s)", after)
    )
    return await select.then("ORDER BY created_at DESC, id DESC").rows(connection, limit)


async def target_version(connection: Connection, scope: Scope, id: str) -> TargetVersion | None:
    return await _versions(scope).where("id = %s", id).one(connection)


def _versions(scope: Scope) -> Select[TargetVersion]:
    select = Select(TargetVersion, VERSIONS)
    return select.where("tenant = %s", scope.tenant).where("(unit IS NULL OR unit = %s)", scope.unit)


async def add_target_version(
    connection: Connection,
    id: str,
    tenant: TenantId,
    unit: UnitId | None,
    targets: tuple[Target, ...] | None,
    now: datetime,
    by: str,
) -> TargetVersion | None:
    """The next version of that place, as it is from now on. None when the id is taken."""
    await connection.execute(LOCK, (tenant,))
    values = {
        "id": id,
        "tenant": tenant,
        "unit": unit,
        "targets": write_targets(targets).decode() if targets is not None else None,
        "now": now,
        "by": by,
    }
    async with connection.cursor(row_factory=dict_row) as cursor:
        row = await (await cursor.execute(ADD, values)).fetchone()
    return msgspec.convert(row, TargetVersion) if row is not None else None
