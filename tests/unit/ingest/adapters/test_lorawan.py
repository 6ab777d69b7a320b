"""Decoded fields of LoRaWAN devices: the traps of makes and codecs, one by one."""

from itertools import chain
from typing import Any

import msgspec
import pytest

from events.kinds import KINDS
from ingest.adapters.lorawan import interpret
from ingest.adapters.lorawan_schema import ProfileLines, table
from ingest.adapters.lorawan_table import GENERIC, profile_of

Fields = dict[str, Any]


def kinds(fields: Fields, names: str = "", port: int | None = None) -> list[str]:
    return [said.kind for said in interpret(names, fields, port).said]


def percent(fields: Fields, names: str = "") -> float | None:
    found = [said.fields["percent"] for said in interpret(names, fields).said if said.kind == "battery"]
    return found[0] if found else None


MEASURED = [
    {"measurementId": "4200", "type": "Event Status", "measurementValue": [{"id": 7, "eventName": "SOS event."}]},
    {"measurementId": "4197", "type": "Longitude", "measurementValue": 13.85},
    {"measurementId": "4198", "type": "Latitude", "measurementValue": 58.39},
    {"measurementId": "3000", "type": "Battery", "measurementValue": 93},
    {"measurementId": "5001", "type": "Wi-Fi Scan", "measurementValue": []},
]

GENERIC_FIELDS: dict[str, tuple[Fields, list[str]]] = {
    "a button": ({"button": 1}, ["alarm_pressed"]),
    "a button that is not pressed": ({"button": 0}, []),
    "a button in words": ({"Button_Pressed": "TRUE"}, ["alarm_pressed"]),
    "a released button": ({"button": "released"}, []),
    "a press in a word that nobody foresaw": ({"button": "quintuple"}, ["alarm_pressed"]),
    "a button of which nothing is known": ({"button": "unknown"}, []),
    "a blank button": ({"button": "  "}, []),
    "one of two buttons": ({"button_1": 0, "button_2": 1}, ["alarm_pressed"]),
    "an SOS in an object": ({"data": {"sos": {"value": True}}}, ["alarm_pressed"]),
    "an SOS as the sort of event": ({"eventType": "SOS_MODE_START"}, ["alarm_pressed"]),
    "another sort of event": ({"eventType": "GEOLOC_START"}, []),
    "an SOS among measurements": ({"messages": [MEASURED]}, ["alarm_pressed", "battery", "position"]),
    "a fall": ({"fall": True}, ["fall_detected"]),
    "no fall": ({"fall": False}, []),
    "smoke": ({"smoke": "alarm"}, ["smoke_detected"]),
    "no smoke": ({"smoke": "normal"}, ["smoke_cleared"]),
    "an open door": ({"door": "Open"}, ["door_opened"]),
    "a closed door": ({"door": "closed"}, ["door_closed"]),
    "an open door as a number": ({"DOOR_OPEN_STATUS": 1.0}, ["door_opened"]),
    "a contact in words": ({"contact": "open"}, ["door_opened"]),
    "movement": ({"pir": "trigger"}, ["motion"]),
    "no movement": ({"occupancy": "vacant"}, ["motion_ended"]),
    "how often somebody moved": ({"motion": 7}, ["motion"]),
    "that nobody moved": ({"motion": 0}, ["motion_ended"]),
    "water": ({"water_leak": True}, ["leak_detected"]),
    "no water": ({"water_leak": "no leak"}, ["leak_cleared"]),
    "an opened case": ({"tamper": 1}, ["tampered"]),
    "a low battery": ({"battery_low": True}, ["fault"]),
    "a bed": ({"in_bed": False}, ["bed_left"]),
    "mains": ({"external_power": False}, ["mains_lost"]),
    "one of several that is wrong": ({"flood": False, "leak": True}, ["leak_detected"]),
    "an array of objects": ({"measurements": [{"temperature": 20}, {"button": "sos"}]}, ["alarm_pressed"]),
    "other things": ({"temperature": 21.5, "humidity": 40, "alarm": True}, []),
    "nothing": ({}, []),
    "settings of the same names": ({"payloadmask": {"battery": 1, "gps": 0}, "button_config": 1}, []),
    "a history": ({"history": [{"door": "open"}, {"door": "closed"}]}, []),
}


