"""Sending one notification: what it says, to whom, and what is noted of the answer."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from processors.backoff import Backoff
from processors.channels.channel import Message, Receipt, Sender, Target
from rules.contact import Channel
from rules.delivery import PROGRAMS
from rules.message_text import alarm_text, link
from store import outcomes
from store.outbox import Claimed
from store.paces import hold
from store.pool import Pool

log = logging.getLogger(__name__)

SEND_SECONDS = 30.0
"""The longest that a channel may take; shorter than a lease."""

RETRIES = Backoff(timedelta(seconds=1), timedelta(minutes=5))

Senders = Mapping[Channel, Sender]


class Wording(NamedTuple):
    """`public_url`: where people reach Vaka, for links. `kinds`: what alarms are called, by language and kind."""

    public_url: str | None = None
    kinds: Mapping[str, Mapping[str, str]] = {}


class Outcome(NamedTuple):
    """`sent`: when each notification that went out was created."""

    name: str
    sent: tuple[datetime, ...] = ()


class Delivery:
    """Sends what was claimed, by the channel's sender, and marks it. `now` is Vaka's clock."""

    def __init__(
        self,
        pool: Pool,
        now: Callable[[], datetime],
        senders: Senders,
        wording: Wording,
        *,
        retries: Backoff = RETRIES,
        send_seconds: float = SEND_SECONDS,
    ) -> None:
        self.senders = senders
        self._pool = pool
        self._now = now
        self._wording = wording
        self._retries = retries
        self._send_seconds = send_seconds

    async def deliver(self, claimed: Claimed) -> Outcome:
        """What became of it. Raises what the database does: then it is not marked, and will be sent again."""
        if claimed.pointless is not None:
            async with self._pool.connection() as connection:
                await outcomes.drop(connection, claimed.id, claimed.pointless)
            return Outcome("failed")
        if claimed.address is None:
            return await self._fail(claimed, {"reason": f"the {_what(claimed)} is gone"})
        target = Target(claimed.channel, claimed.address, claimed.settings or {}, claimed.tenant)
        sender = self.senders[claimed.channel]
        return await self._mark(claimed, await send(sender, self.message(claimed), target, self._send_seconds))

    def message(self, claimed: Claimed) -> Message:
        kind = self._wording.kinds.get(claimed.language, {}).get(claimed.kind)
        text = alarm_text(claimed.language, claimed.merged + 1, claimed.shows or (), kind, claimed.name)
        return Message(
            id=claimed.id,
            priority=claimed.priority,
            title=text.title,
            body=text.body,
            url=link(self._wording.public_url, claimed.id),
            alarm=claimed.alarm,
            rung=claimed.rung,
            round=claimed.round,
            facts=claimed.facts if claimed.channel in PROGRAMS else {},
        )

    async def _mark(self, claimed: Claimed, receipt: Receipt) -> Outcome:
        if receipt.gone or receipt.refused:
            return await self._fail(claimed, receipt.data(), expired=receipt.gone)
        if not receipt.accepted:
            return await self._retry(claimed, receipt)
        async with self._pool.connection() as connection:
            sent = await outcomes.mark_sent(
                connection,
                claimed,
                receipt.data(),
                self._now(),
                reference=receipt.reference,
                delivered=receipt.delivered,
            )
        return Outcome("sent", tuple(sent))

    async def _fail(self, claimed: Claimed, said: Mapping[str, object], *, expired: bool = False) -> Outcome:
        """Whoever it was for is told by another way at once."""
        async with self._pool.connection() as connection:
            now = self._now()
            await outcomes.mark_failed(connection, claimed, said, now, expired=expired)
        return Outcome("failed")

    async def _retry(self, claimed: Claimed, receipt: Receipt) -> Outcome:
        """A provider that wants to be left alone is, but for what is life-critical."""
        delay = self._retries.delay(claimed.attempts)
        async with self._pool.connection() as connection:
            if receipt.retry_after is not None and claimed.priority > 1:
                delay = max(delay, timedelta(seconds=receipt.retry_after))
                await hold(connection, claimed.provider or claimed.lane, self._now() + delay)
            await outcomes.retry_later(connection, claimed.id, receipt.data(), delay)
        return Outcome("retried")


async def send(sender: Sender, message: Message, target: Target, seconds: float) -> Receipt:
    """Never raises, and never takes longer: a sender with a fault in it holds up nobody else."""
    try:
        async with asyncio.timeout(seconds):
            return await sender.send(message, target)
    except TimeoutError:
        return Receipt(False, error=f"no answer within {seconds:g} s")
    except Exception as error:
        log.exception("the channel %s failed on message %s", target.channel, message.id)
        return Receipt(False, error=type(error).__name__)


def _what(claimed: Claimed) -> str:
    return "webhook" if claimed.channel is Channel.WEBHOOK else "contact point"
