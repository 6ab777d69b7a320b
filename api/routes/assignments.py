"""Assignments: who has which device from when to when."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from api.callers import Caller
from api.fields import AnyId, Body, DeviceRef, From, ResidentRef, TenantRef, Time, To, UnitRef, new_id
from api.lists import BY_ID, Page, Pages, by_id
from api.permissions import Permission, may
from api.problems import conflict, invalid, not_found
from api.references import check_tenant, known_device, known_resident
from api.routing import Vaka, located, resource
from events.control import AssignmentChanged
from events.ids import DeviceId, ResidentId, TenantId
from store import devices
from store.devices import Overlap

router = resource("assignments")

Reader = Annotated[Caller, may(Permission.ASSIGNMENTS_READ)]
Writer = Annotated[Caller, may(Permission.ASSIGNMENTS_WRITE)]


class Assignment(BaseModel):
    """A device is with a resident from a time until before another (null: until further notice)."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    tenant: TenantId
    device: DeviceId
    resident: ResidentId
    start: datetime = Field(serialization_alias="from")
    end: datetime | None = Field(serialization_alias="to")
    created_at: datetime


class NewAssignment(Body):
    """`from` is now unless given."""

    id: AnyId | None = None
    tenant: TenantRef | None = None
    device: DeviceRef
    resident: ResidentRef
    start: Time | None = Field(default=None, alias="from")
    end: Time | None = Field(default=None, alias="to")


class AssignmentEnd(Body):
    """When the device is given back."""

    end: Time = Field(alias="to")


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
        found = await devices.assignments(
            connection, caller.scope, **filters, start=start, end=end, after=pages.after(BY_ID), limit=pages.fetch
        )
    return pages.page([Assignment.model_validate(row) for row in found], by_id)


@router.get("/{id}", summary="An assignment")
async def get_assignment(id: AnyId, caller: Reader, vaka: Vaka) -> Assignment:
    async with vaka.read() as connection:
        found = await devices.assignment(connection, caller.scope, id)
    if found is None:
        raise not_found("assignment", id)
    return Assignment.model_validate(found)


@router.post("", status_code=201, summary="Lend a device to a resident")
async def add_assignment(body: NewAssignment, caller: Writer, vaka: Vaka, response: Response) -> Assignment:
    """409 when the device is with somebody at that time."""
    try:
        async with vaka.change() as change:
            resident = await known_resident(change.connection, caller.scope, body.resident)
            device = await known_device(change.connection, caller, change.now, body.device)
            check_tenant(body.tenant, resident.tenant)
            check_tenant(device.tenant, resident.tenant)
            new = devices.Assignment(
                id=body.id or new_id(),
                tenant=resident.tenant,
                device=device.id,
                resident=resident.id,
                start=body.start or change.now,
                end=body.end,
                created_at=change.now,
                technology=device.technology,
            )
            _check_times(new)
            if not await devices.add_assignment(change.connection, new):
                raise conflict(f"there is an assignment {new.id!r} already")
            await change.tell(_told(new))
    except Overlap:
        raise conflict(f"the device {body.device!r} is with somebody at that time") from None
    located(response, "assignments", new.id)
    return Assignment.model_validate(new)


@router.patch("/{id}", summary="End an assignment")
async def end_assignment(id: AnyId, body: AssignmentEnd, caller: Writer, vaka: Vaka) -> Assignment:
    """Also moves an end that was set before; 409 when the device is with somebody else until then."""
    try:
        async with vaka.change() as change:
            old = await devices.assignment(change.connection, caller.scope, id, lock=True)
            if old is None:
                raise not_found("assignment", id)
            changed = replace(old, end=body.end)
            _check_times(changed)
            await devices.end_assignment(change.connection, changed)
            await change.tell(_told(changed))
    except Overlap:
        raise conflict(f"the device is with somebody else before {body.end.isoformat()}") from None
    return Assignment.model_validate(changed)


def _check_times(assignment: devices.Assignment) -> None:
    if assignment.end is not None and assignment.end <= assignment.start:
        raise invalid("to", f"is not after `from`, {assignment.start.isoformat()}", assignment.end.isoformat())


def _told(assignment: devices.Assignment) -> AssignmentChanged:
    return AssignmentChanged(
        assignment=assignment.id,
        device=assignment.device,
        resident=assignment.resident,
        technology=assignment.technology,
        start=assignment.start,
        end=assignment.end,
    )
