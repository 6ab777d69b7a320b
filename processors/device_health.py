"""The read model of the fleet, behind the rules' states: written now and then, never in the way of a press."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from prometheus_client import Gauge

from events.ids import Key
from rules.device_state import Known
from rules.device_summary import Status, Summary, summary
from rules.partition import Partition
from rules.saved import is_device
from store.device_health import save_health
from store.log import open_batch
from store.pool import Connection

CHUNK = 500
SEEN_AGAIN = timedelta(minutes=5)
"""When nothing else about a device has changed, its last sign of life is written this often."""


class DeviceHealthWriter:
    """Every `seconds`, what has changed since the last time, a chunk in each transaction.

    After a start all devices count as changed, because what was not yet written when the last owner ended is known
    nowhere. `gauge` follows: how many of the devices that somebody relies on have which status.
    """

    def __init__(self, seconds: float, now: Callable[[], datetime], gauge: Gauge, chunk: int = CHUNK) -> None:
        self._seconds = seconds
        self._now = now
        self._gauge = gauge
        self._chunk = chunk
        self._next = 0.0
        self._changed: dict[Key, None] = {}
        self._written: dict[Key, tuple[Known, datetime | None]] = {}
        self._counted: dict[Key, Status] = {}
        self._counts: Counter[Status] = Counter()

    def changed(self, keys: Iterable[Key]) -> None:
        self._changed.update(dict.fromkeys(key for key in keys if is_device(key)))

    async def save_some(self, connection: Connection, epoch: int, partition: Partition) -> None:
        """One chunk, when it is time; the next one soon, if there is more."""
        if not self._changed or time.monotonic() < self._next:
            return
        await self._save(connection, epoch, partition)
        self._next = time.monotonic() + (0.0 if self._changed else self._seconds)

    async def save_all(self, connection: Connection, epoch: int, partition: Partition) -> None:
        """All of it, before a clean stop."""
        while self._changed:
            await self._save(connection, epoch, partition)

    async def _save(self, connection: Connection, epoch: int, partition: Partition) -> None:
        keys: list[Key] = []
        while self._changed and len(keys) < self._chunk:
            key = next(iter(self._changed))
            del self._changed[key]
            if self._is_worth_writing(partition, key):
                keys.append(key)
        if not keys:
            return
        found = {key: summary(partition.devices[key]) for key in keys}
        async with connection.transaction():
            await open_batch(connection, epoch, 0)
            await save_health(connection, list(found.values()), self._now())
        for key, written in found.items():
            state = partition.devices[key]
            self._written[key] = (state.known, state.last_seen)
            self._count(key, written)
        for status in Status:
            self._gauge.labels(status).set(self._counts[status])

    def _is_worth_writing(self, partition: Partition, key: Key) -> bool:
        state = partition.devices.get(key)
        if state is None:
            return False
        known, seen = self._written.get(key, (None, None))
        if state.known is not known or state.last_seen is None or seen is None:
            return True
        return state.last_seen - seen >= SEEN_AGAIN

    def _count(self, key: Key, written: Summary) -> None:
        old = self._counted.pop(key, None)
        if old is not None:
            self._counts[old] -= 1
        if written.is_counted:
            self._counted[key] = written.status
            self._counts[written.status] += 1
