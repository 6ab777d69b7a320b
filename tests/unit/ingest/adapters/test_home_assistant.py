"""Home Assistant's MQTT discovery: what configs teach, and what the states of entities mean."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from events.delivery import Content, Found, Heard, Rejected, Rejection
from events.devices import Family, Origin
from events.messages import Battery, Position, Signal
from ingest.adapters.home_assistant import MOST_CONFIGS, HomeAssistant
from ingest.adapters.home_assistant_entity import BINARY as CLASSES
from ingest.adapters.home_assistant_entity import HELP

NOW = datetime(2026, 11, 21, 8, 5, tzinfo=UTC)
DEVICE = {"identifiers": ["0xa1"], "name": "Hall", "manufacturer": "Maker", "model": "M-1"}
ORIGIN = Origin(Family.HOME_ASSISTANT, "homeassistant", "0xa1")


class Home:
    """An adapter, and what it is told."""

    def __init__(self) -> None:
        self.adapter = HomeAssistant(["homeassistant"])

    def config(self, component: str, fields: dict[str, Any] | bytes, object_id: str = "x", **more: Any) -> Content:
        payload = fields if isinstance(fields, bytes) else msgspec.json.encode({"device": DEVICE, **fields, **more})
        return self.adapter.read(f"homeassistant/{component}/{object_id}/config", payload, NOW, retained=True)

    def state(self, value: object, topic: str = "home/x", *, retained: bool = False) -> Content:
        payload = value if isinstance(value, bytes) else msgspec.json.encode(value)
        assert self.adapter.reads(topic)
        return self.adapter.read(topic, payload, NOW, retained=retained)


@pytest.fixture
def home() -> Home:
    return Home()


def heard(content: Content) -> list[Heard]:
    return [one for one in content if isinstance(one, Heard)]


def kinds(content: Content) -> list[str]:
    return [one.kind for one in heard(content)]


def reasons(content: Content) -> list[str]:
    return [one.detail for one in content if isinstance(one, Rejected)]


def test_a_config_tells_of_a_device_and_where_it_speaks(home: Home) -> None:
    content = home.config("binary_sensor", {"device_class": "door", "state_topic": "home/x"})
    assert content == (Found(ORIGIN, "Hall", "Maker", "M-1", ("home/x",)),)
    assert home.adapter.wanted == {"home/x"}
    assert home.adapter.filters()[-1] == "home/x"
    assert home.adapter.topics(ORIGIN) == ("home/x",)
    assert home.adapter.learned == 1


def test_the_same_config_again_is_nothing_new(home: Home) -> None:
    home.config("binary_sensor", {"device_class": "door", "state_topic": "home/x"})
    assert home.config("binary_sensor", {"device_class": "door", "state_topic": "home/x"}) == ()
    assert home.adapter.learned == 1


def test_a_config_that_is_taken_back_is_forgotten(home: Home) -> None:
    home.config("binary_sensor", {"device_class": "door", "state_topic": "home/x", "availability_topic": "home/there"})
    assert home.adapter.wanted == {"home/x", "home/there"}
    assert home.config("binary_sensor", b"") == ()
    assert (home.adapter.wanted, home.adapter.topics(ORIGIN), home.adapter.learned) == (frozenset(), (), 2)
    assert not home.adapter.reads("home/x")


def test_entities_of_one_device_are_one_device(home: Home) -> None:
    home.config("binary_sensor", {"device_class": "door", "state_topic": "home/x"}, "door")
    home.config("sensor", {"device_class": "battery", "state_topic": "home/battery"}, "battery")
    assert home.adapter.topics(ORIGIN) == ("home/battery", "home/x")
    assert {one.origins for one in (*heard(home.state(b"ON")), *heard(home.state(b"80", "home/battery")))} == {
        (ORIGIN,)
    }


def test_abbreviations_and_the_base_topic(home: Home) -> None:
    fields = {
        "~": "home/x",
        "dev": {"ids": "0xa1", "mf": "Maker", "mdl": "M-1"},
        "dev_cla": "moisture",
        "stat_t": "~/state",
        "val_tpl": "{{ value_json['leak'].now }}",
        "pl_on": 1,
        "pl_off": 0,
        "avty": [{"t": "~/there", "pl_avail": "yes", "pl_not_avail": "no"}],
    }
    payload = msgspec.json.encode(fields)
    (found,) = home.adapter.read("homeassistant/binary_sensor/node/x/config", payload, NOW, retained=True)
    assert found == Found(ORIGIN, None, "Maker", "M-1", ("home/x/state",))
    assert kinds(home.state({"leak": {"now": 1}}, "home/x/state")) == ["leak_detected"]
    assert kinds(home.state({"leak": {"now": False}}, "home/x/state")) == []
    assert kinds(home.state(b"yes", "home/x/there")) == ["online"]


def test_a_config_for_a_whole_device(home: Home) -> None:
    fields = {
        "o": {"name": "somebody"},
        "state_topic": "home/x",
        "cmps": {
            "door": {"p": "binary_sensor", "dev_cla": "door", "val_tpl": "{{ value_json.door }}"},
            "battery": {"p": "sensor", "dev_cla": "battery", "val_tpl": "{{ value_json.battery | is_defined }}"},
            "light": {"p": "light"},
        },
    }
    home.config("device", fields)
    assert kinds(home.state({"door": "ON", "battery": 80})) == ["door_opened", "battery"]


@pytest.mark.parametrize(
    ("device", "id"),
    [
        ({"identifiers": "one"}, "one"),
        ({"identifiers": [12]}, "12"),
        ({"connections": [["mac", "02:00:00:00:00:01"]]}, "02:00:00:00:00:01"),
        ({}, "unique"),
        (None, "unique"),
    ],
)
def test_how_a_device_is_named(home: Home, device: object, id: str) -> None:
    fields = {"device": device, "unique_id": "unique", "device_class": "door", "state_topic": "home/x"}
    (found,) = home.config("binary_sensor", fields)
    assert isinstance(found, Found)
    assert found.origin == Origin(Family.HOME_ASSISTANT, "homeassistant", id)


def test_without_any_name_it_is_that_of_the_topic(home: Home) -> None:
    payload = b'{"state_topic": "home/x", "device_class": "door"}'
    (found,) = home.adapter.read("homeassistant/binary_sensor/node/object/config", payload, NOW, retained=True)
    assert isinstance(found, Found)
    assert found.origin.id == "node/object"


BINARY = {
    "motion": ("motion", "motion_ended"),
    "occupancy": ("motion", "motion_ended"),
    "presence": ("motion", "motion_ended"),
    "vibration": ("motion", "motion_ended"),
    "door": ("door_opened", "door_closed"),
    "opening": ("door_opened", "door_closed"),
    "garage_door": ("door_opened", "door_closed"),
    "moisture": ("leak_detected", "leak_cleared"),
    "smoke": ("smoke_detected", "smoke_cleared"),
    "gas": ("smoke_detected", "smoke_cleared"),
    "tamper": ("tampered", "tamper_cleared"),
    "problem": ("fault", "fault_cleared"),
    "battery": ("fault", "fault_cleared"),
    "connectivity": ("online", "offline"),
    "lock": ("unlocked", "locked"),
    "plug": ("mains_restored", "mains_lost"),
}


@pytest.mark.parametrize(("device_class", "meaning"), BINARY.items())
def test_binary_sensors_by_their_class(home: Home, device_class: str, meaning: tuple[str, str]) -> None:
    home.config("binary_sensor", {"device_class": device_class, "state_topic": "home/x"})
    (on,), (off,) = heard(home.state(b"ON")), heard(home.state(b"OFF"))
    assert (on.kind, off.kind) == meaning
    assert on.is_state
    assert off.is_state
    assert on.message.at == NOW
    assert on.key is None
    assert home.state(b"unavailable") == ()


def test_a_sensor_that_is_never_said_to_be_off_tells_something_new_each_time(home: Home) -> None:
    home.config("binary_sensor", {"device_class": "motion", "state_topic": "home/x", "off_dly": 30})
    assert [one.is_state for one in (*heard(home.state(b"ON")), *heard(home.state(b"OFF")))] == [False, True]


def test_words_of_its_own_and_truth_in_json(home: Home) -> None:
    fields = {"device_class": "occupancy", "state_topic": "home/x", "value_template": "{{ value_json.occupancy }}"}
    home.config("binary_sensor", fields, payload_on=True, payload_off=False)
    assert kinds(home.state({"occupancy": True})) == ["motion"]
    assert kinds(home.state({"occupancy": False})) == ["motion_ended"]
    assert home.state({"occupancy": None}) == ()
    assert home.state({"battery": 80}) == ()
    assert reasons(home.state({"occupancy": "perhaps"})) == ["binary_sensor: 'perhaps' is neither 'true' nor 'false'"]


def test_an_sos_counts_once_while_it_is_held(home: Home) -> None:
    home.config("binary_sensor", {"name": "SOS", "state_topic": "home/x", "value_template": "{{ value_json.sos }}"})
    told = [kinds(home.state({"sos": value})) for value in ("ON", "ON", "OFF", "ON")]
    assert told == [["alarm_pressed"], [], [], ["alarm_pressed"]]


def test_battery_and_signal(home: Home) -> None:
    home.config("sensor", {"device_class": "battery", "state_topic": "home/x"}, "battery")
    home.config("sensor", {"device_class": "signal_strength", "state_topic": "home/rssi"}, "rssi")
    assert [one.message for one in heard(home.state(b"81.5"))] == [Battery(at=NOW, percent=81.5)]
    assert [one.message for one in heard(home.state(b"-71", "home/rssi"))] == [Signal(at=NOW, rssi_dbm=-71)]
    assert len(reasons(home.state(b"full"))) == 1
    assert len(reasons(home.state(b"1e999"))) == 1
    assert reasons(home.state(b"101"))[0].startswith("battery: ")


def test_a_lock(home: Home) -> None:
    home.config("lock", {"state_topic": "home/x", "state_locked": "closed", "command_topic": "home/x/set"})
    assert kinds(home.state(b"closed")) == ["locked"]
    assert kinds(home.state(b"UNLOCKED")) == ["unlocked"]
    assert kinds(home.state(b"JAMMED")) == ["fault"]
    assert home.state(b"LOCKING") == ()
    assert len(reasons(home.state(b"ajar"))) == 1


def test_a_tracker_tells_of_a_place(home: Home) -> None:
    home.config("device_tracker", {"state_topic": "home/zone", "json_attributes_topic": "home/x"})
    place = {"latitude": 58.4, "longitude": 14.1, "gps_accuracy": 12}
    assert [one.message for one in heard(home.state(place))] == [
        Position(at=NOW, latitude=58.4, longitude=14.1, accuracy_m=12)
    ]
    assert home.state({"latitude": 0, "longitude": 0}) == ()
    assert home.state(b"home") == ()
    assert reasons(home.state({"latitude": 58.4}))[0].startswith("position: ")


EVENT = {"device_class": "button", "state_topic": "home/x", "event_types": ["single", "double"]}


class TestPresses:
    """What an event or a trigger means depends on what else the device has."""

    def test_the_press_of_a_device_with_one_button_calls_for_help(self, home: Home) -> None:
        home.config("event", EVENT)
        (press,) = heard(home.state({"event_type": "single"}))
        assert (press.kind, getattr(press.message, "button", None), press.is_state) == (
            "alarm_pressed",
            "single",
            False,
        )
        assert home.state({"event_type": "button_release"}) == ()

    def test_that_of_a_device_that_controls_something_is_used(self, home: Home) -> None:
        home.config("event", EVENT)
        home.config("light", {"command_topic": "home/light/set"}, "light")
        (press,) = heard(home.state({"event_type": "single"}))
        assert (press.kind, getattr(press.message, "what", None)) == ("used", "single")
        assert kinds(home.state({"event_type": "sos"})) == ["alarm_pressed"]

    def test_a_doorbell_calls_nobody_to_the_resident(self, home: Home) -> None:
        home.config("event", {**EVENT, "device_class": "doorbell"})
        assert kinds(home.state({"event_type": "press"})) == ["used"]

    def test_movement_can_be_an_event(self, home: Home) -> None:
        home.config("event", {**EVENT, "device_class": "motion"})
        assert kinds(home.state({"event_type": "walks"})) == ["motion"]

    def test_triggers_of_one_button(self, home: Home) -> None:
        for kind in ("button_short_press", "button_long_press"):
            trigger = {
                "automation_type": "trigger",
                "topic": "home/x",
                "type": kind,
                "subtype": "button_1",
                "payload": kind,
            }
            home.config("device_automation", trigger, kind)
        (press,) = heard(home.state(b"button_long_press"))
        assert (press.kind, getattr(press.message, "button", None)) == ("alarm_pressed", "button_1 button_long_press")
        assert home.state(b"something else") == ()

    def test_triggers_of_a_remote(self, home: Home) -> None:
        for name in ("button_1", "button_2"):
            trigger = {"atype": "trigger", "t": "home/x", "type": "button_short_press", "stype": name, "pl": name}
            home.config("device_automation", trigger, name)
        assert kinds(home.state(b"button_1")) == ["used"]

    def test_an_event_without_a_type_is_told(self, home: Home) -> None:
        home.config("event", EVENT)
        assert len(reasons(home.state({"x": 1}))) == 1


class TestPresence:
    """Whether a device is there, by its availability topics."""

    def test_one_topic(self, home: Home) -> None:
        home.config(
            "binary_sensor", {"device_class": "door", "state_topic": "home/x", "availability_topic": "home/there"}
        )
        (online,) = heard(home.state(b"online", "home/there", retained=True))
        assert (online.kind, online.is_state, online.origins) == ("online", True, (ORIGIN,))
        assert kinds(home.state(b"offline", "home/there")) == ["offline"]
        assert len(reasons(home.state(b"asleep", "home/there"))) == 1

    @pytest.mark.parametrize(("mode", "kind"), [("all", "offline"), ("any", "online"), ("latest", "online")])
    def test_several_topics(self, home: Home, mode: str, kind: str) -> None:
        topics = [{"topic": "home/bridge"}, {"topic": "home/there", "value_template": "{{ value_json.state }}"}]
        home.config("sensor", {"device_class": "battery", "state_topic": "home/x"}, availability=topics, avty_mode=mode)
        assert kinds(home.state({"state": "offline"}, "home/there")) == ["offline"]
        assert kinds(home.state(b"online", "home/bridge")) == [kind]

    def test_a_device_with_many_entities_is_told_once(self, home: Home) -> None:
        for name in ("door", "window"):
            fields = {"device_class": name, "state_topic": f"home/{name}", "availability_topic": "home/there"}
            home.config("binary_sensor", fields, name)
        assert kinds(home.state(b"offline", "home/there")) == ["offline"]


def test_what_the_broker_kept_is_neither_a_press_nor_a_sign_of_life(home: Home) -> None:
    home.config("event", {"device_class": "button", "state_topic": "home/x"}, "press")
    home.config("binary_sensor", {"device_class": "door", "state_topic": "home/door"}, "door")
    home.config("binary_sensor", {"device_class": "moisture", "state_topic": "home/leak"}, "leak")
    home.config("sensor", {"device_class": "battery", "state_topic": "home/battery"}, "battery")
    assert home.state({"event_type": "single"}, retained=True) == ()
    assert home.state(b"ON", "home/door", retained=True) == ()
    assert home.state(b"80", "home/battery", retained=True) == ()
    assert kinds(home.state(b"ON", "home/leak", retained=True)) == ["leak_detected"]


def test_one_payload_for_many_entities_is_kept_once(home: Home) -> None:
    for name in ("door", "tamper"):
        template = f"{{{{ value_json.{name} }}}}"
        home.config("binary_sensor", {"device_class": name, "state_topic": "home/x", "val_tpl": template}, name)
    first, second = heard(home.state({"door": "ON", "tamper": "OFF"}))
    assert msgspec.json.decode(first.payload)["raw"] == {"door": "ON", "tamper": "OFF"}
    assert "raw" not in msgspec.json.decode(second.payload)


class TestOtherFamilies:
    """A device that another family reads must not count twice."""

    def test_a_hub_that_vaka_reads_itself_is_learned_but_not_read(self, home: Home) -> None:
        fields = {"device_class": "door", "state_topic": "zigbee2mqtt/Hall", "origin": {"name": "Zigbee2MQTT"}}
        assert home.config("binary_sensor", fields) == (Found(ORIGIN, "Hall", "Maker", "M-1"),)
        assert not home.adapter.reads("zigbee2mqtt/Hall")
        assert home.adapter.wanted == frozenset()

    def test_topics_of_another_family_are_not_read(self, home: Home) -> None:
        home.adapter.is_foreign = lambda topic: topic.startswith("zigbee2mqtt/")
        home.config("binary_sensor", {"device_class": "door", "state_topic": "zigbee2mqtt/Hall"})
        assert not home.adapter.reads("zigbee2mqtt/Hall")
        assert (home.adapter.wanted, home.adapter.topics(ORIGIN)) == (frozenset(), ())

    def test_nobody_speaks_for_vakas_own_devices(self, home: Home) -> None:
        home.config("binary_sensor", {"device_class": "door", "state_topic": "vaka/v1/demo/d-1/alarm_pressed"})
        assert home.adapter.wanted == frozenset()


def test_after_a_restart_the_subscriptions_stand_and_nothing_is_lost(home: Home) -> None:
    home.adapter.remember([Found(ORIGIN, topics=("home/x",)), Found(Origin(Family.ZIGBEE2MQTT, "homeassistant", "y"))])
    assert (home.adapter.topics(ORIGIN), home.adapter.learned) == (("home/x",), 1)
    assert home.adapter.wanted == {"home/x"}
    (early,) = home.state(b"ON")
    assert isinstance(early, Rejected)
    assert early.origin == ORIGIN
    home.config("binary_sensor", {"device_class": "door", "state_topic": "home/x"})
    assert kinds(home.state(b"ON")) == ["door_opened"]
    home.config("binary_sensor", b"")
    assert home.adapter.wanted == frozenset()


TEMPLATES = [
    "{{ value_json.a if value_json.b else 1 }}",
    "{% if value %}ON{% endif %}",
    "{{ states('x') }}",
    "{{ value_json[0] }}",
    "{{ value | int }}",
    "{{ value_json.__class__() }}",
    7,
    "x" * 2000,
]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_that_is_a_program_is_told(home: Home, template: object) -> None:
    fields = {
        "device_class": "door",
        "state_topic": "home/x",
        "value_template": template,
        "availability_topic": "home/t",
    }
    content = home.config("binary_sensor", fields)
    assert "value_template" in reasons(content)[0]
    assert not home.adapter.reads("home/x")
    assert home.adapter.reads("home/t")


def test_entities_that_are_not_ours_may_have_any_template(home: Home) -> None:
    fields = {"device_class": "temperature", "state_topic": "home/x", "value_template": "{{ value | float }}"}
    content = home.config("sensor", fields)
    assert reasons(content) == []
    assert home.adapter.wanted == frozenset()


@pytest.mark.parametrize("topic", ["#", "home/+/x", "", 7, "$SYS/x", "a\x00b", "\ud800", "x" * 2000, ["home/x"]])
def test_a_topic_that_is_not_one_devices_is_told(home: Home, topic: Any) -> None:
    payload = b'{"device_class": "door", "state_topic": "\\ud800"}'
    if topic != "\ud800":
        payload = msgspec.json.encode({"device_class": "door", "state_topic": topic})
    content = home.config("binary_sensor", payload)
    assert "state_topic" in reasons(content)[0]
    assert home.adapter.wanted == frozenset()


@pytest.mark.parametrize("payload", [b"[]", b"x", b"{", b'{"a":' * 10_000, b'{"cmps": 1}'])
def test_a_config_that_is_none_is_told(home: Home, payload: bytes) -> None:
    (one,) = home.config("device", payload)
    assert isinstance(one, Rejected)
    assert one.detail.startswith("config: ")


def test_the_memory_has_an_end(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_CONFIGS > 1000
    monkeypatch.setattr("ingest.adapters.home_assistant.MOST_CONFIGS", 1)
    home.config("binary_sensor", {"device_class": "door", "state_topic": "home/x"}, "one")
    (one,) = home.config("binary_sensor", {"device_class": "door", "state_topic": "home/y"}, "two")
    assert isinstance(one, Rejected)
    assert one.reason is Rejection.MALFORMED
    assert home.adapter.wanted == {"home/x"}
    home.config("binary_sensor", {"device_class": "door", "state_topic": "home/z"}, "one")
    assert home.adapter.wanted == {"home/z"}


def test_a_state_that_is_not_json_where_json_is_awaited(home: Home) -> None:
    fields = {
        "name": "Front door",
        "device_class": "door",
        "state_topic": "home/x",
        "value_template": "{{ value_json.door }}",
    }
    home.config("binary_sensor", fields)
    assert reasons(home.state(b"\xff\xfe")) == [
        "front door: '\\\\xff\\\\xfe' has no field 'door', as it is not a JSON object"
    ]


@pytest.mark.parametrize("prefix", ["", "home/+", "#"])
def test_a_prefix_that_is_none_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="not a discovery prefix"):
        HomeAssistant([prefix])


def test_another_familys_origin_speaks_elsewhere(home: Home) -> None:
    assert home.adapter.topics(Origin(Family.CHIRPSTACK, "homeassistant", "0xa1")) == ()
    assert not home.adapter.reads("homeassistant/status")


def test_the_page_names_every_class_and_word() -> None:
    page = (Path(__file__).parents[4] / "docs/devices.md").read_text(encoding="utf-8")
    section = page.partition("## Home Assistant discovery")[2]
    kinds = {kind for yes, no, _ in CLASSES.values() for kind in (yes, no)} - {"fault", "fault_cleared"}
    assert {word for word in (*CLASSES, *HELP, *kinds) if f"`{word}`" not in section} == set()
