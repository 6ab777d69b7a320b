"""What ingest hands over: a message as it came, what was understood of it, and how to acknowledge it."""

from datetime import timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct

from events.devices import Origin
from events.ids import DeviceId, TenantId
from events.messages import Message


class Lane(StrEnum):
    """Urgent deliveries are taken first and committed at once; bulk ones in batches."""

    URGENT = "urgent"
    BULK = "bulk"
    SCAIP = "scaip"
    INTERNAL = "internal"


class Rejection(StrEnum):
    """Why a message is in quarantine."""

    BAD_TOPIC = "bad_topic"
    UNKNOWN_KIND = "unknown_kind"
    MALFORMED = "malformed"
    PARTLY_MALFORMED = "partly_malformed"
    TOO_LARGE = "too_large"
    UNKNOWN_DEVICE = "unknown_device"
    OTHER_TENANT = "other_tenant"
    FUTURE_TIME = "future_time"
    REFUSED_BY_DATABASE = "refused_by_database"
    RULE_FAILED = "rule_failed"


SAME_EVENT_WITHIN = timedelta(hours=24)
"""The same key again within this time is the same event, unless a family says otherwise."""


class Observation(Struct, frozen=True, gc=False):
    """A message that was understood, before it is known whose device it is and whether it is new.

    `payload` is JSON as it came; `key` is equal for two messages that are the same event within `same_within` (None:
    cannot be told). `is_state`: tells how things are, so it is an event only when they were otherwise before.
    """

    tenant: TenantId
    device: DeviceId
    kind: str
    message: Message
    payload: bytes
    key: bytes | None
    is_state: bool = False
    same_within: timedelta = SAME_EVENT_WITHIN


class Heard(Struct, frozen=True, gc=False):
    """What a device of another family said, in canonical form, before it is known which device that is.

    `origins`: who spoke; when the first is not registered, the next (a pendant's controller). `payload`: the message
    as canonical JSON, where the first of those that one payload gave has the payload itself in `raw`. The other
    fields as in Observation.
    """

    origins: tuple[Origin, ...]
    kind: str
    message: Message
    payload: bytes
    key: bytes | None
    is_state: bool = False
    same_within: timedelta = SAME_EVENT_WITHIN


class Found(Struct, frozen=True, gc=False):
    """A device that a hub or network told of by itself; people may register it.

    `topics`: where its messages come, when that is not below the family's own topics.
    """

    origin: Origin
    name: str | None = None
    vendor: str | None = None
    model: str | None = None
    topics: tuple[str, ...] = ()


class Rejected(Struct, frozen=True, gc=False):
    """A message that was not understood; goes to quarantine."""

    reason: Rejection
    detail: str
    tenant: TenantId | None = None
    device: DeviceId | None = None
    origin: Origin | None = None


Content = tuple[Observation | Heard | Found | Rejected, ...]


class Delivery(Struct, frozen=True, gc=False):
    """One message on its way to the log.

    `content`: what it says, in this order; nothing for what is not for the log: Vaka's own commands, markers that
    sessions send to themselves, repetitions. `token` is the source's own, to acknowledge by.
    """

    topic: str
    payload: bytes
    lane: Lane
    content: Content
    token: Any = None
