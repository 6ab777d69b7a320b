"""Residents: the people who get care."""

from dataclasses import replace
from typing import Annotated

from fastapi import Response
from pydantic import Field, StrictInt

from api.callers import Caller
from api.fields import Body, Name, ResidentRef, TenantRef, Text, UnitRef, new_id, unchanged
from api.lists import BY_ID, Page, Pages, by_id
from api.permissions import Permission, may
from api.plan_versions import follow_unit
from api.problems import conflict, not_found
from api.references import check_tenant, known_unit
from api.routing import Vaka, located, resource
from events.control import ResidentChanged
from events.ids import ResidentId
from store import registry
from store.registry import Housing, Resident, Sex

router = resource("residents")

Reader = Annotated[Caller, may(Permission.RESIDENTS_READ)]
Writer = Annotated[Caller, may(Permission.RESIDENTS_WRITE)]

BirthYear = Annotated[StrictInt, Field(ge=1880, le=2100)]


class NewResident(Body):
    """`tenant` is the unit's; `instructions` are what staff should know or do when an alarm comes."""

    id: ResidentRef | None = None
    tenant: TenantRef | None = None
    unit: UnitRef
    name: Name
    sex: Sex | None = None
    birth_year: BirthYear | None = None
    housing: Housing = "ordinary"
    address: Text | None = None
    instructions: Text | None = None


class ResidentChange(Body):
    """What is to be changed of a resident; the rest stays."""

    unit: UnitRef = unchanged()
    name: Name = unchanged()
    sex: Sex | None = None
    birth_year: BirthYear | None = None
    housing: Housing = unchanged()
    address: Text | None = None
    instructions: Text | None = None


@router.get("", summary="List residents")
async def list_residents(
    caller: Reader, vaka: Vaka, pages: Pages, tenant: TenantRef | None = None, unit: UnitRef | None = None
) -> Page[Resident]:
    async with vaka.read() as connection:
        found = await registry.residents(
            connection, caller.scope, tenant=tenant, unit=unit, after=pages.after(BY_ID), limit=pages.fetch
        )
    return pages.page(found, by_id)


@router.get("/{id}", summary="A resident")
async def get_resident(id: ResidentRef, caller: Reader, vaka: Vaka) -> Resident:
    async with vaka.read() as connection:
        found = await registry.resident(connection, caller.scope, id)
    if found is None:
        raise not_found("resident", id)
    return found


@router.post("", status_code=201, summary="Add a resident")
async def add_resident(body: NewResident, caller: Writer, vaka: Vaka, response: Response) -> Resident:
    async with vaka.change() as change:
        unit = await known_unit(change.connection, caller.scope, body.unit)
        check_tenant(body.tenant, unit.tenant)
        fields = body.model_dump(exclude={"id", "tenant"})
        new = Resident(body.id or ResidentId(new_id()), unit.tenant, created_at=change.now, **fields)
        if not await registry.add_resident(change.connection, new):
            raise conflict(f"there is a resident {new.id!r} already")
        await change.tell(ResidentChanged(resident=new.id, tenant=new.tenant, unit=new.unit))
        await follow_unit(change, new, caller.id)
    located(response, "residents", new.id)
    return new


@router.patch("/{id}", summary="Change a resident")
async def change_resident(id: ResidentRef, body: ResidentChange, caller: Writer, vaka: Vaka) -> Resident:
    async with vaka.change() as change:
        old = await registry.resident(change.connection, caller.scope, id, lock=True)
        if old is None:
            raise not_found("resident", id)
        changed = replace(old, **body.model_dump(exclude_unset=True))
        if changed.unit != old.unit:
            unit = await known_unit(change.connection, caller.scope, changed.unit)
            check_tenant(old.tenant, unit.tenant)
            await change.tell(ResidentChanged(resident=id, tenant=old.tenant, unit=unit.id))
        await registry.change_resident(change.connection, changed)
        if changed.unit != old.unit:
            await follow_unit(change, changed, caller.id)
    return changed
