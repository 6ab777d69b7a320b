"""What the properties of Zigbee2MQTT payloads mean, beside buttons and locks: the table of properties.

Names and values are those that `zigbee-herdsman-converters` exposes for its models; docs/devices.md says how many have
each, and which are left out. A property that is not here says nothing about the resident.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple

STATES: dict[str, tuple[str, str]] = {
    "smoke": ("smoke_detected", "smoke_cleared"),
    "leak": ("leak_detected", "leak_cleared"),
    "bed": ("bed_entered", "bed_left"),
    "mat": ("mat_on", "mat_off"),
    "door": ("door_opened", "door_closed"),
    "motion": ("motion", "motion_ended"),
    "tamper": ("tampered", "tamper_cleared"),
    "mains": ("mains_lost", "mains_restored"),
}
"""What a device can be in, with the kinds that say so and that it is over. What matters most comes first."""

FAULT = "fault"
"""The state of properties that are each a fault of their own."""

CALLS = ("sos", "fall")
"""Calls for help. The hub repeats them with every later message, so that they are events only when they begin."""

Values = Mapping[str | bool, bool | None]


class Other(Enum):
    """What it means when a property has a value that is not in its table."""

    WRONG = "nobody should say that"
    IGNORED = "other devices mean something else by this property"
    ON = "every other word says so; numbers are codes that nobody knows"


class Property(NamedTuple):
    """`values`: what each means; True is the first of its state's kinds, None neither."""

    state: str
    values: Values
    others: Other = Other.WRONG


YES: Values = {
    True: True, "ON": True, "on": True, "true": True, "True": True,
    False: False, "OFF": False, "off": False, "false": False, "False": False,
}  # fmt: skip
NO: Values = {value: not means for value, means in YES.items()}
ALARM: Values = {"alarm": True, "normal": False, "none": False, "detecting": None, "unknown": None}
GRAVE: Values = {"normal": False, "alarmed": True, "warning_alarm": True, "critical_alarm": True}
PRESENT: Values = {
    **dict.fromkeys(("none", "NONE", "absence", "false"), False),
    **dict.fromkeys(("presence", "PRESENCE", "motion", "move", "active", "stationary", "static", "peaceful"), True),
    **dict.fromkeys(("small", "medium", "large", "small_movement", "large_movement", "near", "far"), True),
}  # fmt: skip
OPEN: Values = {"open": True, "tilted": True, "closed": False, "error_forced_open": True}
LOW: Values = {"low": True, "Low": True, "medium": False, "middle": False, "high": False, "Normal": False}
MAINS: Values = {
    **dict.fromkeys(("battery", "battery_low", "battery_medium", "battery_high", "battery_full"), True),
    **dict.fromkeys(("mains", "usb", "cable", "ac_power", "dc_power", "dc_source", "solar_panel"), False),
}
NO_FAULT: Values = {**YES, **dict.fromkeys(("clear", "none", "None", "normal", "Normal", "NOT_DETECTED"), False)}

LEAK_PLACES = ("both_zones", "zone_1", "zone_2", "wire_1", "wire_2", "wire_3", "wire_4")
LEAK_INPUTS = (
    *(f"channel_{number}_leak_detect_{number + 16}" for number in range(1, 11)),
    *(f"input_{number}_leak_detect_{number + 6}" for number in range(1, 11)),
)
LOW_INPUTS = ("battery_low_1", *(f"channel_{number}_battery_low_{number + 16}" for number in range(1, 11)))
"""Of controllers with many sensors of their own."""


def _named(state: str, values: Values, *names: str, others: Other = Other.WRONG) -> dict[str, Property]:
    return dict.fromkeys(names, Property(state, values, others))


