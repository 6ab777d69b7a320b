import pytest

from events.address import Address, MqttServer


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8000", Address("127.0.0.1", 8000)),
        ("localhost:0", Address("localhost", 0)),
        ("[::1]:1883", Address("::1", 1883)),
    ],
)
def test_an_address_is_read_and_written(text: str, address: Address) -> None:
    assert Address.parse(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("127.0.0.1:http", "the port 'http' is not a number"),
        ("127.0.0.1:", "the port '' is not a number"),
        ("127.0.0.1:-1", "the port '-1' is not a number"),
        ("127.0.0.1:٣", "is not a number"),
        ("127.0.0.1:65536", "above 65535"),
        ("8000", "not HOST:PORT"),
        (":8000", "not HOST:PORT"),
        ("::1:8000", r"in brackets: \[::1\]:8000"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Address.parse(text)


@pytest.mark.parametrize(
    ("text", "loopback"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("192.0.2.1:1", False),
        ("127.0.0.1.example:1", False),
    ],
)
def test_who_reaches_an_address(text: str, loopback: bool) -> None:
    assert Address.parse(text).is_loopback is loopback


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("mqtt://broker.example:1884", MqttServer(Address("broker.example", 1884), None, None)),
        ("mqtt://broker.example", MqttServer(Address("broker.example", 1883), None, None)),
        ("mqtt://[::1]/", MqttServer(Address("::1", 1883), None, None)),
        ("mqtt://vaka:p%40ss%3A@[::1]:1", MqttServer(Address("::1", 1), "vaka", "p@ss:")),
    ],
)
def test_a_broker_url_is_read(url: str, server: MqttServer) -> None:
    assert MqttServer.parse(url) == server


@pytest.mark.parametrize("url", ["broker:1883", "mqtts://broker:1883", "mqtt://broker/topic", "mqtt://", "mqtt://b:x"])
def test_what_is_no_broker_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        MqttServer.parse(url)
