"""Device types: what is expected of all devices of one make and model."""

from dataclasses import replace
from typing import Annotated, Any

import msgspec
from fastapi import Response
from pydantic import Field, StrictBool, StrictFloat, StrictInt

from api.callers import Caller
from api.fields import MAX_INT, AnyId, Body, Name, TenantRef, new_id, unchanged
from api.lists import BY_ID, Page, Pages, by_id
from api.permissions import Permission, may
from api.problems import conflict, invalid, not_found
from api.references import tenant_of
from api.routing import Vaka, located, resource
from api.services import Transaction
from events.devices import Watch
from events.kinds import KINDS, Technology
from store import device_types
from store.device_types import DeviceType, HelpCommand, InUse
from store.directory import devices_of_type

router = resource("device-types")

Reader = Annotated[Caller, may(Permission.DEVICES_READ)]
Writer = Annotated[Caller, may(Permission.DEVICE_TYPES_WRITE)]

Minutes = Annotated[StrictInt, Field(ge=1, le=MAX_INT)]
Percent = Annotated[StrictFloat, Field(ge=0, le=100)]
Meanings = Annotated[dict[str, str], Field(max_length=100)]
EXPECTED = Watch()


class NewDeviceType(Body):
    """Without a tenant, from a caller of none, it is for all tenants.

    `silent_after_minutes`: without any message for so long a device is silent (null: never). A battery is low at
    `battery_low` percent and well again at `battery_well`. `life_critical`: somebody's call for help depends on it.
    `reads_as`: kinds that mean another for these devices, such as the motion of a sensor that lies under a mattress.
    `help_command`: what tells the wearer that somebody has accepted (null: these devices cannot).
    """

    id: AnyId | None = None
    tenant: TenantRef | None = None
    name: Name
    vendor: Name | None = None
    model: Name | None = None
    technology: Technology
    silent_after_minutes: Minutes | None = EXPECTED.silent_after_minutes
    battery_low: Percent = EXPECTED.battery_low
    battery_well: Percent = EXPECTED.battery_well
    life_critical: StrictBool = EXPECTED.life_critical
    reads_as: Meanings = Field(default_factory=dict)
    help_command: HelpCommand | None = None


class DeviceTypeChange(Body):
    """What is to be changed of a type. It is in force for all its devices at once."""

    name: Name = unchanged()
    vendor: Name | None = None
    model: Name | None = None
    silent_after_minutes: Minutes | None = None
    battery_low: Percent = unchanged()
    battery_well: Percent = unchanged()
    life_critical: StrictBool = unchanged()
    reads_as: Meanings = unchanged()
    help_command: HelpCommand | None = None


@router.get("", summary="List device types")
async def list_device_types(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    tenant: TenantRef | None = None,
    technology: Technology | None = None,
) -> Page[DeviceType]:
    """Those that come with Vaka, and the tenant's own."""
    filters: dict[str, Any] = {"tenant": tenant, "technology": technology}
    async with vaka.read() as connection:
        found = await device_types.device_types(
            connection, caller.scope, **filters, after=pages.after(BY_ID), limit=pages.fetch
        )
    return pages.page(found, by_id)


@router.get("/{id}", summary="A device type")
async def get_device_type(id: AnyId, caller: Reader, vaka: Vaka) -> DeviceType:
    async with vaka.read() as connection:
        found = await device_types.device_type(connection, caller.scope, id)
    if found is None:
        raise not_found("device type", id)
    return found


@router.post("", status_code=201, summary="Add a device type")
async def add_device_type(body: NewDeviceType, caller: Writer, vaka: Vaka, response: Response) -> DeviceType:
    async with vaka.change() as change:
        tenant = body.tenant or caller.tenant
        if tenant is not None:
            tenant = await tenant_of(change.connection, caller, tenant)
        fields = body.model_dump(exclude={"id", "tenant"})
        new = DeviceType(id=body.id or new_id(), tenant=tenant, **fields)
        _check(new)
        if not await device_types.add_device_type(change.connection, new):
            raise conflict(f"there is a device type {new.id!r} already")
    located(response, "device-types", new.id)
    return new


@router.patch("/{id}", summary="Change a device type")
async def change_device_type(id: AnyId, body: DeviceTypeChange, caller: Writer, vaka: Vaka) -> DeviceType:
    """A type that is for all tenants is changed by a caller of none."""
    async with vaka.change() as change:
        old = await _own(change, caller, id)
        changed = replace(old, **body.model_dump(exclude_unset=True))
        _check(changed)
        await device_types.change_device_type(change.connection, changed)
        await change.tell_all(await devices_of_type(change.connection, id))
    return changed


@router.delete("/{id}", status_code=204, summary="Delete a device type")
async def delete_device_type(id: AnyId, caller: Writer, vaka: Vaka) -> None:
    """409 while there are devices of this type."""
    try:
        async with vaka.change() as change:
            await _own(change, caller, id)
            await device_types.delete_device_type(change.connection, id)
    except InUse:
        raise conflict(f"there are devices of the type {id!r}") from None


async def _own(change: Transaction, caller: Caller, id: str) -> DeviceType:
    found = await device_types.device_type(change.connection, caller.scope, id, lock=True)
    if found is None:
        raise not_found("device type", id)
    if found.tenant != caller.tenant and caller.tenant is not None:
        raise conflict(f"the device type {id!r} is for all tenants: add one of your own")
    return found


def _check(type: DeviceType) -> None:
    if type.battery_low >= type.battery_well:
        message = f"is not above `battery_low`, {type.battery_low}"
        raise invalid("battery_well", message, type.battery_well)
    for said, meant in type.reads_as.items():
        for kind in (said, meant):
            if kind not in KINDS:
                raise invalid("reads_as", "is not a kind", kind[:100])
        needed = {field.name for field in msgspec.structs.fields(KINDS[meant]) if field.required}
        if missing := needed - set(KINDS[said].__struct_fields__):
            raise invalid("reads_as", f"lacks {', '.join(sorted(missing))} of {meant}", said)
