"""What each property of the Zigbee models must become, by its name and what the oracle says of its values.

The concepts are found by wide patterns, so that a property that the adapter does not know shows up as missing.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.support.zigbee_models import Expose, Model


class Concept(NamedTuple):
    """`kinds`: what is said when it is so, and when it is not."""

    name: str
    pattern: re.Pattern[str]
    kinds: tuple[str | None, str | None]


def _concept(name: str, pattern: str, on: str, off: str | None) -> Concept:
    return Concept(name, re.compile(pattern), (on, off))


CONCEPTS = (
    _concept("call for help", r"(^|_)(sos|panic|help)|^emergency$", "alarm_pressed", None),
    _concept("fall", r"(^|_)fall", "fall_detected", None),
    _concept("fault", r"fault$|trouble|defect|end_of_life|battery_(low|state|level|status)", "fault", "fault_cleared"),
    _concept("tamper", r"tamper", "tampered", "tamper_cleared"),
    _concept("smoke, gas, heat", r"smoke|(^|_)gas|carbon_monoxide|^co_|^heat$", "smoke_detected", "smoke_cleared"),
    _concept("leak", r"leak|^water($|_(leak|condition))", "leak_detected", "leak_cleared"),
    _concept("bed, chair", r"^pressure_state$|(^|_)(bed|seat|chair)(_|$)", "bed_entered", "bed_left"),
    _concept("mat", r"^pressure$|(^|_)mat(_|$)", "mat_on", "mat_off"),
    _concept("door, window", r"contact|(^|_)door|opening|handle|(^|_)window|magnet", "door_opened", "door_closed"),
    _concept("motion", r"occupancy|presence|motion|moving|vibration|^tilt$|sensor_status", "motion", "motion_ended"),
    _concept("mains", r"^mains|^ac_|power_(source|outage$|type)|usb_power", "mains_lost", "mains_restored"),
)

ALARM = re.compile(r"^alarm(_1|_status|_state)?$")
"""An alarm that does not say of what: the description of the model does."""

BY_DESCRIPTION = (
    (
        re.compile(
            r"siren(?! tone)|stove|solar|valve|watering|switch|air quality|temperature & humidity|window handle|RCBO"
        ),
        None,
    ),
    (re.compile(r"smoke|heat alarm|CO alarm|carbon monoxide", re.IGNORECASE), "smoke, gas, heat"),
    (re.compile(r"[Dd]oor|opening"), "door, window"),
    (re.compile(r"leak"), "leak"),
    (re.compile(r"vibration|PIR", re.IGNORECASE), "motion"),
)
BED = re.compile(r"Bed Occupancy")

UNTOLD = {
    "unknown", "undefined", "error_unspecified", "error_jammed", "fall_warning", "maybe_fall", "detecting", "prealarm",
}  # fmt: skip
"""Values that say neither."""

OFF = {
    "none", "None", "NONE", "normal", "Normal", "clear", "absence", "closed", "Dry", "water_leakage_no", "power_ok",
    "NOT_DETECTED", "mains", "cable", "usb", "ac_power", "dc_power", "dc_source", "solar_panel",
}  # fmt: skip
"""Values of an enumeration that say it is not so."""

LEVELS = {"low": True, "Low": True, "medium": False, "middle": False, "high": False, "Normal": False}
"""Words for a battery; others, such as `charging`, do not say whether it is low."""

Told = tuple[Any, str | None]
"""A value, and the kind that it must become."""


def expected(expose: Expose, model: Model) -> tuple[str, list[Told]] | None:
    """The concept of the property and what its values must become; None for one that is none of ours."""
    if expose.is_settable or expose.type not in ("binary", "enum"):
        return None
    concept = _concept_of(expose.property, model)
    if concept is None:
        return None
    return concept.name, list(_values(expose, concept))


def _concept_of(name: str, model: Model) -> Concept | None:
    named: str | None = None
    if ALARM.search(name):
        named = next((is_of for words, is_of in BY_DESCRIPTION if words.search(model.description)), None)
    elif name == "occupancy" and BED.search(model.description):
        named = "bed, chair"
    else:
        return next((one for one in CONCEPTS if one.pattern.search(name)), None)
    return next((one for one in CONCEPTS if one.name == named), None)


def _values(expose: Expose, concept: Concept) -> Iterator[Told]:
    for value, is_on in _meanings(expose):
        yield value, None if is_on is None else concept.kinds[0 if is_on else 1]


def _meanings(expose: Expose) -> Iterator[tuple[Any, bool | None]]:
    name = expose.property
    if expose.type == "enum" and "battery" in name:
        yield from ((value, LEVELS.get(value)) for value in expose.values)
    elif name == "power_type":
        yield from ((value, value.startswith("battery")) for value in expose.values)
    elif expose.type == "enum":
        yield from ((value, None if value in UNTOLD else value not in OFF) for value in expose.values)
    elif "contact" in name:
        # True when closed, whatever a model calls on and off; likewise the state of a relay that follows the contact.
        yield from ((value, value not in (True, "ON")) for value in (expose.on, expose.off))
    elif name in ("mains_power_connected", "usb_power", "ac_connected"):
        yield from ((expose.on, False), (expose.off, True))
    else:
        yield from ((expose.on, True), (expose.off, False))


RADAR = {"unoccupied": "motion_ended", "falling": "fall_detected"}
"""What stands in a radar's `status`, beside words for somebody being there."""


