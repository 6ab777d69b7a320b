"""One connection to a broker that sends timed messages when they are due, and comes back when it breaks.

Like a device with a buffer: what was not acknowledged is sent again, in order, and what fell due meanwhile is sent
late, each message with its own `at`. QoS 1 may thus deliver twice; ids or the times make it one event.
"""

import asyncio
from asyncio import FIRST_COMPLETED, FIRST_EXCEPTION
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from datetime import datetime
from typing import Any

from aiomqtt import Client, MqttError, ProtocolVersion
from msgspec import Struct
from msgspec.structs import replace

from events.address import MqttServer
from events.codec import encode_message
from events.ids import TenantId
from events.topics import event_topic
from simulators.timed import Clock, Sleep, TimedMessage

WINDOW = 100
"""Messages on their way at once."""

LONGEST_BACKOFF = 30.0
LONGEST_NAP = 60.0
"""True seconds. After a nap the clock is looked at again: somebody may have set it."""


class Progress(Struct, frozen=True):
    """How far it has come: messages acknowledged by the broker, the time of the last, connections that failed."""

    sent: int = 0
    last: datetime | None = None
    failures: int = 0


OnProgress = Callable[[Progress], None]


class Publisher:
    """Sends messages in the order of their times. `speed` is how fast `now` runs; `sleep` waits true seconds."""

    def __init__(
        self, server: MqttServer, tenant: TenantId, now: Clock, speed: float, sleep: Sleep, on_progress: OnProgress
    ) -> None:
        self.server = server
        self.tenant = tenant
        self.now = now
        self.speed = speed
        self.sleep = sleep
        self.on_progress = on_progress
        self.progress = Progress()
        self._unacknowledged: deque[TimedMessage] = deque()

    async def publish(self, messages: Iterable[TimedMessage]) -> None:
        """Sends all `messages`, each not before its time, however often the connection breaks."""
        ahead = _Ahead(messages)
        in_vain = 0
        while self._unacknowledged or ahead.next is not None:
            before = self.progress
            try:
                async with _client(self.server) as client:
                    await _all(self._forward(client, ahead), _until_broken(client), until=FIRST_COMPLETED)
            except MqttError:
                self._report(replace(self.progress, failures=self.progress.failures + 1))
                in_vain = in_vain + 1 if self.progress.sent == before.sent else 0
                await self.sleep(min(2.0**in_vain, LONGEST_BACKOFF))

    async def _forward(self, client: Client, ahead: "_Ahead") -> None:
        """Over one connection, to the end of the messages."""
        while await self._take_due(ahead):
            await self._send(client)
            sent, last = len(self._unacknowledged), self._unacknowledged[-1].time
            self._unacknowledged.clear()
            self._report(replace(self.progress, sent=self.progress.sent + sent, last=last))

    async def _take_due(self, ahead: "_Ahead") -> bool:
        """Waits until something is due and takes it, a window at most; false when nothing is left."""
        while not self._unacknowledged and ahead.next is not None:
            wait = (ahead.next.time - self.now()).total_seconds() / self.speed
            if wait > 0:
                await self.sleep(min(wait, LONGEST_NAP))
            else:
                self._unacknowledged.extend(ahead.take(self.now(), WINDOW))
        return bool(self._unacknowledged)

    async def _send(self, client: Client) -> None:
        """Returns when all is acknowledged. Tasks start in order, so the broker gets the messages in order."""
        publishing = (
            client.publish(event_topic(self.tenant, said.device, said.kind), encode_message(said.message), qos=1)
            for said in self._unacknowledged
        )
        await _all(*publishing, until=FIRST_EXCEPTION)

    def _report(self, progress: Progress) -> None:
        self.progress = progress
        self.on_progress(progress)


class _Ahead:
    """An iterator whose next message can be looked at."""

    def __init__(self, messages: Iterable[TimedMessage]) -> None:
        self._messages = iter(messages)
        self.next = next(self._messages, None)

    def take(self, until: datetime, at_most: int) -> Iterator[TimedMessage]:
        while self.next is not None and self.next.time <= until and at_most > 0:
            yield self.next
            self.next = next(self._messages, None)
            at_most -= 1


def _client(server: MqttServer) -> Client:
    host, port = server.address
    client = Client(host, port, username=server.username, password=server.password, protocol=ProtocolVersion.V5)
    client.pending_calls_threshold = WINDOW
    return client


async def _until_broken(client: Client) -> None:
    """Nothing is subscribed to: the iteration ends when the connection breaks, by raising MqttError."""
    async for _ in client.messages:
        pass


async def _all(*work: Coroutine[Any, Any, object], until: str) -> None:
    """Does `work` side by side until the first is done or fails, as asyncio.wait has it; cancels what is left."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=until)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if task in done:
            task.result()


async def publish_all(
    messages: Iterable[TimedMessage],
    mqtt_url: str,
    tenant: TenantId,
    now: Clock,
    *,
    speed: float = 1.0,
    sleep: Sleep = asyncio.sleep,
    stop: asyncio.Event | None = None,
    on_progress: OnProgress = lambda progress: None,
) -> Progress:
    """Publishes `messages`, sorted by time, with QoS 1 when `now()` reaches their times; returns when all are sent.

    The address is that of an MQTT 5 listener. `now` runs `speed` times as fast as the true time, in which `sleep`
    waits. `stop` ends it early. Raises ValueError
    for a bad address; a broker that cannot be reached is tried again for ever.
    """
    publisher = Publisher(MqttServer.parse(mqtt_url), tenant, now, speed, sleep, on_progress)
    stopping = (stop or asyncio.Event()).wait()
    await _all(publisher.publish(messages), stopping, until=FIRST_COMPLETED)
    return publisher.progress
