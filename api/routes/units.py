"""Units: home-care groups."""

from dataclasses import replace
from typing import Annotated

from fastapi import Response

from api.callers import Caller
from api.fields import Body, Name, TenantRef, UnitRef, new_id
from api.lists import BY_ID, Page, Pages, by_id
from api.permissions import Permission, may
from api.problems import conflict, not_found
from api.references import tenant_of
from api.routing import Vaka, located, resource
from events.ids import UnitId
from store import registry
from store.registry import Unit

router = resource("units")

Reader = Annotated[Caller, may(Permission.UNITS_READ)]
Writer = Annotated[Caller, may(Permission.UNITS_WRITE)]


class NewUnit(Body):
    """A home-care group; `tenant` is the caller's own unless given."""

    id: UnitRef | None = None
    tenant: TenantRef | None = None
    name: Name


class UnitChange(Body):
    """What is to be changed of a unit."""

    name: Name


@router.get("", summary="List units")
async def list_units(caller: Reader, vaka: Vaka, pages: Pages, tenant: TenantRef | None = None) -> Page[Unit]:
    async with vaka.read() as connection:
        found = await registry.units(
            connection, caller.scope, tenant=tenant, after=pages.after(BY_ID), limit=pages.fetch
        )
    return pages.page(found, by_id)


@router.get("/{id}", summary="A unit")
async def get_unit(id: UnitRef, caller: Reader, vaka: Vaka) -> Unit:
    async with vaka.read() as connection:
        found = await registry.unit(connection, caller.scope, id)
    if found is None:
        raise not_found("unit", id)
    return found


@router.post("", status_code=201, summary="Add a unit")
async def add_unit(body: NewUnit, caller: Writer, vaka: Vaka, response: Response) -> Unit:
    async with vaka.change() as change:
        tenant = await tenant_of(change.connection, caller, body.tenant)
        new = Unit(body.id or UnitId(new_id()), tenant, body.name, change.now)
        if not await registry.add_unit(change.connection, new):
            raise conflict(f"there is a unit {new.id!r} already")
    located(response, "units", new.id)
    return new


@router.patch("/{id}", summary="Rename a unit")
async def change_unit(id: UnitRef, body: UnitChange, caller: Writer, vaka: Vaka) -> Unit:
    async with vaka.change() as change:
        old = await registry.unit(change.connection, caller.scope, id)
        if old is None:
            raise not_found("unit", id)
        changed = replace(old, name=body.name)
        await registry.change_unit(change.connection, changed)
    return changed
