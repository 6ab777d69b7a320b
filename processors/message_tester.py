"""Test messages: asked for by the clock of each municipality, and sent when nothing else waits on that channel."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from processors.backoff import Backoff
from processors.channels.channel import Message, Receipt, Target
from processors.delivering import SEND_SECONDS, Senders, send
from processors.reach_metrics import ReachMetrics
from processors.stepping import POLL_SECONDS, keep_stepping
from rules.delivery import last_test_time
from rules.message_text import text_of_test
from store import message_tests
from store.contact_points import TestState, expire_contact_point
from store.delivery_settings import mark_tested, schedules
from store.message_tests import CHANNEL, ClaimedTest
from store.pool import Pool

AT_ONCE = 8
LEASE = timedelta(seconds=60)
RETRIES = Backoff(timedelta(seconds=10), timedelta(minutes=5))
ATTEMPTS = 5
"""After so many a test has failed; that it did is what it was to find out."""

PRIORITY = 4


class MessageTester:
    """Several may run at once. `now` is Vaka's clock; leases and retries are in real time."""

    def __init__(
        self,
        pool: Pool,
        now: Callable[[], datetime],
        metrics: ReachMetrics,
        senders: Senders,
        *,
        retries: Backoff = RETRIES,
        lease: timedelta = LEASE,
    ) -> None:
        self._pool = pool
        self._now = now
        self._metrics = metrics
        self._senders = senders
        self._retries = retries
        self._lease = lease

    async def step(self) -> float | None:
        """Sends some, if there are any and nothing else is to be sent; returns real seconds until there is more."""
        await self._ask_by_schedule()
        async with self._pool.connection() as connection:
            claimed = await message_tests.claim_tests(
                connection, channels=list(self._senders), limit=AT_ONCE, lease=self._lease
            )
        await asyncio.gather(*[self._deliver(test) for test in claimed])
        if not claimed:
            return None
        async with self._pool.connection() as connection:
            return await message_tests.seconds_to_next_test(connection)

    async def run(self, database_url: str, stop: asyncio.Event, poll_seconds: float = POLL_SECONDS) -> None:
        """Steps until `stop`; survives a database that goes away and comes back."""
        await keep_stepping(self.step, database_url, CHANNEL, stop, poll_seconds=poll_seconds)

    async def _ask_by_schedule(self) -> None:
        now = self._now()
        async with self._pool.connection() as connection:
            for tenant, zone, schedule, tested_at in await schedules(connection):
                at = last_test_time(schedule, zone, now)
                if at > tested_at and await mark_tested(connection, tenant, at):
                    await message_tests.ask_tests(connection, tenant, at, now)

    async def _deliver(self, test: ClaimedTest) -> None:
        if test.expired:
            await self._mark(test, "failed", Receipt(False, gone=True, error="the contact point has expired"))
            return
        text = text_of_test(test.language)
        message = Message(id=test.id, priority=PRIORITY, title=text.title, body=text.body)
        target = Target(test.channel, test.address, test.settings or {}, test.tenant)
        receipt = await send(self._senders[test.channel], message, target, SEND_SECONDS)
        if receipt.accepted:
            await self._mark(test, "delivered" if receipt.delivered else "sent", receipt)
        elif receipt.gone or receipt.refused or test.attempts >= ATTEMPTS:
            await self._mark(test, "failed", receipt)
        else:
            await self._retry(test, receipt)

    async def _mark(self, test: ClaimedTest, state: TestState, receipt: Receipt) -> None:
        now = self._now()
        async with self._pool.connection() as connection:
            await message_tests.mark_test(connection, test, state, receipt.data(), now, receipt.reference)
            if receipt.gone:
                await expire_contact_point(connection, test.contact_point, "the other side says that it is gone", now)
        self._count(test, "failed" if state == "failed" else "sent")

    async def _retry(self, test: ClaimedTest, receipt: Receipt) -> None:
        delay = max(self._retries.delay(test.attempts), timedelta(seconds=receipt.retry_after or 0))
        async with self._pool.connection() as connection:
            await message_tests.retry_test(connection, test.id, receipt.data(), delay)
        self._count(test, "retried")

    def _count(self, test: ClaimedTest, outcome: str) -> None:
        self._metrics.tests.labels(channel=test.channel, outcome=outcome).inc()
