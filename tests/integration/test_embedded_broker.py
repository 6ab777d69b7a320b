"""The embedded brokers: what they pass on, and what they keep for a Vaka that is away."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from events.address import Address
from tests.support.mqtt import publish, subscriber, take, take_different
from tests.support.requirements import require
from vaka.embedded.broker import Broker
from vaka.embedded.errors import ServerError
from vaka.embedded.ports import free_port
from vaka.embedded.programs import mosquitto_path
from vaka.embedded.state import Addresses

ANY_PORT = Address("127.0.0.1", 0)
MOSQUITTO = pytest.param("mosquitto", marks=pytest.mark.mosquitto)

Start = Callable[..., Broker]


@pytest.fixture(params=["iotcore", MOSQUITTO])
def program(request: pytest.FixtureRequest) -> str:
    if request.param == "mosquitto":
        require("mosquitto", mosquitto_path())
    return str(request.param)


@pytest.fixture
def start(data_dir: Path, program: str) -> Iterator[Start]:
    """Starts a broker; all are stopped in the end."""
    started: list[Broker] = []

    def start_one(address: Address = ANY_PORT, previous: Addresses | None = None) -> Broker:
        broker = Broker(data_dir, address, program, 64, previous)
        started.append(broker)
        broker.start()
        return broker

    yield start_one
    for broker in started:
        broker.stop()


def _vaka(broker: Broker) -> Address:
    assert broker.vaka is not None
    return broker.vaka


def _addresses(broker: Broker) -> Addresses:
    return Addresses(
        database_url="",
        database_pid=None,
        mqtt_url=f"mqtt://{broker.vaka}",
        device_mqtt=str(broker.devices),
        broker_program=broker.name,
        broker_pid=broker.pid,
    )


def test_a_devices_message_reaches_both_versions(start: Start, program: str) -> None:
    broker = start()
    assert (broker.name, broker.running()) == (program, True)
    for address, v5 in ((broker.devices, False), (_vaka(broker), True)):
        with subscriber(address, v5=v5) as got:
            publish(broker.devices, b"hello")
            assert take(got, 1) == [b"hello"]


def test_a_message_of_100_kilobytes_passes(start: Start) -> None:
    broker = start()
    with subscriber(_vaka(broker), v5=True) as got:
        publish(broker.devices, b"x" * 100_000)
        assert take(got, 1) == [b"x" * 100_000]


def test_all_is_kept_in_order_for_a_session_that_is_away(start: Start) -> None:
    """More than the 1,000 messages after which Mosquitto drops silently unless it is told not to."""
    broker = start()
    with subscriber(_vaka(broker), v5=True):
        pass
    messages = [b"%d" % number for number in range(2500)]
    publish(broker.devices, *messages)
    with subscriber(_vaka(broker), v5=True) as got:
        assert take_different(got, len(messages)) == messages


def test_a_broker_that_a_killed_vaka_left_is_adopted_with_its_queue(start: Start) -> None:
    first = start()
    with subscriber(_vaka(first), v5=True):
        pass
    publish(first.devices, b"queued")
    second = start(previous=_addresses(first))
    assert second.adopted
    assert (second.pid, second.devices, second.vaka) == (first.pid, first.devices, first.vaka)
    with subscriber(_vaka(second), v5=True) as got:
        assert take(got, 1) == [b"queued"]
    second.stop()
    assert not first.running()


def test_a_broker_that_was_left_on_another_address_is_replaced(start: Start) -> None:
    first = start()
    second = start(Address("127.0.0.1", _another_port(first)), _addresses(first))
    assert not second.adopted
    assert not first.running()


def test_a_broker_that_nobody_wrote_down_is_replaced(start: Start) -> None:
    first = start()
    second = start(first.devices, None)
    assert second.pid != first.pid
    assert not first.running()


def test_a_killed_broker_comes_back_on_the_same_addresses(start: Start) -> None:
    broker = start()
    before = (broker.devices, broker.vaka)
    psutil.Process(broker.pid).kill()
    psutil.Process(broker.pid).wait(10)
    assert not broker.running()
    broker.start()
    assert broker.running()
    assert (broker.devices, broker.vaka) == before


def test_a_port_in_use_is_named(start: Start, data_dir: Path) -> None:
    first = start()
    other = data_dir / "other"
    other.mkdir()
    with pytest.raises(ServerError, match=rf"{first.devices} is in use by .*\(pid {first.pid}\): .* --mqtt 127.0.0.1:"):
        Broker(other, first.devices, first.name, 64, None).start()
    assert first.running()


@pytest.mark.mosquitto
@pytest.mark.parametrize("program", ["mosquitto"], indirect=True)
def test_mosquitto_keeps_its_queue_over_its_own_restart(start: Start) -> None:
    first = start()
    with subscriber(_vaka(first), v5=True):
        pass
    publish(first.devices, b"queued")
    first.stop()
    second = start(first.devices)
    with subscriber(_vaka(second), v5=True) as got:
        assert take(got, 1) == [b"queued"]


def test_what_keeps_a_broker_from_starting_is_shown(
    data_dir: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vaka.embedded.programs.PACKET_BYTES", "many")
    broker = Broker(data_dir, ANY_PORT, program, 64, None)
    with pytest.raises(ServerError, match=rf"(?s){program} did not start; the end of .*broker\.log.*(packet|many)"):
        broker.start()
    assert not broker.running()


def _another_port(broker: Broker) -> int:
    return next(port for port in iter(free_port, 0) if port not in (broker.devices.port, _vaka(broker).port))
