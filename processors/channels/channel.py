"""What every channel can do: send one message to one target, and say what came of it."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from events.ids import AlarmId, TenantId
from rules.contact import Channel


class Message(Struct, frozen=True, kw_only=True):
    """What is told. `id` is the same for every attempt, so that the other side can recognise a repeat.

    `title`, `body` and `url` (a link into Vaka) are all that may leave the house: no name and no health data, unless
    the unit has decided otherwise. `facts` are for programs (webhook, MQTT, SCAIP) and empty for everybody else: the
    alarm with its ids, no name. `alarm` is None for a test message.
    """

    id: str
    priority: int
    title: str
    body: str
    url: str | None = None
    alarm: AlarmId | None = None
    rung: int = 0
    round: int = 0
    facts: Mapping[str, Any] = {}

    @property
    def test(self) -> bool:
        return self.alarm is None

    @property
    def text(self) -> str:
        """All of it on one line, for channels that have no more."""
        return " ".join(part for part in (f"{self.title}.", self.body, self.url) if part)


class Target(Struct, frozen=True):
    """`address` of the contact point (`rules.addresses`) and `provider` settings of the tenant (`rules.providers`)."""

    channel: Channel
    address: Mapping[str, Any]
    provider: Mapping[str, Any]
    tenant: TenantId


class Receipt(Struct, frozen=True, omit_defaults=True):
    """What came of one attempt.

    `accepted`: the other side has taken it. `gone`: the target is no more (an expired subscription), so that trying
    again is pointless. `refused`: this message will never be taken there, however often it is tried, but others may be.
    `retry_after`: seconds of real time that the other side wants to be left alone. `reference`: by which the provider
    names the message in a later receipt. `delivered`: it is known already to have reached the receiver. `status` and
    `answer` of the other side, or the `error` in their place.
    """

    accepted: bool
    gone: bool = False
    refused: bool = False
    retry_after: float | None = None
    delivered: bool = False
    reference: str | None = None
    status: int | None = None
    answer: str | None = None
    error: str | None = None

    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data


class Sender(Protocol):
    """A channel. `send` never raises: what went wrong is in the receipt."""

    async def send(self, message: Message, target: Target) -> Receipt: ...
