"""What the `action` of a Zigbee2MQTT device means: a call for help, the use of a lock, or something that was used.

`action` is said once, when it happens, and is not repeated with later messages.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

HELP = frozenset({"sos", "emergency", "panic"})
"""Words that are a call for help on any device: buttons, key fobs, keypads; also with the name of a key."""

PRESSES = frozenset({
    "single", "double", "triple", "quadruple", "quintuple", "many", "short", "long", "hold", "held", "press", "pressed",
    "push", "click", "button", "press_once", "press_twice", "double_pressed", "short_press", "long_press",
    "single_press", "double_press", "triple_press", "single_click", "double_click", "triple_click", "short_click",
    "long_click", "single_long", "double_long", "triple_long",
})  # fmt: skip
"""What a device with one button says when somebody presses it, in whatever way: all of them are a call for help."""

ENDS = frozenset({"release", "released", "stop", "stopped"})
"""Words of the end of what was told before."""

NOTHING = frozenset({"none", "identify", "unknown"})

MOVES = frozenset({"vibration", "tilt", "drop", "shake", "motion"})

UNLOCKS: dict[str, str | None] = {
    "unlock": None, "lock_opened": None, "lock_opened_inside": "inside", "lock_opened_outside": "outside",
    "key_unlock": "key", "key_open": "key", "manual_unlock": "manual", "schedule_unlock": "schedule",
    "zigbee_unlock": "rf", "rfid_unlock": "rfid", "keypad_unlock": "keypad",
    "password_unlock": "keypad", "password_open": "keypad",
    "fingerprint_unlock": "fingerprint", "finger_open": "fingerprint",
}  # fmt: skip
LOCKS: dict[str, str | None] = {
    "lock": None, "locked": None, "one_touch_lock": "one touch", "key_lock": "key", "auto_lock": "auto",
    "manual_lock": "manual", "schedule_lock": "schedule", "reverse_lock": "inside",
}  # fmt: skip
REFUSALS: dict[str, str | None] = {
    "unlock_failure_invalid_pin_or_id": None, "unlock_failure_invalid_schedule": "schedule",
    "lock_failure_invalid_pin_or_id": None, "lock_failure_invalid_schedule": "schedule",
    "password_not_match": "keypad", "finger_not_match": "fingerprint",
}  # fmt: skip
LOCK_ACTIONS: dict[str, tuple[str, str | None]] = {
    **{action: ("unlocked", method) for action, method in UNLOCKS.items()},
    **{action: ("locked", method) for action, method in LOCKS.items()},
    **{action: ("unlock_denied", method) for action, method in REFUSALS.items()},
}
FEW_LOCK_ACTIONS = 3
"""Switches without a battery list `lock` and `unlock` among all that such a switch could say."""

NOBODY = frozenset({0xFFFF, "65535", ""})
"""Users that a lock names when it knows of none."""

SOURCES = ("action", "action_l1", "action_l2", "action_l3", "action_l4", "click")
"""Properties that tell of actions; `click` is that of old releases, some of which told both."""

_NO_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def is_text(text: str) -> bool:
    """Without control characters and broken letters, which nobody can read and some cannot store."""
    return _NO_TEXT.search(text) is None


Told = tuple[str, dict[str, Any]]


class Buttons(NamedTuple):
    """What is known of a model. `is_remote`: it controls lamps or something else, or turns; its single press is no
    call for help."""

    is_remote: bool = False
    is_lock: bool = False


def told(payload: Mapping[str, Any], buttons: Buttons) -> Iterator[Told | str]:
    """Kind and fields of each action of the payload, or what is wrong with it."""
    for source in SOURCES:
        action = payload.get(source)
        if action is None or action == "" or (source == "click" and payload.get("action")):
            continue
        if not isinstance(action, str) or not is_text(action):
            yield f"{source}: {str(action)[:100]!r} is not a text"
            continue
        event = _meaning(action[:100], payload, buttons)
        if event is not None:
            yield event


def _meaning(action: str, payload: Mapping[str, Any], buttons: Buttons) -> Told | None:
    words = action.split("_")
    if not HELP.isdisjoint(words):
        return "alarm_pressed", {"button": action}
    if action in LOCK_ACTIONS:
        return _at_the_lock(action, payload)
    if not ENDS.isdisjoint(words) or action in NOTHING:
        return None
    if action in PRESSES and not buttons.is_remote:
        return "alarm_pressed", {"button": action}
    if buttons.is_lock and action != "ring_bell":
        return None
    return ("motion", {}) if action in MOVES else ("used", {"what": action})


def _at_the_lock(action: str, payload: Mapping[str, Any]) -> Told:
    kind, method = LOCK_ACTIONS[action]
    source = who(payload.get("action_source_name"))
    return kind, {"user": who(payload.get("action_user")), "method": source or method}


def who(user: object) -> str | None:
    """A user, or by which way, as text; None for nobody, and for what is no name."""
    if isinstance(user, bool) or not isinstance(user, int | str) or user in NOBODY:
        return None
    name = str(user)[:100]
    return name if is_text(name) else None


def buttons_of(actions: frozenset[str], *, controls: bool) -> Buttons:
    """`actions`: all that the model can say; `controls`: it also is a lamp, a relay, a blind ..."""
    turns = any("rotat" in action or "flip" in action for action in actions)
    return Buttons(is_remote=controls or turns, is_lock=len(actions & LOCK_ACTIONS.keys()) >= FEW_LOCK_ACTIONS)
