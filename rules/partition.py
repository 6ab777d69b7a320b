"""All residents of one partition of the log, in memory: the same fold for the live run, for recovery and for replay.

It does no input or output. The owner of the log gives it entries and time, writes what was decided in one
transaction, and then says `commit`; when the transaction fails, `rollback` takes every state back.
"""

import heapq
from collections.abc import Iterable
from datetime import datetime

from events.control import CatchUpBegan, CatchUpEnded, Ticked
from events.ids import EVERYBODY, Key
from events.log import Entry
from rules.decisions import AnyDecision
from rules.state import ResidentState
from rules.step import BY_KIND, step


class Partition:
    """States by key, and their deadlines in order of time.

    `holding`: deadlines wait while a backlog is read. `fired_to`: all deadlines until then have been fired.
    """

    def __init__(self, states: Iterable[ResidentState] = (), fired_to: datetime | None = None) -> None:
        self.states: dict[Key, ResidentState] = {state.key: state for state in states}
        self.holding = False
        self.fired_to = fired_to
        self._position = -1
        self._heap = [(s.deadline, s.key) for s in self.states.values() if s.deadline is not None]
        heapq.heapify(self._heap)
        self._before: dict[Key, ResidentState | None] = {}
        self._was = (self.holding, self.fired_to, self._position)

    def apply(self, entry: Entry) -> list[AnyDecision]:
        """Takes the next entry of the log; first fires what was due for its resident before it was received."""
        if entry.kind not in BY_KIND:
            return self._apply_to_everybody(entry) if entry.key == EVERYBODY else []
        old = self.states.get(entry.key)
        state = old or ResidentState(entry.key)
        if entry.position <= state.position:
            # A saved state may be ahead of the place where replay begins: it has seen this entry, and time up to it.
            return []
        before: list[AnyDecision] = []
        if not self.holding and state.deadline is not None and state.deadline <= entry.received_at:
            state, before, _ = step(state, entry.received_at)
        state, decisions, _ = step(state, entry)
        self._keep(old, state)
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
        self._was = (self.holding, self.fired_to, self._position)
        return changed

    def rollback(self) -> None:
        """Every state as it was at the last commit."""
        for key, state in self._before.items():
            if state is None:
                del self.states[key]
            else:
                self.states[key] = state
                if state.deadline is not None:
                    heapq.heappush(self._heap, (state.deadline, key))
        self._before.clear()
        self.holding, self.fired_to, self._position = self._was

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
                return decisions
            case CatchUpEnded():
                self.holding = False
                return self._fire(entry.received_at)
        return []

    def _fire(self, now: datetime) -> list[AnyDecision]:
        decisions: list[AnyDecision] = []
        heap = self._heap
        while heap and heap[0][0] <= now:
            deadline, key = heapq.heappop(heap)
            if not self._is_current(deadline, key):
                continue
            # One deadline at a time, so that decisions of different residents come in order of their due times.
            old = self.states[key]
            state, made, _ = step(old, deadline)
            decisions += made
            self._keep(old, state)
        self.fired_to = max(now, self.fired_to) if self.fired_to else now
        return decisions

    def _keep(self, old: ResidentState | None, state: ResidentState) -> None:
        self._before.setdefault(state.key, old)
        self.states[state.key] = state
        if state.deadline is not None and (old is None or old.deadline != state.deadline):
            heapq.heappush(self._heap, (state.deadline, state.key))

    def _is_current(self, deadline: datetime, key: Key) -> bool:
        state = self.states.get(key)
        return state is not None and state.deadline == deadline
