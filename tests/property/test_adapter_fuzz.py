"""Nothing that a broker can deliver crashes an adapter, and all of it ends as an event or with a reason."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.families import FAMILIES as ADAPTERS
from ingest.families import read_all
from ingest.reader import MAX_PAYLOAD, Reader
from tests.support.adapter_examples import FAMILIES, SETTINGS, messages
from tests.support.adapter_laws import check

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

HOSTILE: list[Any] = [
    None, True, False, "", " ", "\x00", "\ud800", "💩" * 200, "x" * 5000, "../../etc", "1970-01-01T00:00:00Z",
    "2100-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-23:59", "0001-01-01T00:00:00+23:59", "yesterday",
    0, -1, 1, 255, 256, 65535, 2**31, 2**63, 2**64, -(2**63), 10**400, 0.1, 1e308, 1e-320,
    float("nan"), float("inf"), float("-inf"), [], {}, [None], {"": None}, [[[[[[]]]]]], {"state": {"state": {}}},
]  # fmt: skip
hostile = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=20),
    st.integers(),
    st.floats(),
    st.recursive(st.none() | st.booleans() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)),
)
levels = st.one_of(
    st.sampled_from(
        ["", "+", "#", "$SYS", "bridge", "device", "event", "up", "set", "\x00", "\\xff", "é", "x" * 300, ".."]
    ),
    st.text(max_size=8),
)


def reader() -> Reader:
    return read_all(SETTINGS)


def test_every_family_has_examples() -> None:
    assert set(ADAPTERS) == set(SETTINGS) == set(FAMILIES) - {"canonical"}


@st.composite
def damaged(draw: st.DrawFn, value: Any) -> Any:
    """`value` with something hostile somewhere within."""
    if isinstance(value, dict) and value and draw(st.integers(0, 5)):
        name = draw(st.sampled_from(sorted(value)))
        rest = {key: inner for key, inner in value.items() if key != name}
        if draw(st.booleans()) or not draw(st.booleans()):
            rest[draw(st.sampled_from([name, name, name, "x\x00", "\ud800"]))] = draw(damaged(value[name]))
        return rest
    if isinstance(value, list) and value and draw(st.integers(0, 5)):
        return [*value[1:], draw(damaged(value[0])), *draw(st.lists(hostile, max_size=1))]
    return draw(hostile)


@st.composite
def spoilt(draw: st.DrawFn, payload: bytes) -> bytes:
    """`payload` with some of its bytes replaced, taken out or put in."""
    start = draw(st.integers(0, len(payload)))
    end = min(len(payload), start + draw(st.integers(0, 4)))
    return payload[:start] + draw(st.binary(max_size=4)) + payload[end:]


@pytest.mark.parametrize("family", FAMILIES)
@given(data=st.data())
def test_fields_of_any_type_and_value(family: str, data: st.DataObject) -> None:
    examples = FAMILIES[family]
    seen = reader()
    for _ in range(3):
        topic = data.draw(st.sampled_from(sorted(examples)))
        body = data.draw(damaged(examples[topic]) | st.just(examples[topic]))
        payload = json.dumps(body, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "surrogatepass")
        check(seen.read(topic, payload, NOW, retained=data.draw(st.booleans())))


@pytest.mark.parametrize("family", FAMILIES)
@given(data=st.data())
def test_bytes_of_any_kind(family: str, data: st.DataObject) -> None:
    good = messages(FAMILIES[family])
    seen = reader()
    for topic, payload in good:
        check(seen.read(topic, payload, NOW))
    topic, payload = data.draw(st.sampled_from(good))
    check(seen.read(topic, data.draw(spoilt(payload) | st.binary(max_size=50)), NOW))


@pytest.mark.parametrize("family", FAMILIES)
@given(data=st.data())
def test_topics_of_any_kind(family: str, data: st.DataObject) -> None:
    topic, payload = data.draw(st.sampled_from(messages(FAMILIES[family])))
    parts = topic.split("/")
    at = data.draw(st.integers(0, len(parts)))
    made = [*parts[:at], *data.draw(st.lists(levels, max_size=3)), *parts[at + data.draw(st.integers(0, 1)) :]]
    seen = reader()
    for content in (seen.read("/".join(made), payload, NOW), seen.read(topic, payload, NOW)):
        check(content)


@pytest.mark.parametrize("family", FAMILIES)
def test_payloads_that_are_large_or_deep(family: str) -> None:
    seen = reader()
    for topic, payload in messages(FAMILIES[family]):
        padding = b'{"x":"' + b"y" * (MAX_PAYLOAD - len(payload) - 20) + b'",'
        for large in (
            padding + payload[1:],
            b"x" * (MAX_PAYLOAD + 1),
            b"[" * MAX_PAYLOAD,
            b'{"a":' * 50_000,
            b'{"a":' + b"[" * 500 + b"]" * 500 + b"," + payload[1:],
            b"[" + b",".join([payload] * 20) + b"]",
            b'{"n":' + b"9" * 10_000 + b"," + payload[1:],
        ):
            check(seen.read(topic, large, NOW))
