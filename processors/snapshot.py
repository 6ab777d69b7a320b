"""Saving states now and then, a few at a time, so that saving never holds up a press."""

import time
from collections import deque

from events.ids import Key
from rules.partition import Partition
from rules.state import ResidentState
from store.log import open_batch
from store.pool import Connection
from store.snapshots import Mark, save_mark, save_states

CHUNK = 200


class Snapshotter:
    """Every `seconds`, what has changed since the last time. States are values, so the list is the cut in time.

    While a cut is being written the mark stays where it was; a state that is ahead of the mark skips what it has seen.
    """

    def __init__(self, seconds: float, *, real_time: bool = True) -> None:
        self.real_time = real_time
        self._seconds = seconds
        self._next = time.monotonic() + seconds
        self._changed: set[Key] = set()
        self._cut: deque[ResidentState] = deque()
        self._mark: Mark | None = None

    def changed(self, keys: set[Key]) -> None:
        self._changed |= keys

    async def save_some(self, connection: Connection, epoch: int, partition: Partition, position: int) -> None:
        """One chunk of the cut that is being written, or a new cut when it is time."""
        if self._mark is None and time.monotonic() >= self._next:
            self._begin(partition, position)
        if self._mark is not None:
            await self._save_chunk(connection, epoch)

    async def save_all(self, connection: Connection, epoch: int, partition: Partition, position: int) -> None:
        """All of it, before a clean stop."""
        while self._mark is not None:
            await self._save_chunk(connection, epoch)
        self._begin(partition, position)
        while self._mark is not None:
            await self._save_chunk(connection, epoch)

    def _begin(self, partition: Partition, position: int) -> None:
        self._cut = deque(partition.states[key] for key in self._changed if key in partition.states)
        self._changed = set()
        self._mark = Mark(position, partition.holding, partition.fired_to)

    async def _save_chunk(self, connection: Connection, epoch: int) -> None:
        assert self._mark is not None
        chunk = [self._cut.popleft() for _ in range(min(CHUNK, len(self._cut)))]
        async with connection.transaction():
            await open_batch(connection, epoch, 0)
            await save_states(connection, chunk)
            if not self._cut:
                await save_mark(connection, self._mark)
        if not self._cut:
            self._mark = None
            self._next = time.monotonic() + self._seconds
