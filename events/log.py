"""One entry of the log: a message or a control entry, with its place and its two times."""

from datetime import datetime

from msgspec import Struct

from events.control import Control
from events.ids import DeviceId, Key, ResidentId, TenantId
from events.messages import Message


class Entry(Struct, frozen=True, gc=False):
    """What the rules are given, and what replay reads back.

    `occurred_at` is the device's clock and says what happened when; `received_at` is the clock of the
    log's owner, never goes back, and drives deadlines. Both are aware UTC.
    """

    position: int
    key: Key
    kind: str
    data: Message | Control
    occurred_at: datetime
    received_at: datetime
    tenant: TenantId | None = None
    device: DeviceId | None = None
    resident: ResidentId | None = None

    @property
    def id(self) -> str:
        return str(self.position)
