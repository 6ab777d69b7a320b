"""Taking the log, running the loop on it, and beginning anew when the database or the ownership is lost."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime

import psycopg

from processors.catch_up import CatchUp
from processors.device_health import DeviceHealthWriter
from processors.engine import Engine, Source
from processors.inbox import ReadMessage
from processors.metrics import EngineMetrics
from processors.recovery import recover
from processors.snapshot import Snapshotter
from store.failures import DATABASE_DOWN
from store.listen import listen
from store.log import NotOwner, take_log
from store.pool import Connection, connect

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.5
CHANNEL = "vaka_inbox"


class LogOwner:
    """Keeps one engine running. `ready` is set once a recovered engine takes messages."""

    def __init__(
        self,
        database_url: str,
        source: Source,
        read: ReadMessage,
        *,
        now: Callable[[], datetime],
        wall: Callable[[], datetime],
        metrics: EngineMetrics,
        name: str = "engine",
        real_time: bool = True,
        snapshot_seconds: float = 60,
        health_seconds: float = 2,
        catch_up_seconds: float = 60,
        queue_limit: int = 5000,
    ) -> None:
        self.engine: Engine | None = None
        self.ready = asyncio.Event()
        self.after_commit: Callable[[], None] = lambda: None
        self._database_url = database_url
        self._source = source
        self._read = read
        self._now = now
        self._wall = wall
        self._metrics = metrics
        self._name = name
        self._real_time = real_time
        self._snapshot_seconds = snapshot_seconds
        self._health_seconds = health_seconds
        self._catch_up_seconds = catch_up_seconds
        self._queue_limit = queue_limit

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self._own(stop)
            except (psycopg.Error, NotOwner, OSError) as error:
                self._metrics.failures.inc()
                log.error("the log cannot be written, beginning anew from it: %s", str(error).strip())
                await _pause(stop, RETRY_SECONDS)
            finally:
                self.ready.clear()
                self.engine = None

    async def _own(self, stop: asyncio.Event) -> None:
        connection = await connect(self._database_url)
        try:
            epoch = await self._wait_for_log(connection, stop)
            if epoch is None:
                return
            engine = await self._begin(connection, epoch)
            listening = asyncio.create_task(self._listen(engine))
            try:
                self.ready.set()
                await engine.run(stop)
            finally:
                listening.cancel()
        finally:
            await connection.close()

    async def _wait_for_log(self, connection: Connection, stop: asyncio.Event) -> int | None:
        told = False
        while not stop.is_set():
            epoch = await take_log(connection, self._name)
            if epoch is not None:
                return epoch
            if not told:
                log.warning("another process owns the log; waiting for it to end")
                told = True
            await _pause(stop, RETRY_SECONDS)
        return None

    async def _begin(self, connection: Connection, epoch: int) -> Engine:
        started = time.perf_counter()
        recovered = await recover(connection)
        log.info(
            "log taken at position %d: %d residents, %d entries replayed in %.2f s",
            recovered.position,
            len(recovered.partition.states),
            recovered.replayed,
            time.perf_counter() - started,
        )
        catch_up = CatchUp(self._catch_up_seconds)
        engine = Engine(
            connection,
            epoch,
            recovered,
            self._source,
            self._read,
            now=self._now,
            wall=self._wall,
            metrics=self._metrics,
            snapshotter=Snapshotter(self._snapshot_seconds, real_time=self._real_time),
            health=DeviceHealthWriter(self._health_seconds, self._now, self._metrics.devices),
            catch_up=catch_up,
            queue_limit=self._queue_limit,
        )
        engine.after_commit = self.after_commit
        self._source.on_backlog = lambda: self._backlog(catch_up)
        self.engine = engine
        return engine

    def _backlog(self, catch_up: CatchUp) -> None:
        catch_up.begin()
        self._source.wake()

    async def _listen(self, engine: Engine) -> None:
        """Wakes the engine when somebody puts something into the inbox; the engine looks now and then all the same."""
        while True:
            try:
                async for _ in listen(self._database_url, CHANNEL):
                    engine.inbox_news()
            except DATABASE_DOWN as error:
                log.warning("not told of changes for now: %s", str(error).strip())
                await asyncio.sleep(RETRY_SECONDS)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
