"""The Things Stack v3: uplinks, joins and places."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from events.delivery import Content, Found, Heard, Rejected, Rejection
from events.devices import Family, Origin
from events.messages import Battery, Position, Signal
from ingest.adapters.things_stack import ThingsStack

NOW = datetime(2026, 11, 21, 8, 5, tzinfo=UTC)
TOPIC = "v3/care@ttn/devices/door-12"
EUI = Origin(Family.THINGS_STACK, "care@ttn", "0011223344556677")
NAMED = Origin(Family.THINGS_STACK, "care@ttn", "door-12")

UPLINK: dict[str, Any] = {
    "session_key_id": "AXBSH1Pk",
    "f_port": 100,
    "f_cnt": 12,
    "frm_payload": "AbU0BADceAE=",
    "decoded_payload": {"status": 1, "battery": 3.6, "time": 4},
    "normalized_payload": [{"action": {"motion": {"detected": True}}, "battery": 3.6}],
    "rx_metadata": [{"rssi": -112}, {"rssi": -90, "snr": 5.2}],
    "version_ids": {"brand_id": "browan", "model_id": "tbdw100"},
    "received_at": "2026-11-21T08:04:58.123456789Z",
}
UP: dict[str, Any] = {
    "end_device_ids": {"device_id": "door-12", "dev_eui": "0011223344556677"},
    "received_at": "2026-11-21T08:04:58.323456789Z",
    "uplink_message": UPLINK,
}


def up(**uplink: Any) -> dict[str, Any]:
    return {**UP, "uplink_message": {**UPLINK, **uplink}}


def read(fields: object, message: str = "up", *, retained: bool = False) -> Content:
    payload = fields if isinstance(fields, bytes) else msgspec.json.encode(fields)
    return ThingsStack(["v3"]).read(f"{TOPIC}/{message}", payload, NOW, retained=retained)


def heard(content: Content) -> list[Heard]:
    return [one for one in content if isinstance(one, Heard)]


def kinds(content: Content) -> list[str]:
    return [one.kind for one in heard(content)]


def reasons(content: Content) -> list[str]:
    return [one.detail for one in content if isinstance(one, Rejected)]


def test_an_uplink_tells_what_its_fields_say_and_how_well_it_was_heard() -> None:
    door, battery, signal = heard(read(UP))
    assert (door.kind, door.origins, door.is_state) == ("door_opened", (EUI, NAMED), True)
    assert door.message.at == datetime(2026, 11, 21, 8, 4, 58, 123457, tzinfo=UTC)
    assert battery.message == Battery(at=door.message.at, percent=100)
    assert signal.message == Signal(at=door.message.at, rssi_dbm=-90)
    assert msgspec.json.decode(door.payload)["raw"] == UP


def test_the_first_message_tells_of_the_device_and_where_it_speaks() -> None:
    adapter = ThingsStack(["v3"])
    payload = msgspec.json.encode(UP)
    assert adapter.topics(EUI) == ()
    found, *_ = adapter.read(f"{TOPIC}/up", payload, NOW, retained=False)
    assert found == Found(EUI, "door-12", "browan", "tbdw100", (f"{TOPIC}/up",))
    assert (adapter.topics(EUI), adapter.learned) == ((f"{TOPIC}/up",), 1)
    assert not [one for one in adapter.read(f"{TOPIC}/up", payload, NOW, retained=False) if isinstance(one, Found)]
    moved = adapter.read("v3/care@ttn/devices/door-13/up", payload, NOW, retained=False)
    assert isinstance(moved[0], Found)
    assert (adapter.topics(EUI), adapter.learned) == (("v3/care@ttn/devices/door-13/up",), 2)


def test_what_earlier_runs_were_told_is_remembered() -> None:
    adapter = ThingsStack(["v3"])
    adapter.remember([Found(EUI, topics=(f"{TOPIC}/up",)), Found(Origin(Family.CHIRPSTACK, "a", "b"), topics=("x",))])
    assert (adapter.topics(EUI), adapter.learned) == ((f"{TOPIC}/up",), 1)


def test_a_device_without_an_eui_is_known_by_its_name() -> None:
    (first, *_) = heard(read({**UP, "end_device_ids": {"device_id": "door-12"}}))
    assert first.origins == (NAMED,)
    assert ThingsStack(["v3"]).topics(NAMED) == (f"{TOPIC}/up",)


def test_the_same_uplink_is_the_same_event() -> None:
    keys = [one.key for one in heard(read(UP))]
    assert keys == [one.key for one in heard(read({**UP, "received_at": "2026-11-21T08:04:59Z"}))]
    assert not {*keys} & {one.key for one in heard(read(up(received_at="2026-11-21T08:04:59Z")))}
    assert not {*keys} & {one.key for one in heard(read(up(f_cnt=13)))}
    assert None not in keys


def test_without_a_time_nobody_can_tell() -> None:
    fields = {"end_device_ids": UP["end_device_ids"], "uplink_message": {"decoded_payload": {"sos": True}}}
    (press,) = heard(read(fields))
    assert (press.message.at, press.key) == (NOW, None)


def test_the_codecs_fields_come_before_the_normalised_ones() -> None:
    assert "motion" not in kinds(read(UP))
    unknown = up(version_ids={}, decoded_payload={"x": 1})
    assert kinds(read(unknown)) == ["motion", "battery", "signal"]


def test_the_battery_that_the_network_asked_for_counts_if_there_is_no_other() -> None:
    asked = {"last_battery_percentage": {"f_cnt": 3, "value": 62.99}}
    told = heard(read(up(**asked)))
    assert [one.message.percent for one in told if isinstance(one.message, Battery)] == [100]
    content = heard(read(up(**asked, decoded_payload={}, normalized_payload=None)))
    assert [one.message.percent for one in content if isinstance(one.message, Battery)] == [63.0]


def test_without_a_formatter_people_are_told_and_the_device_is_alive() -> None:
    uplink = {name: value for name, value in UPLINK.items() if name not in ("decoded_payload", "normalized_payload")}
    content = read({**UP, "uplink_message": uplink})
    assert kinds(content) == ["signal"]
    assert reasons(content) == ["decoded_payload: missing, so the device has no payload formatter for port 100"]


@pytest.mark.parametrize("uplink", [{}, {"f_cnt": 3}, None, []])
def test_an_uplink_without_data_is_a_sign_of_life(uplink: object) -> None:
    content = read({**UP, "uplink_message": uplink})
    assert kinds(content) == ["heartbeat"]
    assert reasons(content) == []


def test_a_simulated_uplink_pages_nobody() -> None:
    content = read({**up(decoded_payload={"sos": True}), "simulated": True})
    assert kinds(content) == []
    assert "not by the device" in reasons(content)[0]


def test_a_bad_field_costs_no_other() -> None:
    content = read(
        up(decoded_payload={"sos": 1, "door": "ajar"}, version_ids=7, rx_metadata={}, normalized_payload=[7])
    )
    assert kinds(content) == ["alarm_pressed"]
    assert reasons(content) == ["door: 'ajar' does not say whether it is door_opened or door_closed"]


def test_a_join_says_that_the_device_is_there() -> None:
    content = read({**UP, "uplink_message": None, "join_accept": {"session_key_id": "A"}}, "join")
    assert [(one.kind, one.is_state) for one in heard(content)] == [("online", True)]


def test_a_solved_location_is_a_position() -> None:
    solved = {
        "location": {"latitude": 58.4, "longitude": 14.1, "accuracy": 80, "source": "SOURCE_WIFI_RSSI_GEOLOCATION"}
    }
    (one,) = heard(read({**UP, "uplink_message": {}, "location_solved": solved}, "location/solved"))
    assert one.message == Position(
        at=datetime(2026, 11, 21, 8, 4, 58, 323457, tzinfo=UTC), latitude=58.4, longitude=14.1, accuracy_m=80
    )


@pytest.mark.parametrize("solved", [None, {}, {"location": {"latitude": 100, "longitude": 1}}])
def test_no_place_is_told(solved: object) -> None:
    content = read({**UP, "location_solved": solved}, "location/solved")
    assert kinds(content) == []
    assert len(reasons(content)) == 1


@pytest.mark.parametrize("message", ["down/queued", "down/ack", "down/failed", "service/data"])
def test_what_tells_nothing_of_the_device_is_not_for_the_log(message: str) -> None:
    assert read(b"whatever", message) == ()


def test_what_the_broker_kept_is_no_event() -> None:
    assert read(UP, retained=True) == ()


@pytest.mark.parametrize("payload", [b"", b"[]", b"{", b'{"a":' * 10_000, b"\x00"])
def test_what_is_no_json_object_is_told(payload: bytes) -> None:
    (one,) = read(payload)
    assert isinstance(one, Rejected)
    assert one.origin == NAMED


def test_a_message_that_nobody_knows_is_told() -> None:
    (one,) = read(UP, "sideways")
    assert isinstance(one, Rejected)
    assert one.reason is Rejection.BAD_TOPIC


class TestTopics:
    """Where the family speaks."""

    def test_what_to_subscribe_to_and_what_is_its_own(self) -> None:
        adapter = ThingsStack(["v3", "north/v3"])
        assert adapter.filters() == ("v3/+/devices/+/#", "north/v3/+/devices/+/#")
        assert adapter.reads("north/v3/care/devices/d/up")
        assert not adapter.reads("south/v3/care/devices/d/up")
        assert not adapter.reads("v3/care/gateways/d/up")

    def test_another_familys_device_speaks_elsewhere(self) -> None:
        assert ThingsStack(["v3"]).topics(Origin(Family.CHIRPSTACK, "care@ttn", "door-12")) == ()

    @pytest.mark.parametrize("base", ["", "v3/", "#", "v3/#"])
    def test_a_base_that_is_none_is_refused(self, base: str) -> None:
        with pytest.raises(ValueError, match="not where The Things Stack publishes"):
            ThingsStack([base])
