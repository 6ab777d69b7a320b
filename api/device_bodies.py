"""How devices are written and shown over the API."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from api.fields import AnyId, Body, DeviceRef, Name, TenantRef, Text
from events.devices import Family, LifeCycle, Origin
from events.ids import DeviceId, ResidentId, TenantId
from events.kinds import Technology

Scope = Annotated[str, StringConstraints(max_length=500)]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class DeviceOrigin(Body):
    """How a device speaks that does not speak Vaka's own form. At most one device has a given origin.

    `scope` is what makes `id` unique: the base topic of a Zigbee2MQTT hub, the application of a LoRaWAN network, the
    discovery prefix of a Home Assistant, the controller of a SCAIP device (empty for the controller itself).
    """

    model_config = ConfigDict(from_attributes=True)

    family: Family
    scope: Scope
    id: ExternalId

    def __str__(self) -> str:
        return str(self.origin)

    @property
    def origin(self) -> Origin:
        """A DevEUI is printed on the device in capitals, and its network writes it in small letters."""
        id = self.id.lower() if self.family is Family.CHIRPSTACK else self.id
        return Origin(self.family, self.scope, id)


class ShownDevice(BaseModel):
    """What sends events. `resident` is who has it now, `shared_with` the other person of a couple.

    `testing_until`: when an installer's trial ends; until then its calls for help are tests.
    """

    model_config = ConfigDict(from_attributes=True, title="Device")

    id: DeviceId
    tenant: TenantId
    technology: Technology
    type: str | None
    name: str | None
    model: str | None
    serial: str | None
    note: str | None
    origin: DeviceOrigin | None
    hub: DeviceId | None
    life_cycle: LifeCycle
    testing_until: datetime | None
    resident: ResidentId | None
    shared_with: ResidentId | None
    created_at: datetime


class DeviceDetails(Body):
    """What may be said of a device, and changed later. `hub`: the device that its messages come through."""

    name: Name | None = None
    model: Name | None = None
    type: AnyId | None = None
    origin: DeviceOrigin | None = None
    hub: DeviceRef | None = None
    serial: Name | None = None
    note: Text | None = None


class NewDevice(DeviceDetails):
    """The id is the one that its MQTT topics have; `tenant` is the caller's own unless given.

    `technology` is that of the `type` unless given. A device is `installed` unless its `life_cycle` says where in its
    life it is; `in_use` is what it proves itself.
    """

    id: DeviceRef | None = None
    tenant: TenantRef | None = None
    technology: Technology | None = None
    life_cycle: LifeCycle = LifeCycle.INSTALLED
