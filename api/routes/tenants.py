"""Tenants: the municipalities."""

from typing import Annotated

from fastapi import Response
from pydantic import AfterValidator

from api.callers import Caller
from api.fields import Body, Name, TenantRef, new_id
from api.lists import BY_ID, Page, Pages, by_id
from api.permissions import Permission, may
from api.problems import ProblemError, conflict, not_found
from api.routing import Vaka, located, resource
from events.control import TenantChanged
from events.ids import TenantId
from rules.localtime import is_zone
from store import registry
from store.registry import Language, Tenant

router = resource("tenants")

Reader = Annotated[Caller, may(Permission.TENANTS_READ)]
Writer = Annotated[Caller, may(Permission.TENANTS_WRITE)]


def _zone(name: str) -> str:
    if not is_zone(name):
        raise ValueError("is not a time zone of the IANA database")
    return name


class NewTenant(Body):
    """A municipality; local times of its plans and local days of its usage are those of `timezone`.

    `language`: of messages, calls and speaking devices there.
    """

    id: TenantRef | None = None
    name: Name
    timezone: Annotated[str, AfterValidator(_zone)] = "Europe/Stockholm"
    language: Language = "sv"


@router.get("", summary="List tenants")
async def list_tenants(caller: Reader, vaka: Vaka, pages: Pages) -> Page[Tenant]:
    async with vaka.read() as connection:
        found = await registry.tenants(connection, caller.scope, after=pages.after(BY_ID), limit=pages.fetch)
    return pages.page(found, by_id)


@router.get("/{id}", summary="A tenant")
async def get_tenant(id: TenantRef, caller: Reader, vaka: Vaka) -> Tenant:
    async with vaka.read() as connection:
        found = await registry.tenant(connection, caller.scope, id)
    if found is None:
        raise not_found("tenant", id)
    return found


@router.post("", status_code=201, summary="Add a tenant")
async def add_tenant(body: NewTenant, caller: Writer, vaka: Vaka, response: Response) -> Tenant:
    """Only by a caller who belongs to no tenant."""
    if caller.tenant is not None:
        raise ProblemError(403, "only a caller of no tenant may add one")
    async with vaka.change() as change:
        new = Tenant(body.id or TenantId(new_id()), body.name, body.timezone, change.now, body.language)
        if not await registry.add_tenant(change.connection, new):
            raise conflict(f"there is a tenant {new.id!r} already")
        await change.tell(TenantChanged(tenant=new.id, timezone=new.timezone))
    located(response, "tenants", new.id)
    return new
