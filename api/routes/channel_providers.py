"""Providers: the gateway, mail server or alarm centre by which a tenant's messages leave on a channel."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, WithJsonSchema

from api.callers import Caller
from api.fields import TenantRef
from api.given import checked
from api.json_schema import schema_of
from api.lists import BY_ID, Page, Pages, by_id
from api.permissions import Permission, may
from api.problems import not_found
from api.routing import Vaka, resource
from events.ids import TenantId, is_id
from rules.contact import Channel
from rules.providers import PROVIDERS, read_provider, shown, written
from store import channel_providers, registry
from store.channel_providers import ChannelProvider

router = resource("providers")

Reader = Annotated[Caller, may(Permission.PROVIDERS_READ)]
Writer = Annotated[Caller, may(Permission.PROVIDERS_WRITE)]

Settings = Annotated[
    dict[str, Any], WithJsonSchema({"anyOf": [schema_of(type) for type in dict.fromkeys(PROVIDERS.values())]})
]
ProviderId = Annotated[str, Path(description="TENANT:CHANNEL", max_length=150)]


class Provider(BaseModel):
    """`id` is TENANT:CHANNEL. What is secret in `settings` is shown as `***`."""

    id: str
    tenant: TenantId
    channel: Channel
    settings: Settings
    created_at: datetime
    created_by: str


@router.get("", summary="List providers")
async def list_providers(caller: Reader, vaka: Vaka, pages: Pages, tenant: TenantRef | None = None) -> Page[Provider]:
    async with vaka.read() as connection:
        found = await channel_providers.providers(
            connection, caller.scope, tenant=tenant, after=pages.after(BY_ID), limit=pages.fetch
        )
    return pages.page([_provider(each) for each in found], by_id)


@router.get("/{id}", summary="A provider")
async def get_provider(id: ProviderId, caller: Reader, vaka: Vaka) -> Provider:
    tenant, channel = _parts(id)
    async with vaka.read() as connection:
        found = await channel_providers.provider(connection, caller.scope, tenant, channel)
    if found is None:
        raise not_found("provider", id)
    return _provider(found)


@router.put("/{id}", summary="Set the provider of a channel")
async def set_provider(id: ProviderId, body: Settings, caller: Writer, vaka: Vaka) -> Provider:
    """In the place of the one before, with all its secrets: none of them is kept for another address."""
    tenant, channel = _parts(id)
    with checked():
        settings = written(read_provider(channel, body))
    async with vaka.change() as change:
        if await registry.tenant(change.connection, caller.scope, tenant) is None:
            raise not_found("tenant", tenant)
        new = ChannelProvider(id, tenant, channel, settings, change.now, caller.id)
        await channel_providers.set_provider(change.connection, new)
    return _provider(new)


@router.delete("/{id}", status_code=204, summary="Remove the provider of a channel")
async def delete_provider(id: ProviderId, caller: Writer, vaka: Vaka) -> None:
    """Contact points of the channel are kept, and are not used until there is another."""
    tenant, channel = _parts(id)
    async with vaka.change() as change:
        if await channel_providers.provider(change.connection, caller.scope, tenant, channel) is None:
            raise not_found("provider", id)
        await channel_providers.delete_provider(change.connection, tenant, channel)


def _parts(id: str) -> tuple[TenantId, Channel]:
    tenant, _, channel = id.rpartition(":")
    if not is_id(tenant) or channel not in PROVIDERS:
        raise not_found("provider", id)
    return TenantId(tenant), Channel(channel)


def _provider(found: ChannelProvider) -> Provider:
    return Provider(**{**asdict(found), "settings": shown(found.settings)})
