"""From the payload of one Zigbee2MQTT device to events: what it calls for, what it is in, how it is.

A hub repeats in each message all that a device has ever said. What is a state may be repeated, as the rules know how it
was before. A call for help must neither be lost nor be made up of a repetition, so what was said last is remembered.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from events.delivery import Content
from events.kinds import ACTIVITY
from ingest.adapters.zigbee2mqtt_actions import told, who
from ingest.adapters.zigbee2mqtt_fields import STATES, Said, said
from ingest.adapters.zigbee2mqtt_hub import Speaker
from ingest.adapters.zigbee2mqtt_message import Event, Message, Values

PASSING = frozenset({"linkquality", "last_seen", "elapsed"})
"""Properties that are other in every message, whatever the device says."""

LOCK_STATES = {"locked": "locked", "unlocked": "unlocked", "not_fully_locked": "door_ajar"}
LOCK_COMMANDS = {"LOCK": "locked", "UNLOCK": "unlocked"}
LOCK_NUMBERS = {0: "locked", 1: "unlocked"}

NONE: Values = {}


def read_retained(speaker: Speaker, fields: Values, kept: bytes, received: datetime) -> Content:
    """What was said before somebody asked: dangers and locks, as they are. Nothing was done, and nobody is alive."""
    message = Message(speaker, fields, kept, received)
    now = said(fields, speaker.own)
    message.states(event for event in _states(now) if event[0] not in ACTIVITY)
    message.states(_lock(fields, _lock_kind(fields)))
    return message.content(now.wrong)


def read_live(speaker: Speaker, fields: Values, kept: bytes, received: datetime) -> Content:
    """What is said with this payload, by the device or by its hub alone."""
    message = Message(speaker, fields, kept, received)
    now = said(fields, speaker.own)
    lock = _lock_kind(fields)
    last_seen = fields.get("last_seen")
    is_echo = last_seen is not None and last_seen == speaker.last_seen
    actions = _act(speaker, fields, message, now.wrong)
    if now.on.get("sos") and not is_echo and "alarm_pressed" not in actions and _is_new_press(speaker, fields):
        message.event("alarm_pressed", NONE)
    if now.on.get("fall") and not speaker.on.get("fall"):
        message.event("fall_detected", NONE)
    if lock == "door_ajar" and speaker.lock != lock:
        message.event(lock, NONE)
    if is_echo:
        message.states(_states(_changed(now, speaker)))
    else:
        late = lock is None or bool(actions) or _is_told_late(speaker, lock)
        _say_all(message, fields, now, speaker, None if late else lock)
    speaker.said(last_seen, now.on, _lasting(fields) if now.on.get("sos") else None, lock)
    return message.content(now.wrong)


def _say_all(message: Message, fields: Values, now: Said, speaker: Speaker, lock: str | None) -> None:
    """How everything is, said by the device itself: a sign of life."""
    message.states(_states(now))
    message.states(_lock(fields, lock))
    message.states(_condition(fields, now.wrong))
    if message.is_empty:
        message.state("heartbeat", NONE)
    if speaker.owes_online:
        speaker.owes_online = False
        message.state("online", NONE)


def _changed(now: Said, speaker: Speaker) -> Said:
    """What a hub publishes by itself, with the `last_seen` of before: what it finds to be other now, such as the end of
    a movement. After its own restart it publishes everything so, which says of no device that it is alive."""
    return Said({state: is_on for state, is_on in now.on.items() if speaker.on.get(state) is not is_on}, {}, now.wrong)


def _act(speaker: Speaker, fields: Values, message: Message, wrong: list[str]) -> set[str]:
    """The kinds of what was done."""
    kinds = set()
    for action in told(fields, speaker.buttons):
        if isinstance(action, str):
            wrong.append(action)
        else:
            kinds.add(action[0])
            message.event(*action)
    return kinds


def _states(now: Said) -> Iterator[Event]:
    if now.on:
        for state, kinds in STATES.items():
            is_on = now.on.get(state)
            if is_on is not None:
                yield kinds[0] if is_on else kinds[1], NONE
    for name, is_on in now.faults.items():
        yield "fault" if is_on else "fault_cleared", {"code": name}


def _is_new_press(speaker: Speaker, fields: Values) -> bool:
    """Told again, it is pressed again when nothing else has changed: another report would have something to tell."""
    return speaker.pressed is None or _lasting(fields) == speaker.pressed


def _lasting(fields: Mapping[str, Any]) -> Values:
    return {name: value for name, value in fields.items() if name not in PASSING}


def _is_told_late(speaker: Speaker, lock: str) -> bool:
    """A lock that tells who opened it says so a moment before or after its state. The state waits for the device's
    next message, so that an opening is counted once, with its user."""
    return speaker.buttons.is_lock and speaker.lock is not None and speaker.lock != lock


def _lock(fields: Mapping[str, Any], kind: str | None) -> Iterator[Event]:
    if kind in ("locked", "unlocked"):
        last = "last_lock" if kind == "locked" else "last_unlock"
        named = {"user": who(fields.get(f"{last}_user")), "method": who(fields.get(f"{last}_source"))}
        yield kind, {name: value for name, value in named.items() if value is not None}


def _lock_kind(fields: Mapping[str, Any]) -> str | None:
    for name, kinds in (("lock_state", LOCK_STATES), ("state", LOCK_COMMANDS)):
        value = fields.get(name)
        if isinstance(value, str) and value in kinds:
            return kinds[value]
    number = fields.get("lock_status")
    return LOCK_NUMBERS.get(number) if isinstance(number, int) else None


def _condition(fields: Mapping[str, Any], wrong: list[str]) -> Iterator[Event]:
    battery = _number("battery", fields, 100, wrong)
    if battery is not None:
        yield "battery", {"percent": battery}
    quality = _number("linkquality", fields, 255, wrong)
    if quality is not None:
        yield "signal", {"quality": round(quality * 100 / 255, 1)}


def _number(name: str, fields: Mapping[str, Any], most: float, wrong: list[str]) -> float | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most:
        return float(value)
    wrong.append(f"{name}: {str(value)[:100]!r} is not a number from 0 to {most}")
    return None
