"""A real broker for tests: the one that comes with Vaka, one for the run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from events.address import Address, MqttServer
from tests.support.folders import reachable_folder
from vaka.embedded.broker import Broker

ANY_PORT = Address("127.0.0.1", 0)


@pytest.fixture(scope="session")
def embedded_broker() -> Iterator[Broker]:
    with reachable_folder() as folder:
        broker = Broker(Path(folder), ANY_PORT, "iotcore", 64, None)
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()


@pytest.fixture
def mqtt_server(embedded_broker: Broker) -> MqttServer:
    """The MQTT 5 listener."""
    assert embedded_broker.vaka is not None
    return MqttServer.parse(f"mqtt://{embedded_broker.vaka}")
