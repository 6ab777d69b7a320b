"""The commander: publishes what devices are to do, and notes that the broker has it."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import aiomqtt
import msgspec

from events.address import MqttServer
from events.topics import command_topic
from processors.backoff import Backoff
from processors.pulse import Pulse
from processors.reach_metrics import ReachMetrics
from processors.stepping import POLL_SECONDS, keep_stepping
from store import commands
from store.commands import CHANNEL, Command
from store.pool import Pool

log = logging.getLogger(__name__)

BATCH = 100
LEASE = timedelta(seconds=60)
RETRIES = Backoff(timedelta(seconds=1), timedelta(minutes=1))


class Commander:
    """Connects to `broker` (its MQTT 5 listener) for as long as there is something to publish.

    `now` is Vaka's clock. A command whose `until` has come is not sent: a reminder for a dose that is over is noise.
    """

    def __init__(self, pool: Pool, now: Callable[[], datetime], metrics: ReachMetrics, broker: MqttServer) -> None:
        self._pool = pool
        self._now = now
        self._metrics = metrics
        self._broker = broker

    async def step(self) -> float | None:
        """Publishes all that is due; returns real seconds until there is more. Raises MqttError: the rows stay due."""
        await self._expire()
        wait = await self._seconds_to_next()
        if wait is None or wait > 0:
            return wait
        async with self._connect() as client:
            while await self._publish_batch(client):
                pass
        return await self._seconds_to_next()

    async def run(self, database_url: str, stop: asyncio.Event, poll_seconds: float = POLL_SECONDS) -> None:
        """Steps until `stop`; survives a broker or database that goes away and comes back."""
        step = Pulse(self._pool, "commander").after(self.step)
        await keep_stepping(step, database_url, CHANNEL, stop, poll_seconds=poll_seconds)

    def _connect(self) -> aiomqtt.Client:
        (host, port), username, password = self._broker
        version = aiomqtt.ProtocolVersion.V5
        return aiomqtt.Client(host, port, username=username, password=password, protocol=version)

    async def _expire(self) -> None:
        async with self._pool.connection() as connection:
            names = await commands.expire(connection, self._now())
        for name in names:
            self._count(name, "expired")

    async def _seconds_to_next(self) -> float | None:
        async with self._pool.connection() as connection:
            return await commands.seconds_to_next(connection)

    async def _publish_batch(self, client: aiomqtt.Client) -> int:
        async with self._pool.connection() as connection:
            claimed = await commands.claim(connection, limit=BATCH, lease=LEASE)
        for place, command in enumerate(claimed):
            try:
                await self._publish(client, command)
            except aiomqtt.MqttError:
                await self._put_back(claimed[place:], timedelta(0))
                raise
            except ValueError:
                log.exception("command %s cannot be published", command.id)
                await self._put_back([command], RETRIES.delay(command.attempts))
        return len(claimed)

    async def _publish(self, client: aiomqtt.Client, command: Command) -> None:
        """QoS 1: it returns when the broker has taken it."""
        await client.publish(command_topic(command.tenant, command.device, command.name), payload(command), qos=1)
        async with self._pool.connection() as connection:
            await commands.mark_sent(connection, command.id, self._now())
        self._count(command.name, "sent")

    async def _put_back(self, unsent: list[Command], delay: timedelta) -> None:
        async with self._pool.connection() as connection:
            await commands.retry_later(connection, [c.id for c in unsent], delay)
        for command in unsent:
            self._count(command.name, "retried")

    def _count(self, name: str, outcome: str) -> None:
        self._metrics.commands.labels(name=name, outcome=outcome).inc()


def payload(command: Command) -> bytes:
    """JSON: the fields of the command, its `id`, and `at`, when Vaka decided it."""
    return msgspec.json.encode({**command.data, "id": command.id, "at": command.created_at})
