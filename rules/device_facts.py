"""What a device's state learns from its messages, and from what people decide about it."""

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from events import messages as m
from events.control import AssignmentChanged, DeviceChanged
from events.devices import LifeCycle
from events.ids import ResidentId, health_key
from events.log import Entry
from rules.clock import disproved, sampled
from rules.device_state import Battery, DeviceState, Known, Lending, Signal

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

RELAY_NOTED = timedelta(minutes=5)
"""So often a hub's state says that something came through it: more often would cost, and tell nobody more."""


def heard(state: DeviceState, entry: Entry) -> DeviceState:
    """`state` after a message of the device; that its hub does not see it is not said by the device itself."""
    kind, known = entry.kind, state.known
    learn = _LEARN.get(kind)
    if learn is not None:
        known = learn(known, entry)
    if not known.calm:
        known = _with_clock_in_doubt(known, entry)
    seen = state.last_seen if kind == "offline" else entry.received_at
    return DeviceState(state.key, entry.position, state.deadline, seen, known)


def relayed(hub: DeviceState, entry: Entry) -> DeviceState:
    """A hub's state after a message that came through it."""
    return DeviceState(hub.key, entry.position, hub.deadline, entry.received_at, hub.known)


def is_news_of(hub: DeviceState, now: datetime) -> bool:
    """Whether a message that came through the hub says something of it that is not noted already.

    What came before it was known to be silent or offline does not end that: after half a snapshot, replay may tell a
    hub that is ahead of messages that came while all was well.
    """
    known = hub.known
    if known.silence is not None:
        return now >= known.silence.at
    if known.offline_at is not None:
        return now >= known.offline_at
    if known.life_cycle is LifeCycle.INSTALLED:
        return True
    return hub.last_seen is None or now - hub.last_seen >= RELAY_NOTED


def aspect_name(kind: str, message: object) -> str:
    """Under which name in `aspects` stands what this kind tells."""
    aspect, _, field = ASPECTS[kind]
    place = getattr(message, field, None) if field is not None else None
    return aspect if place is None else f"{aspect}:{place}"


TELLING = frozenset(
    {
        "battery", "signal", "heartbeat", "alarm_pressed", "test_alarm", "mains_lost", "mains_restored", "tampered",
        "tamper_cleared", "fault", "fault_cleared", "online", "offline",
    }
)  # fmt: skip
"""The kinds from which something can be learned of how the device itself is."""


def _with_clock(known: Known, entry: Entry) -> Known:
    """`known` with a sample of the device's clock, if it speaks of its own and there is none of late."""
    if not known.own_clock:
        return known
    clock = sampled(known.clock, _said_at(entry), entry.received_at)
    return known if clock is known.clock else replace(known, clock=clock)


def _with_clock_in_doubt(known: Known, entry: Entry) -> Known:
    """What is only late is often followed by what is not."""
    clock = disproved(known.clock, _said_at(entry), entry.received_at)
    return known if clock is known.clock else replace(known, clock=clock)


def _said_at(entry: Entry) -> datetime:
    """By the device's own clock; `occurred_at` is corrected by what was measured."""
    assert isinstance(entry.data, m.Message)
    return entry.data.at


def _learn_aspect(known: Known, entry: Entry) -> Known:
    aspect, value, field = ASPECTS[entry.kind]
    place = getattr(entry.data, field, None) if field is not None else None
    name = aspect if place is None else f"{aspect}:{place}"
    if known.aspects.get(name) is value:
        return known
    aspects = dict(known.aspects)
    aspects.pop(name, None)
    if entry.kind == "fault_cleared" and place is None:
        aspects = {other: was for other, was in aspects.items() if not other.startswith("fault:")}
    aspects[name] = value
    if len(aspects) > MOST_ASPECTS:
        del aspects[next(iter(aspects))]
    return replace(known, aspects=aspects)


def _learn_mains(known: Known, entry: Entry) -> Known:
    lost = (known.mains_lost_at or entry.received_at) if entry.kind == "mains_lost" else None
    return replace(_learn_aspect(known, entry), mains_lost_at=lost)


def _learn_presence(known: Known, entry: Entry) -> Known:
    since = (known.offline_at or entry.received_at) if entry.kind == "offline" else None
    return replace(_learn_aspect(known, entry), offline_at=since)


def _learn_battery(known: Known, entry: Entry) -> Known:
    assert isinstance(entry.data, m.Battery)
    percent, at = entry.data.percent, entry.received_at
    old = known.battery
    trend = old.trend if old is not None and percent < old.percent + CHARGED else ()
    if not trend or (at - trend[-1][0] >= TREND_SPACING and abs(percent - trend[-1][1]) >= 1):
        trend = (*(trend if len(trend) < TREND_POINTS else trend[::2]), (at, percent))
    return replace(_with_clock(known, entry), battery=Battery(percent, at, trend))


def _learn_signal(known: Known, entry: Entry) -> Known:
    assert isinstance(entry.data, m.Signal)
    return replace(_with_clock(known, entry), signal=Signal(entry.data.quality, entry.data.rssi_dbm, entry.received_at))


def _learn_test(known: Known, entry: Entry) -> Known:
    return replace(known, tested_at=entry.received_at)


_LEARN: dict[str, Callable[[Known, Entry], Known]] = {
    **dict.fromkeys(ASPECTS, _learn_aspect),
    **dict.fromkeys(("mains_lost", "mains_restored"), _learn_mains),
    **dict.fromkeys(("online", "offline"), _learn_presence),
    "battery": _learn_battery,
    "signal": _learn_signal,
    "test_alarm": _learn_test,
    **dict.fromkeys(("heartbeat", "alarm_pressed"), _with_clock),
}
"""What is learned from each kind. What is often reported late, such as a dose, says nothing about the clock."""


def changed(state: DeviceState, entry: Entry, hub_turn: int) -> DeviceState:
    """`state` after people changed the device. Silence counts anew when it is watched in another way than before.

    `hub_turn`: the turn at which its hub, which may be another one now, is.
    """
    data, known = entry.data, state.known
    assert isinstance(data, DeviceChanged)
    hub = health_key(data.hub) if data.hub is not None else None
    same = (known.life_cycle, known.watch, known.hub) == (data.life_cycle, data.watch, hub)
    known = replace(
        known,
        technology=data.technology,
        life_cycle=data.life_cycle,
        hub=hub,
        watch=data.watch,
        own_clock=data.origin is None,
        testing_until=data.testing_until,
        since=known.since if same else entry.received_at,
        silence=known.silence if same else None,
        hub_turn=hub_turn,
    )
    return replace(state, position=entry.position, known=known)


def lent(state: DeviceState, entry: Entry) -> DeviceState:
    """`state` after it was decided who has the device, and when; what is over is forgotten."""
    data = entry.data
    assert isinstance(data, AssignmentChanged)
    lending = Lending(data.assignment, data.resident, data.shared_with, data.start, data.end)
    others = [other for other in state.known.lendings if other.assignment != data.assignment]
    lendings = tuple(one for one in (*others, lending) if one.end is None or one.end > entry.received_at)
    return replace(state, position=entry.position, known=replace(state.known, lendings=lendings))


def holders(known: Known, at: datetime) -> tuple[ResidentId, ...]:
    """Who has the device at that time; two when a couple shares it."""
    return tuple(
        resident
        for lending in known.lendings
        if lending.start <= at and (lending.end is None or at < lending.end)
        for resident in (lending.resident, lending.shared_with)
        if resident is not None
    )
