"""How each municipality wants to be told: its time limits, paces and times of test messages."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from psycopg.types.json import Jsonb

from events.ids import TenantId
from rules.delivery import USUAL, DeliverySettings, Schedule
from store.pool import Connection
from store.select import Scope, Select

ROWS = "SELECT tenant, settings, changed_at, changed_by FROM delivery_settings"
OF_TENANTS = "SELECT tenant, settings FROM delivery_settings WHERE tenant = ANY(%s)"
# What was due before the times were set is not made up for.
SET = """
INSERT INTO delivery_settings (tenant, settings, changed_at, changed_by, tested_at)
VALUES (%(tenant)s, %(settings)s, %(now)s, %(by)s, %(now)s)
ON CONFLICT (tenant) DO UPDATE SET settings = excluded.settings, changed_at = excluded.changed_at,
    changed_by = excluded.changed_by, tested_at = excluded.tested_at
"""
SCHEDULES = """
SELECT d.tenant, t.timezone, d.settings->'tests', d.tested_at
FROM delivery_settings d JOIN tenants t ON t.id = d.tenant WHERE d.settings ? 'tests'
"""
TESTED = "UPDATE delivery_settings SET tested_at = %s WHERE tenant = %s AND tested_at < %s"


@dataclass(frozen=True, slots=True)
class SettingsRow:
    """`settings`: what is otherwise than usual."""

    tenant: TenantId
    settings: dict[str, Any]
    changed_at: datetime
    changed_by: str


class Scheduled(NamedTuple):
    """When a municipality wants test messages, and up to when it has had them."""

    tenant: TenantId
    zone: str
    schedule: Schedule
    tested_at: datetime


async def delivery_settings(connection: Connection, tenants: Iterable[TenantId]) -> dict[TenantId, DeliverySettings]:
    """Of each of `tenants`, also where nothing was set."""
    found = dict.fromkeys(tenants, USUAL)
    for tenant, settings in await (await connection.execute(OF_TENANTS, (list(found),))).fetchall():
        found[tenant] = msgspec.convert(settings, DeliverySettings)
    return found


async def settings_row(connection: Connection, scope: Scope, tenant: TenantId) -> SettingsRow | None:
    select = Select(SettingsRow, ROWS).where("tenant = %s", scope.tenant).where("tenant = %s", tenant)
    return await select.one(connection)


async def set_delivery_settings(
    connection: Connection, tenant: TenantId, settings: DeliverySettings, now: datetime, by: str
) -> None:
    values = {"tenant": tenant, "settings": Jsonb(msgspec.to_builtins(settings)), "now": now, "by": by}
    await connection.execute(SET, values)


async def schedules(connection: Connection) -> list[Scheduled]:
    """Of all municipalities that have times for test messages."""
    rows = await (await connection.execute(SCHEDULES)).fetchall()
    return [Scheduled(tenant, zone, msgspec.convert(tests, Schedule), at) for tenant, zone, tests, at in rows]


async def mark_tested(connection: Connection, tenant: TenantId, at: datetime) -> bool:
    """False when another process has already taken the test of that time on itself."""
    return (await connection.execute(TESTED, (at, tenant, at))).rowcount == 1
