"""The loop that owns the log on a single node: deliveries and time in, committed events and decisions out.

Everything that a batch means is written in one transaction; only then are its messages acknowledged. The states in
memory follow the transaction: kept when it commits, taken back when it does not, and read anew from snapshot and log
when it is not known whether it did.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import psycopg
from msgspec.structs import replace
from psycopg import errors

from events.control import CatchUpBegan, CatchUpEnded, Ticked
from events.delivery import Delivery, Rejected, Rejection
from processors.batch import Batch, only_first
from processors.batch_size import BatchSize
from processors.catch_up import CatchUp
from processors.device_health import DeviceHealthWriter
from processors.inbox import ReadMessage, apply_item
from processors.metrics import EngineMetrics
from processors.recovery import Recovered
from processors.snapshot import Snapshotter
from store import log as log_table
from store.alarms import carry_out
from store.found import note_found
from store.log import InboxItem, NotOwner
from store.log_status import LogStatus, say
from store.pool import Connection
from store.quarantine_write import hold
from store.usage_count import add_usage

log = logging.getLogger(__name__)

LINGER_SECONDS = 0.02
IDLE_SECONDS = 1.0
STATUS_SECONDS = 2.0
FORGET_SECONDS = 60.0

TROUBLE = (psycopg.OperationalError, psycopg.InterfaceError, NotOwner, OSError)
"""The database's own trouble: begin anew. Any other fault is a message's doing, and the message is found and held."""

TOO_MUCH = (errors.ProgramLimitExceeded, errors.StatementTooComplex)
"""psycopg counts these among operational errors, but it is a message that makes them."""


class Source(Protocol):
    """Where deliveries come from."""

    on_backlog: Callable[[], None]

    @property
    def connected(self) -> bool: ...
    @property
    def waiting(self) -> int: ...
    def is_caught_up(self) -> bool: ...
    def wake(self) -> None: ...
    async def take(self, limit: int, linger: float, wait: float) -> list[Delivery]: ...
    def acknowledge(self, deliveries: Sequence[Delivery], refused: Sequence[tuple[Delivery, Rejected]]) -> None: ...
    def give_back(self, deliveries: Sequence[Delivery]) -> None: ...


class Engine:
    """Runs on a connection that owns the log, from the recovered state, until it is stopped or the database fails.

    `now` is the clock of rules and people, `wall` real time; `after_commit` is called after every transaction.
    """

    def __init__(
        self,
        connection: Connection,
        epoch: int,
        recovered: Recovered,
        source: Source,
        read: ReadMessage,
        *,
        now: Callable[[], datetime],
        wall: Callable[[], datetime],
        metrics: EngineMetrics,
        snapshotter: Snapshotter,
        health: DeviceHealthWriter,
        catch_up: CatchUp,
        queue_limit: int = 5000,
    ) -> None:
        self.partition = recovered.partition
        self.directory = recovered.directory
        self.position = recovered.position
        self.after_commit: Callable[[], None] = lambda: None
        self._last_stamp = recovered.last_received
        self._connection = connection
        self._epoch = epoch
        self._source = source
        self._read = read
        self._now = now
        self._wall = wall
        self._metrics = metrics
        self._snapshotter = snapshotter
        self._snapshotter.changed(recovered.changed)
        self._health = health
        self._health.changed(self.partition.devices)
        self._catch_up = catch_up
        self._size = BatchSize()
        self._queue_limit = queue_limit
        self._inbox_news = True
        self._done = 0
        self._say_at = 0.0
        self._said: tuple[bool, bool] | None = None
        self._forget_at = time.monotonic() + FORGET_SECONDS

    def inbox_news(self) -> None:
        """Something was put into the inbox: look at it soon, even if no message comes."""
        self._inbox_news = True
        self._source.wake()

    @property
    def has_inbox_news(self) -> bool:
        return self._inbox_news

    async def run(self, stop: asyncio.Event) -> None:
        """Raises psycopg.Error or NotOwner when it cannot go on; the caller begins anew from the log."""
        self._catch_up.begin()
        while not stop.is_set():
            await self.step()
        await self._health.save_all(self._connection, self._epoch, self.partition)
        await self._snapshotter.save_all(self._connection, self._epoch, self.partition, self.position)

    async def step(self) -> None:
        """Takes one batch, or what has become due meanwhile."""
        deliveries = await self._source.take(self._size.limit, LINGER_SECONDS, self._patience())
        self._done = 0
        try:
            if deliveries or self._has_work():
                await self._commit_or_bisect(deliveries)
            await self._housekeep()
        except BaseException:
            self.partition.rollback()
            # What is acknowledged stays so: the broker may use its packet ids for other messages by now.
            self._source.give_back(deliveries[self._done :])
            raise
        self.after_commit()

    def _patience(self) -> float:
        """How long, in real seconds, nothing may happen: time itself has to be looked at."""
        return 0.0 if self._has_work() else IDLE_SECONDS if self._snapshotter.real_time else IDLE_SECONDS / 20

    def _has_work(self) -> bool:
        deadline = self.partition.next_deadline()
        overdue = deadline is not None and deadline <= self._now()
        return overdue or self._inbox_news or self._catch_up.has_news(self.partition.holding, self._source)

    async def _commit_or_bisect(self, deliveries: Sequence[Delivery]) -> None:
        """One transaction; when a message makes it fail, two with half of them each, down to that message alone."""
        started = time.perf_counter()
        try:
            await self._commit(deliveries)
        except Exception as error:
            self._take_back(error)
            await self._isolate(deliveries)
            return
        took = time.perf_counter() - started
        self._metrics.commit_seconds.observe(took)
        self._size.took(len(deliveries), took)

    async def _isolate(self, deliveries: Sequence[Delivery]) -> None:
        if len(deliveries) > 1:
            middle = len(deliveries) // 2
            await self._commit_or_bisect(deliveries[:middle])
            await self._commit_or_bisect(deliveries[middle:])
            return
        # The inbox may be to blame: what waits there is settled first, and alone.
        await self._settle_inbox()
        if deliveries:
            await self._commit_or_hold(deliveries[0])

    async def _commit_or_hold(self, delivery: Delivery) -> None:
        try:
            await self._commit([delivery])
        except Exception as error:
            self._take_back(error)
            refused = Rejected(_whose_fault(error), f"{type(error).__name__}: {error}".partition("\n")[0])
            await self._commit([replace(delivery, content=(refused,))])

    async def _commit(self, deliveries: Sequence[Delivery], inbox_limit: int = 100) -> None:
        inbox_news, self._inbox_news = self._inbox_news, False
        try:
            async with self._connection.transaction():
                batch = await self._fill(deliveries, inbox_limit)
                await self._write(batch)
        except BaseException:
            self._inbox_news |= inbox_news
            raise
        self._keep(batch)
        self._done += len(deliveries)
        self._source.acknowledge(deliveries, batch.refused)

    async def _fill(self, deliveries: Sequence[Delivery], inbox_limit: int) -> Batch:
        """Reads the inbox, judges the deliveries, and lets the rules see what is new."""
        items = await log_table.open_batch(self._connection, self._epoch, inbox_limit)
        self._inbox_news |= len(items) == inbox_limit
        batch = Batch(self.directory, self.partition, self._stamp(), self.position + 1)
        if self._catch_up.wants_hold(self.partition.holding):
            batch.control(CatchUpBegan(fired_to=self.partition.fired_to or self._last_stamp))
        again = await self._apply_inbox(batch, items)
        good = batch.screen([*again, *deliveries])
        first = only_first(good)
        new: set[bytes] = set()
        for within, keys in batch.keys_to_ask(first).items():
            new |= await log_table.new_keys(self._connection, keys, batch.now, within=within)
        batch.hold_refused(new)
        for delivery, seen in first:
            if seen.key is None or seen.key in new:
                batch.observe(delivery, seen)
        ended = self._catch_up.ended(self.partition.holding, self._source, time.monotonic())
        if ended is not None:
            batch.control(CatchUpEnded(complete=ended))
        elif batch.fire():
            batch.control(Ticked())
        return batch

    async def _apply_inbox(self, batch: Batch, items: Sequence[InboxItem]) -> list[Delivery]:
        again: list[Delivery] = []
        for item in items:
            result, messages = await apply_item(self._connection, batch, self.directory, item, self._read)
            await log_table.inbox_applied(self._connection, item.id, batch.now, result)
            again += messages
        return again

    async def _write(self, batch: Batch) -> None:
        if batch.rows:
            await log_table.append(self._connection, batch.rows)
        # Few of these statements need an answer: to wait for each would be most of the time that a press takes.
        async with self._connection.pipeline():
            await hold(self._connection, batch.held, batch.now)
            await note_found(self._connection, batch.found, batch.now)
            await add_usage(self._connection, batch.uses)
            await carry_out(self._connection, batch.decisions, batch.now)

    def _keep(self, batch: Batch) -> None:
        """The transaction is committed: what was prepared is now so."""
        changed = self.partition.commit()
        self._snapshotter.changed(changed)
        self._health.changed(changed)
        self._catch_up.committed(self.partition.holding)
        self.position = batch.next_position - 1
        self._last_stamp = batch.now
        metrics = self._metrics
        metrics.duplicates.inc(batch.screened - batch.observed - batch.repeated)
        metrics.repeated.inc(batch.repeated)
        for kind, count in Counter(row.entry.kind for row in batch.rows).items():
            metrics.events.labels(kind).inc(count)
        for held in batch.held:
            metrics.quarantined.labels(held.reason).inc()
        for decision in batch.decisions:
            metrics.decisions.labels(type(decision).__name__.lower(), decision.reason).inc()

    def _take_back(self, error: Exception) -> None:
        """Raises the database's own trouble; after anything else the states are as before the transaction."""
        if isinstance(error, TROUBLE) and not isinstance(error, TOO_MUCH):
            raise error
        self.partition.rollback()

    async def _settle_inbox(self) -> None:
        """Its items one by one; one that cannot be used, or that the database refuses, is answered so."""
        self._inbox_news = True
        while self._inbox_news:
            try:
                await self._commit([], inbox_limit=1)
            except Exception as error:
                self._take_back(error)
                await self._refuse_first_item(error)

    async def _refuse_first_item(self, error: Exception) -> None:
        async with self._connection.transaction():
            items = await log_table.open_batch(self._connection, self._epoch, 1)
            if not items:
                raise error
            (item,) = items
            log.error("inbox item %s (%s) was refused: %s", item.id, item.kind, error)
            result = {"error": str(error).partition("\n")[0]}
            await log_table.inbox_applied(self._connection, item.id, self._stamp(), result)

    def _stamp(self) -> datetime:
        """Now, but never before the last entry: the log's own clock does not go back."""
        return max(self._now(), self._last_stamp)

    async def _housekeep(self) -> None:
        now = time.monotonic()
        if now >= self._say_at or self._said != self._condition():
            self._say_at = now + STATUS_SECONDS
            self._inbox_news = True
            await self._say()
        if now >= self._forget_at:
            self._forget_at = now + FORGET_SECONDS
            async with self._connection.transaction():
                await log_table.forget_keys(self._connection, self._stamp())
        await self._health.save_some(self._connection, self._epoch, self.partition)
        await self._snapshotter.save_some(self._connection, self._epoch, self.partition, self.position)

    def _condition(self) -> tuple[bool, bool]:
        """What others must learn at once: whether it is connected, and whether it is catching up."""
        return self._source.connected, self.partition.holding

    async def _say(self) -> None:
        connected, holding = self._said = self._condition()
        status = LogStatus(self.position, connected, holding, self._source.waiting, self._queue_limit)
        async with self._connection.transaction():
            await say(self._connection, self._epoch, status, self._wall())
        self._metrics.waiting.set(status.waiting)
        self._metrics.position.set(status.position)
        self._metrics.catching_up.set(holding)


def _whose_fault(error: Exception) -> Rejection:
    return Rejection.REFUSED_BY_DATABASE if isinstance(error, psycopg.Error) else Rejection.RULE_FAILED
