"""All devices of one partition of the log, and which of them speak through which: what a hub does to its devices."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from events.control import DeviceChanged
from events.ids import DeviceId, Key, health_key
from events.log import Entry
from rules import device_step
from rules.decisions import AnyDecision
from rules.device_facts import TELLING, heard, is_news_of, relayed
from rules.device_state import DeviceState

Decisions = list[AnyDecision]
NOTHING: Decisions = []
MOST_HUBS = 8
"""A device, its gateway, its network: more than a few in a row are people's mistake."""


class Fleet:
    """Device states by key. `kept` is told of every state that takes the place of another (None: of nothing)."""

    def __init__(self, kept: Callable[[DeviceState | None, DeviceState], None]) -> None:
        self.states: dict[Key, DeviceState] = {}
        self._members: dict[Key, set[Key]] = {}
        self._kept = kept

    def put(self, key: Key, state: DeviceState | None) -> None:
        """Takes over a state as it was saved, or as it was before; None: there was none."""
        self._join(key, self.states.pop(key, None), state)
        if state is not None:
            self.states[key] = state

    def hubs_above(self, key: Key) -> int:
        """How many hubs there are between the device and the world."""
        hubs = 0
        state = self.states.get(key)
        while state is not None and state.known.hub is not None and hubs < MOST_HUBS:
            state, hubs = self.states.get(state.known.hub), hubs + 1
        return hubs

    def tell(self, entry: Entry, device: DeviceId, *, holding: bool) -> Decisions:
        """An entry about a device, and so a sign of life of its hub. Unless `holding`, what was due comes first."""
        key = health_key(device)
        old = self.states.get(key)
        decisions = NOTHING
        if old is not None and _is_usual(old, entry, holding):
            # Nearly every message: it must cost next to nothing.
            state = heard(old, entry)
            if state.known is old.known or entry.kind not in TELLING:
                self.states[key] = state
                self._kept(old, state)
            else:
                state, made = device_step.on_news(state, entry, key in self._members)
                decisions = self._settle(old, state, made, entry.received_at, entry.position, holding=holding)
        else:
            state, decisions = self._tell_all(entry, old or DeviceState(key), holding=holding)
        hub = state.known.hub
        if hub is None or entry.device is None:
            return decisions
        made = self._relay(entry, hub, holding=holding)
        return [*decisions, *made] if made else decisions

    def _tell_all(self, entry: Entry, old: DeviceState, *, holding: bool) -> tuple[DeviceState, Decisions]:
        """The same where something is out of the ordinary."""
        decisions: Decisions = []
        if entry.position <= old.position:
            return old, NOTHING
        if old.deadline is not None and old.deadline <= entry.received_at and not holding:
            decisions = self.fire_due(old.key, entry.received_at)
            old = self.states[old.key]
        is_hub = old.key in self._members
        if entry.device is None:
            state, made = self._change(old, entry, is_hub)
        else:
            state, made = device_step.on_news(heard(old, entry), entry, is_hub)
        return state, decisions + self._settle(old, state, made, entry.received_at, entry.position, holding=holding)

    def fire_due(self, key: Key, now: datetime) -> Decisions:
        """Everything that is due for one device until `now`, one time after the other."""
        decisions: Decisions = []
        while (due := self.states[key].deadline) is not None and due <= now:
            decisions += self.fire(key, due)
        return decisions

    def fire(self, key: Key, due: datetime) -> Decisions:
        """The device's own deadline has come."""
        old = self.states[key]
        state, made = device_step.on_time(old, due, key in self._members, partial(self._is_away, old.known.hub))
        return self._settle(old, state, made, due, due.isoformat(), holding=False)

    def excuse(self, deaf_since: datetime, at: datetime) -> None:
        """Nobody could be heard from `deaf_since` to `at`, for Vaka did not listen."""
        for key, old in self.states.items():
            state = device_step.excused(old, deaf_since, at, key in self._members)
            if state is not old:
                self.states[key] = state
                self._kept(old, state)

    def _change(self, old: DeviceState, entry: Entry, is_hub: bool) -> device_step.Result:
        data = entry.data
        hub = health_key(data.hub) if isinstance(data, DeviceChanged) and data.hub is not None else None
        turn = self.states[hub].known.turn if hub in self.states else 0
        return device_step.on_change(old, entry, is_hub, turn)

    def _relay(self, entry: Entry, key: Key | None, *, holding: bool) -> Decisions:
        """All hubs above are alive. Each is asked by itself: after half a snapshot one may know it and the next not."""
        decisions = NOTHING
        for _ in range(MOST_HUBS):
            hub = self.states.get(key) if key is not None else None
            if hub is None:
                break
            if entry.position > hub.position and is_news_of(hub, entry.received_at):
                made = self._hear_through(hub, entry, holding=holding)
                decisions = [*decisions, *made] if made else decisions
            key = hub.known.hub
        return decisions

    def _hear_through(self, hub: DeviceState, entry: Entry, *, holding: bool) -> Decisions:
        decisions = NOTHING
        if hub.deadline is not None and hub.deadline <= entry.received_at and not holding:
            decisions = self.fire_due(hub.key, entry.received_at)
            hub = self.states[hub.key]
        elif hub.known.calm:
            # Nearly always.
            state = relayed(hub, entry)
            self.states[hub.key] = state
            self._kept(hub, state)
            return NOTHING
        state, made = device_step.on_relay(hub, entry)
        return [*decisions, *self._settle(hub, state, made, entry.received_at, entry.position, holding=holding)]

    def _settle(
        self, old: DeviceState, state: DeviceState, made: Decisions, at: datetime, cause: object, *, holding: bool
    ) -> Decisions:
        """Keeps the new state. When a hub fell silent or is back, its devices learn of it, after what was due."""
        key = state.key
        has_turned = state.known.turn != old.known.turn and key in self._members
        if not has_turned:
            self._keep(old, state)
            return made
        members = sorted(self._members[key])
        decisions = [*made]
        for member in members if not holding else ():
            decisions += self.fire_due(member, at)
        self._keep(old, state)
        for member in members:
            decisions += self._tell_member(member, old, state, at, cause, holding=holding)
        return decisions

    def _tell_member(
        self, key: Key, before: DeviceState, hub: DeviceState, at: datetime, cause: object, *, holding: bool
    ) -> Decisions:
        old, is_hub = self.states[key], key in self._members
        gone = before.known.silence
        if hub.known.silence is not None:
            state, made = device_step.on_hub_down(old, hub, at, cause, is_hub)
        elif gone is not None:
            state, made = device_step.on_hub_back(old, hub, gone, at, cause, is_hub)
        else:
            return NOTHING
        return self._settle(old, state, made, at, cause, holding=holding)

    def _is_away(self, key: Key | None, at: datetime) -> bool:
        """Whether nothing could come through this hub then: it is silent, about to be told silent, or behind one."""
        for _ in range(MOST_HUBS):
            hub = self.states.get(key) if key is not None else None
            if hub is None:
                return False
            if hub.known.silence is not None or device_step.is_overdue(hub, at):
                return True
            key = hub.known.hub
        return False

    def _keep(self, old: DeviceState, state: DeviceState) -> None:
        key = state.key
        before = self.states.get(key)
        self.states[key] = state
        if before is None or state.known is not old.known:
            self._join(key, before, state)
        self._kept(before, state)

    def _join(self, key: Key, old: DeviceState | None, state: DeviceState | None) -> None:
        """Keeps the list of each hub's devices."""
        left = old.known.hub if old is not None else None
        joined = state.known.hub if state is not None else None
        if left == joined:
            return
        if left is not None:
            self._members[left].discard(key)
            if not self._members[left]:
                del self._members[left]
        if joined is not None:
            self._members.setdefault(joined, set()).add(key)


def _is_usual(old: DeviceState, entry: Entry, holding: bool) -> bool:
    return (
        old.known.calm
        and entry.device is not None
        and entry.position > old.position
        and (old.deadline is None or entry.received_at < old.deadline or holding)
    )
