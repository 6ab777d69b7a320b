"""Lives of devices: hubs and what is behind them, registered, lent, heard, silent, through outages and crashes."""

from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st

from events.codec import decode_message
from events.control import AssignmentChanged, DeviceChanged
from events.delivery import Delivery, Lane, Observation
from events.devices import LifeCycle, Watch
from events.ids import DeviceId, ResidentId, device_key, resident_key
from events.kinds import Technology
from processors.batch import Batch
from tests.property.lives import (
    NOW,
    CaughtUp,
    Crashed,
    Event,
    Life,
    Reconnected,
    Saved,
    Stopped,
    Turn,
    minutes,
)
from tests.property.world import RESIDENTS, TENANT, Owner

NETWORK, GATEWAY, BUTTON, SENSOR, SPARE = DEVICES = tuple(
    DeviceId(name) for name in ("network", "gateway", "button", "a-sensor", "spare")
)
HUBS = {GATEWAY: NETWORK, BUTTON: GATEWAY, SENSOR: GATEWAY, SPARE: None}
LIMITS = {NETWORK: 60, GATEWAY: 30, BUTTON: 90, SENSOR: 50, SPARE: 60}


class Registered(NamedTuple):
    """A device is registered, or changed."""

    device: DeviceId
    hub: DeviceId | None = None
    limit: int | None = 60
    life_cycle: LifeCycle = LifeCycle.IN_USE
    is_critical: bool = False


class Lent(NamedTuple):
    """A device is with a resident from a while before or after now; `until` is counted from now as well."""

    device: DeviceId
    resident: ResidentId
    since: timedelta
    until: timedelta | None


class Heard(NamedTuple):
    """A device says something; `ago`: how long before now by its own clock."""

    device: DeviceId
    kind: str
    ago: timedelta = NOW
    percent: int = 50


class DeviceOwner(Owner):
    def _take(self, batch: Batch, thing: object) -> None:
        match thing:
            case Registered(device, hub, limit, life_cycle, is_critical):
                changed = DeviceChanged(
                    device=device,
                    tenant=TENANT,
                    technology=Technology.SOCIAL_ALARM,
                    hub=hub,
                    life_cycle=life_cycle,
                    watch=Watch(limit, life_critical=is_critical),
                )
                self._directory.change(changed)
                batch.control(changed, device_key(device))
            case Lent(device, resident, since, until):
                lent = AssignmentChanged(
                    assignment=f"{device}-{resident}",
                    device=device,
                    resident=resident,
                    technology=Technology.SOCIAL_ALARM,
                    start=batch.now + since,
                    end=batch.now + until if until is not None else None,
                )
                self._directory.change(lent)
                batch.control(lent, resident_key(resident), resident)
            case Heard(device, kind, ago, percent):
                payload = msgspec.json.encode({"at": batch.now - ago, "percent": percent})
                seen = Observation(TENANT, device, kind, decode_message(kind, payload), payload, None)
                batch.observe(Delivery("", payload, Lane.BULK, (seen,)), seen)


class DeviceLife(Life):
    def _start(self) -> Owner:
        return DeviceOwner(self.tables, self._zone)


FIRST: Any = (
    Registered(NETWORK, limit=60),
    Registered(GATEWAY, NETWORK, limit=30),
    Registered(BUTTON, GATEWAY, limit=90, is_critical=True),
    Registered(SENSOR, GATEWAY, limit=50),
    Registered(SPARE, limit=60, life_cycle=LifeCycle.INSTALLED),
    Lent(BUTTON, RESIDENTS[0], NOW, None),
)

KINDS = (
    "heartbeat", "motion", "battery", "mains_lost", "mains_restored", "tampered", "tamper_cleared", "fault",
    "fault_cleared", "online", "offline", "test_alarm", "alarm_pressed",
)  # fmt: skip

