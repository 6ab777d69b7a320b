"""Two lanes into one loop: an urgent and a bulk session, each with a bounded queue.

The bulk session gets urgent messages as well and hands them on: the log knows them as the same event. To drop
them there would lose a press that came between the two sessions' subscriptions after a broker lost its memory.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from events.address import MqttServer
from events.delivery import Delivery, Lane, Observation, Rejected
from events.topics import EVERYTHING, URGENT_FILTERS, is_marker, marker_topic
from ingest.session import Session, Token

ENOUGH = 100
"""Bulk messages that are worth a commit. The embedded broker hands out no more before the first is acknowledged, so
whoever waits for more waits in vain."""

Read = Callable[[str, bytes], Observation | Rejected | None]


class MqttSource:
    """Deliveries from a broker, urgent ones first. `on_backlog` is called whenever a session has (re)connected."""

    def __init__(self, read: Read, *, node: str = "vaka", limit: int = 5000) -> None:
        self._read = read
        self._limit = limit
        self._arrived = asyncio.Event()
        self.on_backlog: Callable[[], None] = lambda: None
        self._lanes = {
            Lane.URGENT: _LaneQueue(self, f"{node}-urgent", Lane.URGENT),
            Lane.BULK: _LaneQueue(self, f"{node}-bulk", Lane.BULK),
        }

    async def open(self, server: MqttServer, stop: asyncio.Event) -> None:
        """Subscribes, urgent first: from then on the broker keeps what is published."""
        for lane in (Lane.URGENT, Lane.BULK):
            await self._lanes[lane].session.open(server, stop)

    async def close(self) -> None:
        for lane in self._lanes.values():
            await lane.session.close()

    @property
    def connected(self) -> bool:
        return all(lane.session.connected for lane in self._lanes.values())

    @property
    def waiting(self) -> int:
        """Messages that are read but not yet taken."""
        return sum(len(lane.queue) for lane in self._lanes.values())

    def is_caught_up(self) -> bool:
        """Whether the markers of both sessions have come back: all that the broker had kept has been taken."""
        return all(lane.caught_up for lane in self._lanes.values())

    def wake(self) -> None:
        """Makes a waiting `take` return."""
        self._arrived.set()

    async def take(self, limit: int, linger: float, wait: float) -> list[Delivery]:
        """Waits at most `wait` seconds for a delivery. Urgent ones are returned at once and alone; bulk ones up
        to `limit`, after at most `linger` seconds for ENOUGH to come."""
        if not self.waiting:
            self._arrived.clear()
            await _either(self._arrived, wait)
        urgent = self._lanes[Lane.URGENT]
        bulk = self._lanes[Lane.BULK]
        enough = min(limit, ENOUGH)
        if not urgent.queue and 0 < len(bulk.queue) < enough:
            await bulk.fill(enough, linger)
        return urgent.take(limit) or bulk.take(limit)

    def acknowledge(self, deliveries: Iterable[Delivery]) -> None:
        """The meaning of these is committed: the broker may forget them."""
        by_lane: dict[Lane, list[Token]] = {}
        for delivery in deliveries:
            by_lane.setdefault(delivery.lane, []).append(delivery.token)
            if delivery.content is None and delivery.lane in self._lanes:
                self._lanes[delivery.lane].marker_came(delivery)
        for lane, tokens in by_lane.items():
            if lane in self._lanes:
                self._lanes[lane].session.acknowledge(tokens)

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Puts deliveries whose transaction failed first in line again."""
        for delivery in reversed(deliveries):
            if delivery.lane in self._lanes:
                self._lanes[delivery.lane].queue.appendleft(delivery)


class _LaneQueue:
    """One session and what it has read. Above the limit it stops reading, and the broker keeps the rest."""

    def __init__(self, source: MqttSource, client_id: str, lane: Lane) -> None:
        self.queue: deque[Delivery] = deque()
        self.caught_up = False
        self._source = source
        self._lane = lane
        self._paused = False
        self._full = asyncio.Event()
        self._wanted = 0
        self._marker = b""
        filters = (EVERYTHING,) if lane is Lane.BULK else (*URGENT_FILTERS, marker_topic(client_id))
        self.session = Session(client_id, filters, self._receive, self._mark_backlog)

    def take(self, limit: int) -> list[Delivery]:
        taken = [self.queue.popleft() for _ in range(min(limit, len(self.queue)))]
        if self._paused and len(self.queue) * 2 < self._source._limit:
            self._paused = False
            self.session.resume()
        return taken

    async def fill(self, enough: int, linger: float) -> None:
        """Waits until `enough` messages are there, something urgent comes, or `linger` seconds have gone."""
        self._wanted = enough
        self._full.clear()
        await _either(self._full, linger)
        self._wanted = 0

    def _receive(self, topic: str, payload: bytes, token: Token) -> None:
        """Also what is not for the log is queued: some brokers want acknowledgements in the order of the messages."""
        self.queue.append(Delivery(topic, payload, self._lane, self._source._read(topic, payload), token))
        self._wake()
        if len(self.queue) >= self._source._limit:
            self._paused = True
            self.session.pause()

    def _wake(self) -> None:
        self._source._arrived.set()
        bulk = self._source._lanes[Lane.BULK]
        if bulk._wanted and (self._lane is Lane.URGENT or len(self.queue) >= bulk._wanted):
            bulk._full.set()

    def _mark_backlog(self) -> None:
        """After (re)connecting: what the broker had kept comes before this message to ourselves."""
        self.caught_up = False
        self._paused = False
        self._source.on_backlog()
        self._marker = str(self.session.connections).encode()
        self.session.publish(marker_topic(self.session.client_id), self._marker)

    def marker_came(self, delivery: Delivery) -> None:
        """All that came before the marker is committed. An earlier connection's marker says nothing."""
        if is_marker(delivery.topic, self.session.client_id) and delivery.payload == self._marker:
            self.caught_up = True


async def _either(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
