"""Devices that a hub or network told of by itself, and registering them."""

from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, ConfigDict

from api.callers import Caller
from api.device_bodies import DeviceOrigin, NewDevice, ShownDevice
from api.fields import AnyId
from api.lists import BY_ID, Page, Pages, by_id
from api.new_device import origin_taken, register
from api.permissions import Permission, may
from api.problems import invalid, not_found
from api.routing import Vaka, located, resource
from events.devices import Family
from events.ids import DeviceId
from store import found
from store.devices import OriginTaken

router = resource("found-devices")

Reader = Annotated[Caller, may(Permission.DEVICES_READ)]
Writer = Annotated[Caller, may(Permission.DEVICES_WRITE)]


class FoundDevice(BaseModel):
    """`device` is the one that is registered under this origin, if there is one. `topics`: where its messages come."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    origin: DeviceOrigin
    name: str | None
    vendor: str | None
    model: str | None
    topics: list[str]
    first_seen: datetime
    last_seen: datetime
    device: DeviceId | None


@router.get("", summary="List found devices")
async def list_found_devices(
    caller: Reader, vaka: Vaka, pages: Pages, family: Family | None = None, registered: bool | None = None
) -> Page[FoundDevice]:
    """Whose they are, nobody has said: a tenant sees those at hubs and networks where it has registered a device."""
    async with vaka.read() as connection:
        rows = await found.found_devices(
            connection, caller.scope, family=family, registered=registered, after=pages.after(BY_ID), limit=pages.fetch
        )
    return pages.page([FoundDevice.model_validate(row) for row in rows], by_id)


@router.get("/{id}", summary="A found device")
async def get_found_device(id: AnyId, caller: Reader, vaka: Vaka) -> FoundDevice:
    async with vaka.read() as connection:
        row = await found.found_device(connection, caller.scope, id)
    if row is None:
        raise not_found("found device", id)
    return FoundDevice.model_validate(row)


@router.post("/{id}/register", status_code=201, summary="Register a found device")
async def register_found_device(
    id: AnyId, body: NewDevice, caller: Writer, vaka: Vaka, response: Response
) -> ShownDevice:
    """As a new device with its origin, and with the name and model that its hub gave it, unless given."""
    if body.origin is not None:
        raise invalid("origin", "is the one that it was found under", str(body.origin))
    try:
        async with vaka.change() as change:
            row = await found.found_device(change.connection, caller.scope, id)
            if row is None:
                raise not_found("found device", id)
            origin = DeviceOrigin.model_validate(row.origin)
            told = {"origin": origin, "name": body.name or _name(row.name), "model": body.model or _name(row.model)}
            new = await register(change, caller, NewDevice(**{**body.model_dump(exclude_unset=True), **told}))
    except OriginTaken:
        raise origin_taken(origin) from None
    located(response, "devices", new.id)
    return ShownDevice.model_validate(new)


def _name(told: str | None) -> str | None:
    """What a hub says, as far as it can be a name."""
    return (told or "").strip()[:200] or None