def expected_word(expose: Expose) -> tuple[str, list[Told]] | None:
    """For `state` and `status`, which many models have and few mean people by."""
    if expose.is_settable or expose.type != "enum":
        return None
    if expose.property == "status" and "falling" in expose.values:
        return "fall", [(value, RADAR.get(value, "motion")) for value in expose.values]
    if expose.property == "state" and "presence" in expose.values:
        told = {"none": "motion_ended", "absence": "motion_ended", "disabled": None}
        return "motion", [(value, told.get(value, "motion")) for value in expose.values]
    return None


LOCK_VALUES = {
    "LOCK": "locked", "UNLOCK": "unlocked", "locked": "locked", "unlocked": "unlocked", "not_fully_locked": "door_ajar",
}  # fmt: skip


def expected_lock(expose: Expose) -> list[Told] | None:
    """For the state of a lock, as a lock feature or by itself."""
    if expose.property == "lock_status":
        return [(0, "locked"), (1, "unlocked")]
    values = [value for value in (*expose.values, expose.on, expose.off) if isinstance(value, str)]
    if expose.property not in ("state", "lock_state") or not set(values) <= set(LOCK_VALUES) or expose.is_settable:
        return None
    return [(value, LOCK_VALUES[value]) for value in values]


HELP = re.compile(r"(^|_)(sos|emergency|panic)(_|$)")
DENIED = re.compile(r"failure|not_match")
OPENED = re.compile(r"(^|_)unlock$|^lock_opened|^(finger|password|key)_open$")
LOCKED = re.compile(r"(^|_)lock(ed)?$")
ENDED = re.compile(r"(^|_)(release[d]?|stop(ped)?)(_|$)|^(none|unknown|identify)$")
PRESSED = re.compile(
    r"^(single|double|triple|quadruple|quintuple|many|long|short|hold|held|push)$"
    r"|^((single|double|triple|long|short)_)?(press(ed)?|click|long|button)(_once|_twice)?$"
)
OWN_FUNCTIONS = {"light", "switch", "lock", "cover", "fan", "climate"}


SETTLED = re.compile(r"_add$|_delete$|^reverse_lock_cancel$|^door_closed$|language|operational_event")
"""What is set at a lock, or happens there, without being opened or closed."""


def expected_action(action: str, model: Model) -> tuple[str, str | None]:
    """The concept and the kind of an action; any other that is told is the use of something, or its movement."""
    actions = {value for expose in model.exposes if expose.property == "action" for value in map(str, expose.values)}
    is_remote = bool({expose["type"] for expose in model.definition["exposes"]} & OWN_FUNCTIONS)
    is_remote = is_remote or any("rotat" in value or "flip" in value for value in actions)
    if HELP.search(action):
        return "call for help: action", "alarm_pressed"
    if DENIED.search(action):
        return "lock: action", "unlock_denied"
    if OPENED.search(action):
        return "lock: action", "unlocked"
    if LOCKED.search(action):
        return "lock: action", "locked"
    if ENDED.search(action):
        return "end of an action", None
    if action and not is_remote and PRESSED.match(action):
        return "single button: action", "alarm_pressed"
    if SETTLED.search(action):
        return "lock: action", None
    return "other use: action", "used"
