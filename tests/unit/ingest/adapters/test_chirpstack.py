"""ChirpStack v4: events of devices and of gateways."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from events.delivery import Content, Found, Heard, Rejected, Rejection
from events.devices import Family, Origin
from events.messages import AlarmPressed, Battery, Position, Signal
from ingest.adapters.chirpstack import ChirpStack

NOW = datetime(2026, 11, 21, 8, 5, tzinfo=UTC)
EUI = "0011223344556677"
DEVICE = f"application/app-1/device/{EUI}/event"
ORIGIN = Origin(Family.CHIRPSTACK, "app-1", EUI)
GATEWAY = Origin(Family.CHIRPSTACK, "gateway", "aabbccddeeff0011")

UP: dict[str, Any] = {
    "deduplicationId": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "time": "2026-11-21T08:04:58.123456789+00:00",
    "deviceInfo": {"deviceProfileName": "Dragino LDS02", "deviceName": "door", "devEui": EUI, "tags": {}},
    "fPort": 10,
    "data": "C4gBACUAAQ==",
    "object": {"DOOR_OPEN_STATUS": 1.0, "BAT_V": 3.1, "MOD": 1.0},
    "rxInfo": [{"gatewayId": "a", "rssi": -112, "snr": -3.5}, {"gatewayId": "b", "rssi": -97}, {"gatewayId": "c"}],
}


def read(event: str, fields: object, *, retained: bool = False, topic: str = DEVICE) -> Content:
    payload = fields if isinstance(fields, bytes) else msgspec.json.encode(fields)
    return ChirpStack(["application"]).read(f"{topic}/{event}", payload, NOW, retained=retained)


def heard(content: Content) -> list[Heard]:
    return [one for one in content if isinstance(one, Heard)]


def kinds(content: Content) -> list[str]:
    return [one.kind for one in heard(content)]


def reasons(content: Content) -> list[str]:
    return [one.detail for one in content if isinstance(one, Rejected)]


def test_an_uplink_tells_what_its_fields_say_and_how_well_it_was_heard() -> None:
    content = read("up", UP)
    assert len(content) == 3
    door, battery, signal = heard(content)
    assert [door.kind, battery.kind, signal.kind] == ["door_opened", "battery", "signal"]
    assert door.origins == (ORIGIN,)
    assert door.message.at == datetime(2026, 11, 21, 8, 4, 58, 123457, tzinfo=UTC)
    assert door.is_state
    assert battery.message == Battery(at=door.message.at, percent=100)
    assert signal.message == Signal(at=door.message.at, rssi_dbm=-97)


def test_the_payload_is_kept_with_the_first_event() -> None:
    first, *others = heard(read("up", UP))
    assert msgspec.json.decode(first.payload)["raw"] == UP
    assert all("raw" not in msgspec.json.decode(one.payload) for one in others)


def test_what_happened_comes_before_what_is_so() -> None:
    fields = {**UP, "object": {"door": "open", "latitude": 58.4, "longitude": 14.1, "sos": True}}
    assert kinds(read("up", fields)) == ["alarm_pressed", "position", "door_opened", "signal"]


def test_an_eui_in_capitals_is_the_same_device() -> None:
    topic = "application/app-1/device/AABBCCDDEEFF0011/event"
    (one, *_) = heard(read("up", UP, topic=topic))
    assert one.origins == (Origin(Family.CHIRPSTACK, "app-1", "aabbccddeeff0011"),)


def test_the_same_deduplication_id_is_the_same_event() -> None:
    keys = [one.key for one in heard(read("up", UP))]
    assert keys == [one.key for one in heard(read("up", {**UP, "rxInfo": UP["rxInfo"][:1]}))]
    assert len({*keys, *(one.key for one in heard(read("up", {**UP, "deduplicationId": "other"})))}) == 6
    other = DEVICE.replace("app-1", "app-2")
    assert not {*keys} & {one.key for one in heard(read("up", UP, topic=other))}
    assert None not in keys


def test_without_a_deduplication_id_nobody_can_tell() -> None:
    assert {one.key for one in heard(read("up", {**UP, "deduplicationId": ""}))} == {None}


def test_two_faults_of_one_message_are_two_events() -> None:
    faults = heard(read("up", {**UP, "object": {"battery_low": True, "hw_error": 1}}))[:2]
    assert [one.kind for one in faults] == ["fault", "fault"]
    assert faults[0].key != faults[1].key


TIMES: dict[str, tuple[object, datetime, bool]] = {
    "not there": (None, NOW, True),
    "old, from a gateway that was away": ("2026-10-01T00:00:00Z", datetime(2026, 10, 1, tzinfo=UTC), True),
    "1970": ("1970-01-01T00:00:00Z", NOW, False),
    "2100": ("2100-01-01T00:00:00Z", NOW, False),
    "without an offset": ("2026-11-21T08:05:00", NOW, False),
    "no time": ("soon", NOW, False),
    "a number": (1763712300, NOW, False),
    "beyond all": ("9999-12-31T23:59:59-14:00", NOW, False),
    "a little ahead": ("2026-11-21T08:05:30Z", NOW + timedelta(seconds=30), True),
}


@pytest.mark.parametrize(("given", "at", "is_right"), TIMES.values(), ids=TIMES)
def test_the_networks_time_counts_if_it_can_be(given: object, at: datetime, is_right: bool) -> None:
    content = read("up", {**UP, "time": given})
    assert {one.message.at for one in heard(content)} == {at}
    assert [str(given) in text and text.startswith("time: ") for text in reasons(content)] == (
        [] if is_right else [True]
    )


def test_without_a_codec_people_are_told_and_the_device_is_alive() -> None:
    content = read("up", {name: value for name, value in UP.items() if name != "object"})
    assert kinds(content) == ["signal"]
    assert reasons(content) == ["object: missing, so the device profile 'Dragino LDS02' has no codec for port 10"]
    assert [one.origin for one in content if isinstance(one, Rejected)] == [ORIGIN]


def test_an_uplink_without_data_needs_no_codec() -> None:
    for fields in ({}, {"fPort": 0, "data": "AA=="}, {"fPort": 10}):
        content = read("up", {"deduplicationId": "1", "time": UP["time"], **fields})
        assert [(one.kind, one.is_state) for one in heard(content)] == [("heartbeat", True)]
        assert len(content) == 1


@pytest.mark.parametrize("given", ["open", [], 7, True])
def test_what_is_no_object_of_fields_is_told(given: object) -> None:
    content = read("up", {**UP, "object": given})
    assert kinds(content) == ["signal"]
    assert reasons(content)[0].startswith("object: ")


def test_a_bad_field_costs_no_other() -> None:
    content = read("up", {**UP, "object": {"sos": True, "battery": 130}, "fPort": "85", "rxInfo": {"rssi": "x"}})
    assert kinds(content) == ["alarm_pressed"]
    assert reasons(content) == ["battery: '130' is more than 100 percent"]


def test_tags_name_the_model_as_well() -> None:
    info = {"deviceProfileName": "class A", "tags": {"brand": "Dragino", "model": "LDS02"}}
    assert kinds(read("up", {**UP, "deviceInfo": info}))[0] == "door_opened"


@pytest.mark.parametrize(
    "damage",
    [
        (b'"MOD":1.0', b'"MOD":1e999'),
        (b'"MOD":1.0', b'"MOD":NaN'),
        (b'"MOD":1.0', b'"MOD":' + b"9" * 4000),
        (b'"door"', b'"d\xff\xfeor"'),
        (b'"door"', b'"\\ud800"'),
        (b'"door"', b'"\\u0000"'),
    ],
    ids=["1e999", "NaN", "huge", "not UTF-8", "half a surrogate", "NUL"],
)
def test_what_is_not_quite_json_costs_no_press(damage: tuple[bytes, bytes]) -> None:
    payload = msgspec.json.encode({**UP, "object": {"sos": True, "MOD": 1.0}}).replace(*damage)
    first = heard(read("up", payload))[0]
    assert first.kind == "alarm_pressed"
    assert "\x00" not in msgspec.json.encode(msgspec.json.decode(first.payload)["raw"]).decode()


@pytest.mark.parametrize("payload", [b"", b"[]", b"7", b"\x0a\x12", b"{", b'{"a":' * 10_000, b"\xff" * 100])
def test_what_is_no_json_object_says_how_to_mend_it(payload: bytes) -> None:
    (text,) = reasons(read("up", payload))
    assert "must be set to JSON" in text


class TestStatus:
    """What the device answers when the network asks for its battery and margin."""

    def test_battery_and_margin(self) -> None:
        battery, signal = sorted(
            heard(read("status", {"margin": -5, "batteryLevel": 73.62205})), key=lambda one: one.kind
        )
        assert battery.message == Battery(at=NOW, percent=73.6)
        assert signal.message == Signal(at=NOW, quality=50)

    def test_zeros_are_left_out(self) -> None:
        messages = [one.message for one in heard(read("status", {}))]
        assert Battery(at=NOW, percent=0) in messages
        assert Signal(at=NOW, quality=66.7) in messages

    @pytest.mark.parametrize("flag", ["externalPowerSource", "batteryLevelUnavailable"])
    def test_a_device_without_a_level_is_not_empty(self, flag: str) -> None:
        assert kinds(read("status", {"margin": 7, flag: True})) == ["signal"]

    @pytest.mark.parametrize("level", [101.0, -1, "full", None, [80]])
    def test_a_level_that_is_none_costs_no_signal(self, level: object) -> None:
        content = read("status", {"margin": 7, "batteryLevel": level})
        assert kinds(content)[0] == "signal"


def test_a_join_tells_of_the_device_and_that_it_is_there() -> None:
    found, *rest = read("join", {**UP, "devAddr": "00189440"})
    assert found == Found(ORIGIN, "door", None, "Dragino LDS02")
    assert [(one.kind, one.is_state) for one in heard(tuple(rest))] == [("online", True), ("fault_cleared", True)]


def test_a_location_is_a_position() -> None:
    (one,) = heard(read("location", {"location": {"latitude": 58.4, "longitude": 14.1, "accuracy": 80}}))
    assert one.message == Position(at=NOW, latitude=58.4, longitude=14.1, accuracy_m=80)


@pytest.mark.parametrize("place", [None, {}, {"latitude": 0, "longitude": 0}, {"latitude": 100, "longitude": 0}, []])
def test_no_place_is_told(place: object) -> None:
    content = read("location", {"location": place})
    assert kinds(content) == []
    assert len(reasons(content)) == 1


def test_a_confirmed_message_is_a_sign_of_life() -> None:
    assert kinds(read("ack", {"acknowledged": True})) == ["heartbeat"]
    assert read("ack", {}) == ()


def test_an_error_of_joining_is_a_fault_until_it_joins() -> None:
    log = {"level": "ERROR", "code": "OTAA", "description": "DevNonce has already been used"}
    (fault,) = heard(read("log", log))
    cleared = heard(read("join", UP))[1]
    assert (fault.kind, fault.is_state, getattr(fault.message, "code", None)) == ("fault", True, "OTAA")
    assert (cleared.kind, getattr(cleared.message, "code", None)) == ("fault_cleared", "OTAA")


def test_an_error_that_costs_messages_is_told() -> None:
    log = {"level": "ERROR", "code": "UPLINK_CODEC", "description": "TypeError: not a function"}
    assert reasons(read("log", log)) == ["log: ChirpStack says 'UPLINK_CODEC': 'TypeError: not a function'"]
    assert read("log", {**log, "level": "WARNING"}) == ()


@pytest.mark.parametrize("event", ["txack", "integration"])
def test_what_tells_nothing_of_the_device_is_not_for_the_log(event: str) -> None:
    assert read(event, b"whatever") == ()


@pytest.mark.parametrize("event", ["up", "status", "join", "location"])
def test_what_the_broker_kept_is_no_event(event: str) -> None:
    assert read(event, UP, retained=True) == ()


@pytest.mark.parametrize(
    "topic",
    [
        "application/app-1/device/zz/event/up",
        f"application/app-1/device/{EUI}0/event/up",
        f"application/app-1/device/{EUI}/event/sideways",
        "application/app-1/device/\x00/event/up",
        "application/app-1/device/00112233445566ŦŦ/event/up",
    ],
)
def test_a_topic_that_is_not_its_own_is_told(topic: str) -> None:
    (one,) = ChirpStack(["application"]).read(topic, b"{}", NOW, retained=False)
    assert isinstance(one, Rejected)
    assert one.reason is Rejection.BAD_TOPIC


class TestGateways:
    """The gateways of the network are its hubs."""

    @pytest.mark.parametrize("topic", ["gateway/AABBCCDDEEFF0011", "eu868/gateway/aabbccddeeff0011"])
    def test_their_statistics_are_signs_of_life(self, topic: str) -> None:
        (one,) = heard(read("event/stats", b"\x0a\x08protobuf", topic=topic))
        assert (one.origins, one.kind, one.is_state, one.message.at) == ((GATEWAY,), "heartbeat", True, NOW)
        assert read("event/stats", b"", topic=topic, retained=True) == ()

    @pytest.mark.parametrize(
        ("payload", "kind"),
        [
            (b'{"gatewayId": "aabbccddeeff0011", "state": "ONLINE"}', "online"),
            (b'{"gatewayId": "aabbccddeeff0011", "state": "OFFLINE"}', "offline"),
            (b'{"gatewayId": "aabbccddeeff0011"}', "offline"),
            (b"\x10\x01\x1a\x10aabbccddeeff0011", "online"),
            (b"\x1a\x10aabbccddeeff0011", "offline"),
            (b"\x0a\x08\xaa\xbb\xcc\xdd\xee\xff\x00\x11\x10\x01", "online"),
        ],
    )
    @pytest.mark.parametrize("event", ["state/conn", "event/conn"])
    def test_their_connection_is_told_as_json_or_protobuf(self, event: str, payload: bytes, kind: str) -> None:
        (one,) = heard(read(event, payload, topic="eu868/gateway/aabbccddeeff0011", retained=True))
        assert (one.kind, one.is_state) == (kind, True)

    @pytest.mark.parametrize("payload", [b"offline", b'{"state": 1}', b"\x10\x07", b"\x1a\x7fshort", b"\x10", b"[]"])
    def test_another_connection_is_told(self, payload: bytes) -> None:
        content = read("state/conn", payload, topic="gateway/aabbccddeeff0011")
        assert kinds(content) == []
        assert reasons(content)[0].startswith("state: ")

    def test_a_connection_that_was_cleared_says_nothing(self) -> None:
        assert read("state/conn", b"", topic="gateway/aabbccddeeff0011") == ()


class TestTopics:
    """Where the family speaks."""

    def test_what_to_subscribe_to(self) -> None:
        adapter = ChirpStack(["application", "north/application"])
        assert adapter.filters()[:2] == ("application/+/device/+/event/+", "north/application/+/device/+/event/+")
        assert "north/+/gateway/+/state/conn" in adapter.filters()

    def test_what_is_its_own(self) -> None:
        adapter = ChirpStack(["+/application"])
        assert adapter.reads(f"north/application/app-1/device/{EUI}/event/up")
        assert not adapter.reads(f"application/app-1/device/{EUI}/event/up")
        assert not adapter.reads(f"north/application/app-1/device/{EUI}/command/down")
        assert adapter.reads("north/eu868/gateway/aabb/event/stats")
        assert not adapter.reads("north/eu868/gateway/aabb/event/up")

    def test_where_a_device_calls_for_help(self) -> None:
        adapter = ChirpStack(["application"])
        assert adapter.topics(ORIGIN) == (f"application/app-1/device/{EUI}/event/up",)
        assert adapter.topics(GATEWAY) == ()
        assert adapter.topics(Origin(Family.THINGS_STACK, "app-1", EUI)) == ()

    @pytest.mark.parametrize("base", ["", "a//b", "#", "a/#", "a b/#c"])
    def test_a_base_that_is_none_is_refused(self, base: str) -> None:
        with pytest.raises(ValueError, match="not where ChirpStack publishes"):
            ChirpStack([base])


def test_a_press_carries_its_place() -> None:
    fields = {**UP, "object": {"sos": 1, "latitude": 58.4, "longitude": 14.1}}
    press = heard(read("up", fields))[0].message
    assert isinstance(press, AlarmPressed)
    assert (press.latitude, press.longitude) == (58.4, 14.1)


def test_the_page_names_every_event() -> None:
    page = (Path(__file__).parents[4] / "docs/devices.md").read_text(encoding="utf-8")
    section = page.partition("### ChirpStack v4")[2].partition("### ")[0]
    events = ("up", "status", "join", "ack", "location", "log", "txack", "integration", "event/stats", "state/conn")
    assert [event for event in events if f"`{event}`" not in section] == []
    for event in events[:8]:
        assert not [one for one in read(event, UP) if isinstance(one, Rejected) and one.reason is Rejection.BAD_TOPIC]