PROPERTIES: dict[str, Property] = {
    # Calls for help.
    **_named("sos", YES, "sos", "sos_alarm", "panic", "emergency"),
    **_named("fall", {"fall_alarm": True, "normal": False, "fall_warning": None, "unknown": None}, "fall_status"),
    **_named("fall", {"fall": True, "none": False, "maybe_fall": None}, "fall_down_status"),
    # Danger in the air. Gas, carbon monoxide and heat have no kind of their own: people must get out all the same.
    **_named("smoke", YES, "smoke", "carbon_monoxide"),
    **_named("smoke", YES, "gas", others=Other.IGNORED),
    **_named("smoke", YES, "smoke_alarm_1", "gas_alarm_1", "carbon_monoxide_alarm_1"),
    **_named("smoke", ALARM, "smoke_state", "co_state", "gas_sensor_state"),
    **_named("smoke", GRAVE, "alarm_state", others=Other.IGNORED),
    # Water.
    **_named("leak", YES, "water_leak", "water_leak_alarm_1", "active_water_leak", "water", "water_condition_alarm"),
    **_named("leak", YES, *(f"water_leak_{place}" for place in LEAK_PLACES)),
    **_named("leak", {"Leak": True, "Dry": False}, *LEAK_INPUTS),
    **_named("leak", {"water_leakage_yes": True, "water_leakage_no": False}, "water_leakage_state"),
    # Doors and windows. `contact` is true when closed.
    **_named("door", NO, "contact", "contact_alarm_1", "garage_door_contact"),
    **_named("door", OPEN, "opening_state", "handle_position"),
    **_named("door", {**OPEN, "error_jammed": None, "error_unspecified": None, "undefined": None}, "door_state"),
    **_named("door", {"closed": False, "tilted": True}, "opening_mode"),
    # Movement in a room. A second zone of the same sensor is the same room.
    **_named("motion", YES, "occupancy", "presence", "occupancy_status"),
    **_named("motion", YES, "vibration", "moving", "tilt", others=Other.IGNORED),
    **_named("motion", YES, "motion_status", "occupancy_alarm_1", "occupancy_alarm_2", "occupancy_in", "occupancy_out"),
    **_named("motion", YES, "occupancy_or"),
    **_named("motion", YES, *(f"occupancy_{zone}" for zone in range(1, 11))),
    **_named("motion", YES, *(f"mmwave_area{area}_occupancy" for area in range(1, 5)), "motion_up", "motion_down"),
    **_named("motion", PRESENT, "presence_state", "human_motion_state", "motion_state", "state", others=Other.IGNORED),
    **_named("motion", {"activity": True, "none": False, "unknown": None}, "sensor_status"),
    # A bed or a chair, and a pad on the floor. `pressure` is also that of the air.
    **_named("bed", {"sit": True, "sedentary": True, "none": False}, "pressure_state"),
    **_named("mat", YES, "pressure", others=Other.IGNORED),
    # The device itself.
    **_named("tamper", YES, "tamper", "tamper_alarm"),
    **_named("mains", YES, "ac_status"),
    **_named("mains", NO, "mains_power_connected", "usb_power", "ac_connected", others=Other.IGNORED),
    **_named("mains", {"outage_detected": True, "power_ok": False}, "power_outage", others=Other.IGNORED),
    **_named("mains", MAINS, "power_source", "power_type", "current_power_source", others=Other.IGNORED),
    **_named(FAULT, YES, "battery_low", "battery_defect", "trouble", "device_fault", "end_of_life"),
    **_named(FAULT, NO_FAULT, "fault", "fault_alarm", others=Other.ON),
    **_named(FAULT, YES, "battery_status", others=Other.IGNORED),
    **_named(FAULT, LOW, "battery_state", "battery_level", *LOW_INPUTS, others=Other.IGNORED),
}

RADAR_STATUS: Mapping[str, tuple[tuple[str, bool], ...]] = {
    "unoccupied": (("motion", False), ("fall", False)),
    **dict.fromkeys(("occupied", "sitting", "on_the_bed", "low_posture"), (("motion", True), ("fall", False))),
    "falling": (("motion", True), ("fall", True)),
}
"""`status` of a radar that tells of presence and falls in one word. Other devices' `status` is none of these."""

MODELS: Mapping[str, Mapping[str, Property]] = {
    "TS0601_bed_presence_sensor": _named("bed", YES, "occupancy"),
    **dict.fromkeys(("FB56-DOS06HM1.1", "S901D-ZG", "1811680"), _named("door", YES, "alarm_1")),
    "ZD1-EN": _named("door", YES, "alarm"),
    "MIR-SM100-E": _named("smoke", YES, "alarm_1"),
    **dict.fromkeys(("FFZB1-SM-ECO", "ZBCO-AE-10X-EUR", "HM-5HA-E"), _named("smoke", YES, "alarm")),
    "W599001": _named("smoke", YES, "heat"),
    **dict.fromkeys(("SZW08", "W04-Z10T"), _named("leak", ALARM, "alarm_status")),
    "ROB_200-070-0": _named("motion", YES, "alarm_1"),
    "TS0601_vibration_alarm_sensor": _named("motion", ALARM, "alarm_status"),
}
"""Models whose properties mean something of their own; their hub has told which they are."""


class Said(NamedTuple):
    """`on`: the states that a payload tells of. `faults`: each by its property. `wrong`: what was no value."""

    on: dict[str, bool]
    faults: dict[str, bool]
    wrong: list[str]


def said(payload: Mapping[str, Any], own: Mapping[str, Property] | None = None) -> Said:
    """Several properties of one state, such as `smoke` and `gas`: it is on when one of them is.

    `own`: what is other for this model, from MODELS.
    """
    properties = PROPERTIES if own is None else {**PROPERTIES, **own}
    on: dict[str, bool] = {}
    faults: dict[str, bool] = {}
    wrong: list[str] = []
    for name, value in payload.items():
        known = properties.get(name)
        if known is None or value is None:
            continue
        state, values, others = known
        # A number is no yes or no: the `gas` of a meter is 1 when it has counted one cubic metre.
        if isinstance(value, str | bool) and value in values:
            means = values[value]
        else:
            means = _otherwise(name, value, others, wrong)
        if means is None:
            continue
        if state == FAULT:
            faults[name] = means
        else:
            on[state] = means or on.get(state, False)
    for state, means in _radar(payload):
        on[state] = means or on.get(state, False)
    return Said(on, faults, wrong)


def _otherwise(name: str, value: object, others: Other, wrong: list[str]) -> bool | None:
    if others is Other.ON:
        return True if isinstance(value, str) else None
    if others is Other.WRONG:
        wrong.append(f"{name}: {str(value)[:100]!r} is not a value of it")
    return None


def _radar(payload: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    status = payload.get("status")
    if isinstance(status, str):
        yield from RADAR_STATUS.get(status, ())
