"""Saving states now and then, a few at a time, so that saving never holds up a press."""

import time
from collections import deque
from typing import NamedTuple

from events.ids import Key
from rules.partition import Partition
from rules.saved import State
from store.log import open_batch
from store.pool import Connection
from store.snapshots import Mark, save_fired_to, save_mark, save_states

CHUNK = 200


class Chunk(NamedTuple):
    """What one transaction saves. Only the last chunk of a cut moves the place where replay begins to `mark`."""

    states: list[State]
    mark: Mark
    is_last: bool


class Snapshotter:
    """Every `seconds`, what has changed since the last time. States are values, so the list is the cut in time.

    While a cut is being written the mark stays where it was, and some saved states are ahead of it: they skip the
    entries that they have seen. Nothing that is fired on the way can touch them either, because a cut is never begun
    while deadlines wait: all of its deadlines lie after its `fired_to`, which is saved with the first chunk.
    """

    def __init__(self, seconds: float, *, real_time: bool = True, chunk: int = CHUNK) -> None:
        self.real_time = real_time
        self._seconds = seconds
        self._chunk = chunk
        self._next = time.monotonic() + seconds
        self._changed: set[Key] = set()
        self._cut: deque[State] = deque()
        self._mark: Mark | None = None

    def changed(self, keys: set[Key]) -> None:
        self._changed |= keys

    async def save_some(self, connection: Connection, epoch: int, partition: Partition, position: int) -> None:
        """One chunk of the cut that is being written, or of a new cut when it is time."""
        if time.monotonic() >= self._next:
            self.begin(partition, position)
        await self._save_chunk(connection, epoch)

    async def save_all(self, connection: Connection, epoch: int, partition: Partition, position: int) -> None:
        """All of it, before a clean stop."""
        while await self._save_chunk(connection, epoch):
            pass
        self.begin(partition, position)
        while await self._save_chunk(connection, epoch):
            pass

    def begin(self, partition: Partition, position: int) -> None:
        """Makes a cut of everything that is committed; not while deadlines wait, or while one is being written."""
        if partition.holding or self._mark is not None:
            return
        states = (partition.state(key) for key in partition.in_order_of_saving(self._changed))
        self._cut = deque(state for state in states if state is not None)
        self._changed = set()
        self._mark = Mark(position, partition.fired_to)

    def next_chunk(self) -> Chunk | None:
        """What is to be saved next, in this order; None when the cut is saved."""
        if self._mark is None:
            return None
        states = [self._cut.popleft() for _ in range(min(self._chunk, len(self._cut)))]
        chunk = Chunk(states, self._mark, not self._cut)
        if chunk.is_last:
            self._mark = None
            self._next = time.monotonic() + self._seconds
        return chunk

    async def _save_chunk(self, connection: Connection, epoch: int) -> bool:
        chunk = self.next_chunk()
        if chunk is None:
            return False
        async with connection.transaction():
            await open_batch(connection, epoch, 0)
            await save_states(connection, chunk.states)
            if chunk.is_last:
                await save_mark(connection, chunk.mark)
            else:
                await save_fired_to(connection, chunk.mark.fired_to)
        return True
