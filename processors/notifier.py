"""The notifier: takes notifications from the outbox, sends them, and notes what came of it.

The order is claim, send, mark. A crash in between repeats a sending, with the same id; it never forgets one.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from processors.claiming import claim_some
from processors.delivering import Delivery
from processors.pulse import Pulse
from processors.reach_metrics import ReachMetrics
from processors.stepping import POLL_SECONDS, keep_stepping
from processors.waiting import fall_back_due, prepare_new
from rules.contact import Channel
from store.console_notifications import show_on_console
from store.fallback import next_fallback
from store.outbox import CHANNEL, Claimed, Room, seconds_to_next
from store.paces import next_pace
from store.pool import Pool

log = logging.getLogger(__name__)

BATCH = 500
IN_FLIGHT = 64
"""Messages being sent at a time on each channel: one whose servers hang takes no place from another."""

PER_RECEIVER = 8
"""Of those to one receiver, and by one provider: what hangs takes no place from the others."""
PER_PROVIDER = 16

LEASE = timedelta(seconds=60)
"""Longer than sending takes, so that only a crash lets it run out."""

_GRACE_SECONDS = 2.0


class Notifier:
    """Several may run at once. The console's notifications need no sending, see `store.console_notifications`.

    `now` is Vaka's clock and `speed` how fast it runs, in its seconds for each real one. Leases and retries are in real
    time.
    """

    def __init__(
        self,
        pool: Pool,
        now: Callable[[], datetime],
        metrics: ReachMetrics,
        delivery: Delivery,
        *,
        lease: timedelta = LEASE,
        speed: float = 1.0,
    ) -> None:
        self._pool = pool
        self._delivery = delivery
        self._now = now
        self._metrics = metrics
        self._lease = lease
        self._speed = speed
        self._in_flight: dict[asyncio.Task[None], Claimed] = {}
        self._landed = asyncio.Event()

    async def step(self) -> float | None:
        """Tells the console and begins to send what is due; returns real seconds until there is more.

        It does not wait for what it began: `finish` does.
        """
        await self._tell_console()
        await self._fall_back()
        await self._prepare()
        await self._begin_sending()
        return await self._seconds_to_next()

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
            step = Pulse(self._pool, "notifier").after(self.step)
            await keep_stepping(step, database_url, CHANNEL, stop, self._landed, poll_seconds)
        finally:
            await self.finish(_GRACE_SECONDS)

    async def _tell_console(self) -> None:
        while True:
            now = self._now()
            async with self._pool.connection() as connection:
                shown = await show_on_console(connection, now, BATCH)
            for notification in shown:
                if notification.closed:
                    self._count("console", "failed")
                else:
                    self._sent("console", now - notification.created_at)
            if len(shown) < BATCH:
                return

    async def _fall_back(self) -> None:
        while True:
            async with self._pool.connection() as connection:
                looked_at, fell_back = await fall_back_due(connection, self._now(), BATCH)
            for channel in fell_back:
                self._count(channel, "fell_back")
            if looked_at < BATCH:
                return

    async def _prepare(self) -> None:
        while True:
            async with self._pool.connection() as connection:
                if await prepare_new(connection, BATCH) < BATCH:
                    return

    async def _begin_sending(self) -> None:
        while room := self._room():
            async with self._pool.connection() as connection:
                claimed = await claim_some(connection, room, self._now(), self._lease)
            for notification in claimed:
                task = asyncio.create_task(self._deliver(notification))
                self._in_flight[task] = notification
                task.add_done_callback(self._landing)
            if not claimed:
                return

    def _room(self) -> Room | None:
        """How much more may be begun; None when every channel is full."""
        under_way = self._in_flight.values()
        used = Counter(notification.channel for notification in under_way)
        busy = Counter(
            lane for notification in under_way for lane in (notification.lane, notification.provider) if lane
        )
        rooms = {channel: IN_FLIGHT - used[channel] for channel in self._delivery.senders}
        free: dict[Channel, int] = {channel: room for channel, room in rooms.items() if room > 0}
        return Room(free, PER_RECEIVER, PER_PROVIDER, busy) if free else None

    async def _seconds_to_next(self) -> float | None:
        """What is sent now makes room when it lands, and that calls for a step by itself."""
        now, room = self._now(), self._room()
        async with self._pool.connection() as connection:
            due = await seconds_to_next(connection, room, now) if room else None
            later = [await next_fallback(connection), await next_pace(connection, now)]
        waits = [(at - now).total_seconds() / self._speed for at in later if at is not None]
        return min([*waits, *([due] if due is not None else [])], default=None)

    def _landing(self, task: asyncio.Task[None]) -> None:
        notification = self._in_flight.pop(task)
        self._landed.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._count(notification.channel, "unmarked")
            log.error("notification %s was not marked and will be repeated: %r", notification.id, error)

    async def _deliver(self, notification: Claimed) -> None:
        self._count(notification.channel, "merged", notification.merged)
        outcome = await self._delivery.deliver(notification)
        now = self._now()
        for created_at in outcome.sent:
            self._sent(notification.channel, now - created_at)
        if outcome.name != "sent":
            self._count(notification.channel, outcome.name)

    def _sent(self, channel: str, delay: timedelta) -> None:
        self._count(channel, "sent")
        self._metrics.delay.observe(delay.total_seconds())

    def _count(self, channel: str, outcome: str, times: int = 1) -> None:
        if times:
            self._metrics.notifications.labels(channel=channel, outcome=outcome).inc(times)