@pytest.mark.parametrize(("fields", "expected"), GENERIC_FIELDS.values(), ids=GENERIC_FIELDS)
def test_common_names_are_read_without_a_profile(fields: Fields, expected: list[str]) -> None:
    reading = interpret("class A device of somebody", fields)
    assert [said.kind for said in reading.said] == expected
    assert reading.unclear == []


BATTERIES: dict[str, tuple[Fields, str, float | None]] = {
    "percent": ({"battery": 80}, "", 80),
    "percent with its sign": ({"battery": "81 %"}, "", 81),
    "a span": ({"battery": "80-100%"}, "", 80),
    "the lowest span": ({"battery": "0-5%"}, "", 0),
    "an empty one": ({"battery": 0}, "", 0),
    "volt by its size": ({"battery": 3.6}, "", 100),
    "nearly empty, in percent": ({"battery": 0.5}, "", 0.5),
    "a full rechargeable one in volt": ({"battery": 4.2}, "", 100),
    "volt by its name": ({"batV": 2.1}, "", 0),
    "volt with its unit": ({"battery voltage": "2.85V"}, "", 50),
    "volt below empty": ({"batV": 1.2}, "", 0),
    "millivolt by its size": ({"battery": 2850}, "", 50),
    "millivolt by its name": ({"battery_mv": 3600}, "", 100),
    "volt that a maker marks": ({"Volt": "2.4(low battery)"}, "netvox r311a", 25),
    "percent where the network says volt": ({"battery": 80}, "sensative strips", 80),
    "a profile's cells": ({"BatV": 3.725}, "dragino lgt92", 50),
    "a profile's unit": ({"battery": 3}, "browan tbms100", 14.3),
    "a profile's before the common ones": ({"battery": 12, "BAT_V": 3.1}, "dragino lds02", 100),
    "both": ({"battery": 77, "batV": 3.1}, "", 77),
    "both, the other way about": ({"batV": 3.1, "battery": 77}, "", 77),
    "unknown to the device": ({"battery_level": 255}, "", None),
    "no battery": ({"batV": 0}, "", None),
}


@pytest.mark.parametrize(("fields", "names", "expected"), BATTERIES.values(), ids=BATTERIES)
def test_batteries_are_read_in_percent(fields: Fields, names: str, expected: float | None) -> None:
    reading = interpret(names, fields)
    assert percent(fields, names) == expected
    assert reading.unclear == []


UNCLEAR: dict[str, tuple[Fields, str]] = {
    "percent or volt": ({"battery": 3}, "percent or volt"),
    "too much": ({"battery": 120}, "more than 100"),
    "too many volt": ({"batV": 12.4}, "must name its cells"),
    "no number": ({"batV": "full"}, "no battery level"),
    "a truth": ({"battery_level": True}, "no battery level"),
    "below zero": ({"battery_level": -1}, "no battery level"),
    "a door ajar": ({"door": "ajar"}, "door_opened or door_closed"),
    "a contact that is true": ({"contact": True}, "door_opened or door_closed"),
    "a place beyond the pole": ({"latitude": 91, "longitude": 14}, "no place on earth"),
    "half a place": ({"latitude": 58.4}, "no place on earth"),
    "a place in words": ({"latitude": "north", "longitude": "east"}, "no place on earth"),
    "accuracy below zero": ({"latitude": 58, "longitude": 14, "accuracy": -1}, "no distance"),
    "accuracy in words": ({"latitude": 58, "longitude": 14, "accuracy": "good"}, "no distance"),
}


