"""The canonical form: what is understood, what is refused with its reason, and that nothing at all raises."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.delivery import Observation, Rejected, Rejection
from events.ids import DeviceId, TenantId
from events.kinds import KINDS
from events.messages import AlarmPressed, Battery, Motion
from ingest.adapters.canonical import read

AT = '"at": "2026-11-21T09:05:00+01:00"'
TOPIC = "vaka/v1/demo/d-1/motion"


def test_a_press_is_understood() -> None:
    payload = f'{{{AT}, "id": "7", "button": "neck", "firmware": "1.2"}}'.encode()
    seen = read("vaka/v1/demo/d-1/alarm_pressed", payload)
    assert isinstance(seen, Observation)
    assert (seen.tenant, seen.device, seen.kind) == (TenantId("demo"), DeviceId("d-1"), "alarm_pressed")
    assert seen.message == AlarmPressed(at=datetime(2026, 11, 21, 8, 5, tzinfo=UTC), id="7", button="neck")
    assert seen.payload == payload
    assert seen.key is not None
    assert len(seen.key) == 16


@pytest.mark.parametrize("kind", KINDS)
def test_any_device_may_send_any_kind(kind: str) -> None:
    payload = f'{{{AT}, "latitude": 58.0, "longitude": 14, "percent": 50}}'.encode()
    seen = read(f"vaka/v1/demo/d-1/{kind}", payload)
    assert isinstance(seen, Observation)
    assert type(seen.message) is KINDS[kind]


def key(payload: str, topic: str = TOPIC) -> bytes | None:
    seen = read(topic, payload.encode())
    assert isinstance(seen, Observation)
    return seen.key


def test_the_same_event_has_the_same_key_however_it_is_spelt() -> None:
    plain = key(f'{{{AT}, "room": "hall", "n": 1}}')
    assert plain == key(f'{{"n":1,"room":"h\\u0061ll",{AT}}}')
    assert plain == key('{"room": "hall", "n": 1, "at": "2026-11-21T08:05:00.000Z"}')


def test_another_event_has_another_key() -> None:
    keys = [
        key(f'{{{AT}, "room": "hall"}}'),
        key(f'{{{AT}, "room": "kitchen"}}'),
        key(f"{{{AT}}}"),
        key(f'{{{AT}, "id": "1"}}'),
        key(f'{{{AT}, "id": "2"}}'),
        key(f'{{{AT}, "id": "1"}}', "vaka/v1/demo/d-1/door_opened"),
        key(f'{{{AT}, "id": "1"}}', "vaka/v1/demo/d-2/motion"),
        key(f"{{{AT}}}", "vaka/v1/demo/d-2/motion"),
        key('{"at": "2026-11-21T09:05:00.001+01:00"}'),
    ]
    assert len(set(keys)) == len(keys)


def test_with_an_id_nothing_else_counts() -> None:
    assert key(f'{{{AT}, "id": "1", "room": "hall"}}') == key('{"at": "2026-11-22T08:05:00Z", "id": "1"}')


TOPICS = {
    "empty": "",
    "another family": "zigbee2mqtt/kitchen/motion",
    "another version": "vaka/v2/demo/d-1/motion",
    "too short": "vaka/v1/demo/d-1",
    "too long": "vaka/v1/demo/d-1/motion/now",
    "a level too many at the end": "vaka/v1/demo/d-1/motion/",
    "no tenant": "vaka/v1//d-1/motion",
    "no device": "vaka/v1/demo//motion",
    "a wildcard": "vaka/v1/+/d-1/motion",
    "letters of elsewhere": "vaka/v1/malmö/d-1/motion",
    "a blank": "vaka/v1/demo/d 1/motion",
    "a line break": "vaka/v1/demo/d-1\n/motion",
    "a NUL": "vaka/v1/demo/d\x00/motion",
    "half a surrogate": "vaka/v1/demo/\ud800/motion",
    "a path": "vaka/v1/demo/../motion",
    "an id that is too long": f"vaka/v1/demo/{'d' * 101}/motion",
    "64 kilobytes": f"vaka/v1/{'d' * 65000}/d-1/motion",
}


@pytest.mark.parametrize("topic", TOPICS.values(), ids=TOPICS)
def test_a_topic_that_is_not_canonical_is_told(topic: str) -> None:
    seen = read(topic, f"{{{AT}}}".encode())
    assert isinstance(seen, Rejected)
    assert seen.reason is Rejection.BAD_TOPIC
    assert repr(topic) in seen.detail
    assert (seen.tenant, seen.device) == (None, None)


@pytest.mark.parametrize("kind", ["", "Motion", "motion ", "ticked", "plan_changed", "catch_up_began", "k" * 60000])
def test_a_kind_that_is_unknown_is_told_with_its_device(kind: str) -> None:
    """Control entries as well: nobody ends a hold or changes a plan over MQTT."""
    seen = read(f"vaka/v1/demo/d-1/{kind}", f"{{{AT}}}".encode())
    assert isinstance(seen, Rejected)
    assert seen.reason is Rejection.UNKNOWN_KIND
    assert kind[:100] in seen.detail
    assert len(seen.detail) < 250
    assert (seen.tenant, seen.device) == (TenantId("demo"), DeviceId("d-1"))


MALFORMED = {
    "nothing": b"",
    "not UTF-8": f'{{{AT}, "room": "'.encode() + b'\xff"}',
    "not UTF-8 in a field that no kind names": f'{{{AT}, "x": "'.encode() + b'\xc3\x28"}',
    "UTF-16": f"{{{AT}}}".encode("utf-16"),
    "not a number": f'{{{AT}, "x": NaN}}'.encode(),
    "without end": f'{{{AT}, "x": Infinity}}'.encode(),
    "deep": f'{{{AT}, "x": {"[" * 100_000}{"]" * 100_000}}}'.encode(),
    "deep objects": f'{{{AT}, "x": {"{" + chr(34) + "x" + chr(34) + ":"}'.encode() * 100_000,
    "an array": f"[{AT}]".encode(),
    "a text": b'"motion"',
    "a number": b"1",
    "a megabyte of blanks": b" " * 2**20,
    "no time": b"{}",
    "time null": b'{"at": null}',
    "time a number": b'{"at": 1763716000}',
    "time a huge number": b'{"at": 1e999}',
    "time an object": b'{"at": {"at": "2026-11-21T08:05:00Z"}}',
    "no offset": b'{"at": "2026-11-21T08:05:00"}',
    "year 0": b'{"at": "0000-01-01T00:00:00Z"}',
    "before the year 1 in UTC": b'{"at": "0001-01-01T00:00:00+00:01"}',
    "after the year 9999 in UTC": b'{"at": "9999-12-31T23:59:59-00:01"}',
    "year 10000": b'{"at": "10000-01-01T00:00:00Z"}',
    "id a number": f'{{{AT}, "id": 7}}'.encode(),
    "id of a megabyte": f'{{{AT}, "id": "{"7" * 2**20}"}}'.encode(),
    "room a list": f'{{{AT}, "room": ["hall"]}}'.encode(),
    "room half a surrogate": f'{{{AT}, "room": "\\ud800"}}'.encode(),
}


@pytest.mark.parametrize("payload", MALFORMED.values(), ids=MALFORMED)
def test_a_payload_that_is_malformed_is_told_with_its_device(payload: bytes) -> None:
    seen = read(TOPIC, payload)
    assert isinstance(seen, Rejected)
    assert seen.reason is Rejection.MALFORMED
    assert 0 < len(seen.detail) < 400
    assert (seen.tenant, seen.device) == (TenantId("demo"), DeviceId("d-1"))


ODD = {
    "the year 1": ("motion", '"at": "0001-01-01T00:00:00Z"'),
    "the year 9999": ("motion", '"at": "9999-12-31T23:59:59.999999Z"'),
    "before 1970": ("motion", '"at": "1969-12-31T23:59:59.5Z"'),
    "a huge number": ("motion", f'{AT}, "x": {"9" * 5000}'),
    "a number beyond all": ("motion", f'{AT}, "x": 1e999'),
    "a number beyond 64 bits": ("motion", f'{AT}, "x": 18446744073709551616'),
    "a key twice": ("motion", f'{AT}, "x": 1, "x": 2'),
    "time twice": ("motion", f'"at": "2026-11-21T08:00:00Z", {AT}'),
    "NUL in a field": ("motion", f'{AT}, "x": "\\u0000"'),
    "nested, but not too deep": ("motion", f'{AT}, "x": {"[" * 500}{"]" * 500}'),
    "letters of everywhere": ("motion", f'{AT}, "room": "kök 🏠 \\u202e"'),
    "a battery of nothing": ("battery", f'{AT}, "percent": -0.0'),
}


@pytest.mark.parametrize(("kind", "fields"), ODD.values(), ids=ODD)
def test_what_is_odd_but_readable_is_understood(kind: str, fields: str) -> None:
    seen = read(f"vaka/v1/demo/d-1/{kind}", f"{{{fields}}}".encode())
    assert isinstance(seen, Observation), seen
    assert seen.message.at.tzinfo is UTC
    assert seen == read(f"vaka/v1/demo/d-1/{kind}", f"{{{fields}}}".encode())


def test_of_a_field_that_is_there_twice_the_last_one_counts() -> None:
    seen = read("vaka/v1/demo/d-1/battery", f'{{{AT}, "percent": 1, "percent": 2}}'.encode())
    assert isinstance(seen, Observation)
    assert isinstance(seen.message, Battery)
    assert seen.message.percent == 2


ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,9}", fullmatch=True)
levels = ids | st.text(max_size=5) | st.sampled_from(["", "+", "#", "_marker", "command"])
canonical_topics = st.builds("vaka/v1/{}/{}/{}".format, levels, levels, st.sampled_from(list(KINDS)) | levels)
topics = canonical_topics | st.lists(levels, max_size=7).map("/".join) | st.text(max_size=40)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
fields = st.sampled_from(["at", "id", "room", "latitude", "longitude", "percent", "doses_left", "x"])
times = st.sampled_from(["2026-11-21T08:05:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", "2026-11-21"])
objects = st.builds(
    lambda found, at: {**found, "at": at}, st.dictionaries(fields, values, max_size=5), times | values
).map(msgspec.json.encode)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A payload with a few bytes that were changed on the way."""
    payload = bytearray(draw(objects))
    for place in draw(st.lists(st.integers(0, len(payload) - 1), max_size=3)):
        payload[place] = draw(st.integers(0, 255))
    return bytes(payload[: draw(st.integers(0, len(payload)))]) if draw(st.booleans()) else bytes(payload)


@given(topics, objects | damaged() | st.binary(max_size=60))
def test_nothing_that_comes_raises(topic: str, payload: bytes) -> None:
    seen = read(topic, payload)
    if isinstance(seen, Observation):
        assert topic == f"vaka/v1/{seen.tenant}/{seen.device}/{seen.kind}"
        assert seen.message.at.tzinfo is UTC
        assert seen.payload == payload
    else:
        assert isinstance(seen, Rejected)
        assert seen.detail
    assert read(topic, payload) == seen


@given(objects)
def test_what_is_understood_can_be_stored_as_json(payload: bytes) -> None:
    seen = read(TOPIC, payload)
    if isinstance(seen, Observation):
        assert isinstance(seen.message, Motion)
        assert isinstance(msgspec.json.decode(seen.payload), dict)
