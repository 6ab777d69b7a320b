"""From topic and bytes to what they mean: nothing that a broker can deliver gets past it as an exception."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.delivery import Observation, Rejected, Rejection
from events.ids import DeviceId, TenantId
from events.topics import command_topic, marker_topic
from ingest.adapters import canonical
from ingest.reader import MAX_PAYLOAD, read
from tests.unit.ingest.adapters.test_canonical import damaged, objects, topics

PRESS = b'{"at": "2026-11-21T08:05:00Z"}'
TOPIC = "vaka/v1/demo/d-1/alarm_pressed"


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
    assert read(topic, b"anything") is None


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


@pytest.mark.parametrize("size", [MAX_PAYLOAD + 1, 2**20])
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
    assert isinstance(read(topic, payload), Observation | Rejected | None)
