"""What ingest hands over: a message as it came, what was understood of it, and how to acknowledge it."""

from enum import StrEnum
from typing import Any

from msgspec import Struct

from events.ids import DeviceId, TenantId
from events.messages import Message


class Lane(StrEnum):
    """Urgent deliveries are taken first and committed at once; bulk ones in batches."""

    URGENT = "urgent"
    BULK = "bulk"
    INTERNAL = "internal"


class Rejection(StrEnum):
    """Why a message is in quarantine."""

    BAD_TOPIC = "bad_topic"
    UNKNOWN_KIND = "unknown_kind"
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    UNKNOWN_DEVICE = "unknown_device"
    OTHER_TENANT = "other_tenant"
    FUTURE_TIME = "future_time"
    REFUSED_BY_DATABASE = "refused_by_database"
    RULE_FAILED = "rule_failed"


class Observation(Struct, frozen=True, gc=False):
    """A message that was understood, before it is known whose device it is and whether it is new.

    `payload` is JSON as it came; `key` is equal for two messages that are the same event (None: cannot be told).
    """

    tenant: TenantId
    device: DeviceId
    kind: str
    message: Message
    payload: bytes
    key: bytes | None


class Rejected(Struct, frozen=True, gc=False):
    """A message that was not understood; goes to quarantine."""

    reason: Rejection
    detail: str
    tenant: TenantId | None = None
    device: DeviceId | None = None


class Delivery(Struct, frozen=True, gc=False):
    """One message on its way to the log.

    `content` is None for what is not for the log: Vaka's own commands, and markers that sessions send to themselves.
    `token` is the source's own, to acknowledge by.
    """

    topic: str
    payload: bytes
    lane: Lane
    content: Observation | Rejected | None
    token: Any = None
