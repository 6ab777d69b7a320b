"""How a tenant wants to be told: time limits of receipts, paces, and when contact points are tested."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, WithJsonSchema

from api.callers import Caller
from api.fields import TenantRef
from api.given import checked
from api.json_schema import schema_of
from api.permissions import Permission, may
from api.problems import not_found
from api.routing import Vaka, resource
from events.ids import TenantId
from rules.delivery import DeliverySettings, read_settings
from store import registry
from store.delivery_settings import set_delivery_settings, settings_row
from store.pool import Connection

router = resource("delivery-settings")

Reader = Annotated[Caller, may(Permission.DELIVERY_SETTINGS_READ)]
Writer = Annotated[Caller, may(Permission.DELIVERY_SETTINGS_WRITE)]

Settings = Annotated[dict[str, Any], WithJsonSchema(schema_of(DeliverySettings))]


class TenantSettings(BaseModel):
    """`id`: of the tenant. `settings`: what is otherwise than usual; docs/delivery.md says what is usual."""

    id: TenantId
    settings: Settings
    changed_at: datetime | None
    changed_by: str | None


@router.get("/{id}", summary="How a tenant wants to be told")
async def get_delivery_settings(id: TenantRef, caller: Reader, vaka: Vaka) -> TenantSettings:
    async with vaka.read() as connection:
        return await _shown(connection, caller, id)


@router.put("/{id}", summary="Say how a tenant wants to be told")
async def put_delivery_settings(id: TenantRef, body: Settings, caller: Writer, vaka: Vaka) -> TenantSettings:
    """In the place of all that was set before. It holds for what is told from now on."""
    with checked():
        settings = read_settings(body)
    async with vaka.change() as change:
        await _shown(change.connection, caller, id)
        await set_delivery_settings(change.connection, id, settings, change.now, caller.id)
        return await _shown(change.connection, caller, id)


async def _shown(connection: Connection, caller: Caller, tenant: TenantId) -> TenantSettings:
    if await registry.tenant(connection, caller.scope, tenant) is None:
        raise not_found("tenant", tenant)
    row = await settings_row(connection, caller.scope, tenant)
    if row is None:
        return TenantSettings(id=tenant, settings={}, changed_at=None, changed_by=None)
    return TenantSettings(id=tenant, settings=row.settings, changed_at=row.changed_at, changed_by=row.changed_by)
