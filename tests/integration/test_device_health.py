"""The read model of the fleet: behind the rules, in chunks, and whole again after a restart."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from events.ids import DeviceId, device_key
from events.kinds import Technology
from processors.device_health import DeviceHealthWriter
from processors.metrics import EngineMetrics
from rules.partition import Partition
from store.devices import Device, add_device
from store.log import NotOwner, take_log
from store.pool import Connection, Pool, connect
from store.registry import Tenant, add_tenant
from tests.support import fleet
from tests.support.rows import rows

pytestmark = pytest.mark.anyio

NAMES = ("a", "b", "c")
READ = "SELECT device, status, last_seen, updated_at FROM device_health ORDER BY device"


@pytest.fixture
async def connection(database_url: str, pool: Pool) -> AsyncIterator[Connection]:
    async with pool.connection() as first:
        await add_tenant(first, Tenant(fleet.TENANT, "Prov", "UTC", fleet.START))
        for name in NAMES:
            new = Device(DeviceId(name), fleet.TENANT, Technology.OTHER, None, None, None, fleet.START)
            await add_device(first, new)
    connection = await connect(database_url)
    yield connection
    await connection.close()


class Writer:
    """Owns the log, and writes one device at a time."""

    def __init__(self, connection: Connection, epoch: int, partition: Partition) -> None:
        self.registry = CollectorRegistry()
        self.connection, self.epoch, self.partition = connection, epoch, partition
        self.now = fleet.START
        self.health = DeviceHealthWriter(0, lambda: self.now, EngineMetrics(self.registry).devices, chunk=1)

    async def save_some(self) -> None:
        await self.health.save_some(self.connection, self.epoch, self.partition)

    async def save_all(self) -> None:
        self.health.changed(self.partition.commit())
        await self.health.save_all(self.connection, self.epoch, self.partition)

    async def found(self) -> list[tuple[object, ...]]:
        async with self.connection.transaction():
            return await rows(self.connection, READ)

    def count(self, status: str) -> float | None:
        return self.registry.get_sample_value("vaka_devices", {"status": status})


@pytest.fixture
async def home(connection: Connection) -> tuple[fleet.Fleet, Writer]:
    home = fleet.Fleet()
    for name in NAMES:
        home.device(name)
        home.say(0, name, "heartbeat")
    epoch = await take_log(connection, "test")
    assert epoch is not None
    return home, Writer(connection, epoch, home.partition)


async def test_a_chunk_at_a_time(home: tuple[fleet.Fleet, Writer]) -> None:
    _, writer = home
    writer.health.changed(writer.partition.commit())
    for number in range(1, 4):
        await writer.save_some()
        assert len(await writer.found()) == number
    assert writer.count("ok") == 3


async def test_only_what_changed_is_written(home: tuple[fleet.Fleet, Writer]) -> None:
    village, writer = home
    await writer.save_all()
    writer.now += timedelta(minutes=1)
    village.say(4, "a", "heartbeat")
    village.say(5, "b", "heartbeat")
    village.say(1, "c", "tampered")
    await writer.save_all()
    assert [(device, updated > fleet.START) for device, _, _, updated in await written(writer)] == [
        ("a", False),
        ("b", True),
        ("c", True),
    ]


async def written(writer: Writer) -> list[tuple[str, str, datetime, datetime]]:
    return [(str(d), str(s), seen, at) for d, s, seen, at in await writer.found()]  # type: ignore[misc]


async def test_a_silent_device_is_counted_as_such(home: tuple[fleet.Fleet, Writer]) -> None:
    village, writer = home
    await writer.save_all()
    village.say(30, "a", "heartbeat")
    village.pass_time(60)
    await writer.save_all()
    assert [(device, status) for device, status, _, _ in await written(writer)] == [
        ("a", "ok"),
        ("b", "silent"),
        ("c", "silent"),
    ]
    assert (writer.count("ok"), writer.count("silent")) == (1, 2)


async def test_after_a_restart_what_was_missed_is_written(home: tuple[fleet.Fleet, Writer]) -> None:
    village, writer = home
    await writer.save_all()
    village.say(2, "b", "heartbeat")
    village.partition.commit()
    again = Writer(writer.connection, writer.epoch, village.partition)
    again.now = datetime(2026, 3, 3, tzinfo=UTC)
    again.health.changed(village.partition.devices)
    await again.save_all()
    assert [(device, at == again.now) for device, _, _, at in await written(again)] == [
        ("a", False),
        ("b", True),
        ("c", False),
    ]
    assert again.count("ok") == 3


async def test_who_no_longer_owns_the_log_writes_nothing(home: tuple[fleet.Fleet, Writer]) -> None:
    _, writer = home
    writer.epoch -= 1
    with pytest.raises(NotOwner):
        await writer.save_all()


async def test_a_device_that_nobody_registered_is_left_out(home: tuple[fleet.Fleet, Writer]) -> None:
    village, writer = home
    village.say(1, "ghost", "heartbeat")
    await writer.save_all()
    assert [device for device, *_ in await writer.found()] == list(NAMES)
    assert device_key(DeviceId("ghost")) not in village.partition.states
