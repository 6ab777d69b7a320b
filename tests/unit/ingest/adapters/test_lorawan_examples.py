"""Real decoded uplinks of public device codecs: each that carries something of ours gives the right event."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
import pytest

from events.delivery import Content, Heard, Rejected
from events.messages import AlarmPressed, Battery, Message, Position
from ingest.adapters.chirpstack import ChirpStack
from ingest.adapters.lorawan import interpret
from ingest.adapters.things_stack import ThingsStack
from tests.support.recordings import recording

NOW = datetime(2026, 11, 21, 8, 5, tzinfo=UTC)
PAGE = Path(__file__).parents[4] / "docs/devices.md"

KINDS = {
    "button": {"alarm_pressed"},
    "door": {"door_opened", "door_closed"},
    "motion": {"motion", "motion_ended"},
    "position": {"position"},
    "leak": {"leak_detected", "leak_cleared"},
    "battery": {"battery"},
}

# Codec and first bytes, then what a person reads out of the example: events, the percent of a battery (from volts by
# the cells that the device takes), the code of a fault, and after `no:` a property that is there but says nothing: a
# button that is not pressed, a position without a fix. Examples without a line are settings, meters and climate.
EXPECTED = """
tbms100 01bb34             motion battery=100
strips ffff01              leak_cleared battery=80 no:button
tbwl100 110b36             leak_detected battery=100
deltap 5320fe              fault_cleared:hardware fault_cleared:battery_low
cd10 110fe7                battery=100 no:button
lorasoil 10f722            battery=100 no:position
lpn-td1 0102c2             battery=100
dl-dlr2-002 02199e         battery=100
dl-gmm 02532b              battery=91
dl-iam 020bbd              motion battery=87
dl-lp8p 020578             battery=100
dl-pm 021b50               battery=100
dl-pr26-0-1 020167         battery=100
dl-pr36ctd-8192-1024 020a17  battery=100
oyster 0030ed              battery=100 position
dnt-lw-ats c32280          battery=89 position
lbt1 0fc700                battery=86 no:button
lds02 0b8801               door_closed battery=86
lgt92 015a78               battery=7 position no:button
lgt92 000000               battery=0 no:button
lsn50-v2 0b5400            door_opened battery=53
lsn50v2-d20-d22-d23 0b5400  battery=53
lwl01 0b8801               door_closed battery=86
pts2-l 01e800              battery=86
em-elst01 0d4800           door_closed battery=86
ers-co2 0100e2             motion
ers-eye 0100e2             motion
ers-voc 0100e2             motion
elv-lw-gps1 030113         position no:button
elv-lw-gps1 030213         alarm_pressed position
tx-amb-600-023 000081      battery=100
tx-contact-600-039 0000b4  leak_cleared
tx-pulse-atex-600-037 0000a0  leak_cleared
tx-temp-600-031 00008a     battery=100
tx-temp-cont2-600-034 0000d1  battery=25
tx-trh-amb-600-021 00006d  battery=100
rs1xx-ext-multi-sensor 010021  battery=80
rs1xx-ext-multi-sensor 090000  door_opened
rs1xx-ext-temp-1w-sensor 020000  battery=80
rs1xx-temp-rh-sensor 020000  battery=80
co2-sensor 010271          battery=93
ht-sensor 010274           battery=93
wireless-thermostat 010267  motion_ended battery=68
mlrtps1 580096             motion_ended fault_cleared:hardware fault_cleared:battery_low
am319l 036734              motion
em500-pp 017564            battery=100
vs340 017564               motion battery=100
ws101 ff2e01               alarm_pressed
ws156 ff3401               alarm_pressed
ws203 017564               motion_ended battery=100
wts505 017564              battery=100
edc-communication-module 270000  tampered fault_cleared:hardware fault:battery_low
lw001-bg 011fc0            motion_ended tamper_cleared battery=86 position
r312 015501                alarm_pressed battery=100
r312a 014d01               alarm_pressed battery=100
r718t 013101               alarm_pressed battery=100
r718t2 014801              alarm_pressed battery=100
r718y 01ac01               battery=100
r720b 016f01               battery=100
r720g 01b501               battery=100 no:position
ra02a 010a01               smoke_detected battery=100
esp32-paxcounter 01        alarm_pressed
wilsen-sonic-distance 040b02  battery=100 position
wilsen-sonic-level 040b01  battery=100 position
wilsen-sonic-level 102a25  battery=100
nucleo-wl55jc 012710       battery=60
69xx 132100                battery=99
t0007806 036700            battery=98
filling-degree-sensor 0e0078  battery=86
"""

PLACES = {
    "oyster 0030ed": (-32, 116),
    "dnt-lw-ats c32280": (53.24352, 7.525063),
    "lgt92 015a78": (22.70626, 114.24252),
    "elv-lw-gps1 030113": (53.4472, 10.22731),
    "elv-lw-gps1 030213": (53.2438, 7.5243),
    "lw001-bg 011fc0": (30.458075, 114.4692816),
    "wilsen-sonic-distance 040b02": (49.545327, 8.467309),
    "wilsen-sonic-level 040b01": (49.545327, 8.467309),
}

Said = TypeVar("Said", bound=Message)


class Example(NamedTuple):
    """One uplink. `expected`: the words of its line, `fields`: what the codec made of it."""

    name: str
    codec: str
    vendor: str
    port: int
    fields: dict[str, Any]
    normalized: list[Any]
    expected: frozenset[str]


def examples() -> list[Example]:
    expected = {tuple(line.split()[:2]): frozenset(line.split()[2:]) for line in EXPECTED.strip().splitlines()}
    found = []
    for line in recording("lorawan-payloads.jsonl").read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        codec = one["codec"].removesuffix("-codec.yaml")
        key = (codec, one["hex"][:6])
        normalized = one["normalizedOutput"] or []
        words = expected.pop(key, frozenset[str]())
        found.append(Example(" ".join(key), codec, one["vendor"], one["fPort"], one["output"], normalized, words))
    assert not expected, "expected of examples that are not there"
    return found


def words(content: Content) -> frozenset[str]:
    """The events as they stand in EXPECTED."""
    return frozenset(_word(one) for one in content if isinstance(one, Heard) and one.kind != "heartbeat")


def _word(event: Heard) -> str:
    code = getattr(event.message, "code", None)
    if isinstance(event.message, Battery):
        return f"battery={int(event.message.percent)}"
    return event.kind if code is None else f"{event.kind}:{code}"


def through_chirpstack(example: Example) -> Content:
    payload = {
        "deduplicationId": example.name,
        "time": "2026-11-21T08:04:59Z",
        "deviceInfo": {"deviceProfileName": f"{example.vendor} {example.codec}"},
        "fPort": example.port,
        "data": "AA==",
        "object": example.fields,
    }
    topic = "application/a-1/device/0011223344556677/event/up"
    return ChirpStack(["application"]).read(topic, msgspec.json.encode(payload), NOW, retained=False)


def through_the_things_stack(example: Example) -> Content:
    payload = {
        "end_device_ids": {"device_id": "d-1", "dev_eui": "0011223344556677"},
        "uplink_message": {
            "f_port": example.port,
            "frm_payload": "AA==",
            "decoded_payload": example.fields,
            "normalized_payload": example.normalized,
            "version_ids": {"brand_id": example.vendor, "model_id": example.codec},
            "received_at": "2026-11-21T08:04:59Z",
        },
    }
    topic = "v3/demo@ttn/devices/d-1/up"
    return ThingsStack(["v3"]).read(topic, msgspec.json.encode(payload), NOW, retained=False)


def test_every_example_gives_the_right_events_and_no_other() -> None:
    for example in examples():
        right = {word for word in example.expected if not word.startswith("no:")}
        for content in (through_chirpstack(example), through_the_things_stack(example)):
            assert words(content) == right, example
            assert not [one for one in content if isinstance(one, Rejected)], example


def said(kind: type[Said]) -> dict[str, Said]:
    """The messages of this struct, by example."""
    return {
        example.name: event.message
        for example in examples()
        for event in through_chirpstack(example)
        if isinstance(event, Heard) and isinstance(event.message, kind)
    }


def test_positions_are_where_the_device_was() -> None:
    found = {name: (place.latitude, place.longitude) for name, place in said(Position).items()}
    assert found == PLACES


def test_a_press_tells_where_and_which_button() -> None:
    pressed = said(AlarmPressed)
    press = pressed["elv-lw-gps1 030213"]
    assert (press.latitude, press.longitude) == PLACES["elv-lw-gps1 030213"]
    assert pressed["r718t2 014801"].button == "2"
    assert pressed["ws101 ff2e01"].button == "short"


def without_zeros(value: Any) -> Any:
    """As networks and codecs pass it on that leave out what is zero, false or empty."""
    if isinstance(value, dict):
        return {key: without_zeros(inner) for key, inner in value.items() if inner not in (0, "", [], {}, None)}
    return value


def test_left_out_zeros_invent_nothing() -> None:
    for example in examples():
        fewer = words(through_chirpstack(example._replace(fields=without_zeros(example.fields))))
        assert fewer <= words(through_chirpstack(example)), example


def test_a_closed_door_is_a_closed_door_when_the_zero_is_left_out() -> None:
    doors = [example for example in examples() if "door_closed" in example.expected]
    assert {example.codec for example in doors} == {"lds02", "lwl01", "em-elst01"}
    for example in doors:
        fields = without_zeros(example.fields)
        assert "door_closed" in words(through_chirpstack(example._replace(fields=fields))), example


def test_without_a_profile_no_example_is_misread() -> None:
    """A device whose profile name says nothing of its make: fewer events, but a call for help is never made up."""
    for example in examples():
        unknown = words(through_chirpstack(example._replace(vendor="", codec="class A")))
        made_up = {word.partition("=")[0] for word in unknown} - {word.partition("=")[0] for word in example.expected}
        assert made_up <= {"door_opened", "motion", "motion_ended", "alarm_pressed"}, example
        assert "alarm_pressed" not in made_up or example.codec == "ws52x"


def test_the_raw_payload_is_kept() -> None:
    for example in examples():
        first = next(one for one in through_chirpstack(example) if isinstance(one, Heard))
        assert msgspec.json.decode(first.payload)["raw"]["object"] == example.fields


def coverage() -> str:
    """The table of docs/devices.md."""
    rows = ["| property | examples with it | right |", "|---|---|---|"]
    for name, kinds in KINDS.items():
        carrying = [one for one in examples() if f"no:{name}" in one.expected or _of(one.expected, kinds)]
        right = [one for one in carrying if _of(words(through_chirpstack(one)), kinds) == _of(one.expected, kinds)]
        rows.append(f"| {name} | {len(carrying)} | {len(right)} |")
    return "\n".join(rows)


def _of(found: frozenset[str], kinds: set[str]) -> set[str]:
    return {word for word in found if word.partition("=")[0] in kinds}


def test_the_page_has_the_coverage() -> None:
    table = coverage()
    print(f"\n{table}")
    assert table in PAGE.read_text(encoding="utf-8")


def _all_values() -> Iterator[tuple[Example, str]]:
    for example in examples():
        yield from ((example, name) for name in example.fields)


@pytest.mark.parametrize(
    "value", [None, "", [], {}, "\ufffd", -1, 10**300, 1e300, [[]], {"value": {"value": []}}], ids=repr
)
def test_no_field_of_any_example_can_break_it(value: object) -> None:
    for example, name in _all_values():
        reading = interpret(f"{example.vendor} {example.codec}", {**example.fields, name: value}, example.port)
        assert all(name and len(text) < 600 for text in reading.unclear)
