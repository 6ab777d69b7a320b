"""What the rules remember of one device: who has it, what it last said, and how it is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import median

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from events import messages as m
from events.control import AssignmentChanged, DeviceChanged
from events.devices import LifeCycle, Watch
from events.ids import DeviceId, Key, ResidentId, health_key
from events.kinds import Technology
from events.log import Entry

ASPECTS: dict[str, tuple[str, bool, str | None]] = {
    "motion": ("motion", True, "room"),
    "motion_ended": ("motion", False, "room"),
    "door_opened": ("open", True, "door"),
    "door_closed": ("open", False, "door"),
    "bed_entered": ("in_bed", True, None),
    "bed_left": ("in_bed", False, None),
    "mat_on": ("on_mat", True, None),
    "mat_off": ("on_mat", False, None),
    "leak_detected": ("leak", True, None),
    "leak_cleared": ("leak", False, None),
    "smoke_detected": ("smoke", True, None),
    "smoke_cleared": ("smoke", False, None),
    "wet_detected": ("wet", True, None),
    "wet_cleared": ("wet", False, None),
    "locked": ("locked", True, None),
    "unlocked": ("locked", False, None),
    "mains_restored": ("mains", True, None),
    "mains_lost": ("mains", False, None),
    "tampered": ("tampered", True, None),
    "tamper_cleared": ("tampered", False, None),
    "fault": ("fault", True, "code"),
    "fault_cleared": ("fault", False, "code"),
    "online": ("online", True, None),
    "offline": ("online", False, None),
}
"""What has two values: which one a kind tells, and the field that says which door, room or fault it is about."""

MOST_ASPECTS = 40
"""A device that makes up names must not fill the memory: it forgets what it said first."""

TREND_POINTS = 12
TREND_SPACING = timedelta(hours=4)
CHARGED = 10.0
"""A battery that is so many points higher than before was charged or changed: its trend begins anew."""

SAMPLES = 5
SAMPLE_SPACING = timedelta(minutes=10)
"""What a device kept back and sends in one go is late, not a wrong clock: so much of it counts as one sample."""

Point = tuple[datetime, float]


class Lending(Struct, frozen=True, array_like=True, gc=False):
    """Who has the device from `start` until before `end`; it may lie in the future."""

    assignment: str
    resident: ResidentId
    shared_with: ResidentId | None
    start: datetime
    end: datetime | None


class Care(Struct, frozen=True, array_like=True, gc=False):
    """What people decided about the device. `since`: from when silence counts, if nothing is heard after it."""

    technology: Technology = Technology.OTHER
    life_cycle: LifeCycle = LifeCycle.IN_USE
    hub: Key | None = None
    watch: Watch = Watch()
    own_clock: bool = True
    lendings: tuple[Lending, ...] = ()
    since: datetime | None = None


class Battery(Struct, frozen=True, array_like=True, gc=False):
    """`trend`: some earlier values, the oldest first; a full one is thinned out, so that it reaches far back."""

    percent: float
    at: datetime
    trend: tuple[Point, ...] = ()


class Signal(Struct, frozen=True, array_like=True, gc=False):
    quality: float | None
    rssi_dbm: float | None
    at: datetime


class Facts(Struct, frozen=True, array_like=True, gc=False):
    """What the device last said. `aspects`: each as in ASPECTS, `open:balcony` when it names a place.

    `mains_lost_at`, `offline_at`: since when it is so.
    """

    aspects: dict[str, bool] = {}
    battery: Battery | None = None
    signal: Signal | None = None
    mains_lost_at: datetime | None = None
    offline_at: datetime | None = None
    tested_at: datetime | None = None


class Clock(Struct, frozen=True, array_like=True, gc=False):
    """How many seconds the device's clock is behind ours, as some of its messages say; the last one is the newest."""

    samples: tuple[float, ...] = ()
    next_at: datetime | None = None


class Told(Struct, frozen=True, array_like=True, gc=False):
    """An episode about the device that somebody was told of. `key`: whose alarm it is."""

    key: Key
    episode: str
    since: datetime


class Silence(Struct, frozen=True, array_like=True, gc=False):
    """Nothing is heard since `since`. `waits`: for its hub, which is silent as well; then nobody is told."""

    since: datetime
    waits: bool


class Health(Struct, frozen=True, array_like=True, gc=False):
    """What is wrong. `told`: by trouble. `hub_turn`: of the hub's turns, the last that this device knows of.

    `turn` rises whenever a hub goes down or comes back.
    """

    silence: Silence | None = None
    told: dict[str, Told] = {}
    turn: int = 0
    hub_turn: int = 0


class DeviceState(Struct, frozen=True, array_like=True, gc=False):
    """State of one device. `position` is the last entry applied; `last_seen` is when it was heard, by our clock.

    `deadline` is never later than the true one, which only signs of life move, and only onwards: an event costs no
    more than this struct, and the true deadline is worked out when this one has come.
    """

    key: Key
    position: int = -1
    deadline: datetime | None = None
    last_seen: datetime | None = None
    care: Care = Care()
    facts: Facts = Facts()
    clock: Clock = Clock()
    health: Health = Health()

    @property
    def device(self) -> DeviceId:
        return DeviceId(self.key[2:])

    @property
    def skew(self) -> timedelta | None:
        """How far the device's clock is behind ours, most of the time; None before there is enough to tell."""
        if len(self.clock.samples) < 3:
            return None
        return timedelta(seconds=median(self.clock.samples))


