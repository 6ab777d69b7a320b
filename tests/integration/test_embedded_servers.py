"""Database and broker together: adopted after a kill of Vaka, restarted when they die, one Vaka for each directory."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Literal

import psutil
import psycopg
import pytest

from events.address import Address, MqttServer
from tests.support.mqtt import publish, subscriber, take
from tests.support.requirements import require
from vaka.embedded.errors import ServerError
from vaka.embedded.processes import serves
from vaka.embedded.programs import mosquitto_path
from vaka.embedded.servers import Servers, attach, start_servers
from vaka.embedded.state import Addresses
from vaka.settings import Settings

pytestmark = pytest.mark.anyio


BROKERS = pytest.mark.parametrize("broker", ["iotcore", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])


@pytest.fixture
def broker() -> Literal["iotcore", "mosquitto"]:
    """The broker of the tests that are not about it."""
    return "iotcore"


@pytest.fixture
def settings(data_dir: Path, broker: Literal["iotcore", "mosquitto"]) -> Settings:
    if broker == "mosquitto":
        require("mosquitto", mosquitto_path())
    return Settings(data_dir=data_dir, mqtt=Address("127.0.0.1", 0), broker=broker)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Servers]:
    servers = await start_servers(settings)
    try:
        yield servers
    finally:
        await servers.stop()


@asynccontextmanager
async def watched(servers: Servers) -> AsyncIterator[None]:
    watch = asyncio.create_task(servers.watch())
    try:
        yield
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


@contextmanager
def reported() -> Iterator["asyncio.Queue[str]"]:
    """The messages that the servers' log gets from now on."""
    messages: asyncio.Queue[str] = asyncio.Queue()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.put_nowait(record.getMessage())

    handler, log = Handler(), logging.getLogger("vaka.embedded.servers")
    log.addHandler(handler)
    try:
        yield messages
    finally:
        log.removeHandler(handler)


def attached(settings: Settings) -> Addresses:
    addresses = attach(settings.data_dir)
    assert addresses is not None
    return addresses


def write(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")


def read(url: str) -> object:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT number FROM kept").fetchall()


def kill_vaka(settings: Settings, *, after_queueing: bytes) -> Addresses:
    """Start the servers in another process, queue a message for an absent session, and kill -9 that process."""
    command = [sys.executable, "-m", "tests.support.vaka_process", str(settings.data_dir), settings.broker]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as vaka:
        try:
            assert vaka.stdout is not None
            assert vaka.stdout.readline() == "started\n"
            left = attached(settings)
            write(left.database_url)
            with subscriber(MqttServer.parse(left.mqtt_url).address, v5=True):
                pass
            publish(Address.parse(left.device_mqtt), after_queueing)
        finally:
            vaka.kill()
    return left


@BROKERS
async def test_after_a_kill_of_vaka_both_are_adopted_and_the_queue_is_there(settings: Settings) -> None:
    left = await asyncio.to_thread(kill_vaka, settings, after_queueing=b"pressed")
    assert attach(settings.data_dir) == left
    async with running(settings) as servers:
        assert attach(settings.data_dir) == left
        assert read(servers.database_url) == [(1,)]
        with subscriber(MqttServer.parse(servers.mqtt_url).address, v5=True) as got:
            assert take(got, 1) == [b"pressed"]
    assert attach(settings.data_dir) is None
    assert not serves(left.database_pid or 0, settings.data_dir)
    assert not serves(left.broker_pid or 0, settings.data_dir)


async def test_a_second_vaka_on_the_same_data_directory_is_refused(settings: Settings) -> None:
    async with running(settings) as servers:
        with pytest.raises(ServerError, match="another vaka up"):
            await start_servers(settings)
        with psycopg.connect(servers.database_url) as connection:
            connection.execute("SELECT 1")


async def test_a_killed_postmaster_is_restarted_with_its_data(settings: Settings) -> None:
    async with running(settings) as servers, watched(servers):
        write(servers.database_url)
        before = attached(settings)
        with reported() as messages:
            psutil.Process(before.database_pid).kill()
            report = await messages.get()
        assert report.startswith(f"PostgreSQL (process {before.database_pid}) was gone and is restarted")
        assert attached(settings).database_pid != before.database_pid
        assert attached(settings).database_url == before.database_url
        assert read(servers.database_url) == [(1,)]


@BROKERS
async def test_a_killed_broker_is_restarted_and_serves_again(settings: Settings) -> None:
    async with running(settings) as servers, watched(servers):
        before = attached(settings)
        with reported() as messages:
            psutil.Process(before.broker_pid).kill()
            report = await messages.get()
        assert report.startswith(f"{settings.broker} (process {before.broker_pid}) was gone and is restarted")
        assert "lost" in report
        assert attached(settings).mqtt_url == before.mqtt_url
        with subscriber(MqttServer.parse(servers.mqtt_url).address, v5=True) as got:
            await asyncio.to_thread(publish, Address.parse(servers.device_mqtt), b"again")
            assert take(got, 1) == [b"again"]


async def test_a_server_that_cannot_start_stops_the_other_one(settings: Settings) -> None:
    async with running(settings):
        pass
    version = settings.data_dir / "postgres" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(ServerError, match="pg_ctl failed"):
        await start_servers(settings)
    assert not [process for process in psutil.process_iter() if serves(process.pid, settings.data_dir)]
    version.write_text("18\n")
    async with running(settings) as servers:
        assert servers.broker_program == settings.broker


async def test_servers_that_the_settings_name_are_used_and_nothing_is_started(data_dir: Path) -> None:
    database, mqtt = "postgresql://db.example/vaka", "mqtt://vaka:password@broker.example"
    async with running(Settings(data_dir=data_dir, database_url=database, mqtt_url=mqtt)) as servers:
        assert (servers.database_url, servers.mqtt_url) == (database, mqtt)
        assert (servers.device_mqtt, servers.broker_program) == ("broker.example:1883", "external")
        assert attached(Settings(data_dir=data_dir)).database_pid is None
        watch = asyncio.create_task(servers.watch())
        await asyncio.wait([watch], timeout=0)
        assert not watch.done()
        assert sorted(path.name for path in data_dir.iterdir()) == ["servers.json", "vaka.lock"]
    await watch


async def test_nothing_to_attach_to(data_dir: Path) -> None:
    assert attach(data_dir) is None
    assert attach(data_dir / "absent") is None
