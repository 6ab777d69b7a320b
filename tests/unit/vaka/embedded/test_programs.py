import tomllib
from pathlib import Path

import pytest

from events.address import Address
from vaka.embedded.broker import Broker
from vaka.embedded.errors import ServerError
from vaka.embedded.programs import choose, iotcore, mosquitto

DEVICES, VAKA = Address("127.0.0.1", 1883), Address("::1", 1884)


def test_mosquitto_keeps_everything_up_to_the_byte_limit() -> None:
    lines = mosquitto(Path("/data/broker"), DEVICES, 512).text.splitlines()
    assert "listener 1883 127.0.0.1" in lines
    assert "max_queued_messages 0" in lines
    assert "max_queued_bytes 512000000" in lines
    assert "persistence true" in lines
    assert "persistence_location /data/broker/" in lines


def test_iotcore_has_a_listener_for_each_version_and_keeps_as_much() -> None:
    config = tomllib.loads(iotcore(Path("/data/broker"), DEVICES, VAKA, 512).text)
    assert config["v4"]["1"]["listen"] == "127.0.0.1:1883"
    assert config["v5"]["1"]["listen"] == "[::1]:1884"
    assert config["router"]["max_segment_size"] * config["router"]["max_segment_count"] == 512_000_000


def test_auto_takes_mosquitto_where_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaka.embedded.programs.mosquitto_path", lambda: "/usr/sbin/mosquitto")
    assert [choose(name) for name in ("auto", "mosquitto", "iotcore")] == ["mosquitto", "mosquitto", "iotcore"]
    monkeypatch.setattr("vaka.embedded.programs.mosquitto_path", lambda: None)
    assert [choose(name) for name in ("auto", "iotcore")] == ["iotcore", "iotcore"]
    with pytest.raises(ServerError, match="mosquitto is not installed"):
        choose("mosquitto")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "broker.example"])
def test_a_broker_that_lets_everybody_in_serves_this_machine_only(tmp_path: Path, host: str) -> None:
    with pytest.raises(ServerError, match=r"not on loopback.*VAKA_MQTT_URL"):
        Broker(tmp_path, Address(host, 1883), "auto", 512, None)
