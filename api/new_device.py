"""Registering a device: what it refers to must be there, and the log must know of it."""

from typing import Any

from api.callers import Caller
from api.device_bodies import DeviceDetails, DeviceOrigin, NewDevice
from api.fields import new_id
from api.problems import ProblemError, conflict, invalid
from api.references import UNKNOWN, tenant_of
from api.services import Transaction
from events.devices import LifeCycle
from events.ids import DeviceId, TenantId
from events.kinds import Technology
from store import device_life, device_types, devices
from store.devices import Device
from store.directory import device_changed
from store.select import Scope

UNPROVEN = "is what a device proves itself, by what it says"


async def register(change: Transaction, caller: Caller, body: NewDevice) -> Device:
    """Adds the device. Raises ProblemError, or OriginTaken, after which the transaction is over."""
    if body.life_cycle is LifeCycle.IN_USE:
        raise invalid("life_cycle", UNPROVEN, body.life_cycle)
    tenant = await tenant_of(change.connection, caller, body.tenant)
    new = Device(
        id=body.id or DeviceId(new_id()),
        tenant=tenant,
        technology=body.technology or await _technology(change, tenant, body.type),
        resident=None,
        created_at=change.now,
        life_cycle=body.life_cycle,
        **{"name": None, "model": None} | given(body),
    )
    await check_references(change, new)
    if not await devices.add_device(change.connection, new):
        raise conflict(f"there is a device {new.id!r} already")
    await device_life.record(change.connection, new.id, None, new.life_cycle, caller.id, change.now)
    await change.tell(await device_changed(change.connection, new.id))
    return new


def given(body: DeviceDetails) -> dict[str, Any]:
    """The details that the body has, as fields of a Device."""
    fields = {name: getattr(body, name) for name in DeviceDetails.model_fields if name in body.model_fields_set}
    if body.origin is not None:
        fields["origin"] = body.origin.origin
    return fields


async def check_references(change: Transaction, device: Device) -> None:
    """Type and hub must be there, and be the tenant's; a device is not behind itself."""
    scope = Scope(device.tenant)
    if device.type is not None and await device_types.device_type(change.connection, scope, device.type) is None:
        raise invalid("type", UNKNOWN, device.type)
    if device.hub is None:
        return
    # A hub that does not exist yet is unknown even if it is this very device.
    if device.hub != device.id and await devices.device(change.connection, scope, change.now, device.hub) is None:
        raise invalid("hub", UNKNOWN, device.hub)
    if await devices.is_behind(change.connection, device.hub, device.id):
        raise invalid("hub", "is behind this device itself", device.hub)


async def _technology(change: Transaction, tenant: TenantId, type: str | None) -> Technology:
    if type is None:
        raise invalid("technology", "is needed, as no type is given")
    found = await device_types.device_type(change.connection, Scope(tenant), type)
    if found is None:
        raise invalid("type", UNKNOWN, type)
    return found.technology


def origin_taken(origin: DeviceOrigin | None) -> ProblemError:
    return conflict(f"a device is registered as {origin} already")