@pytest.mark.parametrize(("fields", "reason"), UNCLEAR.values(), ids=UNCLEAR)
def test_what_is_unclear_is_told_by_name_and_value_and_costs_nothing_else(fields: Fields, reason: str) -> None:
    reading = interpret("", {**fields, "sos": True})
    (text,) = reading.unclear
    name, value = next(reversed(fields.items()))
    assert name in text
    assert str(value) in text
    assert reason in text
    assert reading.said[0].kind == "alarm_pressed"


PROFILES: dict[str, tuple[str, Fields, list[str]]] = {
    "a door that the network calls a motion": (
        "browan tbdw100",
        {"status": 1, "battery": 3.6},
        ["door_opened", "battery"],
    ),
    "a door whose zero is left out": ("tbdw100", {"battery": 3.6, "time": 4}, ["door_closed", "battery"]),
    "the same without what is beside it": ("tbdw100", {"battery": 3.6}, ["battery"]),
    "movement whose zero is left out": (
        "tbms100",
        {"battery": 3.6, "temperatureBoard": 20},
        ["motion_ended", "battery"],
    ),
    "a door that is true when closed": ("sensative strips", {"door": {"value": True}}, ["door_closed"]),
    "a door that is open for long": (
        "dragino lds02",
        {"DOOR_OPEN_STATUS": 1, "ALARM": 1},
        ["door_opened", "door_ajar"],
    ),
    "an alarm that is no button": ("dragino lds02", {"MOD": 1, "DOOR_OPEN_STATUS": 0, "ALARM": 1}, ["door_closed"]),
    "water, not a door": ("dragino lwl02", {"MOD": 2, "BAT_V": 3.0}, ["leak_cleared", "battery"]),
    "an alarm that is a button": ("dragino trackerd", {"ALARM_status": "TRUE"}, ["alarm_pressed"]),
    "a temperature alarm that is no button": ("dragino lsn50v2-d20", {"ALARM_status": "TRUE"}, []),
    "a name that is spelt wrong": ("trackerd", {"Latitude": 58.4, "Longitud": 14.1}, ["position"]),
    "one of two floors": ("netvox r311w", {"WaterLeak_1": "NoLeak", "WaterLeak_2": "Leak"}, ["leak_detected"]),
    "a maker's answer on settings": ("netvox r312", {"Cmd": "ConfigReportRsp", "Status": "Success"}, []),
    "a socket that is switched on": ("milesight-iot ws52x", {"button": "open"}, []),
    "somebody who comes or goes": ("elsys ers-eye", {"occupancy": 1}, []),
    "somebody who is there": ("elsys ers-eye", {"occupancy": 2, "motion": 0}, ["motion"]),
    "a fix that failed": ("oyster", {"latitudeDeg": 58, "longitudeDeg": 14, "fixFailed": True}, []),
    "somebody who fell": ("digital-matter oyster", {"manDown": True}, ["fall_detected"]),
    "another codec of a known model": ("dragino lds02", {"door": "open", "battery": 80}, ["door_opened", "battery"]),
    "another codec, and what could be a missing field": (
        "dragino lds02",
        {"door": "open", "BAT_V": 3.1, "MOD": 1},
        ["door_opened", "battery"],
    ),
    "how wet it is, which says nothing": ("sensative strips", {"flood": {"value": 35}}, []),
    "an SOS among measurements": (
        "SenseCAP T1000-A",
        {"messages": [MEASURED]},
        ["alarm_pressed", "battery", "position"],
    ),
    "a single press, which only tells where": (
        "SenseCAP T1000-A",
        {"messages": [[{"type": "Event Status", "measurementValue": [{"eventName": "Press once event."}]}]]},
        [],
    ),
    "an SOS in a word": ("abeeway compact-tracker", {"eventType": "SOS_MODE_START"}, ["alarm_pressed"]),
    "the end of an SOS": ("abeeway compact-tracker", {"eventType": "SOS_MODE_END"}, ["alarm_cancelled"]),
    "another reason to send": ("elv elv-lw-gps1", {"TX_Reason": "Timer_Event"}, []),
    "a sensor that is no door": ("laird rs1xx", {"operatingMode": "Counter", "state": "Open"}, []),
}


