"""How a person or a program can be told: channels, and the contact points that each receiver has on them."""

from enum import StrEnum
from typing import NamedTuple


class Channel(StrEnum):
    CONSOLE = "console"
    WEBHOOK = "webhook"
    PUSH = "push"
    SMS = "sms"
    VOICE = "voice"
    EMAIL = "email"
    MQTT = "mqtt"
    SCAIP = "scaip"
    APPRISE = "apprise"


class Receiver(NamedTuple):
    """Where one notification goes. `id`: a staff id at the console, a webhook's id, else a contact point's id."""

    channel: Channel
    id: str


class Owner(StrEnum):
    """Whose a contact point is: somebody of the staff (or a relative), a whole unit, or a tenant's alarm centre."""

    STAFF = "staff"
    UNIT = "unit"
    ALARM_CENTRE = "alarm_centre"


class ContactPoint(NamedTuple):
    """A telephone number, a browser that takes push messages, an address.

    `owner_id`: the staff, unit or tenant id. `rank`: the owner's points are tried in rising order. `usable`: not
    expired, and the tenant has a provider for its channel.
    """

    id: str
    owner: Owner
    owner_id: str
    channel: Channel
    rank: int
    usable: bool

    @property
    def receiver(self) -> Receiver:
        return Receiver(self.channel, self.id)
