"""From topic and bytes to what they mean: nothing that a broker can deliver gets past it as an exception."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.delivery import Content, Found, Heard, Observation, Rejected, Rejection
from events.devices import Family, Origin
from events.ids import DeviceId, TenantId
from events.topics import command_topic, marker_topic
from ingest.adapters import canonical
from ingest.reader import MAX_PAYLOAD, Reader
from tests.unit.ingest.adapters.test_canonical import damaged, objects, topics

NOW = datetime(2026, 11, 21, 8, 6, tzinfo=UTC)
PRESS = b'{"at": "2026-11-21T08:05:00Z"}'
TOPIC = "vaka/v1/demo/d-1/alarm_pressed"


def read(topic: str, payload: bytes) -> Observation | Heard | Found | Rejected:
    (seen,) = Reader().read(topic, payload, NOW)
    return seen


def test_a_canonical_message_is_read() -> None:
    seen = read(TOPIC, PRESS)
    assert isinstance(seen, Observation)
    assert seen.kind == "alarm_pressed"


@pytest.mark.parametrize(
    "topic",
    [
        command_topic(TenantId("demo"), DeviceId("d-1"), "remind"),
        command_topic(TenantId("demo"), DeviceId("d-1"), ""),
        marker_topic("vaka-bulk"),
        marker_topic("another-node-urgent"),
    ],
)
def test_what_vaka_itself_has_sent_is_not_for_the_log(topic: str) -> None:
    assert Reader().read(topic, b"anything", NOW) == ()


@pytest.mark.parametrize(
    "topic", ["vaka/v10/_marker/x/marker", "vaka/v1x/demo/d-1/command/remind", "a/vaka/v1/_marker/x"]
)
def test_what_only_looks_like_it_is_told(topic: str) -> None:
    seen = read(topic, PRESS)
    assert isinstance(seen, Rejected)
    assert seen.reason is Rejection.BAD_TOPIC


def test_the_largest_payload_is_read() -> None:
    payload = PRESS[:-1] + b" " * (MAX_PAYLOAD - len(PRESS)) + b"}"
    assert len(payload) == MAX_PAYLOAD
    assert isinstance(read(TOPIC, payload), Observation)


@pytest.mark.parametrize("size", [MAX_PAYLOAD + 1, 2**21])
def test_a_larger_one_is_not_even_looked_at(size: int) -> None:
    seen = read(TOPIC, PRESS.ljust(size))
    assert isinstance(seen, Rejected)
    assert seen.reason is Rejection.TOO_LARGE
    assert str(size) in seen.detail


def test_an_adapter_that_fails_makes_the_message_a_rejected_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(topic: str, payload: bytes) -> Observation:
        raise ZeroDivisionError("broken on purpose")

    monkeypatch.setattr(canonical, "read", broken)
    seen = read(TOPIC, PRESS)
    assert seen == Rejected(Rejection.MALFORMED, "ZeroDivisionError: broken on purpose")


@given(topics, objects | damaged() | st.binary(max_size=60))
def test_nothing_that_comes_raises(topic: str, payload: bytes) -> None:
    assert all(isinstance(seen, Observation | Rejected) for seen in Reader().read(topic, payload, NOW))


class Knocks:
    """A family that says what it is told to say, on topics below `knock/`."""

    def __init__(self, say: Callable[[], Content]) -> None:
        self.learned = 0
        self.seen: list[tuple[str, datetime, bool]] = []
        self._say = say

    def filters(self) -> tuple[str, ...]:
        return ("knock/#",)

    def reads(self, topic: str) -> bool:
        return topic.startswith("knock/")

    def read(self, topic: str, payload: bytes, received: datetime, *, retained: bool) -> Content:
        self.seen.append((topic, received, retained))
        return self._say()

    def remember(self, found: Iterable[Found]) -> None:
        self.remembered = list(found)

    def topics(self, origin: Origin) -> tuple[str, ...]:
        return (f"knock/{origin.id}",) if origin.family is Family.ZIGBEE2MQTT else ()


def test_a_topic_is_read_by_the_family_whose_it_is() -> None:
    knocks = Knocks(lambda: (Found(Origin(Family.ZIGBEE2MQTT, "", "x")),))
    reader = Reader([knocks])
    assert reader.read("knock/x", b"", NOW, retained=True) == (Found(Origin(Family.ZIGBEE2MQTT, "", "x")),)
    assert reader.read(TOPIC, PRESS, NOW) == (read(TOPIC, PRESS),)
    assert knocks.seen == [("knock/x", NOW, True)]
    assert reader.filters() == ("vaka/v1/#", "knock/#")
    origins = frozenset({Origin(Family.ZIGBEE2MQTT, "", "x"), Origin(Family.SCAIP, "", "y")})
    assert reader.topics(origins) == {"knock/x"}


def test_a_topic_of_no_family_is_told() -> None:
    (seen,) = Reader().read("knock/x", b"", NOW)
    assert isinstance(seen, Rejected)
    assert seen.reason is Rejection.BAD_TOPIC
    assert "knock/x" in seen.detail


def test_a_family_that_fails_keeps_the_message() -> None:
    def broken() -> Content:
        raise ZeroDivisionError("broken on purpose")

    (seen,) = Reader([Knocks(broken)]).read("knock/x", b"", NOW)
    assert seen == Rejected(Rejection.MALFORMED, "ZeroDivisionError: broken on purpose")


def test_a_scaip_message_is_read_again_from_quarantine_and_never_believed_from_a_broker() -> None:
    xml = b"<mrq><ref>1243</ref><cid>678</cid><dty>2</dty></mrq>"
    (press,) = Reader().reread("scaip/678", xml, NOW)
    assert isinstance(press, Heard)
    assert (press.kind, press.message.at) == ("alarm_pressed", NOW)
    (refused,) = Reader().read("scaip/678", xml, NOW)
    assert isinstance(refused, Rejected)
    assert Reader().reread(TOPIC, PRESS, NOW) == Reader().read(TOPIC, PRESS, NOW)