@pytest.mark.parametrize(("names", "fields", "expected"), PROFILES.values(), ids=PROFILES)
def test_a_profile_knows_its_devices(names: str, fields: Fields, expected: list[str]) -> None:
    assert kinds(fields, names) == expected


NEVER_TOLD_TO_BE_OVER: dict[str, tuple[Fields, str, bool]] = {
    "a movement": ({"motion": True}, "", False),
    "a movement in a word": ({"occupancy": "occupied"}, "", False),
    "a movement whose end is known": ({"status": 1}, "tbms100", True),
    "water": ({"water_leak": True}, "", False),
    "water in a word": ({"water_leak": "leak"}, "", True),
    "water whose end is known": ({"leak": 1}, "em300-zld", True),
    "smoke": ({"smoke": 1}, "", False),
    "an open door": ({"door": 1}, "", False),
    "an open door in a word": ({"door": "open"}, "", True),
    "an open door whose end is known": ({"DOOR_OPEN_STATUS": 1}, "lds02", True),
    "a closed door": ({"door": 0}, "", True),
    "that it is over": ({"motion": False}, "", True),
    "an opened case": ({"tamper": True}, "", True),
}


@pytest.mark.parametrize(("fields", "names", "is_state"), NEVER_TOLD_TO_BE_OVER.values(), ids=NEVER_TOLD_TO_BE_OVER)
def test_what_is_never_told_to_be_over_is_no_state(fields: Fields, names: str, is_state: bool) -> None:
    """Networks leave out what is false: a state that is never over would hide all that come after it."""
    assert [said.is_state for said in interpret(names, fields).said] == [is_state]


def test_a_field_is_named_as_the_message_spells_it() -> None:
    given = {"Data": {"BAT_V": {"value": "full", "unit": "V"}}, "Meters": {"Door-Status": "ajar"}, "door": "ajar"}
    assert [text.partition(":")[0] for text in interpret("", given).unclear] == ["Data.BAT_V", "door"]


def test_counts_are_events_and_words_are_states() -> None:
    assert [said.is_state for said in interpret("", {"motion": 7}).said] == [False]
    assert [said.is_state for said in interpret("", {"water_leak": "leak"}).said] == [True]
    assert [said.is_state for said in interpret("decentlab dl-iam", {"activity_counter": 1}).said] == [False]
    assert interpret("decentlab dl-iam", {"activity_counter": 0}).said == []


def test_a_call_for_help_tells_where_and_what_was_pressed() -> None:
    press, place = interpret("", {"sos": "double", "latitude": "58.4", "longitude": 14.1, "accuracy": 12}).said
    assert press.fields == {"button": "double", "latitude": 58.4, "longitude": 14.1, "accuracy_m": 12}
    assert place.fields == {"latitude": 58.4, "longitude": 14.1, "accuracy_m": 12}
    assert interpret("", {"door": "open", "latitude": 58.4, "longitude": 14.1}).said[0].fields == {}
    assert interpret("", {"button_2": 1}).said[0].fields == {"button": "2"}
    assert interpret("", {"button": "\u0000"}).said[0].fields == {}


@pytest.mark.parametrize(
    "zero",
    [
        {"LAT": True, "LON": True},
        {"latitude": 0.0, "longitude": 0},
        {"latitude": 0},
        {"latitude": None, "longitude": None},
    ],
)
def test_zeros_are_no_place(zero: Fields) -> None:
    reading = interpret("", zero)
    assert (reading.said, reading.unclear) == ([], [])


