"""Providers: by what a tenant's messages leave, one for each channel (`rules.providers`)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from events.ids import TenantId
from rules.contact import Channel
from store.pool import Connection
from store.select import Scope, Select

PROVIDERS = """
SELECT tenant || ':' || channel AS id, tenant, channel, settings, created_at, created_by FROM channel_providers
"""
SET = """
INSERT INTO channel_providers (tenant, channel, settings, created_at, created_by)
VALUES (%(tenant)s, %(channel)s, %(settings)s, %(created_at)s, %(created_by)s)
ON CONFLICT (tenant, channel) DO UPDATE SET settings = excluded.settings, created_at = excluded.created_at,
    created_by = excluded.created_by
"""
DELETE = "DELETE FROM channel_providers WHERE tenant = %s AND channel = %s"
# What failed for want of these settings is tried again, and need not wait for its turn.
WAKE_NOTIFIER = "NOTIFY vaka_notifications"


@dataclass(frozen=True, slots=True)
class ChannelProvider:
    """`id` is TENANT:CHANNEL. `settings` hold secrets: `rules.providers.shown` is what may be
    shown of them."""

    id: str
    tenant: TenantId
    channel: Channel
    settings: dict[str, Any]
    created_at: datetime
    created_by: str


async def providers(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    after: tuple[str] | None = None,
    limit: int = 100,
) -> list[ChannelProvider]:
    select = _providers(scope).where("tenant = %s", tenant).after("tenant || ':' || channel > %s", after)
    return await select.then("ORDER BY tenant || ':' || channel").rows(connection, limit)


async def provider(connection: Connection, scope: Scope, tenant: TenantId, channel: Channel) -> ChannelProvider | None:
    return await _providers(scope).where("tenant = %s", tenant).where("channel = %s", channel).one(connection)


def _providers(scope: Scope) -> Select[ChannelProvider]:
    return Select(ChannelProvider, PROVIDERS).where("tenant = %s", scope.tenant)


async def set_provider(connection: Connection, new: ChannelProvider) -> None:
    """In the place of the one before."""
    values = {name: getattr(new, name) for name in ChannelProvider.__slots__}
    await connection.execute(SET, values | {"settings": Jsonb(new.settings)})
    await connection.execute(WAKE_NOTIFIER)


async def delete_provider(connection: Connection, tenant: TenantId, channel: Channel) -> None:
    """Contact points of the channel are of no use from now on."""
    await connection.execute(DELETE, (tenant, channel))