devices = st.sampled_from(DEVICES)
heard = st.builds(
    Heard, devices, st.sampled_from(("heartbeat", "motion") * 6 + KINDS), minutes(0, 0, 0, 10, 300), st.integers(0, 100)
)
registered = st.builds(
    lambda device, factor, life_cycle: Registered(
        device, HUBS[device], LIMITS[device] * factor, life_cycle, device == BUTTON
    ),
    st.sampled_from(list(HUBS)),
    st.sampled_from((1, 1, 2)),
    st.sampled_from((LifeCycle.IN_USE, LifeCycle.IN_USE, LifeCycle.INSTALLED, LifeCycle.RETURNED)),
)
moved = st.builds(
    lambda device, hub: Registered(device, hub, LIMITS[device]),
    st.sampled_from((BUTTON, SENSOR, SPARE)),
    st.sampled_from((GATEWAY, NETWORK, None)),
)
lent = st.builds(
    Lent,
    st.sampled_from((BUTTON, SENSOR)),
    st.sampled_from(RESIDENTS),
    minutes(-60, 0, 30),
    st.none() | minutes(31, 60, 300),
)
# A turn takes what the owner of this life understands.
things: st.SearchStrategy[Any] = st.lists(heard | heard | heard | registered | lent, max_size=4).map(tuple)
spans = minutes(0, 1, 5, 10, 20, 30, 60, 90, 240, 720)


@st.composite
def turns(draw: st.DrawFn, what: st.SearchStrategy[Any] = things, *, fails: bool = False) -> Turn:
    """With a name of its own: written out in full, the strategy would be too long to be shown."""
    return Turn(draw(spans), draw(what), draw(st.sampled_from((0.0, 100.0))), fails)


good_turns, failures = turns(), turns(fails=True)
ticks = spans.map(Turn)
saves = st.sampled_from([Saved(chunks) for chunks in (1, 2, 3, 8)])
outages = minutes(-60, 0, 3, 60, 720)
crashes, stops = outages.map(Crashed), outages.map(Stopped)
lines = st.sampled_from([Reconnected(), CaughtUp()])


def _scene(*steps: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Event, ...]]:
    return st.tuples(*steps)


# Everybody is well; then time passes, and a hub with what is behind it falls silent.
_heartbeats: Any = tuple(Heard(device, "heartbeat") for device in DEVICES)
_well = spans.map(lambda after: Turn(after, _heartbeats))
_long, _short = minutes(30, 40, 60, 90, 240).map(Turn), minutes(5, 20, 25).map(Turn)
_hub_is_back = st.sampled_from([Turn(NOW, (beat,)) for beat in _heartbeats])
_all_saved, _some_saved = st.just(Saved(12)), st.sampled_from([Saved(chunks) for chunks in range(1, 8)])
_caught_up = st.just(CaughtUp())
_scenes = st.one_of(
    *map(_scene, (good_turns, good_turns, ticks, failures, saves, stops, crashes, lines)),
    _scene(_caught_up, good_turns, ticks, good_turns),
    _scene(_caught_up, _well, _long, _short, _hub_is_back, good_turns),
    _scene(_caught_up, _well, _all_saved, _long, _short, _some_saved, _hub_is_back, crashes, ticks, _caught_up),
    _scene(_well, _all_saved, _long, _hub_is_back, _some_saved, crashes, ticks, _caught_up, ticks),
    _scene(saves, good_turns, ticks, saves, crashes, good_turns, lines),
)
histories = st.lists(_scenes, min_size=2, max_size=8).map(lambda scenes: [event for scene in scenes for event in scene])
# A device that gets another hub while a snapshot is half written is left out: replay would give the sign of life that
# it was to the old one, by some minutes, to the new one.
moves = st.lists(
    _caught_up | lines | turns(st.lists(heard | heard | moved, max_size=4).map(tuple)) | ticks | _well, max_size=16
)


def begun(life: DeviceLife) -> DeviceLife:
    """With its devices registered and Vaka listening."""
    life.go_through(Turn(NOW, FIRST))
    life.go_through(CaughtUp())
    life.go_through(Turn(NOW))
    return life
