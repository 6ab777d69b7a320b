"""Rotations: every version that each has had, with the time from which it holds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from events.ids import TenantId, UnitId
from rules.duty import Skill
from rules.rotation import Pattern
from store.pool import Connection
from store.select import Scope, Select

VERSIONS = """
SELECT v.rotation AS id, r.tenant, v.version, v."from" AS start, v.name, v.units, v.skill, v.pattern, v.created_at,
       v.created_by
FROM rotation_versions v JOIN rotations r ON r.id = v.rotation
"""
LAST = "v.version = (SELECT max(version) FROM rotation_versions WHERE rotation = v.rotation)"
SEEN = "(v.units = '{}' OR %s = ANY(v.units))"
LOCK = "SELECT FROM rotations WHERE id = %s FOR NO KEY UPDATE"
ADD_ROTATION = "INSERT INTO rotations (id, tenant, created_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
ADD_VERSION = """
INSERT INTO rotation_versions (rotation, version, "from", name, units, skill, pattern, created_at, created_by)
VALUES (%(id)s, %(version)s, %(start)s, %(name)s, %(units)s, %(skill)s, %(pattern)s, %(created_at)s, %(created_by)s)
"""


@dataclass(frozen=True, slots=True)
class RotationVersion:
    """Holds from `start` on, until a version with a higher number does. Without a pattern, the rotation has ended."""

    id: str
    tenant: TenantId
    version: int
    start: datetime
    name: str
    units: list[UnitId]
    skill: Skill | None
    pattern: Pattern | None
    created_at: datetime
    created_by: str


async def rotations(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    not_ended_at: datetime | None = None,
    after: tuple[str] | None = None,
    limit: int = 100,
) -> list[RotationVersion]:
    """The last recorded version of each, by id."""
    select = (
        _versions(scope)
        .where(LAST)
        .where("r.tenant = %s", tenant)
        .where(SEEN, unit)
        .where('(v.pattern IS NOT NULL OR v."from" > %s)', not_ended_at)
        .after("v.rotation > %s", after)
    )
    return await select.then("ORDER BY v.rotation").rows(connection, limit)


async def rotation(connection: Connection, scope: Scope, id: str, *, lock: bool = False) -> RotationVersion | None:
    """Its last recorded version; with `lock`, nobody else adds one until the transaction ends."""
    if lock:
        await connection.execute(LOCK, (id,))
    return await _versions(scope).where(LAST).where("v.rotation = %s", id).one(connection)


async def versions(
    connection: Connection, scope: Scope, id: str, *, after: tuple[int] | None = None, limit: int = 100
) -> list[RotationVersion]:
    """The newest first."""
    select = _versions(scope).where("v.rotation = %s", id).after("v.version < %s", after)
    return await select.then("ORDER BY v.version DESC").rows(connection, limit)


async def add_rotation(connection: Connection, first: RotationVersion) -> bool:
    """False when the id is taken."""
    added = await connection.execute(ADD_ROTATION, (first.id, first.tenant, first.created_at))
    if added.rowcount == 1:
        await add_version(connection, first)
    return added.rowcount == 1


async def add_version(connection: Connection, new: RotationVersion) -> None:
    values: dict[str, Any] = {name: getattr(new, name) for name in RotationVersion.__slots__}
    pattern = Jsonb(msgspec.to_builtins(new.pattern)) if new.pattern is not None else None
    await connection.execute(ADD_VERSION, values | {"pattern": pattern})


def _versions(scope: Scope) -> Select[RotationVersion]:
    return Select(RotationVersion, VERSIONS).where("r.tenant = %s", scope.tenant).where(SEEN, scope.unit)
