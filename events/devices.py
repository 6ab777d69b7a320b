"""How a device is known: by which family and name it speaks, where it is in its life, and what is expected of it."""

from enum import StrEnum

from msgspec import Struct


class Family(StrEnum):
    """Whose form a device's messages have, when it is not Vaka's own."""

    ZIGBEE2MQTT = "zigbee2mqtt"
    CHIRPSTACK = "chirpstack"
    THINGS_STACK = "things_stack"
    HOME_ASSISTANT = "home_assistant"
    SCAIP = "scaip"


class Origin(Struct, frozen=True, array_like=True, gc=False):
    """Who speaks, in the family's own terms. At most one device is registered under an origin.

    `scope` is what makes `id` unique: the base topic of a Zigbee2MQTT hub, the application of a LoRaWAN network,
    the discovery prefix of a Home Assistant, the controller of a SCAIP device (empty for the controller itself).
    """

    family: Family
    scope: str
    id: str

    def __str__(self) -> str:
        return f"{self.family} {self.scope} {self.id}" if self.scope else f"{self.family} {self.id}"


class LifeCycle(StrEnum):
    """Where a device is in its life; `rules.device_lifecycle` says which step may follow which."""

    ORDERED = "ordered"
    IN_STOCK = "in_stock"
    INSTALLED = "installed"
    IN_USE = "in_use"
    RETURNED = "returned"
    RECONDITIONING = "reconditioning"
    SCRAPPED = "scrapped"


class Watch(Struct, frozen=True, array_like=True, gc=False):
    """What a device of this type is expected to do. Its type says it; the log carries it to the rules.

    `silent_after_minutes`: without any message for so long it is silent; None is never. Batteries in percent: low at
    `battery_low`, well again at `battery_well`. `life_critical`: somebody's call for help depends on it.
    """

    silent_after_minutes: int | None = None
    battery_low: float = 15.0
    battery_well: float = 25.0
    life_critical: bool = False
