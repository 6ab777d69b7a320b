"""Devices: what is registered, and who has it now."""

from dataclasses import replace
from typing import Annotated

from fastapi import Response

from api.callers import Caller
from api.fields import Body, DeviceRef, Name, ResidentRef, TenantRef, UnitRef, new_id
from api.lists import BY_ID, Page, Pages, by_id
from api.permissions import Permission, may
from api.problems import conflict, not_found
from api.references import tenant_of
from api.routing import Vaka, located, resource
from events.control import DeviceChanged
from events.ids import DeviceId
from events.kinds import Technology
from store import devices
from store.devices import Device

router = resource("devices")

Reader = Annotated[Caller, may(Permission.DEVICES_READ)]
Writer = Annotated[Caller, may(Permission.DEVICES_WRITE)]


class NewDevice(Body):
    """The id is the one that its MQTT topics have; `tenant` is the caller's own unless given."""

    id: DeviceRef | None = None
    tenant: TenantRef | None = None
    technology: Technology
    name: Name | None = None
    model: Name | None = None


class DeviceChange(Body):
    """What is to be changed of a device. Another technology is another device."""

    name: Name | None = None
    model: Name | None = None


@router.get("", summary="List devices")
async def list_devices(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    tenant: TenantRef | None = None,
    unit: UnitRef | None = None,
    resident: ResidentRef | None = None,
    technology: Technology | None = None,
) -> Page[Device]:
    """With `unit` or `resident`: those that they have now."""
    async with vaka.read() as connection:
        found = await devices.devices(
            connection,
            caller.scope,
            vaka.now(),
            tenant=tenant,
            unit=unit,
            resident=resident,
            technology=technology,
            after=pages.after(BY_ID),
            limit=pages.fetch,
        )
    return pages.page(found, by_id)


@router.get("/{id}", summary="A device")
async def get_device(id: DeviceRef, caller: Reader, vaka: Vaka) -> Device:
    async with vaka.read() as connection:
        found = await devices.device(connection, caller.scope, vaka.now(), id)
    if found is None:
        raise not_found("device", id)
    return found


@router.post("", status_code=201, summary="Register a device")
async def add_device(body: NewDevice, caller: Writer, vaka: Vaka, response: Response) -> Device:
    """From here on Vaka takes its messages; what it says is a resident's once there is an assignment."""
    async with vaka.change() as change:
        tenant = await tenant_of(change.connection, caller, body.tenant)
        id = body.id or DeviceId(new_id())
        new = Device(id, tenant, body.technology, body.name, body.model, None, change.now)
        if not await devices.add_device(change.connection, new):
            raise conflict(f"there is a device {new.id!r} already")
        await change.tell(DeviceChanged(device=new.id, tenant=new.tenant, technology=new.technology))
    located(response, "devices", new.id)
    return new


@router.patch("/{id}", summary="Change a device")
async def change_device(id: DeviceRef, body: DeviceChange, caller: Writer, vaka: Vaka) -> Device:
    async with vaka.change() as change:
        old = await devices.device(change.connection, caller.scope, change.now, id, lock=True)
        if old is None:
            raise not_found("device", id)
        changed = replace(old, **body.model_dump(exclude_unset=True))
        await devices.change_device(change.connection, changed)
    return changed
