"""`kill -9` of Vaka at any moment while its servers start: whatever is left, the next start must work."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from events.address import Address, MqttServer
from tests.support.mqtt import publish, subscriber, take
from tests.support.requirements import require
from vaka.embedded.programs import mosquitto_path
from vaka.embedded.servers import start_servers
from vaka.settings import Settings

MOMENTS = [moment / 100 for moment in range(15, 150, 10)]
"""Seconds after the start of the process: from loading its modules to having made a database, on a slow machine too."""

pytestmark = [pytest.mark.fault, pytest.mark.anyio, pytest.mark.timeout(300)]


@pytest.mark.parametrize("broker", ["iotcore", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
@pytest.mark.parametrize("made_before", [False, True])
async def test_the_next_start_works(data_dir: Path, broker: str, made_before: bool) -> None:
    if broker == "mosquitto":
        require("mosquitto", mosquitto_path())
    common = data_dir / "common"
    for moment in MOMENTS:
        folder = common if made_before else data_dir / f"at-{moment}"
        kill_after(moment, folder, broker)
        await start_use_and_stop(folder, broker)


def kill_after(moment: float, folder: Path, broker: str) -> None:
    command = [sys.executable, "-m", "tests.support.vaka_process", str(folder), broker]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[2]) as vaka:
        with suppress(subprocess.TimeoutExpired):
            vaka.wait(moment)
        vaka.kill()


async def start_use_and_stop(folder: Path, broker: str) -> None:
    servers = await start_servers(Settings(data_dir=folder, mqtt=Address("127.0.0.1", 0), broker=broker))  # type: ignore[arg-type]
    try:
        with psycopg.connect(servers.database_url) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS starts (n int)")
        with subscriber(MqttServer.parse(servers.mqtt_url).address, v5=True) as got:
            publish(Address.parse(servers.device_mqtt), b"hello")
            assert take(got, 1) == [b"hello"]
    finally:
        await servers.stop()
