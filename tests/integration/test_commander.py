"""Commands reach devices through a real broker, and wait for one that is away."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import msgspec
import psycopg
import pytest
from prometheus_client import CollectorRegistry
from psycopg.types.json import Jsonb

from events.address import Address, MqttServer
from processors.commander import Commander
from processors.reach_metrics import ReachMetrics
from store import commands
from store.pool import Connection, Pool
from tests.support.alarms import OPENED, rows
from tests.support.mqtt import subscriber, take
from vaka.clock import ManualClock
from vaka.embedded.broker import Broker

pytestmark = pytest.mark.anyio

REMIND = "vaka/v1/testby/dispenser-1/command/remind"


@pytest.fixture
def broker(data_dir: Path) -> Iterator[Broker]:
    broker = Broker(data_dir, Address("127.0.0.1", 0), "iotcore", 64, None)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(OPENED)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def commander(pool: Pool, clock: ManualClock, registry: CollectorRegistry, broker: Broker) -> Commander:
    assert broker.vaka is not None
    return Commander(pool, clock, ReachMetrics(registry), MqttServer(broker.vaka, None, None))


async def add(connection: Connection, id: str, name: str = "remind", **data: Any) -> None:
    await connection.execute(
        "INSERT INTO device_commands (id, tenant, device, name, data, created_at, next_attempt_at)"
        " VALUES (%s, 'testby', 'dispenser-1', %s, %s, %s, now())",
        (id, name, Jsonb(data), OPENED),
    )
    await connection.execute("NOTIFY vaka_commands")


async def states(pool: Pool) -> dict[str, str]:
    async with pool.connection() as connection:
        kept = await rows(connection, "SELECT id, state FROM device_commands ORDER BY id")
    return {row["id"]: row["state"] for row in kept}


def until(minutes: float) -> datetime:
    return OPENED + timedelta(minutes=minutes)


async def test_a_device_is_reminded(
    pool: Pool, commander: Commander, broker: Broker, clock: ManualClock, registry: CollectorRegistry
) -> None:
    async with pool.connection() as connection:
        await add(connection, "c-1", until=until(30).isoformat(), dose="morning")
    clock.time = until(29)
    with subscriber(broker.devices, v5=False, topic=REMIND) as got:
        assert await commander.step() is None
        (payload,) = take(got, 1)
    assert msgspec.json.decode(payload) == {
        "id": "c-1",
        "at": "2026-03-02T07:00:00Z",
        "until": until(30).isoformat(),
        "dose": "morning",
    }
    async with pool.connection() as connection:
        (kept,) = await rows(connection, "SELECT state, sent_at, attempts, leased_until FROM device_commands")
    assert kept == {"state": "sent", "sent_at": until(29), "attempts": 1, "leased_until": None}
    labels = {"name": "remind", "outcome": "sent"}
    assert registry.get_sample_value("vaka_commands_total", labels) == 1


async def test_a_reminder_is_pointless_from_its_end_on(
    pool: Pool, commander: Commander, broker: Broker, clock: ManualClock, registry: CollectorRegistry
) -> None:
    async with pool.connection() as connection:
        await add(connection, "late", until=until(30).isoformat())
        await add(connection, "timely", until=until(30.1).isoformat())
        await add(connection, "always")
    clock.time = until(30)
    with subscriber(broker.devices, v5=False, topic=REMIND) as got:
        await commander.step()
        assert {msgspec.json.decode(payload)["id"] for payload in take(got, 2)} == {"timely", "always"}
    assert await states(pool) == {"always": "sent", "late": "expired", "timely": "sent"}
    labels = {"name": "remind", "outcome": "expired"}
    assert registry.get_sample_value("vaka_commands_total", labels) == 1


async def test_an_end_that_is_no_time_is_refused_at_the_door(pool: Pool) -> None:
    with pytest.raises(psycopg.errors.InvalidDatetimeFormat):
        async with pool.connection() as connection:
            await add(connection, "c-1", until="soon")


async def test_commands_wait_while_the_broker_is_away(
    pool: Pool, commander: Commander, broker: Broker, clock: ManualClock
) -> None:
    async with pool.connection() as connection:
        await add(connection, "short", until=until(1).isoformat())
        await add(connection, "long", until=until(60).isoformat())
    broker.stop()
    with pytest.raises(aiomqtt.MqttError):
        await commander.step()
    assert await states(pool) == {"long": "due", "short": "due"}
    clock.time = until(2)
    with pytest.raises(aiomqtt.MqttError):
        await commander.step()
    assert await states(pool) == {"long": "due", "short": "expired"}
    broker.start()
    with subscriber(broker.devices, v5=False, topic=REMIND) as got:
        await commander.step()
        assert [msgspec.json.decode(payload)["id"] for payload in take(got, 1)] == ["long"]
    assert await states(pool) == {"long": "sent", "short": "expired"}


async def test_a_broker_that_goes_in_the_middle_gets_the_rest_when_it_is_back(
    pool: Pool, commander: Commander, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = aiomqtt.Client.publish
    sent: list[str] = []

    async def lose_the_second(client: aiomqtt.Client, topic: str, *args: Any, **more: Any) -> None:
        if len(sent) == 1:
            sent.append("lost")
            raise aiomqtt.MqttError("Disconnected during message iteration")
        await publish(client, topic, *args, **more)
        sent.append(topic)

    monkeypatch.setattr(aiomqtt.Client, "publish", lose_the_second)
    async with pool.connection() as connection:
        for n in range(3):
            await add(connection, f"c-{n}")
    with pytest.raises(aiomqtt.MqttError):
        await commander.step()
    assert await states(pool) == {"c-0": "sent", "c-1": "due", "c-2": "due"}
    await commander.step()
    assert await states(pool) == {"c-0": "sent", "c-1": "sent", "c-2": "sent"}


async def test_a_command_that_cannot_be_published_does_not_hold_up_the_others(pool: Pool, commander: Commander) -> None:
    async with pool.connection() as connection:
        await add(connection, "a", "not/a/+/topic")
        await add(connection, "b")
    wait = await commander.step()
    assert wait is not None
    assert await states(pool) == {"a": "due", "b": "sent"}


async def test_what_another_has_claimed_is_left_to_it(pool: Pool, commander: Commander) -> None:
    async with pool.connection() as connection:
        await add(connection, "c-1")
        await commands.claim(connection, limit=9, lease=timedelta(hours=1))
    wait = await commander.step()
    assert wait is not None
    assert 3000 < wait <= 3600
    assert await states(pool) == {"c-1": "due"}


async def test_it_runs_until_told_to_stop(pool: Pool, commander: Commander, broker: Broker, database_url: str) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(commander.run(database_url, stop))
    with subscriber(broker.devices, v5=False, topic=REMIND) as got:
        for n in range(3):
            async with pool.connection() as connection:
                await add(connection, f"c-{n}")
            await asyncio.to_thread(take, got, 1)
        stop.set()
        await running
    assert set((await states(pool)).values()) == {"sent"}
