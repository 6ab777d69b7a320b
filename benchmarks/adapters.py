"""What it costs to understand a message: from topic and bytes to events, for each family and sort of message."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median, quantiles

from benchmarks import adapter_messages as others
from benchmarks.progress import say
from benchmarks.table import Table
from ingest.families import FAMILIES, OFF, read_all
from ingest.reader import Reader

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TARGET_CANONICAL, TARGET_OTHERS = 15, 40
"""Microseconds a message, median on one core."""

Message = tuple[str, bytes]


@dataclass(frozen=True)
class Size:
    repetitions: int = 20_000


QUICK = Size(repetitions=200)


@dataclass(frozen=True)
class Family:
    """`bases`: its base topics, in the form of its setting. `messages` by what they tell."""

    name: str
    bases: str
    target: int
    messages: dict[str, Message]
    before: Sequence[Message] = ()


CANONICAL = Family(
    "canonical",
    OFF,
    TARGET_CANONICAL,
    {
        "press": (
            "vaka/v1/demo/d-1/alarm_pressed",
            b'{"at":"2026-11-22T07:59:58Z","id":"5f0c2c1e-77","button":"red"}',
        ),
        "motion": ("vaka/v1/demo/d-2/motion", b'{"at":"2026-11-22T07:59:58Z","room":"kitchen"}'),
        "battery": ("vaka/v1/demo/d-3/battery", b'{"at":"2026-11-22T07:59:58Z","percent":87}'),
    },
)
ZIGBEE2MQTT = Family(
    "zigbee2mqtt",
    "homes/+/zigbee2mqtt",
    TARGET_OTHERS,
    {
        "press": (
            "homes/1/zigbee2mqtt/pendant",
            b'{"action":"emergency","battery":80,"linkquality":80,"voltage":2900}',
        ),
        "press that stands": (
            "homes/1/zigbee2mqtt/button",
            b'{"battery":80,"battery_low":false,"linkquality":80,"sos":true,"tamper":false}',
        ),
        "door, five events": (
            "homes/1/zigbee2mqtt/hall/door",
            b'{"battery":97,"battery_low":false,"contact":false,"linkquality":120,"tamper":false,"voltage":3000,'
            b'"last_seen":"2026-11-22T07:59:58.123Z"}',
        ),
        "the same door, a second later": (
            "homes/1/zigbee2mqtt/hall/door",
            b'{"battery":97,"battery_low":false,"contact":true,"linkquality":110,"tamper":false,"voltage":3000,'
            b'"last_seen":"2026-11-22T07:59:59.123Z"}',
        ),
        "motion": (
            "homes/1/zigbee2mqtt/kitchen",
            b'{"battery":100,"illuminance":12,"linkquality":54,"occupancy":true,"temperature":21.3,"voltage":3000}',
        ),
        "lock": (
            "homes/1/zigbee2mqtt/lock",
            b'{"action":"unlock","action_source_name":"keypad","action_user":3,"battery":70,"linkquality":90,'
            b'"lock_state":"locked","state":"LOCK","last_used_pin_code":"0000"}',
        ),
        "nothing of ours": ("homes/1/zigbee2mqtt/climate", b'{"humidity":40,"linkquality":80,"temperature":21.0}'),
    },
    before=[("homes/1/zigbee2mqtt/bridge/devices", b'[{"ieee_address":"0x01","friendly_name":"hall/door"}]')],
)
CHIRPSTACK = Family("chirpstack", "application", TARGET_OTHERS, others.CHIRPSTACK)
THINGS_STACK = Family("things_stack", "v3", TARGET_OTHERS, others.THINGS_STACK)
HOME_ASSISTANT = Family(
    "home_assistant", "homeassistant", TARGET_OTHERS, others.HOME_ASSISTANT, before=others.HOME_ASSISTANT_CONFIGS
)
SCAIP = Family(
    "scaip",
    OFF,
    TARGET_OTHERS,
    {
        "press": ("scaip/678", b"<mrq><ref>1243</ref><cid>678</cid><dty>2</dty></mrq>"),
        "press with a place and a number": (
            "scaip/678",
            b"<mrq><ref>1244</ref><ver>01.00</ver><cid>678</cid><dty>3</dty><did>4</did><stc>10</stc><crd>+46700000000</crd>"
            b"<lte>Provv\xc3\xa4gen 1, hallen</lte></mrq>",
        ),
        "heartbeat": ("scaip/678", b"<mrq><ref>1245</ref><mty>PI</mty><cid>678</cid><dty>2</dty></mrq>"),
    },
)
MEASURED = (CANONICAL, ZIGBEE2MQTT, CHIRPSTACK, THINGS_STACK, HOME_ASSISTANT, SCAIP)


def run(size: Size) -> list[Table]:
    rows: list[tuple[str, str, float, float, float]] = []
    for family in MEASURED:
        times = _measure(family, size)
        rows += [(family.name, what, *_figures(taken), family.target / median(taken)) for what, taken in times.items()]
        together = [one for taken in times.values() for one in taken]
        rows.append((family.name, "all of these", *_figures(together), family.target / median(together)))
        say(f"adapters, {family.name}: {median(together):.1f} µs")
    columns = ("family", "message", "median, µs", "99 of 100, µs", "of the target")
    notes = [
        "From topic and bytes to events through the whole reader (SCAIP: from the XML), one core, "
        f"each {size.repetitions:,} times.",
        f"Target for the median: at most {TARGET_CANONICAL} µs for the canonical form, {TARGET_OTHERS} µs for others.",
    ]
    return [Table("Understanding a message", columns, rows, notes)]


def _measure(family: Family, size: Size) -> dict[str, list[float]]:
    """Microseconds of each reading; the sorts take turns, so that all meet the same machine."""
    reader = read_all(dict.fromkeys(FAMILIES, OFF) | {family.name: family.bases})
    for topic, payload in family.before:
        reader.read(topic, payload, NOW, retained=True)
    times: dict[str, list[float]] = {what: [] for what in family.messages}
    for _ in range(size.repetitions):
        for what, (topic, payload) in family.messages.items():
            times[what].append(_took(reader, topic, payload))
    return times


def _took(reader: Reader, topic: str, payload: bytes) -> float:
    start = time.perf_counter_ns()
    reader.reread(topic, payload, NOW)
    return (time.perf_counter_ns() - start) / 1000


def _figures(taken: list[float]) -> tuple[float, float]:
    return median(taken), quantiles(taken, n=100)[-1]
