"""The two sessions with a real broker, and a family whose messages have nothing to tell a repetition by."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from shutil import which
from uuid import uuid4

import aiomqtt
import pytest

from events.address import MqttServer
from events.delivery import Content, Delivery, Found, Heard, Lane, Rejected
from events.devices import Family, Origin
from ingest.adapter import heard
from ingest.reader import Reader
from ingest.source import MqttSource
from tests.support.broker import ANY_PORT
from tests.support.folders import reachable_folder
from vaka.clock import system_clock
from vaka.embedded.broker import Broker

pytestmark = pytest.mark.anyio

BUTTON, DOOR = (Origin(Family.ZIGBEE2MQTT, "home", name) for name in ("button", "door"))


class Home:
    """Every message below `home/` is a press of the device that the topic names; each has a text of its own."""

    learned = 0

    def filters(self) -> tuple[str, ...]:
        return ("home/#",)

    def reads(self, topic: str) -> bool:
        return topic.startswith("home/")

    def read(self, topic: str, payload: bytes, received: datetime, *, retained: bool) -> Content:
        press = heard((Origin(Family.ZIGBEE2MQTT, "home", topic[5:]),), "alarm_pressed", received)
        return () if retained else (press,)

    def remember(self, found: Iterable[Found]) -> None:
        """These devices are never told of."""

    def topics(self, origin: Origin) -> tuple[str, ...]:
        return (f"home/{origin.id}",)


@pytest.fixture(params=["iotcore", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    if request.param == "mosquitto" and which("mosquitto") is None:
        pytest.skip("mosquitto is not installed")
    with reachable_folder() as folder:
        broker = Broker(Path(folder), ANY_PORT, request.param, 64, None)
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()


class Taker:
    """Takes and acknowledges, as the engine does; `taken` counts the messages by lane and text."""

    def __init__(self, broker: Broker, node: str) -> None:
        self.source = MqttSource(Reader([Home()]), system_clock, node=node, one_filter=broker.name == "iotcore")
        self.taken: Counter[tuple[Lane, str]] = Counter()
        self.server = MqttServer.parse(f"mqtt://{broker.vaka}")

    async def once(self) -> None:
        deliveries = await self.source.take(500, 0.01, 1.0)
        self.source.acknowledge(deliveries)
        self.taken.update(
            (delivery.lane, delivery.payload.decode())
            for delivery in deliveries
            if any(isinstance(said, Heard) for said in delivery.content)
        )

    async def until_handed_over(self, topic: str) -> None:
        while not self.source.handover.owns(topic):
            await self.once()

    async def until(self, text: str) -> None:
        while not any(said == text for _, said in self.taken):
            await self.once()


@asynccontextmanager
async def taking(broker: Broker, node: str, critical: frozenset[Origin]) -> AsyncIterator[Taker]:
    taker = Taker(broker, node)
    taker.source.follow(critical)
    await taker.source.open(taker.server, asyncio.Event())
    try:
        yield taker
    finally:
        await taker.source.close()


@asynccontextmanager
async def devices(broker: Broker) -> AsyncIterator[aiomqtt.Client]:
    server = MqttServer.parse(f"mqtt://{broker.vaka}")
    async with aiomqtt.Client(server.address.host, server.address.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        yield client


async def test_a_life_critical_device_is_heard_over_the_urgent_session_and_once(broker: Broker) -> None:
    async with taking(broker, uuid4().hex, frozenset({BUTTON})) as taker, devices(broker) as home:
        await taker.until_handed_over("home/button")
        for number in range(20):
            await home.publish("home/button", f"press {number}", qos=1)
        await home.publish("home/door", "last", qos=1)
        await taker.until("last")
        await taker.until("press 19")
        assert taker.taken == Counter(
            {(Lane.URGENT, f"press {number}"): 1 for number in range(20)} | {(Lane.BULK, "last"): 1}
        )


async def test_a_device_that_becomes_life_critical_loses_no_press_on_the_way(broker: Broker) -> None:
    async with taking(broker, uuid4().hex, frozenset()) as taker, devices(broker) as home:
        await home.publish("home/button", "before", qos=1)
        await taker.until("before")
        taker.source.follow(frozenset({BUTTON, DOOR}))
        for number in range(200):
            await home.publish("home/button", f"press {number}", qos=1)
        await taker.until("press 199")
        await taker.until_handed_over("home/button")
        await home.publish("home/button", "after", qos=1)
        await home.publish("home/else", "last", qos=1)
        await taker.until("last")
        await taker.until("after")
        texts = {text for _, text in taker.taken}
        assert texts == {"before", "after", "last", *(f"press {number}" for number in range(200))}
        assert taker.taken[Lane.BULK, "before"] == 1
        assert taker.taken[Lane.BULK, "after"] == 0
        assert taker.taken[Lane.URGENT, "after"] == 1


async def test_a_device_that_is_no_longer_critical_is_heard_over_the_bulk_session(broker: Broker) -> None:
    async with taking(broker, uuid4().hex, frozenset({BUTTON})) as taker, devices(broker) as home:
        await taker.until_handed_over("home/button")
        taker.source.follow(frozenset())
        assert not taker.source.handover.owns("home/button")
        await home.publish("home/button", "press", qos=1)
        while (Lane.BULK, "press") not in taker.taken:
            await taker.once()


async def test_what_was_pressed_while_nobody_listened_comes_after_a_restart(broker: Broker) -> None:
    node = uuid4().hex
    async with taking(broker, node, frozenset({BUTTON})) as taker:
        await taker.until_handed_over("home/button")
    async with devices(broker) as home:
        for number in range(50):
            await home.publish("home/button", f"press {number}", qos=1)
    async with taking(broker, node, frozenset({BUTTON})) as taker:
        await taker.until("press 49")
        await taker.until_handed_over("home/button")
        assert {text for _, text in taker.taken} == {f"press {number}" for number in range(50)}


class Settled:
    def __init__(self) -> None:
        self.outcomes: list[Rejected | None] = []

    def committed(self, refused: Rejected | None) -> None:
        self.outcomes.append(refused)


async def test_what_another_gateway_offers_goes_first_and_is_told_how_it_ended(broker: Broker) -> None:
    async with taking(broker, uuid4().hex, frozenset()) as taker:
        taker.source.give_back([Delivery("home/door", b"waits already", Lane.BULK, (), (0, 0))])
        good, bad = Settled(), Settled()
        now = datetime(2026, 3, 2, tzinfo=UTC)
        press = heard((BUTTON,), "alarm_pressed", now)
        offers = [Delivery("scaip/1", b"", Lane.SCAIP, (press,), token) for token in (good, bad)]
        for offered in offers:
            taker.source.offer(offered)
        taken = await taker.source.take(500, 0.01, 1.0)
        assert taken == offers
        taker.source.give_back(taken)
        assert await taker.source.take(500, 0.01, 1.0) == offers
        why = Rejected("unknown_device", "who")  # type: ignore[arg-type]
        taker.source.acknowledge(offers, [(offers[1], why)])
        assert (good.outcomes, bad.outcomes) == ([None], [why])
