"""Simulated devices and recordings over a real broker, on a clock that moves when the player sleeps."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import aiomqtt
import pytest

from events import messages as m
from events.address import Address, MqttServer
from events.codec import decode_message, encode_message
from events.ids import DeviceId
from events.topics import EVERYTHING, event_topic, parse_topic
from simulators.municipality import TENANT, build_municipality
from simulators.player import life, play
from simulators.publisher import Progress
from simulators.replay import replay_mqtt
from simulators.timed import TimedMessage, timed
from vaka.clock import ManualClock
from vaka.embedded.broker import Broker

DEMO = build_municipality(6, 1)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
Received = tuple[str, bytes]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    found = Broker(tmp_path, Address("127.0.0.1", 0), "iotcore", 10, None)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


def url(broker: Broker) -> str:
    return f"mqtt://{broker.vaka}"


@asynccontextmanager
async def listening(broker: Broker) -> AsyncIterator[aiomqtt.Client]:
    server = MqttServer.parse(url(broker))
    v5 = aiomqtt.ProtocolVersion.V5
    async with aiomqtt.Client(server.address.host, server.address.port, protocol=v5) as client:
        await client.subscribe(EVERYTHING, qos=1)
        yield client


async def receive(client: aiomqtt.Client, count: int) -> list[Received]:
    found: list[Received] = []
    async for message in client.messages:
        assert isinstance(message.payload, bytes)
        found.append((str(message.topic), message.payload))
        if len(found) == count:
            break
    return found


def on_the_wire(messages: list[TimedMessage]) -> list[Received]:
    return [(event_topic(TENANT, said.device, said.kind), encode_message(said.message)) for said in messages]


class Mover:
    """Sleeps by moving the clock, as far as it would have run meanwhile."""

    def __init__(self, clock: ManualClock, speed: float = 1.0) -> None:
        self.clock = clock
        self.speed = speed

    async def __call__(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds * self.speed))


@pytest.mark.anyio
async def test_a_municipality_is_heard_from_now_on(broker: Broker, clock: ManualClock) -> None:
    told: list[Progress] = []
    async with listening(broker) as client:
        done = await play(DEMO, url(broker), clock, seed=1, sleep=Mover(clock), limit=300, on_progress=told.append)
        received = await receive(client, 300)
    expected = list(islice(life(DEMO, 1, NOON), 300))
    assert received == on_the_wire(expected)
    assert all(decode_message(parse_topic(topic).kind, payload).at >= NOON for topic, payload in received)
    assert done == told[-1] == Progress(sent=300, last=expected[-1].time)
    assert clock() >= expected[-1].time


@pytest.mark.anyio
async def test_nothing_is_sent_before_its_time(broker: Broker, clock: ManualClock) -> None:
    early: list[Progress] = []

    def check(progress: Progress) -> None:
        if progress.last is not None and progress.last > clock():
            early.append(progress)

    end = NOON + timedelta(hours=2)
    done = await play(DEMO, url(broker), clock, seed=1, sleep=Mover(clock), until=end, on_progress=check)
    assert early == []
    assert done.sent == sum(1 for _ in _until(end))
    assert done.last is not None
    assert NOON <= done.last < end


def _until(end: datetime) -> Iterator[TimedMessage]:
    for said in life(DEMO, 1, NOON):
        if said.time >= end:
            return
        yield said


@pytest.mark.anyio
async def test_a_fast_clock_is_waited_for_in_true_seconds(broker: Broker, clock: ManualClock) -> None:
    waits: list[float] = []
    mover = Mover(clock, 60)

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await mover(seconds)

    end = NOON + timedelta(hours=1)
    done = await play(DEMO, url(broker), clock, seed=1, speed=60, sleep=sleep, until=end)
    assert done.last is not None
    assert sum(waits) == pytest.approx((done.last - NOON).total_seconds() / 60)


class Outage:
    """Sleeps like a Mover. Once `after` messages are out, the broker goes away for an hour and comes back empty."""

    def __init__(self, broker: Broker, clock: ManualClock, listeners: AsyncExitStack, after: int) -> None:
        self.broker = broker
        self.clock = clock
        self.listeners = listeners
        self.after = after
        self.progress = Progress()
        self.received: list[Received] = []
        self.ended_at: datetime | None = None
        self._happening: asyncio.Task[None] | None = None

    async def listen(self) -> None:
        self.client = await self.listeners.enter_async_context(listening(self.broker))

    def on_progress(self, progress: Progress) -> None:
        self.progress = progress

    async def sleep(self, seconds: float) -> None:
        if self.progress.sent >= self.after and self._happening is None:
            self._happening = asyncio.create_task(self._happen())
        if self._happening is not None:
            await asyncio.shield(self._happening)
        self.clock.advance(timedelta(seconds=seconds))

    async def _happen(self) -> None:
        self.received += await receive(self.client, self.progress.sent)
        self.broker.stop()
        self.ended_at = self.clock.advance(timedelta(hours=1))
        self.broker.start()
        await self.listen()


@pytest.mark.anyio
async def test_what_fell_due_while_the_broker_was_away_comes_late_with_its_own_time(
    broker: Broker, clock: ManualClock
) -> None:
    async with AsyncExitStack() as listeners:
        outage = Outage(broker, clock, listeners, after=100)
        await outage.listen()
        done = await play(
            DEMO, url(broker), clock, seed=1, sleep=outage.sleep, limit=300, on_progress=outage.on_progress
        )
        before = len(outage.received)
        outage.received += await receive(outage.client, 300 - before)
    expected = list(islice(life(DEMO, 1, NOON), 300))
    assert outage.received == on_the_wire(expected)
    assert outage.ended_at is not None
    assert expected[before].message.at < outage.ended_at - timedelta(minutes=30)
    assert (done.sent, done.failures) == (300, 1)


@pytest.mark.anyio
async def test_it_stops_when_told_to_with_or_without_a_broker(broker: Broker, clock: ManualClock) -> None:
    stop = asyncio.Event()

    async def sleep(seconds: float) -> None:
        stop.set()
        await asyncio.Event().wait()

    assert (await play(DEMO, url(broker), clock, seed=1, sleep=sleep, stop=stop)).failures == 0
    broker.stop()
    stop.clear()
    assert (await play(DEMO, url(broker), clock, seed=1, sleep=sleep, stop=stop)).failures == 1


@pytest.mark.anyio
async def test_waits_between_attempts_grow_to_half_a_minute(broker: Broker, clock: ManualClock) -> None:
    broker.stop()
    stop = asyncio.Event()
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 7:
            stop.set()
            await asyncio.Event().wait()

    done = await play(DEMO, url(broker), clock, seed=1, sleep=sleep, stop=stop)
    assert waits == [2, 4, 8, 16, 30, 30, 30]
    assert done == Progress(failures=7)


@pytest.mark.anyio
async def test_a_bad_address_is_refused(clock: ManualClock) -> None:
    with pytest.raises(ValueError, match="mqtt://"):
        await play(DEMO, "http://127.0.0.1:1883", clock)


@pytest.mark.anyio
async def test_a_recording_is_replayed_from_now_at_the_speed_of_the_clock(broker: Broker, clock: ManualClock) -> None:
    then = datetime(2011, 6, 15, 8, tzinfo=UTC)
    offsets = [timedelta(0), timedelta(minutes=7), timedelta(days=2)]
    recording = [timed(DeviceId("r-replay-sensors"), m.Motion(at=then + offset, room="hall")) for offset in offsets]
    async with listening(broker) as client:
        done = await replay_mqtt(recording, url(broker), TENANT, clock, speed=60, sleep=Mover(clock, 60))
        received = await receive(client, 3)
    moved = [m.Motion(at=NOON + offset, room="hall") for offset in offsets]
    topic = "vaka/v1/demo/r-replay-sensors/motion"
    assert received == [(topic, encode_message(message)) for message in moved]
    assert done == Progress(sent=3, last=NOON + timedelta(days=2))
    assert clock() == NOON + timedelta(days=2)
