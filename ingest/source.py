"""Two lanes into one loop: an urgent and a bulk session, each with a bounded queue.

The bulk session gets urgent messages as well. Those of Vaka's own form it hands on: the log knows them as the same
event, and to drop them would lose a press that came between the two sessions' subscriptions after a broker lost its
memory. Those of life-critical devices of other families it skips, once the urgent session answers for their topics.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from events.address import MqttServer
from events.delivery import Content, Delivery, Lane, Rejected
from events.devices import Origin
from events.topics import URGENT_FILTERS, is_marker, marker_topic
from ingest.handover import Handover
from ingest.reader import Reader
from ingest.session import Session, Token

ENOUGH = 100
"""Bulk messages that are worth a commit. The embedded broker hands out no more before the first is acknowledged, so
whoever waits for more waits in vain."""

WHATEVER = ("#",)


class MqttSource:
    """Deliveries from a broker, urgent ones first; and, before all, those that other gateways offer.

    `on_backlog` is called whenever a session has (re)connected. `now` is when a message comes. `one_filter`: subscribe
    to everything by one filter, for a broker (rumqttd) that keeps the order of messages within each filter only: the
    marker that comes back behind the backlog needs it.
    """

    def __init__(
        self,
        reader: Reader,
        now: Callable[[], datetime],
        *,
        node: str = "vaka",
        limit: int = 5000,
        one_filter: bool = False,
    ) -> None:
        self._reader = reader
        self._now = now
        self._limit = limit
        self._one_filter = one_filter
        self._arrived = asyncio.Event()
        self._offered: deque[Delivery] = deque()
        self._taken = asyncio.Event()
        self.on_backlog: Callable[[], None] = lambda: None
        self._urgent = _LaneQueue(self, f"{node}-urgent", Lane.URGENT)
        self._bulk = _LaneQueue(self, f"{node}-bulk", Lane.BULK)
        self._lanes = {Lane.URGENT: self._urgent, Lane.BULK: self._bulk}
        self._critical: frozenset[Origin] | None = None
        self._learned = 0
        urgent, bulk = self._urgent.session, self._bulk.session
        self.handover = Handover(lambda payload: urgent.publish(marker_topic(bulk.client_id), payload))
        urgent.forgotten = self.handover.withdraw
        urgent.granted = bulk.granted = self._hand_over
        self.follow(frozenset())

    def follow(self, critical: frozenset[Origin]) -> None:
        """Subscribes to where these life-critical devices speak, and to what the families have learned meanwhile."""
        if critical is self._critical and self._reader.learned() == self._learned:
            return
        self._critical, self._learned = critical, self._reader.learned()
        topics = self._reader.topics(critical)
        urgent = self._urgent.session
        own = (*URGENT_FILTERS, marker_topic(urgent.client_id))
        self.handover.withdraw(set(urgent.filters) - topics)
        urgent.subscribe((*own, *sorted(topics)))
        self._bulk.session.subscribe(WHATEVER if self._one_filter else self._reader.filters())

    def offer(self, delivery: Delivery) -> None:
        """Takes a delivery of another gateway than MQTT. Its token's `committed` is called when it is settled."""
        self._offered.append(delivery)
        self._arrived.set()
        self._bulk.stop_waiting()

    async def drained(self) -> None:
        """Returns once all that other gateways offered has been taken."""
        while self._offered:
            self._taken.clear()
            await self._taken.wait()

    def _hand_over(self) -> None:
        """Not after a refusal: the bulk session would skip what never comes over the urgent one."""
        urgent = self._urgent.session
        if urgent.connected and self._bulk.session.connected and not urgent.refused:
            own = {*URGENT_FILTERS, marker_topic(urgent.client_id)}
            self.handover.offer(set(urgent.filters) - own)

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
        return len(self._offered) + sum(len(lane.queue) for lane in self._lanes.values())

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
        enough = min(limit, ENOUGH)
        if not self._offered and not self._urgent.queue and 0 < len(self._bulk.queue) < enough:
            await self._bulk.fill(enough, linger)
        if self._offered:
            self._taken.set()
            return [self._offered.popleft() for _ in range(min(limit, len(self._offered)))]
        return self._urgent.take(limit) or self._bulk.take(limit)

    def acknowledge(self, deliveries: Iterable[Delivery], refused: Sequence[tuple[Delivery, Rejected]] = ()) -> None:
        """The meaning of these is committed: the broker may forget them. `refused`: those of them that are held."""
        by_lane: dict[Lane, list[Token]] = {}
        for delivery in deliveries:
            if delivery.lane is Lane.SCAIP:
                delivery.token.committed(next((why for held, why in refused if held is delivery), None))
                continue
            by_lane.setdefault(delivery.lane, []).append(delivery.token)
            if not delivery.content and delivery.lane in self._lanes:
                self._lanes[delivery.lane].marker_came(delivery)
        for lane, tokens in by_lane.items():
            if lane in self._lanes:
                self._lanes[lane].session.acknowledge(tokens)

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Puts deliveries whose transaction failed first in line again."""
        for delivery in reversed(deliveries):
            if delivery.lane is Lane.SCAIP:
                self._offered.appendleft(delivery)
            elif delivery.lane in self._lanes:
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
        self.session = Session(client_id, (), self._receive, self._mark_backlog)

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

    def stop_waiting(self) -> None:
        """Something came that goes before what `fill` waits for."""
        if self._wanted:
            self._full.set()

    def _receive(self, topic: str, payload: bytes, retained: bool, token: Token) -> None:
        """Also what is not for the log is queued: some brokers want acknowledgements in the order of the messages."""
        self.queue.append(Delivery(topic, payload, self._lane, self._read(topic, payload, retained), token))
        self._wake()
        if len(self.queue) >= self._source._limit:
            self._paused = True
            self.session.pause()

    def _read(self, topic: str, payload: bytes, retained: bool) -> Content:
        source = self._source
        if self._lane is Lane.BULK and source.handover.owns(topic):
            return ()
        return source._reader.read(topic, payload, source._now(), retained=retained)

    def _wake(self) -> None:
        self._source._arrived.set()
        bulk = self._source._bulk
        if self._lane is Lane.URGENT or len(self.queue) >= bulk._wanted:
            bulk.stop_waiting()

    def _mark_backlog(self) -> None:
        """After (re)connecting: what the broker had kept comes before this message to ourselves."""
        self.caught_up = False
        self._paused = False
        self._source.on_backlog()
        self._marker = str(self.session.connections).encode()
        self.session.publish(marker_topic(self.session.client_id), self._marker)

    def marker_came(self, delivery: Delivery) -> None:
        """All that came before the marker is committed. An earlier connection's marker says nothing."""
        if not is_marker(delivery.topic, self.session.client_id):
            return
        if delivery.payload == self._marker:
            self.caught_up = True
        elif self._lane is Lane.BULK:
            self._source.handover.marker_came(delivery.payload)


async def _either(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
