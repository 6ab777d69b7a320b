"""Escalation policies: every version that there has been, and those that are in force."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace
from psycopg.types.json import Jsonb

from events.ids import TenantId, UnitId
from rules.escalation import AlarmView, case_of
from rules.policy import CARE_LADDER, Policy
from rules.policy_choice import OWN, Policies, PolicyVersion, choose
from store.pool import Connection
from store.select import Scope, Select

log = logging.getLogger(__name__)

POLICIES = """
SELECT p.id, p.tenant, p.unit, v.version, v.content, v.created_at, v.created_by, p.retired_at, p.retired_by
FROM policies p JOIN policy_versions v ON v.policy = p.id
"""
NEWEST = "v.version = (SELECT max(version) FROM policy_versions WHERE policy = p.id)"
# What a unit sees: its own policies, and those of all units.
OF_UNIT = "(p.unit = %s OR p.unit IS NULL)"
# With a time: what was in force then.
IN_FORCE = """
SELECT t.id, t.timezone, p.id, v.version, p.unit, convert_to(v.content::text, 'UTF8')
FROM tenants t
LEFT JOIN (
    policies p JOIN LATERAL (
        SELECT version, content FROM policy_versions
        WHERE policy = p.id AND created_at <= %(at)s ORDER BY version DESC LIMIT 1
    ) v ON p.retired_at IS NULL OR p.retired_at > %(at)s
) ON p.tenant = t.id
WHERE t.id = ANY(%(tenants)s) ORDER BY t.id, p.id
"""
CHANGED_AT = """
SELECT v.created_at FROM policy_versions v JOIN policies p ON p.id = v.policy WHERE p.tenant = %(tenant)s
UNION
SELECT retired_at FROM policies WHERE tenant = %(tenant)s AND retired_at IS NOT NULL
ORDER BY 1
"""
ADD_POLICY = """
INSERT INTO policies (id, tenant, unit, created_at) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
ADD_VERSION = """
INSERT INTO policy_versions (policy, version, content, created_at, created_by) VALUES (%s, %s, %s, %s, %s)
"""
RETIRE = "UPDATE policies SET retired_at = %s, retired_by = %s WHERE id = %s"
# Which of two policies holds is checked against all of the tenant's, so changes of them come one after the other.
LOCK = "SELECT FROM tenants WHERE id = %s FOR NO KEY UPDATE"
VERSIONS = """
SELECT p.id, v.version, p.unit, convert_to(v.content::text, 'UTF8')
FROM unnest(%s::text[], %s::int[]) AS wanted (policy, version)
JOIN policies p ON p.id = wanted.policy JOIN policy_versions v USING (policy, version)
"""

_READ = msgspec.json.Decoder(Policy)


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A version of a policy; `content` is what `rules.policy.Policy` describes. `unit` None: of all units."""

    id: str
    tenant: TenantId
    unit: UnitId | None
    version: int
    content: dict[str, Any]
    created_at: datetime
    created_by: str
    retired_at: datetime | None = None
    retired_by: str | None = None

    @property
    def policy(self) -> Policy:
        return msgspec.convert(self.content, Policy)


async def policies(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    retired: bool = False,
    after: tuple[str] | None = None,
    limit: int = 100,
) -> list[PolicyRow]:
    """The newest version of each, by id; also of those that are retired, if asked for."""
    select = _rows(scope).where(NEWEST).where("p.tenant = %s", tenant).where("p.unit = %s", unit)
    if not retired:
        select.where("p.retired_at IS NULL")
    return await select.after("p.id > %s", after).then("ORDER BY p.id").rows(connection, limit)


async def policy(connection: Connection, scope: Scope, id: str) -> PolicyRow | None:
    """The newest version."""
    return await _rows(scope).where("p.id = %s", id).where(NEWEST).one(connection)


async def versions(
    connection: Connection, scope: Scope, id: str, *, after: tuple[int] | None = None, limit: int = 100
) -> list[PolicyRow]:
    """All versions of a policy, the newest first."""
    select = _rows(scope).where("p.id = %s", id).after("v.version < %s", after)
    return await select.then("ORDER BY v.version DESC").rows(connection, limit)


def _rows(scope: Scope) -> Select[PolicyRow]:
    return Select(PolicyRow, POLICIES).where("p.tenant = %s", scope.tenant).where(OF_UNIT, scope.unit)


async def in_force(connection: Connection, tenants: Iterable[TenantId], at: datetime) -> dict[TenantId, Policies]:
    """The policies of each of `tenants` that were in force at `at`."""
    found: dict[TenantId, Policies] = {}
    cursor = await connection.execute(IN_FORCE, {"tenants": sorted(set(tenants)), "at": at})
    for tenant, zone, *version in await cursor.fetchall():
        known = found.setdefault(tenant, Policies(tenant, zone, ()))
        if version[0] is not None:
            found[tenant] = known._replace(versions=(*known.versions, _version(*version)))
    return found


async def changed_at(connection: Connection, tenant: TenantId) -> list[datetime]:
    """When what was in force became something else, in order."""
    cursor = await connection.execute(CHANGED_AT, {"tenant": tenant})
    return [at for (at,) in await cursor.fetchall()]


async def followed(connection: Connection, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], PolicyVersion]:
    """The versions that alarms follow, by id and version, retired or not."""
    found = {(own.id, own.version): own for own in OWN.values()}
    stored = sorted(set(wanted) - found.keys())
    if stored:
        ids, numbers = zip(*stored, strict=True)
        for row in await (await connection.execute(VERSIONS, (list(ids), list(numbers)))).fetchall():
            version = _version(*row)
            found[version.id, version.version] = version
    return found


async def policy_of(connection: Connection, alarm: AlarmView, now: datetime) -> PolicyVersion:
    """The policy that an alarm follows; if none is chosen yet, the one that would be now."""
    if alarm.policy is not None and alarm.policy_version is not None:
        follows = alarm.policy, alarm.policy_version
        return (await followed(connection, [follows]))[follows]
    known = await in_force(connection, [alarm.tenant], now)
    return choose(known[alarm.tenant], case_of(alarm), alarm.began_at)


def _version(id: str, version: int, unit: UnitId | None, content: bytes) -> PolicyVersion:
    """One that cannot be read, written by another version of Vaka say, must not keep alarms from being told."""
    try:
        return PolicyVersion(id, version, unit, _READ.decode(content))
    except msgspec.ValidationError as error:
        log.error("policy %s, version %d, cannot be read, so Vaka's own ladder is followed: %s", id, version, error)
        return PolicyVersion(id, version, unit, replace(CARE_LADDER, name=f"{id}: unreadable"))


async def lock(connection: Connection, tenant: TenantId) -> None:
    """Nobody else changes the policies of this tenant until the transaction ends."""
    await connection.execute(LOCK, (tenant,))


async def add_policy(connection: Connection, new: PolicyRow) -> bool:
    """The first version. False when the id is taken."""
    values = (new.id, new.tenant, new.unit, new.created_at)
    if (await connection.execute(ADD_POLICY, values)).rowcount == 0:
        return False
    await add_version(connection, new)
    return True


async def add_version(connection: Connection, new: PolicyRow) -> None:
    """The next version. The tenant must be locked, or two could take the same number."""
    values = (new.id, new.version, Jsonb(new.content), new.created_at, new.created_by)
    await connection.execute(ADD_VERSION, values)


async def retire(connection: Connection, id: str, now: datetime, by: str) -> None:
    """New alarms do not follow it; those that do go on."""
    await connection.execute(RETIRE, (now, by, id))
