"""What the state of a Home Assistant entity means, by its component and device class."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ingest.adapters.home_assistant_config import Entity, word

Fields = Mapping[str, Any]


class Said(NamedTuple):
    """One event: its kind, the fields of that kind, and whether it tells how things are."""

    kind: str
    fields: Fields
    is_state: bool


class Unclear(ValueError):
    """A state that its entity cannot have; the text names it."""


# What a binary sensor means when it is on, and when it is off. Gas, carbon monoxide and heat have no kinds of their
# own: people must get out all the same.
BINARY: Mapping[str, tuple[str, str, Fields]] = {
    **dict.fromkeys(("motion", "occupancy", "presence", "moving", "vibration"), ("motion", "motion_ended", {})),
    **dict.fromkeys(("door", "opening", "garage_door", "window"), ("door_opened", "door_closed", {})),
    **dict.fromkeys(("smoke", "gas", "carbon_monoxide", "heat"), ("smoke_detected", "smoke_cleared", {})),
    "moisture": ("leak_detected", "leak_cleared", {}),
    "lock": ("unlocked", "locked", {}),
    "tamper": ("tampered", "tamper_cleared", {}),
    "problem": ("fault", "fault_cleared", {"code": "problem"}),
    "battery": ("fault", "fault_cleared", {"code": "battery_low"}),
    "connectivity": ("online", "offline", {}),
    **dict.fromkeys(("plug", "power"), ("mains_restored", "mains_lost", {})),
}

HELP = ("sos", "emergency", "panic", "nödlarm", "trygghetslarm")
"""An entity with such a word in its name calls for help, whatever its component."""

CONTROLS = frozenset({"light", "switch", "cover", "fan", "climate", "lock", "media_player", "valve", "siren", "vacuum"})
"""A device with one of these controls something: its button is not there to call for help."""

UNKNOWN = frozenset({"", "none", "unknown", "unavailable", "null"})
"""States that say that there is none."""


def is_help(entity: Entity) -> bool:
    return any(one in entity.words for one in HELP)


def button(entity: Entity) -> str | None:
    """Which button of its device the entity tells of; None for none."""
    if entity.component == "device_automation":
        is_named = str(entity.options.get("type", "")).startswith("button")
        return str(entity.options.get("subtype" if is_named else "topic", ""))
    return entity.topic if entity.component == "event" and entity.device_class != "motion" else None


def is_ours(entity: Entity) -> bool:
    """Whether the entity tells of something that there is a kind for."""
    if entity.component == "binary_sensor":
        return entity.device_class in BINARY or is_help(entity)
    if entity.component == "sensor":
        return entity.device_class in ("battery", "signal_strength")
    return entity.component in _READ


def said(entity: Entity, value: Any, calls: bool) -> Said | None:
    """What the state `value` says; None for nothing. `calls`: a press of this device is a call for help.

    Raises Unclear.
    """
    return None if word(value) in UNKNOWN else _READ[entity.component](entity, value, calls)


def _binary(entity: Entity, value: Any, calls: bool) -> Said | None:
    state = word(value)
    on, off = word(entity.options.get("payload_on", "ON")), word(entity.options.get("payload_off", "OFF"))
    if state not in (on, off):
        raise Unclear(f"{str(value)[:100]!r} is neither {on!r} nor {off!r}")
    if is_help(entity):
        return Said("alarm_pressed", {}, False) if state == on else None
    yes, no, fields = BINARY[entity.device_class]
    # With a delay after which it counts as off by itself, it is never said that it is off: each time on is new.
    return Said(yes if state == on else no, fields, entity.options.get("off_delay") is None or state != on)


def _sensor(entity: Entity, value: Any, calls: bool) -> Said:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or isinstance(value, bool):
        raise Unclear(f"{str(value)[:100]!r} is not a number")
    if entity.device_class == "battery":
        return Said("battery", {"percent": number}, True)
    return Said("signal", {"rssi_dbm": number}, True)


def _lock(entity: Entity, value: Any, calls: bool) -> Said | None:
    state = word(value)
    if state == word(entity.options.get("state_locked", "LOCKED")):
        return Said("locked", {}, True)
    if state == word(entity.options.get("state_unlocked", "UNLOCKED")):
        return Said("unlocked", {}, True)
    if state == word(entity.options.get("state_jammed", "JAMMED")):
        return Said("fault", {"code": "jammed"}, True)
    if state in ("locking", "unlocking", "opening", "open"):
        return None
    raise Unclear(f"{str(value)[:100]!r} is no state of a lock")


def _tracker(entity: Entity, value: Any, calls: bool) -> Said | None:
    """Only trackers that give degrees tell of a place; `home` is none."""
    if not isinstance(value, dict) or value.get("latitude") is None:
        return None
    accuracy = value.get("gps_accuracy")
    place = {"latitude": value["latitude"], "longitude": value.get("longitude"), "accuracy_m": accuracy}
    return None if place["latitude"] == 0 and place["longitude"] == 0 else Said("position", place, False)


def _event(entity: Entity, value: Any, calls: bool) -> Said | None:
    kind = value.get("event_type") if isinstance(value, dict) else value
    if not isinstance(kind, str):
        raise Unclear(f"event_type: {str(kind)[:100]!r} is not a text")
    if entity.device_class == "motion":
        return Said("motion", {}, False)
    return _press(entity, kind, calls and entity.device_class != "doorbell")


def _trigger(entity: Entity, value: Any, calls: bool) -> Said | None:
    awaited = entity.options.get("payload")
    if awaited is not None and word(value) != word(awaited):
        return None
    name = " ".join(str(entity.options.get(part, "")) for part in ("subtype", "type")).strip()
    return _press(entity, name or "trigger", calls)


ENDS = ("release", "released")


def _press(entity: Entity, name: str, calls: bool) -> Said | None:
    name = name[:100] if name[:100].isprintable() and name.strip() else "press"
    if any(one in name.lower() for one in HELP) or (calls and button(entity) is not None) or is_help(entity):
        return None if name.lower().endswith(ENDS) else Said("alarm_pressed", {"button": name}, False)
    return Said("used", {"what": name}, False)


_READ: Mapping[str, Callable[[Entity, Any, bool], Said | None]] = {
    "binary_sensor": _binary,
    "sensor": _sensor,
    "lock": _lock,
    "device_tracker": _tracker,
    "event": _event,
    "device_automation": _trigger,
}
