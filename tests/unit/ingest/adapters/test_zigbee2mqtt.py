"""Zigbee2MQTT: what real payloads become, and what is remembered so that no press is lost or made up."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from events.codec import decode_message
from events.delivery import Content, Found, Heard, Rejected, Rejection
from events.devices import Family, Origin
from ingest.adapters.zigbee2mqtt import Zigbee2Mqtt
from ingest.adapters.zigbee2mqtt_hub import MOST_SPEAKERS

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
BASE = "homes/17/zigbee2mqtt"
IEEE = "0x00124b0022334455"


class Hub:
    """An adapter, and one device `hall/device` that speaks to it."""

    def __init__(self) -> None:
        self.adapter = Zigbee2Mqtt(["homes/+/zigbee2mqtt"])

    def lists(self, *devices: dict[str, Any]) -> Content:
        return self.tells("bridge/devices", msgspec.json.encode(devices), retained=True)

    def knows(self, *exposes: dict[str, Any], model: str = "M-1") -> Content:
        definition = {"vendor": "Vendor", "model": model, "exposes": exposes}
        return self.lists({"ieee_address": IEEE, "friendly_name": "hall/device", "definition": definition})

    def tells(self, below: str, payload: bytes, *, retained: bool = False) -> Content:
        return self.adapter.read(f"{BASE}/{below}", payload, NOW, retained=retained)

    def says(self, *, retained: bool = False, **fields: Any) -> list[str]:
        """The kinds of what the device says, without how well it is heard."""
        return [kind for kind in kinds(self.speaks(retained=retained, **fields)) if kind != "signal"]

    def speaks(self, *, retained: bool = False, **fields: Any) -> Content:
        return self.tells("hall/device", msgspec.json.encode(fields), retained=retained)


@pytest.fixture
def hub() -> Hub:
    return Hub()


def kinds(content: Content) -> list[str]:
    return [seen.kind for seen in content if isinstance(seen, Heard)]


def only(content: Content) -> Heard:
    (seen,) = content
    assert isinstance(seen, Heard)
    return seen


def refusals(content: Content) -> list[str]:
    return [seen.detail for seen in content if isinstance(seen, Rejected)]


def action(*values: str) -> dict[str, Any]:
    return {"type": "enum", "property": "action", "values": values}


# Topics


def test_base_topics_are_patterns() -> None:
    adapter = Zigbee2Mqtt(["zigbee2mqtt", "homes/+/zigbee2mqtt"])
    assert set(adapter.filters()) == {"zigbee2mqtt/#", "homes/+/zigbee2mqtt/#"}
    assert adapter.reads("zigbee2mqtt/hall/device")
    assert adapter.reads("homes/17/zigbee2mqtt/x")
    assert not adapter.reads("homes/17/other/x")
    assert not adapter.reads("zigbee2mqtt2/x")
    assert not adapter.reads("homes/17")


def test_of_two_patterns_the_longer_one_counts() -> None:
    adapter = Zigbee2Mqtt(["homes", "homes/+/zigbee2mqtt"])
    content = adapter.read(f"{BASE}/hall", b'{"contact":true}', NOW, retained=False)
    assert only(content).origins == (Origin(Family.ZIGBEE2MQTT, BASE, "hall"),)


@pytest.mark.parametrize("base", ["", "a//b", "a/#", "a+/b", "a\x00b"])
def test_a_base_topic_that_is_none_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match="base topic"):
        Zigbee2Mqtt([base])


@pytest.mark.parametrize("name", ["", "bridge", "a\x00b", "x" * 300, "caf\x85"])
def test_a_topic_that_names_no_device_is_refused(hub: Hub, name: str) -> None:
    (seen,) = hub.tells(name, b'{"contact":true}')
    assert isinstance(seen, Rejected)
    assert seen.reason is Rejection.BAD_TOPIC


@pytest.mark.parametrize(
    "below",
    [
        "hall/device/set", "hall/device/get", "hall/device/set/state", "bridge/request/permit_join", "bridge/logging",
        "bridge/response/x", "bridge/event", "bridge/info", "bridge/extensions",
    ],
)  # fmt: skip
def test_what_is_not_said_by_a_device_is_nothing(hub: Hub, below: str) -> None:
    assert hub.tells(below, b'{"contact": false, "state": "ON"}') == ()


@pytest.mark.parametrize("name", ["Köket/lampan", "hall device", "hall\u00a0device", "👩\u200d🦳", "a.b-c_d"])
def test_people_give_all_kinds_of_names(hub: Hub, name: str) -> None:
    assert only(hub.tells(name, b'{"contact":true}')).origins[0].id == name


def test_a_group_is_no_device(hub: Hub) -> None:
    hub.tells("bridge/groups", b'[{"id": 1, "friendly_name": "hall/device", "members": []}]', retained=True)
    assert hub.speaks(state="ON") == ()
    assert hub.tells("hall/device/availability", b"online") == ()


def test_a_message_that_is_taken_back_is_nothing(hub: Hub) -> None:
    assert hub.tells("hall/device", b"", retained=True) == ()
    assert hub.tells("bridge/devices", b"", retained=True) == ()


# Who speaks


def test_a_device_is_known_by_its_name_until_the_hub_tells_its_address(hub: Hub) -> None:
    by_name = Origin(Family.ZIGBEE2MQTT, BASE, "hall/device")
    by_address = Origin(Family.ZIGBEE2MQTT, BASE, IEEE)
    assert only(hub.speaks(contact=True)).origins == (by_name,)
    hub.knows()
    assert only(hub.speaks(contact=True)).origins == (by_address, by_name)
    assert hub.adapter.topics(by_address) == hub.adapter.topics(by_name) == (f"{BASE}/hall/device",)


def test_a_device_that_was_renamed_keeps_its_address(hub: Hub) -> None:
    hub.knows()
    before = hub.adapter.learned
    hub.lists({"ieee_address": IEEE, "friendly_name": "kitchen"})
    assert hub.adapter.learned == before + 1
    assert hub.adapter.topics(Origin(Family.ZIGBEE2MQTT, BASE, IEEE)) == (f"{BASE}/kitchen",)
    assert only(hub.tells("kitchen", b'{"contact":true}')).origins[0].id == IEEE
    assert only(hub.speaks(contact=True)).origins[0].id == "hall/device"


def test_a_device_without_a_name_has_its_address_as_name(hub: Hub) -> None:
    hub.lists({"ieee_address": IEEE, "friendly_name": IEEE})
    assert [origin.id for origin in only(hub.tells(IEEE, b'{"contact":true}')).origins] == [IEEE]


def test_what_an_earlier_run_was_told_is_known_at_once(hub: Hub) -> None:
    hub.adapter.remember([Found(Origin(Family.ZIGBEE2MQTT, BASE, IEEE), "hall/device", "Vendor", "M-1")])
    assert only(hub.speaks(action="single", linkquality=None)).origins[0].id == IEEE


def test_the_hub_tells_of_its_devices(hub: Hub) -> None:
    content = hub.lists(
        {"ieee_address": "0x01", "friendly_name": "Coordinator", "type": "Coordinator"},
        {"ieee_address": IEEE, "friendly_name": "hall", "definition": {"vendor": "Feibit", "model": "SEB01ZB"}},
        {"ieee_address": "0x03", "friendly_name": "new", "definition": None, "manufacturer": "Acme", "model_id": "A1"},
    )
    at = Family.ZIGBEE2MQTT, BASE
    assert content == (
        Found(Origin(*at, "bridge"), BASE, "Zigbee2MQTT"),
        Found(Origin(*at, IEEE), "hall", "Feibit", "SEB01ZB"),
        Found(Origin(*at, "0x03"), "new", "Acme", "A1"),
    )
    assert hub.adapter.learned == 1
    hub.lists({"ieee_address": IEEE, "friendly_name": "hall", "definition": {"vendor": "Feibit", "model": "SEB01ZB"}},
              {"ieee_address": "0x03", "friendly_name": "new"})  # fmt: skip
    assert hub.adapter.learned == 1


def test_one_device_that_is_listed_wrongly_does_not_hide_the_others(hub: Hub) -> None:
    content = hub.lists(
        {"ieee_address": 7, "friendly_name": "x"},
        {"ieee_address": "0x02", "friendly_name": "a\x00b"},
        {"ieee_address": IEEE, "friendly_name": "hall/device"},
    )
    assert [seen.origin.id for seen in content if isinstance(seen, Found)] == ["bridge", IEEE]
    first, second = refusals(content)
    assert "ieee_address" in first
    assert "a\\x00b" in second


def test_no_topic_for_another_family_or_hub(hub: Hub) -> None:
    assert hub.adapter.topics(Origin(Family.CHIRPSTACK, BASE, IEEE)) == ()
    assert hub.adapter.topics(Origin(Family.ZIGBEE2MQTT, "elsewhere", IEEE)) == ()
    assert hub.adapter.topics(Origin(Family.ZIGBEE2MQTT, BASE, "a/#")) == ()
    assert hub.adapter.topics(Origin(Family.ZIGBEE2MQTT, BASE, "bridge")) == (f"{BASE}/bridge/state",)


# The hub, and what it sees


@pytest.mark.parametrize("payload", [b'{"state":"offline"}', b"offline"])
def test_hub_and_devices_are_on_and_off_line(hub: Hub, payload: bytes) -> None:
    for below, id in (("bridge/state", "bridge"), ("hall/device/availability", "hall/device")):
        seen = only(hub.tells(below, payload, retained=True))
        assert (seen.kind, seen.is_state, seen.origins[0].id) == ("offline", True, id)


def test_that_a_device_was_there_counts_when_it_speaks(hub: Hub) -> None:
    assert hub.tells("hall/device/availability", b"online", retained=True) == ()
    assert hub.says(retained=True, smoke=False) == ["smoke_cleared"]
    assert hub.says(contact=True) == ["door_closed", "online"]
    assert hub.says(contact=True) == ["door_closed"]


def test_a_device_that_was_away_and_speaks_is_there(hub: Hub) -> None:
    hub.tells("hall/device/availability", b"offline")
    assert hub.says(contact=True) == ["door_closed", "online"]
    hub.tells("hall/device/availability", b"offline")
    assert only(hub.tells("hall/device/availability", b"online")).kind == "online"
    assert hub.says(contact=True) == ["door_closed"]


@pytest.mark.parametrize("payload", [b'{"state":7}', b"maybe", b'["online"]', b"{", b"\xff"])
def test_another_word_than_on_and_off_line_is_refused(hub: Hub, payload: bytes) -> None:
    assert "neither online nor offline" in refusals(hub.tells("hall/device/availability", payload))[0]


def test_the_hubs_health_report_is_a_sign_of_life(hub: Hub) -> None:
    seen = only(hub.tells("bridge/health", b'{"response_time": 1}'))
    assert (seen.kind, seen.is_state) == ("heartbeat", True)
    assert hub.tells("bridge/health", b"{}", retained=True) == ()


# States


def test_a_message_tells_several_things(hub: Hub) -> None:
    content = hub.speaks(contact=False, tamper=False, battery=88, battery_low=False, linkquality=102, voltage=3000)
    told = {seen.kind: seen for seen in content if isinstance(seen, Heard)}
    assert list(told) == ["door_opened", "tamper_cleared", "fault_cleared", "battery", "signal"]
    assert all(seen.is_state and seen.key is None for seen in told.values())
    assert decode_message("battery", told["battery"].payload) == told["battery"].message
    assert msgspec.json.decode(told["signal"].payload)["quality"] == 40.0
    assert msgspec.json.decode(told["fault_cleared"].payload)["code"] == "battery_low"
    raw = msgspec.json.decode(told["door_opened"].payload)["raw"]
    assert raw["voltage"] == 3000
    assert [seen.kind for seen in told.values() if b'"raw"' in seen.payload] == ["door_opened"]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"contact": True}, "door_closed"),
        ({"contact": "OFF"}, "door_opened"),
        ({"occupancy": True}, "motion"),
        ({"presence": False}, "motion_ended"),
        ({"occupancy": False, "presence": True}, "motion"),
        ({"state": "none"}, "motion_ended"),
        ({"vibration": True}, "motion"),
        ({"pressure": True}, "mat_on"),
        ({"pressure_state": "sedentary"}, "bed_entered"),
        ({"water_leak": True}, "leak_detected"),
        ({"smoke": False, "gas": True}, "smoke_detected"),
        ({"smoke": True, "gas": False}, "smoke_detected"),
        ({"carbon_monoxide": "OFF"}, "smoke_cleared"),
        ({"tamper": True}, "tampered"),
        ({"ac_status": True}, "mains_lost"),
        ({"battery_low": True}, "fault"),
        ({"fault": "motor stalled"}, "fault"),
        ({"lock_state": "locked", "state": "UNLOCK"}, "locked"),
        ({"state": "UNLOCK"}, "unlocked"),
        ({"pressure": 1013.2, "temperature": 21.5}, "heartbeat"),
        ({"state": "ON"}, "heartbeat"),
        ({"gas": 1, "vibration": 1, "fault": 1}, "heartbeat"),
        ({"contact": None, "battery": None, "linkquality": None}, "heartbeat"),
    ],
)
def test_states(hub: Hub, fields: dict[str, Any], kind: str) -> None:
    seen = only(hub.speaks(**fields))
    assert (seen.kind, seen.is_state) == (kind, True)
    assert seen.message.at == NOW


def test_the_occupancy_of_a_bed_is_that_of_a_bed(hub: Hub) -> None:
    hub.knows(model="TS0601_bed_presence_sensor")
    assert hub.says(occupancy=True) == ["bed_entered"]
    assert hub.says(occupancy=False) == ["bed_left"]


def test_retained_states_tell_dangers_and_locks_but_nothing_that_anybody_did(hub: Hub) -> None:
    said = {"sos": True, "action": "sos", "occupancy": True, "contact": False, "battery": 50, "linkquality": 9}
    assert hub.speaks(retained=True, **said) == ()
    assert hub.says(retained=True, smoke=True, water_leak=False, lock_state="unlocked") == [
        "smoke_detected", "leak_cleared", "unlocked",
    ]  # fmt: skip


# Calls for help


@pytest.mark.parametrize("word", ["emergency", "sos", "panic", "sos_left", "single", "double", "hold", "pressed"])
def test_a_button_nobody_knows_is_a_call_for_help(hub: Hub, word: str) -> None:
    seen = next(seen for seen in hub.speaks(action=word, battery=90) if isinstance(seen, Heard))
    assert (seen.kind, seen.is_state) == ("alarm_pressed", False)
    assert msgspec.json.decode(seen.payload)["button"] == word


@pytest.mark.parametrize("word", ["", None, "release", "hold_release", "brightness_stop", "none", "button_1_release"])
def test_the_end_of_an_action_is_none(hub: Hub, word: str | None) -> None:
    assert hub.says(action=word) == ["heartbeat"]


def test_each_action_counts(hub: Hub) -> None:
    assert [hub.says(action="single") for _ in range(3)] == [["alarm_pressed"]] * 3


def test_actions_of_remote_controls_are_no_calls_for_help(hub: Hub) -> None:
    assert hub.says(action="1_single") == ["used"]
    assert hub.says(action="brightness_step_up") == ["used"]
    hub.knows({"type": "switch", "features": []}, action("single", "double"))
    assert hub.says(action="single") == ["used"]
    assert hub.says(action="emergency") == ["alarm_pressed"]
    hub.knows(action("single", "rotate_left"))
    assert hub.says(action="single") == ["used"]
    hub.knows(action("single", "double", "off"))
    assert hub.says(action="single") == ["alarm_pressed"]


def test_old_releases_tell_a_click_twice(hub: Hub) -> None:
    assert hub.says(click="single", action="single") == ["alarm_pressed"]
    assert hub.says(click="single") == ["alarm_pressed"]
    assert hub.says(click="single", action="") == ["alarm_pressed"]


def test_a_call_that_is_told_in_two_ways_is_one(hub: Hub) -> None:
    assert hub.says(action="sos", sos_alarm=True) == ["alarm_pressed"]
    assert hub.says(sos_alarm=True, battery=50) == ["battery"]


def test_a_standing_call_is_new_when_nothing_else_is_told_with_it(hub: Hub) -> None:
    assert hub.says(sos=True, battery=80, linkquality=50) == ["alarm_pressed", "battery"]
    assert hub.says(sos=True, battery=79, linkquality=51) == ["battery"]
    assert hub.says(sos=True, battery=79, linkquality=60) == ["alarm_pressed", "battery"]
    assert hub.says(sos=False, battery=79, linkquality=60) == ["battery"]
    assert hub.says(sos=True, battery=78, linkquality=60) == ["alarm_pressed", "battery"]


def test_what_the_hub_says_again_by_itself_is_no_new_call(hub: Hub) -> None:
    first, later = "2026-11-22T07:59:58.100Z", "2026-11-22T07:59:59.100Z"
    assert hub.says(sos=True, last_seen=first) == ["alarm_pressed"]
    assert hub.says(sos=True, last_seen=first) == []
    assert hub.says(sos=True, last_seen=later) == ["alarm_pressed"]


def test_a_retained_call_does_not_hide_a_live_one(hub: Hub) -> None:
    hub.says(sos=True, battery=79, retained=True)
    assert hub.says(sos=True, battery=80) == ["alarm_pressed", "battery"]


def test_a_fall_is_told_when_it_begins(hub: Hub) -> None:
    told = [hub.says(fall_status=word) for word in ("normal", "fall_warning", "fall_alarm", "fall_alarm", "normal")]
    assert told == [["heartbeat"], ["heartbeat"], ["fall_detected"], ["heartbeat"], ["heartbeat"]]
    assert hub.says(fall_status="fall_alarm") == ["fall_detected"]


def test_a_radar_that_tells_all_in_one_word(hub: Hub) -> None:
    told = [hub.says(status=word) for word in ("unoccupied", "sitting", "falling", "falling")]
    assert told == [["motion_ended"], ["motion"], ["fall_detected", "motion"], ["motion"]]


# Locks

LOCK = action("unlock", "lock", "manual_lock", "unlock_failure_invalid_pin_or_id")


def test_an_opening_is_told_once_with_who_opened_before_or_after_the_state(hub: Hub) -> None:
    hub.knows({"type": "lock", "features": []}, LOCK)
    assert hub.says(lock_state="locked") == ["locked"]
    opened = only(hub.speaks(action="unlock", action_user=7, action_source_name="keypad", lock_state="locked"))
    assert (opened.kind, opened.is_state) == ("unlocked", False)
    assert msgspec.json.decode(opened.payload)["user"] == "7"
    assert msgspec.json.decode(opened.payload)["method"] == "keypad"
    assert hub.says(lock_state="unlocked") == ["heartbeat"]
    assert hub.says(lock_state="unlocked", battery=50) == ["unlocked", "battery"]


def test_a_lock_that_tells_nobody_tells_its_state_at_once(hub: Hub) -> None:
    hub.says(lock_state="locked")
    seen = only(hub.speaks(lock_state="unlocked", last_unlock_user="3", last_unlock_source="rfid"))
    assert (seen.kind, seen.is_state) == ("unlocked", True)
    assert msgspec.json.decode(seen.payload)["user"] == "3"


@pytest.mark.parametrize(
    ("word", "kind", "method"),
    [
        ("key_unlock", "unlocked", "key"),
        ("fingerprint_unlock", "unlocked", "fingerprint"),
        ("manual_lock", "locked", "manual"),
        ("auto_lock", "locked", "auto"),
        ("unlock_failure_invalid_pin_or_id", "unlock_denied", None),
        ("finger_not_match", "unlock_denied", "fingerprint"),
    ],
)
def test_actions_of_a_lock(hub: Hub, word: str, kind: str, method: str | None) -> None:
    seen = only(hub.speaks(action=word, action_user=65535))
    assert seen.kind == kind
    body = msgspec.json.decode(seen.payload)
    assert (body.get("user"), body.get("method")) == (None, method)


@pytest.mark.parametrize("name", ["\x00", "a\nb", "", True, [1], None, 65535])
def test_a_user_that_is_none_does_not_cost_the_opening(hub: Hub, name: Any) -> None:
    body = msgspec.json.decode(only(hub.speaks(action="unlock", action_user=name, action_source_name=name)).payload)
    assert (body.get("user"), body.get("method")) == (None, None)


def test_a_door_that_is_ajar_is_told_once(hub: Hub) -> None:
    told = [hub.says(lock_state=state) for state in ("not_fully_locked", "not_fully_locked", "locked")]
    assert told == [["door_ajar"], ["heartbeat"], ["locked"]]


def test_door_codes_are_not_kept(hub: Hub) -> None:
    seen = hub.speaks(
        lock_state="locked", last_used_pin_code="271828", users=[{"pin_code": 314159}], net={"password": "161803"}
    )
    kept = only(seen).payload
    assert not any(code in kept for code in (b"271828", b"314159", b"161803"))
    assert msgspec.json.decode(kept)["raw"]["last_used_pin_code"] == "hidden"
    broken = hub.tells("hall/device", b'{"lock_state":"locked","admin_code":"271828","x":NaN}')
    assert b"271828" not in only(broken).payload


# Time


@pytest.mark.parametrize("spelt", ["2026-11-22T07:59:30.250Z", "2026-11-22T08:59:30.250+01:00", 1795334370250])
def test_last_seen_is_the_time(hub: Hub, spelt: str | int) -> None:
    seen = only(hub.speaks(action="single", last_seen=spelt))
    assert seen.message.at == datetime(2026, 11, 22, 7, 59, 30, 250_000, tzinfo=UTC)
    assert seen.key == only(hub.speaks(action="single", last_seen=spelt)).key is not None


def test_two_events_of_a_message_are_two(hub: Hub) -> None:
    first, second = hub.speaks(action="single", fall_status="fall_alarm", last_seen="2026-11-22T07:59:30Z")
    assert isinstance(first, Heard)
    assert isinstance(second, Heard)
    assert first.key != second.key
    assert [b'"raw"' in seen.payload for seen in (first, second)] == [True, False]


@pytest.mark.parametrize("spelt", ["1970-01-01T00:00:30Z", 30_000, "2100-01-01T00:00:00Z", "2026-11-22T08:02:00Z"])
def test_a_time_that_cannot_be_is_not_believed(hub: Hub, spelt: str | int) -> None:
    seen = only(hub.speaks(action="single", last_seen=spelt))
    assert (seen.message.at, seen.key) == (NOW, None)


@pytest.mark.parametrize("spelt", ["yesterday", "2026-11-22T08:00:00", True, [1], 1e300, {"a": 1}])
def test_a_time_that_is_none_costs_only_itself(hub: Hub, spelt: Any) -> None:
    content = hub.speaks(action="single", last_seen=spelt)
    assert kinds(content) == ["alarm_pressed"]
    assert refusals(content)[0].startswith("last_seen: ")


def test_what_the_hub_says_again_is_said_now(hub: Hub) -> None:
    spoken = "2026-11-22T07:58:00Z"
    assert only(hub.speaks(occupancy=True, last_seen=spoken)).message.at == NOW - timedelta(minutes=2)
    assert only(hub.speaks(occupancy=False, last_seen=spoken)).message.at == NOW


def test_what_the_hub_says_again_is_no_sign_of_life(hub: Hub) -> None:
    spoken = "2026-11-22T07:58:00Z"
    said: dict[str, Any] = {
        "occupancy": True,
        "battery": 80,
        "battery_low": True,
        "linkquality": 50,
        "lock_state": "locked",
    }
    assert hub.says(last_seen=spoken, **said) == ["motion", "fault", "locked", "battery"]
    hub.tells("hall/device/availability", b"online", retained=True)
    assert hub.speaks(last_seen=spoken, **said) == ()
    assert hub.says(last_seen=spoken, **said | {"occupancy": False}) == ["motion_ended"]
    assert hub.says(last_seen="2026-11-22T07:59:00Z", contact=True) == ["door_closed", "online"]


def test_an_action_that_came_twice_can_be_told_from_a_new_one(hub: Hub) -> None:
    keys = [
        only(hub.speaks(action="single", last_seen=f"2026-11-22T07:59:{second}Z")).key for second in (30, 30, 31, 31)
    ]
    assert keys[0] == keys[1] != keys[2] == keys[3]


# Bad input


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        (b'"battery": "full"', "battery: 'full'"),
        (b'"battery": 150', "battery: '150'"),
        (b'"battery": NaN', "battery: 'nan'"),
        (b'"battery": 1e999', "battery: 'inf'"),
        (b'"battery": true', "battery: 'True'"),
        (b'"linkquality": -1', "linkquality: '-1'"),
        (b'"contact": "perhaps"', "contact: 'perhaps'"),
        (b'"occupancy": [1]', "occupancy: '[1]'"),
        (b'"occupancy": 1', "occupancy: '1'"),
        (b'"fall_status": {}', "fall_status: '{}'"),
        (b'"action_l1": 7', "action_l1: '7'"),
        (b'"action_l1": "a\\u0000"', "action_l1: 'a\\x00'"),
    ],
)
def test_a_bad_field_does_not_cost_the_call_for_help_beside_it(hub: Hub, field: bytes, shown: str) -> None:
    content = hub.tells("hall/device", b'{"sos": true, ' + field + b"}")
    assert kinds(content) == ["alarm_pressed"]
    (refused,) = content[1:]
    assert isinstance(refused, Rejected)
    assert refused.reason is Rejection.MALFORMED
    assert refused.detail.startswith(shown)
    assert refused.origin == Origin(Family.ZIGBEE2MQTT, BASE, "hall/device")


@pytest.mark.parametrize("letters", [b"9" * 5000, b'"\xff\xfe"', b'"\\ud800"', b'"\\u0000"', b'"\x00"'])
def test_broken_letters_beside_a_call_for_help(hub: Hub, letters: bytes) -> None:
    payload = only(hub.tells("hall/device", b'{"sos": true, "note": ' + letters + b"}")).payload
    assert "raw" in msgspec.json.decode(payload)
    assert b"\\u0000" not in payload.replace(b"\\\\u0000", b"")


def test_what_is_nested_deep_beside_a_secret_costs_nothing(hub: Hub) -> None:
    deep = b"[" * 500 + b"]" * 500
    seen = only(hub.tells("hall/device", b'{"sos":true,"pin_code":"271828","x":' + deep + b"}"))
    assert seen.kind == "alarm_pressed"
    assert b"271828" not in seen.payload


@pytest.mark.parametrize("payload", [b"false", b"[]", b'"ON"', b"{", b"\xff", b"12", b"[" * 100_000])
def test_what_is_no_object_is_refused(hub: Hub, payload: bytes) -> None:
    (seen,) = hub.tells("hall/device", payload)
    assert isinstance(seen, Rejected)
    assert seen.reason is Rejection.MALFORMED
    assert len(seen.detail) < 400


@pytest.mark.parametrize("payload", [b"{}", b"[7]", b"[", b'[{"friendly_name": 7}]', b"\xff"])
@pytest.mark.parametrize("below", ["bridge/devices", "bridge/groups"])
def test_a_list_that_is_none_is_refused(hub: Hub, below: str, payload: bytes) -> None:
    assert refusals(hub.tells(below, payload))


def test_made_up_names_do_not_fill_the_memory(hub: Hub) -> None:
    for number in range(MOST_SPEAKERS + 10):
        hub.tells(f"made-up-{number}", b'{"sos": true}')
    (only_hub,) = hub.adapter._hubs.values()
    assert len(only_hub._speakers) == MOST_SPEAKERS