def heard(state: DeviceState, entry: Entry) -> DeviceState:
    """`state` after a message of the device; that its hub does not see it is not said by the device itself."""
    kind, now = entry.kind, entry.received_at
    learn = _LEARN.get(kind)
    clock = state.clock
    if state.care.own_clock and (clock.next_at is None or now >= clock.next_at):
        clock = _sampled(clock, entry)
    return DeviceState(
        state.key,
        entry.position,
        state.deadline,
        state.last_seen if kind == "offline" else now,
        state.care,
        state.facts if learn is None else learn(state.facts, entry),
        clock,
        state.health,
    )


def relayed(hub: DeviceState, entry: Entry) -> DeviceState:
    """A hub's state after a message that came through it."""
    return replace(hub, position=entry.position, last_seen=entry.received_at)


def aspect_name(kind: str, message: object) -> str:
    """Under which name in `aspects` stands what this kind tells."""
    aspect, _, field = ASPECTS[kind]
    place = getattr(message, field, None) if field is not None else None
    return aspect if place is None else f"{aspect}:{place}"


def _learn_aspect(facts: Facts, entry: Entry) -> Facts:
    name, value = aspect_name(entry.kind, entry.data), ASPECTS[entry.kind][1]
    if facts.aspects.get(name) is value:
        return facts
    aspects = {key: old for key, old in facts.aspects.items() if key != name}
    if entry.kind == "fault_cleared" and name == "fault":
        aspects = {key: old for key, old in aspects.items() if not key.startswith("fault:")}
    aspects[name] = value
    if len(aspects) > MOST_ASPECTS:
        del aspects[next(iter(aspects))]
    return replace(facts, aspects=aspects)


def _learn_mains(facts: Facts, entry: Entry) -> Facts:
    lost = (facts.mains_lost_at or entry.received_at) if entry.kind == "mains_lost" else None
    return replace(_learn_aspect(facts, entry), mains_lost_at=lost)


def _learn_presence(facts: Facts, entry: Entry) -> Facts:
    since = (facts.offline_at or entry.received_at) if entry.kind == "offline" else None
    return replace(_learn_aspect(facts, entry), offline_at=since)


def _learn_battery(facts: Facts, entry: Entry) -> Facts:
    assert isinstance(entry.data, m.Battery)
    percent, at = entry.data.percent, entry.received_at
    old = facts.battery
    trend = old.trend if old is not None and percent < old.percent + CHARGED else ()
    if not trend or (at - trend[-1][0] >= TREND_SPACING and abs(percent - trend[-1][1]) >= 1):
        trend = (*(trend if len(trend) < TREND_POINTS else trend[::2]), (at, percent))
    return replace(facts, battery=Battery(percent, at, trend))


def _learn_signal(facts: Facts, entry: Entry) -> Facts:
    assert isinstance(entry.data, m.Signal)
    return replace(facts, signal=Signal(entry.data.quality, entry.data.rssi_dbm, entry.received_at))


def _learn_test(facts: Facts, entry: Entry) -> Facts:
    return replace(facts, tested_at=entry.received_at)


_LEARN: dict[str, Callable[[Facts, Entry], Facts]] = {
    **dict.fromkeys(ASPECTS, _learn_aspect),
    **dict.fromkeys(("mains_lost", "mains_restored"), _learn_mains),
    **dict.fromkeys(("online", "offline"), _learn_presence),
    "battery": _learn_battery,
    "signal": _learn_signal,
    "test_alarm": _learn_test,
}


def _sampled(clock: Clock, entry: Entry) -> Clock:
    behind = round((entry.received_at - entry.occurred_at).total_seconds(), 1)
    return Clock((*clock.samples[1 - SAMPLES :], behind), entry.received_at + SAMPLE_SPACING)


def changed(state: DeviceState, entry: Entry) -> DeviceState:
    """`state` after people changed the device. Silence counts anew when it is watched in another way than before."""
    data = entry.data
    assert isinstance(data, DeviceChanged)
    hub = health_key(data.hub) if data.hub is not None else None
    care = state.care
    same = (care.life_cycle, care.watch, care.hub) == (data.life_cycle, data.watch, hub)
    care = replace(
        care,
        technology=data.technology,
        life_cycle=data.life_cycle,
        hub=hub,
        watch=data.watch,
        own_clock=data.origin is None,
        since=care.since if same else entry.received_at,
    )
    return replace(state, position=entry.position, care=care)


def lent(state: DeviceState, entry: Entry) -> DeviceState:
    """`state` after it was decided who has the device, and when; what is over is forgotten."""
    data = entry.data
    assert isinstance(data, AssignmentChanged)
    lending = Lending(data.assignment, data.resident, data.shared_with, data.start, data.end)
    others = [other for other in state.care.lendings if other.assignment != data.assignment]
    lendings = tuple(one for one in (*others, lending) if one.end is None or one.end > entry.received_at)
    return replace(state, position=entry.position, care=replace(state.care, lendings=lendings))


def holders(state: DeviceState, at: datetime) -> tuple[ResidentId, ...]:
    """Who has the device at that time; two when a couple shares it."""
    return tuple(
        resident
        for lending in state.care.lendings
        if lending.start <= at and (lending.end is None or at < lending.end)
        for resident in (lending.resident, lending.shared_with)
        if resident is not None
    )


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(DeviceState)


def encode_device(state: DeviceState) -> bytes:
    return _ENCODER.encode(state)


def decode_device(data: bytes) -> DeviceState:
    return _DECODER.decode(data)
