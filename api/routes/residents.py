"""Residents: the people who get care."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from api.callers import Caller
from api.fields import Body, Name, ResidentRef, TenantRef, Text, Time, UnitRef, new_id, unchanged
from api.leaving import come_back, leave, too_early
from api.lists import BY_ID, BY_NUMBER, Page, Pages, by_id
from api.permissions import Permission, may
from api.plan_versions import follow_unit
from api.problems import conflict, invalid, not_found
from api.references import check_tenant, known_unit
from api.routing import Vaka, located, resource
from api.services import Transaction
from events.control import ResidentChanged
from events.ids import ResidentId, TenantId, UnitId
from store import registry
from store.registry import Housing, LeftReason, Resident, Sex
from store.stays import TooEarly, begin_stay, stays

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
    """What is to be changed; the rest stays. `since`: when another unit or housing began, now unless given."""

    unit: UnitRef = unchanged()
    name: Name = unchanged()
    sex: Sex | None = None
    birth_year: BirthYear | None = None
    housing: Housing = unchanged()
    address: Text | None = None
    instructions: Text | None = None
    since: Time = unchanged()


class ShownStay(BaseModel):
    """A unit and a kind of housing from a time until before another (null: until now)."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    tenant: TenantId
    resident: ResidentId
    unit: UnitId
    housing: Housing
    start: datetime = Field(serialization_alias="from")
    end: datetime | None = Field(serialization_alias="to")


class Leaving(Body):
    """`at` is now unless given, and never in the future."""

    at: Time | None = None
    reason: LeftReason


@router.get("", summary="List residents")
async def list_residents(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    tenant: TenantRef | None = None,
    unit: UnitRef | None = None,
    left: bool | None = None,
) -> Page[Resident]:
    """`left`: only those who have left, or only those who have not."""
    async with vaka.read() as connection:
        found = await registry.residents(
            connection, caller.scope, tenant=tenant, unit=unit, left=left, after=pages.after(BY_ID), limit=pages.fetch
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
    """Another unit or housing begins another of their stays. Alarms and counts keep the unit of their time."""
    async with vaka.change() as change:
        old = await _known(change, caller, id)
        changed = replace(old, **body.model_dump(exclude_unset=True, exclude={"since"}))
        if changed.unit != old.unit:
            unit = await known_unit(change.connection, caller.scope, changed.unit)
            check_tenant(old.tenant, unit.tenant)
            await change.tell(ResidentChanged(resident=id, tenant=old.tenant, unit=unit.id))
        await registry.change_resident(change.connection, changed)
        moves = (changed.unit, changed.housing) != (old.unit, old.housing)
        if "since" in body.model_fields_set and not moves:
            raise invalid("since", "says when another unit or housing began, and neither is another one")
        if moves:
            await _move(change, changed, body.since if "since" in body.model_fields_set else change.now)
        if changed.unit != old.unit:
            await follow_unit(change, changed, caller.id)
    return changed


async def _move(change: Transaction, resident: Resident, since: datetime) -> None:
    if resident.left_at is not None:
        raise conflict(f"the resident {resident.id!r} has left")
    if since > change.now:
        raise invalid("since", "is in the future", since.isoformat())
    try:
        await begin_stay(change.connection, resident, since)
    except TooEarly as early:
        raise too_early("since", since, early) from None


@router.get("/{id}/stays", summary="Where a resident has lived")
async def list_stays(id: ResidentRef, caller: Reader, vaka: Vaka, pages: Pages) -> Page[ShownStay]:
    """Unit and housing from when to when, the first one first."""
    async with vaka.read() as connection:
        if await registry.resident(connection, caller.scope, id) is None:
            raise not_found("resident", id)
        found = await stays(connection, caller.scope, id, after=pages.after(BY_NUMBER), limit=pages.fetch)
    page = pages.page(found, lambda stay: (stay.number,))
    return Page(items=[ShownStay.model_validate(stay) for stay in page.items], next=page.next)


@router.post("/{id}/leave", summary="A resident has died or moved away")
async def leave_unit(id: ResidentRef, body: Leaving, caller: Writer, vaka: Vaka) -> Resident:
    """Their devices are given back at that time, and nothing is watched any more. What was stays in reports."""
    async with vaka.change() as change:
        resident = await _known(change, caller, id)
        return await leave(change, caller, resident, body.at or change.now, body.reason)


@router.post("/{id}/return", summary="A resident is back")
async def return_to_unit(id: ResidentRef, caller: Writer, vaka: Vaka) -> Resident:
    """From now on they are cared for again, with the defaults of their unit until they are given a plan."""
    async with vaka.change() as change:
        resident = await _known(change, caller, id)
        if resident.left_at is None:
            raise conflict(f"the resident {id!r} has not left")
        return await come_back(change, caller, resident)


async def _known(change: Transaction, caller: Caller, id: ResidentId) -> Resident:
    found = await registry.resident(change.connection, caller.scope, id, lock=True)
    if found is None:
        raise not_found("resident", id)
    return found
