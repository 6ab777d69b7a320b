"""Assignments: who has which device from when to when, and what a correction of one has changed."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from api.callers import Caller
from api.fields import AnyId, Body, DeviceRef, From, ResidentRef, TenantRef, Time, To, UnitRef, new_id, unchanged
from api.lending import amend, check_assignment, known_assignment, lend, take_back
from api.lists import BY_ID, Page, Pages, by_id
from api.permissions import Permission, may
from api.problems import conflict, invalid, not_found
from api.references import check_tenant, known_device, known_resident
from api.routing import Vaka, located, resource
from events.ids import DeviceId, ResidentId, TenantId
from store import assignments
from store.assignments import Overlap

router = resource("assignments")

Reader = Annotated[Caller, may(Permission.ASSIGNMENTS_READ)]
Writer = Annotated[Caller, may(Permission.ASSIGNMENTS_WRITE)]


class Assignment(BaseModel):
    """A device is with a resident from a time until before another (null: until further notice).

    `shared_with`: the other person of a couple that has one device.
    """

    model_config = ConfigDict(from_attributes=True)

    id: str
    tenant: TenantId
    device: DeviceId
    resident: ResidentId
    start: datetime = Field(serialization_alias="from")
    end: datetime | None = Field(serialization_alias="to")
    created_at: datetime
    shared_with: ResidentId | None


class NewAssignment(Body):
    """`from` is now unless given."""

    id: AnyId | None = None
    tenant: TenantRef | None = None
    device: DeviceRef
    resident: ResidentRef
    start: Time | None = Field(default=None, alias="from")
    end: Time | None = Field(default=None, alias="to")
    shared_with: ResidentRef | None = None


class AssignmentChange(Body):
    """`to` is when the device is given back; all of it can be corrected afterwards."""

    resident: ResidentRef = unchanged()
    start: Time = unchanged("from")
    end: Time | None = Field(default=None, alias="to")
    shared_with: ResidentRef | None = None


@router.get("", summary="List assignments")
async def list_assignments(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    tenant: TenantRef | None = None,
    unit: UnitRef | None = None,
    device: DeviceRef | None = None,
    resident: ResidentRef | None = None,
    start: From = None,
    end: To = None,
) -> Page[Assignment]:
    """With `from` and `to`: those that overlap this time."""
    filters: dict[str, Any] = {"tenant": tenant, "unit": unit, "device": device, "resident": resident}
    async with vaka.read() as connection:
        found = await assignments.assignments(
            connection, caller.scope, **filters, start=start, end=end, after=pages.after(BY_ID), limit=pages.fetch
        )
    return pages.page([Assignment.model_validate(row) for row in found], by_id)


@router.get("/{id}", summary="An assignment")
async def get_assignment(id: AnyId, caller: Reader, vaka: Vaka) -> Assignment:
    async with vaka.read() as connection:
        found = await assignments.assignment(connection, caller.scope, id)
    if found is None:
        raise not_found("assignment", id)
    return Assignment.model_validate(found)


@router.post("", status_code=201, summary="Lend a device to a resident")
async def add_assignment(body: NewAssignment, caller: Writer, vaka: Vaka, response: Response) -> Assignment:
    """The device is `installed` from now on, if it is lent now, and in use once it has proven that it works.

    409 when the device is with somebody at that time, or cannot be lent as it is (ordered, in reconditioning,
    scrapped). With a `from` in the past, what the device has said since then becomes the resident's.
    """
    try:
        async with vaka.change() as change:
            resident = await known_resident(change.connection, caller.scope, body.resident)
            device = await known_device(change.connection, caller, change.now, body.device, lock=True)
            check_tenant(body.tenant, resident.tenant)
            check_tenant(device.tenant, resident.tenant)
            new = assignments.Assignment(
                id=body.id or new_id(),
                tenant=resident.tenant,
                device=device.id,
                resident=resident.id,
                start=body.start or change.now,
                end=body.end,
                created_at=change.now,
                technology=device.technology,
                shared_with=body.shared_with,
            )
            await check_assignment(change, caller, new)
            if not await lend(change, caller, device, new):
                raise conflict(f"there is an assignment {new.id!r} already")
    except Overlap:
        raise conflict(f"the device {body.device!r} is with somebody at that time") from None
    located(response, "assignments", new.id)
    return Assignment.model_validate(new)


@router.patch("/{id}", summary="End or correct an assignment")
async def change_assignment(id: AnyId, body: AssignmentChange, caller: Writer, vaka: Vaka) -> Assignment:
    """`to` ends it, or moves an end that was set before; a device whose assignment has ended is `returned`.

    Events of times for which the answer to who had the device has changed become theirs who had it then, and usage is
    counted for them: `/api/v1/reattributions` tells of it. 409 when the device is with somebody else at that time.
    """
    if not body.model_fields_set:
        raise invalid("to", "is needed, or something else that is to be changed")
    try:
        async with vaka.change() as change:
            device, old = await known_assignment(change, caller.scope, id)
            changed = replace(old, **body.model_dump(exclude_unset=True))
            await check_assignment(change, caller, changed)
            await amend(change, caller, device, old, changed)
    except Overlap:
        raise conflict(f"the device {old.device!r} is with somebody else at that time") from None
    return Assignment.model_validate(changed)


@router.delete("/{id}", status_code=204, summary="Take an assignment back that was a mistake")
async def delete_assignment(id: AnyId, caller: Writer, vaka: Vaka) -> None:
    """As if it had never been: what the device said in that time is nobody's. To end an assignment, set its `to`."""
    async with vaka.change() as change:
        device, old = await known_assignment(change, caller.scope, id)
        await take_back(change, caller, device, old)
