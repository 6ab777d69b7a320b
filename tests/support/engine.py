"""The engine of a test: the real loop on a real database and broker, with a clock that is set by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import aiomqtt
import msgspec
from prometheus_client import CollectorRegistry

from events.address import MqttServer
from events.delivery import Delivery, Rejected
from events.ids import DeviceId, TenantId
from events.kinds import URGENT
from events.topics import event_topic
from ingest.reader import Reader
from ingest.source import MqttSource
from processors.engine import Engine
from processors.metrics import EngineMetrics
from processors.owner import LogOwner
from tests.support.village import TENANT
from vaka.clock import Clock, ManualClock, system_clock
from vaka.roles import first_of, follow

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
"""A Monday, 07:00 in Stockholm."""


class CountingSource(MqttSource):
    """Counts what was acknowledged, so that a test knows when all that it published is committed."""

    acknowledged = 0

    def acknowledge(self, deliveries: Iterable[Delivery], refused: Sequence[tuple[Delivery, Rejected]] = ()) -> None:
        done = list(deliveries)
        super().acknowledge(done, refused)
        self.acknowledged += sum(bool(delivery.content) for delivery in done)


class RunningEngine:
    """Owns the log while it runs; `say` returns when what the device said is committed or held."""

    def __init__(self, owner: LogOwner, source: CountingSource, device: aiomqtt.Client, clock: Clock) -> None:
        self.owner = owner
        self.source = source
        self.clock = clock
        self.owning: asyncio.Task[None]
        self._device = device
        self._commits = asyncio.Event()
        self._expected = source.acknowledged
        owner.after_commit = self._committed

    def _committed(self) -> None:
        follow(self.source, self.owner)
        self._commits.set()

    @property
    def engine(self) -> Engine:
        assert self.owner.engine is not None
        return self.owner.engine

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits, commit by commit, for the condition; the test's own timeout ends it otherwise."""
        while not condition():
            self._commits.clear()
            await first_of(self._commits.wait(), asyncio.wait([self.owning]))
            if self.owning.done():
                await self.owning
                raise AssertionError("the engine has ended")

    async def say(
        self, device: str, kind: str, *, at: datetime | None = None, tenant: TenantId = TENANT, **fields: object
    ) -> None:
        payload = msgspec.json.encode({"at": at or self.clock(), **fields})
        await self.publish(event_topic(tenant, DeviceId(device), kind), payload)
        await self.settle()

    async def publish(self, topic: str, payload: bytes) -> None:
        # An urgent kind comes over both sessions.
        self._expected += 2 if topic.rpartition("/")[2] in URGENT and topic.count("/") == 4 else 1
        await self._device.publish(topic, payload, qos=1)

    async def hear(self, topic: str, payload: bytes) -> None:
        """A device of another family speaks, and what it said is judged."""
        self._expected = self.source.acknowledged + 1
        await self._device.publish(topic, payload, qos=1)
        await self.settle()

    async def settle(self) -> None:
        """All that was published before this is committed."""
        await self.until(lambda: self.source.acknowledged >= self._expected)

    async def heed(self) -> None:
        """What people changed before this is in the log."""
        self.engine.inbox_news()
        await self.until(lambda: not self.engine.has_inbox_news)

    async def advance(self, **step: float) -> None:
        """Time passes, and what became due is committed."""
        assert isinstance(self.clock, ManualClock)
        self.clock.advance(timedelta(**step))
        self.source.wake()
        await self.until(lambda: not self._overdue())

    def _overdue(self) -> bool:
        deadline = self.engine.partition.next_deadline()
        return self.engine.partition.holding or (deadline is not None and deadline <= self.clock())


@asynccontextmanager
async def running_engine(
    database_url: str,
    server: MqttServer,
    clock: Clock,
    *,
    queue_limit: int = 5000,
    reader: Reader | None = None,
    one_filter: bool = False,
) -> AsyncIterator[RunningEngine]:
    """Starts the engine, with a session of its own, and waits until it has caught up."""
    stop = asyncio.Event()
    reader = reader or Reader()
    source = CountingSource(reader, clock, node=f"test-{uuid4().hex}", limit=queue_limit, one_filter=one_filter)
    metrics = EngineMetrics(CollectorRegistry())
    owner = LogOwner(
        database_url,
        source,
        reader.reread,
        now=clock,
        wall=system_clock,
        metrics=metrics,
        real_time=isinstance(clock, ManualClock),
        health_seconds=0,
    )
    async with aiomqtt.Client(server.address.host, server.address.port, protocol=aiomqtt.ProtocolVersion.V5) as device:
        running = RunningEngine(owner, source, device, clock)
        running.owning = asyncio.create_task(owner.run(stop))
        try:
            await owner.ready.wait()
            follow(source, owner)
            await source.open(server, stop)
            await running.until(lambda: source.is_caught_up() and not running.engine.partition.holding)
            yield running
        finally:
            stop.set()
            source.wake()
            await running.owning
            await source.close()
