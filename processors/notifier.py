"""The notifier: takes notifications from the outbox, sends them, and notes what came of it.

The order is claim, send, mark. A crash in between repeats a sending, with the same id; it never forgets one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from processors.backoff import Backoff
from processors.reach_metrics import ReachMetrics
from processors.stepping import POLL_SECONDS, keep_stepping
from processors.webhook import Receipt
from store import outbox
from store.outbox import CHANNEL, Claimed
from store.pool import Pool

log = logging.getLogger(__name__)

CONSOLE_BATCH = 500
IN_FLIGHT = 64
"""Webhook notifications being sent at a time."""

PER_RECEIVER = 8
"""Of those to one receiver: one that hangs takes no place from the others."""

LEASE = timedelta(seconds=60)
"""Longer than sending takes, so that only a crash lets it run out."""

RETRIES = Backoff(timedelta(seconds=1), timedelta(minutes=5))
_GRACE_SECONDS = 2.0

Send = Callable[[Claimed], Awaitable[Receipt]]


class Notifier:
    """`send` delivers one webhook notification; the console's need no sending, see `store.outbox`.

    `now` is Vaka's clock. Leases and retries are in real time.
    """

    def __init__(
        self,
        pool: Pool,
        now: Callable[[], datetime],
        metrics: ReachMetrics,
        send: Send,
        *,
        lease: timedelta = LEASE,
        retries: Backoff = RETRIES,
    ) -> None:
        self._pool = pool
        self._send = send
        self._now = now
        self._metrics = metrics
        self._lease = lease
        self._retries = retries
        self._in_flight: dict[asyncio.Task[None], Claimed] = {}
        self._landed = asyncio.Event()

    async def step(self) -> float | None:
        """Tells the console and begins to send what is due; returns real seconds until there is more.

        It does not wait for what it began: `finish` does. A receiver with something under way gets no more.
        """
        await self._give_up()
        await self._tell_console()
        await self._begin_sending()
        if len(self._in_flight) >= IN_FLIGHT:
            return None
        async with self._pool.connection() as connection:
            return await outbox.seconds_to_next(connection, self._busy())

    async def finish(self, timeout: float | None = None) -> None:
        """Waits for what is under way; after `timeout` seconds, cancels it: its lease runs out and it is repeated."""
        if self._in_flight:
            _, late = await asyncio.wait(self._in_flight, timeout=timeout)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)

    async def run(self, database_url: str, stop: asyncio.Event, poll_seconds: float = POLL_SECONDS) -> None:
        """Steps until `stop`; survives a database that goes away and comes back."""
        try:
            await keep_stepping(self.step, database_url, CHANNEL, stop, self._landed, poll_seconds)
        finally:
            await self.finish(_GRACE_SECONDS)

    def _busy(self) -> list[str]:
        return sorted({notification.receiver for notification in self._in_flight.values()})

    async def _give_up(self) -> None:
        async with self._pool.connection() as connection:
            channels = await outbox.give_up_pointless(connection)
        for channel in channels:
            self._count(channel, "failed")

    async def _tell_console(self) -> None:
        while True:
            now = self._now()
            async with self._pool.connection() as connection:
                shown = await outbox.show_on_console(connection, now, CONSOLE_BATCH)
            for notification in shown:
                self._sent("console", now - notification.created_at)
            if len(shown) < CONSOLE_BATCH:
                return

    async def _begin_sending(self) -> None:
        async with self._pool.connection() as connection:
            claimed = await outbox.claim(
                connection,
                limit=IN_FLIGHT - len(self._in_flight),
                per_receiver=PER_RECEIVER,
                busy=self._busy(),
                lease=self._lease,
            )
        for notification in claimed:
            task = asyncio.create_task(self._deliver(notification))
            self._in_flight[task] = notification
            task.add_done_callback(self._landing)

    def _landing(self, task: asyncio.Task[None]) -> None:
        notification = self._in_flight.pop(task)
        self._landed.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._count("webhook", "unmarked")
            log.error("notification %s was not marked and will be repeated: %r", notification.id, error)

    async def _deliver(self, notification: Claimed) -> None:
        if notification.url is None:
            await self._drop(notification)
            return
        receipt = await self._send(notification)
        if receipt.delivered:
            await self._mark_sent(notification, receipt)
        else:
            await self._retry(notification, receipt)

    async def _mark_sent(self, notification: Claimed, receipt: Receipt) -> None:
        now = self._now()
        async with self._pool.connection() as connection:
            await outbox.mark_sent(connection, notification.id, receipt.data(), now)
        self._sent("webhook", now - notification.created_at)

    async def _retry(self, notification: Claimed, receipt: Receipt) -> None:
        delay = self._retries.delay(notification.attempts)
        async with self._pool.connection() as connection:
            await outbox.retry_later(connection, notification.id, receipt.data(), delay)
        self._count("webhook", "retried")

    async def _drop(self, notification: Claimed) -> None:
        async with self._pool.connection() as connection:
            await outbox.mark_failed(connection, notification.id, {"reason": "the webhook is gone"})
        self._count("webhook", "failed")

    def _sent(self, channel: str, delay: timedelta) -> None:
        self._count(channel, "sent")
        self._metrics.delay.observe(delay.total_seconds())

    def _count(self, channel: str, outcome: str) -> None:
        self._metrics.notifications.labels(channel=channel, outcome=outcome).inc()
