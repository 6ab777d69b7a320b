"""All residents and devices of one partition of the log, in memory: the same fold for live run, recovery and replay.

It does no input or output. The owner of the log gives it entries and time, writes what was decided in one
transaction, and then says `commit`; when the transaction fails, `rollback` takes every state back.
"""

import heapq
from collections.abc import Iterable
from datetime import datetime, timedelta

from events.control import AssignmentChanged, CatchUpBegan, CatchUpEnded, DeviceChanged, Ticked
from events.ids import EVERYBODY, DeviceId, Key, health_key
from events.log import Entry
from rules.decisions import AnyDecision
from rules.device_state import DeviceState
from rules.fleet import MOST_HUBS, Fleet
from rules.saved import State, is_device
from rules.state import ResidentState
from rules.step import BY_KIND, step

NOTHING: list[AnyDecision] = []
OUTAGE = timedelta(minutes=5)
"""A standstill so long must not make devices silent. A snapshot may be a minute old, so that less tells nothing."""


class Partition:
    """States by key, of residents (`states`) and of devices (`devices`), and their deadlines in order of time.

    An event of a device goes to the state of who had it, and to the device's own. `holding`: deadlines wait while a
    backlog is read. `fired_to`: all deadlines until then have been fired.
    """

    def __init__(self, states: Iterable[State] = (), fired_to: datetime | None = None) -> None:
        self.states: dict[Key, ResidentState] = {}
        self.fleet = Fleet(self._kept)
        self.holding = False
        self.fired_to = fired_to
        self._deaf_since: datetime | None = None
        self._position = -1
        self._heap: list[tuple[datetime, Key]] = []
        for state in states:
            self._put(state.key, state)
        self._before: dict[Key, State | None] = {}
        self._was = self._place()

    @property
    def devices(self) -> dict[Key, DeviceState]:
        return self.fleet.states

    def state(self, key: Key) -> State | None:
        return self.devices.get(key) if is_device(key) else self.states.get(key)

    def device(self, device: DeviceId) -> DeviceState | None:
        return self.devices.get(health_key(device))

    def in_order_of_saving(self, keys: Iterable[Key]) -> list[Key]:
        """Devices before the hub that they speak through.

        When only some of them are saved, replay tells the saved devices again what happened to their hub, which they
        know; a device could not do without what a hub that is ahead of it no longer tells.
        """
        return sorted(keys, key=lambda key: (-self.fleet.hubs_above(key) if is_device(key) else -MOST_HUBS, key))

    def apply(self, entry: Entry) -> list[AnyDecision]:
        """Takes the next entry of the log; first fires what was due for whom it is about before it was received."""
        decisions = self._tell_resident(entry) if entry.kind in BY_KIND else NOTHING
        if entry.device is not None:
            made = self.fleet.tell(entry, entry.device, holding=self.holding)
        elif entry.key == EVERYBODY:
            made = self._apply_to_everybody(entry)
        elif isinstance(entry.data, DeviceChanged | AssignmentChanged):
            made = self.fleet.tell(entry, entry.data.device, holding=self.holding)
        else:
            return decisions
        return [*decisions, *made] if made else decisions

    def _tell_resident(self, entry: Entry) -> list[AnyDecision]:
        old = self.states.get(entry.key)
        state = old or ResidentState(entry.key)
        if entry.position <= state.position:
            # A saved state may be ahead of the place where replay begins: it has seen this entry, and time up to it.
            return []
        before: list[AnyDecision] = []
        if not self.holding and state.deadline is not None and state.deadline <= entry.received_at:
            state, before, _ = step(state, entry.received_at)
        state, decisions, _ = step(state, entry)
        self.states[state.key] = state
        self._kept(old, state)
        return [*before, *decisions] if before else decisions

    def fire(self, now: datetime) -> list[AnyDecision]:
        """Fires all deadlines due until `now`, in order of time; none while holding."""
        if self.holding:
            return []
        return self._fire(now)

    def next_deadline(self) -> datetime | None:
        """When `fire` has something to do; None while holding or when nothing is watched."""
        if self.holding:
            return None
        heap = self._heap
        while heap and not self._is_current(*heap[0]):
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def commit(self) -> set[Key]:
        """Forgets what was before; returns the keys whose states changed since the last commit."""
        changed = set(self._before)
        self._before.clear()
        self._was = self._place()
        return changed

    def rollback(self) -> None:
        """Every state as it was at the last commit."""
        for key, state in self._before.items():
            self._put(key, state)
        self._before.clear()
        self.holding, self.fired_to, self._position, self._deaf_since = self._was

    def _place(self) -> tuple[bool, datetime | None, int, datetime | None]:
        return self.holding, self.fired_to, self._position, self._deaf_since

    def _apply_to_everybody(self, entry: Entry) -> list[AnyDecision]:
        if entry.position <= self._position:
            return []
        self._position = entry.position
        match entry.data:
            case Ticked():
                return self.fire(entry.received_at)
            case CatchUpBegan(fired_to=fired_to):
                decisions = self.fire(fired_to)
                self.holding = True
                self._deaf_since = fired_to
                return decisions
            case CatchUpEnded():
                self.holding = False
                if self._deaf_since is not None and entry.received_at - self._deaf_since > OUTAGE:
                    self.fleet.excuse(self._deaf_since, entry.received_at)
                return self._fire(entry.received_at)
        return []

    def _fire(self, now: datetime) -> list[AnyDecision]:
        decisions: list[AnyDecision] = []
        heap = self._heap
        while heap and heap[0][0] <= now:
            deadline, key = heapq.heappop(heap)
            # One deadline at a time, so that decisions of different residents come in order of their due times.
            if self._is_current(deadline, key):
                decisions += self._fire_one(key, deadline)
        self.fired_to = max(now, self.fired_to) if self.fired_to else now
        return decisions

    def _fire_one(self, key: Key, deadline: datetime) -> list[AnyDecision]:
        if is_device(key):
            return self.fleet.fire(key, deadline)
        old = self.states[key]
        state, made, _ = step(old, deadline)
        self.states[key] = state
        self._kept(old, state)
        return made

    def _kept(self, old: State | None, state: State) -> None:
        """Notes what was before, and when the new state has something to do."""
        key, deadline = state.key, state.deadline
        if key not in self._before:
            self._before[key] = old
        if deadline is not None and (old is None or (old.deadline is not deadline and old.deadline != deadline)):
            heapq.heappush(self._heap, (deadline, key))

    def _put(self, key: Key, state: State | None) -> None:
        """Takes over a state as it was saved, or as it was before; None: there was none."""
        if is_device(key):
            assert not isinstance(state, ResidentState)
            self.fleet.put(key, state)
        elif isinstance(state, ResidentState):
            self.states[key] = state
        else:
            del self.states[key]
        if state is not None and state.deadline is not None:
            heapq.heappush(self._heap, (state.deadline, key))

    def _is_current(self, deadline: datetime, key: Key) -> bool:
        state = self.state(key)
        return state is not None and state.deadline == deadline
