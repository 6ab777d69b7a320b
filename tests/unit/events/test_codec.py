"""Bytes to messages and back: every kind survives, and what is malformed is told by field and value."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import inspect

from events import messages as m
from events.codec import (
    Malformed,
    UnknownKind,
    control_kind,
    decode_control,
    decode_message,
    encode_control,
    encode_message,
    same_event_key,
    utc,
)
from events.control import CONTROLS, PlanChanged, TenantChanged, Ticked
from events.ids import DeviceId, ResidentId, TenantId
from events.kinds import KINDS

AT = '"at":"2026-11-21T08:05:00Z"'
DEVICE = DeviceId("demo-d-0001-button")


def values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """What a field of this type may hold."""
    match kind:
        case inspect.Metadata(type=described):
            return values(described)
        case inspect.DateTimeType():
            return st.datetimes(timezones=st.just(UTC))
        case inspect.StrType(min_length=low, max_length=high):
            return st.text(min_size=low or 0, max_size=high)
        case inspect.LiteralType(values=words):
            return st.sampled_from(words)
        case inspect.FloatType(ge=low, le=high):
            return st.floats(low, high, allow_nan=False, allow_infinity=False)
        case inspect.IntType(ge=low, le=high):
            return st.integers(low, 2**63 - 1 if high is None else high)
        case inspect.NoneType():
            return st.none()
        case inspect.UnionType(types=types):
            return st.one_of(*map(values, types))
    raise NotImplementedError(kind)


def messages(kind: str) -> st.SearchStrategy[m.Message]:
    info = inspect.type_info(KINDS[kind])
    assert isinstance(info, inspect.StructType)
    fields = {field.name: values(field.type) for field in info.fields}
    return st.fixed_dictionaries(fields).map(lambda found: KINDS[kind](**found))


ANY = st.sampled_from(list(KINDS)).flatmap(lambda kind: st.tuples(st.just(kind), messages(kind)))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_every_kind_survives_the_round_trip(kind: str, data: st.DataObject) -> None:
    message = data.draw(messages(kind))
    decoded = decode_message(kind, encode_message(message))
    assert decoded == message
    assert type(decoded) is KINDS[kind]
    assert decoded.at.tzinfo is UTC


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-23 * 60, 23 * 60))
def test_any_offset_becomes_utc(time: datetime, offset: int) -> None:
    assume(2 <= time.year <= 9998)
    at = time.astimezone(timezone(timedelta(minutes=offset)))
    message = decode_message("motion", encode_message(m.Motion(at=at)))
    assert message.at == at
    assert message.at.tzinfo is UTC


def test_fields_that_a_kind_does_not_name_are_no_error() -> None:
    payload = f'{{{AT},"button":"left","rssi":-70,"nested":{{"a":[1,2]}}}}'.encode()
    assert decode_message("alarm_pressed", payload) == m.AlarmPressed(
        at=datetime(2026, 11, 21, 8, 5, tzinfo=UTC), button="left"
    )


MALFORMED: dict[str, tuple[str, bytes, tuple[str, ...]]] = {
    "empty": ("motion", b"", ("the payload is empty",)),
    "no JSON": ("motion", b"hello", ("malformed",)),
    "cut off": ("motion", f"{{{AT}".encode(), ("truncated",)),
    "two documents": ("motion", f"{{{AT}}} {{}}".encode(), ("trailing",)),
    "an array": ("motion", b"[]", ("object", "array")),
    "a number": ("motion", b"7", ("object", "int")),
    "null": ("motion", b"null", ("object", "null")),
    "not a number": ("motion", f'{{{AT},"x":NaN}}'.encode(), ("malformed",)),
    "UTF-16": ("motion", f"{{{AT}}}".encode("utf-16"), ("0xff at 0", "UTF-8")),
    "Latin-1 in a field": ("motion", f'{{{AT},"room":"Kök"}}'.encode("latin-1"), ("0xf6", "UTF-8")),
    "Latin-1 elsewhere": ("motion", f'{{{AT},"x":"ö"}}'.encode("latin-1"), ("0xf6", "UTF-8")),
    "half a surrogate": ("motion", f'{{{AT},"room":"\\ud800"}}'.encode(), ("truncated",)),
    "without end": ("motion", f'{{{AT},"x":{"[" * 100_000}'.encode(), ("recursion",)),
    "wrong and without end": ("motion", f'{{"at":5,"x":{"[" * 100_000}'.encode(), ("at:", "int")),
    "no time": ("motion", b"{}", ("`at`",)),
    "time null": ("motion", b'{"at":null}', ("at:", "null")),
    "time as a number": ("motion", b'{"at":1700000000}', ("at:", "1700000000")),
    "no offset": ("motion", b'{"at":"2026-11-21T08:05:00"}', ("at:", "timezone", "2026-11-21T08:05:00")),
    "no such day": ("motion", b'{"at":"2026-02-30T08:05:00Z"}', ("at:", "2026-02-30")),
    "only a day": ("motion", b'{"at":"2026-02-03"}', ("at:", "'2026-02-03'")),
    "before all time": ("motion", b'{"at":"0001-01-01T00:00:00+02:00"}', ("at:", "0001-01-01T00:00:00+02:00")),
    "id a number": ("motion", f'{{{AT},"id":5}}'.encode(), ("id:", "int", "'5'")),
    "id empty": ("motion", f'{{{AT},"id":""}}'.encode(), ("id:", "length", "''")),
    "id too long": ("motion", f'{{{AT},"id":"{"i" * 201}"}}'.encode(), ("id:", "200", "'iiii")),
    "room empty": ("motion", f'{{{AT},"room":""}}'.encode(), ("room:", "''")),
    "room a list": ("motion", f'{{{AT},"room":["hall"]}}'.encode(), ("room:", "array", "hall")),
    "no latitude": ("position", f'{{{AT},"longitude":14}}'.encode(), ("`latitude`",)),
    "latitude as text": ("position", f'{{{AT},"latitude":"58","longitude":14}}'.encode(), ("latitude:", "'58'")),
    "beyond the pole": ("position", f'{{{AT},"latitude":91,"longitude":14}}'.encode(), ("latitude:", "'91'")),
    "beyond the date line": ("position", f'{{{AT},"latitude":58,"longitude":-181}}'.encode(), ("longitude:", "'-181'")),
    "no percent": ("battery", f"{{{AT}}}".encode(), ("`percent`",)),
    "more than all": ("battery", f'{{{AT},"percent":101}}'.encode(), ("percent:", "'101'")),
    "endless": ("battery", f'{{{AT},"percent":1e999}}'.encode(), ("percent:", "out of range")),
    "yes or no": ("battery", f'{{{AT},"percent":true}}'.encode(), ("percent:", "bool", "'True'")),
    "half a dose": ("refill_low", f'{{{AT},"doses_left":0.5}}'.encode(), ("doses_left:", "'0.5'")),
    "fewer than none": ("refill_low", f'{{{AT},"doses_left":-1}}'.encode(), ("doses_left:", "'-1'")),
    "too loud": ("signal", f'{{{AT},"rssi_dbm":21}}'.encode(), ("rssi_dbm:", "'21'")),
    "too long a reason": ("check_failed", f'{{{AT},"reason":"{"r" * 501}"}}'.encode(), ("reason:", "500", "'rrr")),
}


@pytest.mark.parametrize(("kind", "payload", "told"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_malformed_is_told_by_field_and_value(kind: str, payload: bytes, told: tuple[str, ...]) -> None:
    with pytest.raises(Malformed) as raised:
        decode_message(kind, payload)
    assert [text for text in told if text not in str(raised.value)] == [], str(raised.value)


@given(st.sampled_from(list(KINDS)), st.binary(max_size=200))
def test_no_bytes_raise_anything_else(kind: str, payload: bytes) -> None:
    with pytest.raises(Malformed):
        decode_message(kind, payload)


def test_a_long_value_is_told_in_part() -> None:
    payload = f'{{{AT},"id":"{"i" * 5000}"}}'.encode()
    with pytest.raises(Malformed) as raised:
        decode_message("motion", payload)
    assert len(str(raised.value)) < 250


@pytest.mark.parametrize("kind", ["", "Motion", "motion ", "plan_changed", "nonsense"])
def test_an_unknown_kind_is_named(kind: str) -> None:
    with pytest.raises(UnknownKind) as raised:
        decode_message(kind, f"{{{AT}}}".encode())
    assert repr(kind) in str(raised.value)


def key(payload: bytes, kind: str = "motion", device: DeviceId = DEVICE) -> bytes:
    return same_event_key(device, kind, decode_message(kind, payload), payload)


@given(ANY)
def test_the_same_bytes_are_the_same_event(found: tuple[str, m.Message]) -> None:
    kind, message = found
    payload = encode_message(message)
    assert key(payload, kind) == key(payload, kind)
    assert len(key(payload, kind)) == 16


@given(ANY.filter(lambda found: found[1].id is None), st.randoms(use_true_random=False))
def test_the_order_of_fields_is_no_difference(found: tuple[str, m.Message], random: Any) -> None:
    kind, message = found
    body = msgspec.to_builtins(message) | {"extra": {"b": 1, "a": 2}}
    fields = list((body | {"extra": {"a": 2, "b": 1}}).items())
    random.shuffle(fields)
    assert key(msgspec.json.encode(dict(fields)), kind) == key(msgspec.json.encode(body), kind)


@pytest.mark.parametrize(
    "spelling",
    ["2026-11-21T09:05:00+01:00", "2026-11-21T08:05:00.000Z", "2026-11-21t08:05:00z", "2026-11-20T20:05:00-12:00"],
)
def test_the_spelling_of_the_time_is_no_difference(spelling: str) -> None:
    assert key(f'{{"at":"{spelling}","room":"hall"}}'.encode()) == key(f'{{"room" : "hall",{AT}}}'.encode())


@pytest.mark.parametrize(
    "other",
    [
        '{"at":"2026-11-21T08:05:00.000001Z","room":"hall"}',
        f'{{{AT},"room":"kitchen"}}',
        f"{{{AT}}}",
        f'{{{AT},"room":"hall","extra":1}}',
        f'{{{AT},"room":"hall","id":"1"}}',
    ],
)
def test_another_time_or_body_is_another_event(other: str) -> None:
    assert key(f'{{{AT},"room":"hall"}}'.encode()) != key(other.encode())


def test_with_an_id_neither_time_nor_body_count() -> None:
    one = f'{{{AT},"id":"7","room":"hall"}}'.encode()
    other = b'{"at":"2026-11-21T11:00:00Z","id":"7","room":"kitchen"}'
    assert key(one) == key(other)
    assert key(one) != key(one.replace(b'"7"', b'"8"'))


def test_every_kind_and_device_counts_its_own_ids() -> None:
    payload = f'{{{AT},"id":"7"}}'.encode()
    assert key(payload, "alarm_pressed") != key(payload, "fall_detected")
    assert key(payload) != key(payload, device=DeviceId("demo-d-0002-button"))


def test_every_kind_and_device_has_its_own_events_without_ids() -> None:
    payload = f"{{{AT}}}".encode()
    assert key(payload, "alarm_pressed") != key(payload, "fall_detected")
    assert key(payload) != key(payload, device=DeviceId("demo-d-0002-button"))


def test_a_press_with_an_unreadable_extra_still_counts() -> None:
    one, other = (f'{{{AT},"extra":{extra}}}'.encode() for extra in ("1e999", "2e999"))
    assert key(one, "alarm_pressed") == key(one, "alarm_pressed")
    assert key(one, "alarm_pressed") != key(other, "alarm_pressed")


@pytest.mark.parametrize(
    "control",
    [
        TenantChanged(tenant=TenantId("demo"), timezone="Europe/Stockholm"),
        PlanChanged(resident=ResidentId("r"), version=2, timezone="Europe/Stockholm", plan={"doses": [{"a": 1}]}),
        Ticked(),
    ],
)
def test_control_entries_survive_the_round_trip(control: Any) -> None:
    kind = control_kind(control)
    assert CONTROLS[kind] is type(control)
    assert decode_control(kind, encode_control(control)) == control


def test_kinds_of_control_entries_are_no_kinds_of_messages() -> None:
    assert not CONTROLS.keys() & KINDS.keys()


def test_a_time_in_text_becomes_utc() -> None:
    assert utc("2026-11-21T09:05:00+01:00") == datetime(2026, 11, 21, 8, 5, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "now", "2026-11-21", "2026-11-21T09:05:00", "0001-01-01T00:00:00+02:00"])
def test_a_time_without_offset_or_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="RFC 3339") as raised:
        utc(text)
    assert repr(text) in str(raised.value)
