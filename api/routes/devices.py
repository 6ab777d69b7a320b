"""Devices: what is registered, how it speaks, and who has it now."""

from dataclasses import replace
from typing import Annotated

from fastapi import Response

from api.callers import Caller
from api.device_bodies import DeviceDetails, NewDevice, ShownDevice
from api.fields import DeviceRef
from api.new_device import check_references, given, origin_taken, register
from api.permissions import Permission, may
from api.problems import not_found
from api.routing import Vaka, located, resource
from store import devices
from store.devices import OriginTaken
from store.directory import device_changed

router = resource("devices")

Reader = Annotated[Caller, may(Permission.DEVICES_READ)]
Writer = Annotated[Caller, may(Permission.DEVICES_WRITE)]


@router.get("/{id}", summary="A device")
async def get_device(id: DeviceRef, caller: Reader, vaka: Vaka) -> ShownDevice:
    async with vaka.read() as connection:
        found = await devices.device(connection, caller.scope, vaka.now(), id)
    if found is None:
        raise not_found("device", id)
    return ShownDevice.model_validate(found)


@router.post("", status_code=201, summary="Register a device")
async def add_device(body: NewDevice, caller: Writer, vaka: Vaka, response: Response) -> ShownDevice:
    """From here on Vaka takes its messages; what it says is a resident's once there is an assignment."""
    try:
        async with vaka.change() as change:
            new = await register(change, caller, body)
    except OriginTaken:
        raise origin_taken(body.origin) from None
    located(response, "devices", new.id)
    return ShownDevice.model_validate(new)


@router.patch("/{id}", summary="Change a device")
async def change_device(id: DeviceRef, body: DeviceDetails, caller: Writer, vaka: Vaka) -> ShownDevice:
    """Another technology is another device. Where it is in its life changes by `life-cycle` and by assignments."""
    try:
        async with vaka.change() as change:
            old = await devices.device(change.connection, caller.scope, change.now, id, lock=True)
            if old is None:
                raise not_found("device", id)
            changed = replace(old, **given(body))
            await check_references(change, changed)
            await devices.change_device(change.connection, changed)
            await change.tell(await device_changed(change.connection, id))
    except OriginTaken:
        raise origin_taken(body.origin) from None
    return ShownDevice.model_validate(changed)
