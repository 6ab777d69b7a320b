"""What the rules remember of one device: who has it, what it last said, and how it is."""

from datetime import datetime

import msgspec
from msgspec import Struct

from events.devices import LifeCycle, Watch
from events.ids import DeviceId, Key, ResidentId
from events.kinds import Technology
from rules.clock import Clock

Point = tuple[datetime, float]


class Lending(Struct, frozen=True, array_like=True, gc=False):
    """Who has the device from `start` until before `end`; it may lie in the future."""

    assignment: str
    resident: ResidentId
    shared_with: ResidentId | None
    start: datetime
    end: datetime | None


class Battery(Struct, frozen=True, array_like=True, gc=False):
    """`trend`: some earlier values, the oldest first; a full one is thinned out, so that it reaches far back."""

    percent: float
    at: datetime
    trend: tuple[Point, ...] = ()


class Signal(Struct, frozen=True, array_like=True, gc=False):
    quality: float | None
    rssi_dbm: float | None
    at: datetime


class Told(Struct, frozen=True, array_like=True, gc=False):
    """An episode about the device that somebody was told of at `at`; it began at `since`. `key`: whose alarm it is."""

    key: Key
    episode: str
    at: datetime
    since: datetime


class Silence(Struct, frozen=True, array_like=True, gc=False):
    """Noticed at `at`: nothing was heard since `since`. `waits`: for its hub, which is silent as well.

    `offline`: its network said so, before the device's own limit had passed.
    """

    since: datetime
    at: datetime
    waits: bool = False
    offline: bool = False


class Known(Struct, frozen=True, array_like=True, gc=False):
    """All about a device that most of its messages do not change. In one struct, so that reading it costs little.

    What people decided: `hub` is the key of the device that it speaks through; `since`: from when silence counts, if
    nothing is heard after it. What the device last said: `aspects` as in `device_facts.ASPECTS`, such as `open`, or
    `open:balcony` where it names a place; `mains_lost_at`, `offline_at`: since when it is so. What is wrong: `told` by
    trouble; `turn` rises whenever it falls silent or is heard again, `hub_turn` is its hub's turn that it knows of.
    `calm`: a message that changes nothing here decides nothing either.
    """

    technology: Technology = Technology.OTHER
    life_cycle: LifeCycle = LifeCycle.IN_USE
    hub: Key | None = None
    watch: Watch = Watch()
    own_clock: bool = True
    lendings: tuple[Lending, ...] = ()
    testing_until: datetime | None = None
    since: datetime | None = None

    aspects: dict[str, bool] = {}
    battery: Battery | None = None
    signal: Signal | None = None
    mains_lost_at: datetime | None = None
    offline_at: datetime | None = None
    tested_at: datetime | None = None
    clock: Clock = Clock()

    silence: Silence | None = None
    told: dict[str, Told] = {}
    turn: int = 0
    hub_turn: int = 0
    calm: bool = True


class DeviceState(Struct, frozen=True, array_like=True, gc=False):
    """State of one device. `position` is the last entry applied; `last_seen` is when it was heard, by our clock.

    `deadline` is never later than the true one, which signs of life only move onwards: an event costs no more than
    this struct, and the true deadline is worked out when this one has come.
    """

    key: Key
    position: int = -1
    deadline: datetime | None = None
    last_seen: datetime | None = None
    known: Known = Known()

    @property
    def device(self) -> DeviceId:
        return DeviceId(self.key[2:])


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(DeviceState)


def encode_device(state: DeviceState) -> bytes:
    return _ENCODER.encode(state)


def decode_device(data: bytes) -> DeviceState:
    return _DECODER.decode(data)