class TestNormalized:
    """The Things Stack's own form is asked for the rest only."""

    def test_for_what_the_codec_does_not_tell(self) -> None:
        given = [
            {"battery": 2.85},
            {"action": {"contactState": "open"}},
            {"position": {"latitude": 58, "longitude": 14}},
        ]
        assert [said.kind for said in interpret("", {}, 1, given).said] == ["door_opened", "battery", "position"]

    def test_not_for_what_the_codec_tells(self) -> None:
        reading = interpret("", {"battery": 77}, 1, [{"battery": 2.1}])
        assert [said.fields for said in reading.said] == [{"percent": 77}]

    def test_not_for_what_the_profile_forbids(self) -> None:
        door = {"status": 1, "battery": 3.6}
        given = [{"action": {"motion": {"detected": True}}}]
        assert [said.kind for said in interpret("browan tbdw100", door, 100, given).said] == ["door_opened", "battery"]

    def test_not_for_a_motion_beside_a_door(self) -> None:
        given = [{"action": {"motion": {"detected": True}}}]
        assert [said.kind for said in interpret("", {"door": "open"}, 1, given).said] == ["door_opened"]

    def test_percent_in_the_place_of_volt(self) -> None:
        assert [said.fields for said in interpret("", {}, 1, [{"battery": 80}]).said] == [{"percent": 80}]

    def test_a_motion_of_which_only_the_count_is_told_is_over(self) -> None:
        given = [{"action": {"motion": {"count": 5}}}]
        assert [said.kind for said in interpret("", {}, 1, given).said] == ["motion_ended"]


def test_the_most_exact_name_wins() -> None:
    assert profile_of("netvox r312") is profile_of("R312 emergency button")
    assert profile_of("netvox r718t2") is not profile_of("netvox r718t")
    assert profile_of("netvox something new") is not GENERIC
    assert profile_of("somebody's LDS02-EU868") is profile_of("dragino lwl01")
    assert profile_of("lds021") is GENERIC
    assert profile_of("x" * 100_000) is GENERIC


def test_the_table_is_sound() -> None:
    outcomes = table().properties
    told = chain.from_iterable((one.yes, one.no) for one in outcomes.values())
    assert {kind for kind in told if kind is not None} <= set(KINDS)
    assert {*outcomes, "battery", "position"} == set(ProfileLines.__struct_fields__) - {"models", "brands"}
    words = table().words
    assert not set(words["yes"]) & set(words["no"])
    assert not set(words["nothing"]) & {*words["yes"], *words["no"]}
    names = [name for profile in table().profile for name in (*profile.models, *profile.brands)]
    assert len(names) == len(set(names))
    assert all(profile.models or profile.brands for profile in table().profile)


def test_every_kind_that_the_table_gives_can_be_said() -> None:
    for outcome in table().properties.values():
        for kind in filter(None, (outcome.yes, outcome.no)):
            msgspec.convert({"at": "2026-11-21T08:05:00Z", **outcome.fields}, KINDS[kind])


@pytest.mark.parametrize("depth", [1, 5, 50, 500])
def test_deep_objects_end_somewhere(depth: int) -> None:
    unknown: Fields = {"sos": True}
    known: Fields = {"sos": True}
    for _ in range(depth):
        unknown, known = {"x": unknown}, {"data": known}
    assert interpret("", unknown).said == []
    assert [said.kind for said in interpret("", known).said] == (["alarm_pressed"] if depth < 6 else [])


@pytest.mark.parametrize("depth", [1, 5, 50, 500])
def test_deep_arrays_end_somewhere(depth: int) -> None:
    inner: Any = {"sos": True}
    for _ in range(depth):
        inner = [inner]
    assert [said.kind for said in interpret("", {"data": inner}).said] == (["alarm_pressed"] if depth <= 5 else [])


def test_long_names_are_nobodys() -> None:
    assert interpret("", {"sos" + "-" * 70: True}).said == []
