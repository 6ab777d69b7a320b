"""The servers of a benchmark: a real PostgreSQL and a real broker on loopback, in a folder that is removed after."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from events.address import Address
from store.migrate import migrate
from vaka.embedded.broker import Broker
from vaka.embedded.postgres import Postgres
from vaka.embedded.programs import mosquitto_path

QUEUE_MB = 256


@dataclass(frozen=True)
class Servers:
    """`devices` is the broker's MQTT 3.1.1 listener, `mqtt` its MQTT 5 one. The database has Vaka's schema."""

    folder: Path
    database_url: str
    devices: Address
    mqtt: Address


def brokers() -> list[str]:
    """Those that can be measured here."""
    return ["iotcore", *(["mosquitto"] if mosquitto_path() else [])]


@contextmanager
def running_servers(broker_name: str) -> Iterator[Servers]:
    with folder() as path:
        database = Postgres(path)
        broker = Broker(path, Address("127.0.0.1", 0), broker_name, QUEUE_MB, None)
        try:
            database.start()
            broker.start()
            assert broker.vaka is not None
            migrate(database.url)
            yield Servers(path, database.url, broker.devices, broker.vaka)
        finally:
            broker.stop()
            database.stop()


@contextmanager
def folder() -> Iterator[Path]:
    """Started by root, the servers run as another user, who must be able to enter."""
    path = Path(tempfile.mkdtemp(prefix="vaka-benchmark-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
