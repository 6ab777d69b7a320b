"""One measurement of one consumer: events are published, and it is seen how fast they are committed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import uuid4

from benchmarks.consumers import Consumer, Running
from benchmarks.messages import Messages
from benchmarks.publisher import Publisher
from benchmarks.servers import Servers
from simulators.municipality import Municipality
from store.pool import connect

POLL_SECONDS = 0.02
HERALD_SECONDS = 0.2
WARM = 200
"""Events before the clock is started: what a consumer does once, at its start, is not counted."""

CHUNK = 100
AHEAD = 2000
"""Live, so many events may be published and not yet stored."""


class Rate(NamedTuple):
    """Events committed a second, and microseconds of the consumer's own process for each."""

    events: float
    cpu: float


class Mark(NamedTuple):
    """At a `time`, so much was stored, and had cost so many seconds."""

    time: float
    stored: int
    cpu: float


class Trial:
    """Each trial is done once, over sessions that the broker has kept nothing for."""

    def __init__(self, servers: Servers, municipality: Municipality, consumer: Consumer, events: int) -> None:
        self._servers = servers
        self._consumer = consumer
        self._events = events
        self._run = uuid4().hex[:8]
        self._messages = Messages(municipality, self._run)
        self._heralds = Messages(municipality, f"h{self._run}", press_every=0)
        self._stored = 0

    async def drained(self) -> Rate:
        await self._consumer.forget(self._servers)
        async with self._consumer.running(self._servers):
            await self._subscribed()
        await self._publish(self._events)
        async with self._consumer.running(self._servers) as running:
            return await self._meter(running)

    async def live(self) -> Rate:
        await self._consumer.forget(self._servers)
        async with self._consumer.running(self._servers) as running:
            await self._subscribed()
            publishing = asyncio.create_task(self._publish(AHEAD))
            rate = await self._meter(running)
            await publishing
            return rate

    async def _subscribed(self) -> None:
        """Publishes until something arrives: from then on the broker keeps what the consumer does not take."""
        publisher = await Publisher.connect(self._servers.devices)
        async with await connect(self._servers.database_url, autocommit=True) as connection:
            while not await self._consumer.count(connection, f"h{self._run}"):
                await publisher.publish(self._heralds.take(1))
                await asyncio.sleep(HERALD_SECONDS)
        await publisher.close()

    async def _publish(self, ahead: int) -> None:
        """All events, but never more than `ahead` of what is stored."""
        publisher = await Publisher.connect(self._servers.devices)
        for sent in range(0, self._events, CHUNK):
            while sent - self._stored >= ahead:  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS / 10)
            await publisher.publish(self._messages.take(min(CHUNK, self._events - sent)))
        await publisher.settle()
        await publisher.close()

    async def _meter(self, running: Running) -> Rate:
        before = await running.stored()
        first = await self._until(running, before, min(WARM, self._events // 2))
        last = await self._until(running, before, self._events)
        await self._complete()
        events = max(last.stored - first.stored, 1)
        return Rate(events / max(last.time - first.time, POLL_SECONDS), (last.cpu - first.cpu) / events * 1e6)

    async def _until(self, running: Running, before: int, stored: int) -> Mark:
        while (now := await running.stored()) - before < stored:
            self._stored = now - before
            await asyncio.sleep(POLL_SECONDS)
        cpu = running.process.cpu_times()
        return Mark(time.perf_counter(), now, cpu.user + cpu.system)

    async def _complete(self) -> None:
        """Waits for the very last, and looks whether each event is there once."""
        async with await connect(self._servers.database_url, autocommit=True) as connection:
            while (stored := await self._consumer.count(connection, self._run)) < self._events:  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS)
        if stored != self._events:
            raise RuntimeError(f"{self._consumer.name} stored {stored} of {self._events} events")


WAYS: dict[str, Callable[[Trial], Awaitable[Rate]]] = {"drained": Trial.drained, "live": Trial.live}
