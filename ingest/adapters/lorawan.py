"""What a LoRaWAN device's decoded fields mean: pure, and all that it knows of devices stands in lorawan.toml."""

import math
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from msgspec import Struct

from ingest.adapters.lorawan_table import (
    NORMALIZED,
    PROPERTIES,
    BatteryRule,
    Cell,
    PositionRule,
    Profile,
    Rule,
    flat,
    profile_of,
    word,
)

CALLS = frozenset({"alarm_pressed", "fall_detected", "smoke_detected"})
"""Kinds that tell staff where to come, when the same message has a position."""

MEASURED = ("battery", "position")


class Said(NamedTuple):
    """One event: its kind, the fields of that kind, and whether it tells how things are."""

    kind: str
    fields: dict[str, Any]
    is_state: bool


class Reading(Struct, frozen=True):
    """What a message says. `unclear`: of each field that could not be understood its name, its value and why."""

    said: list[Said]
    unclear: list[str]


class Unclear(ValueError):
    """A value that a rule does not understand."""


def interpret(names: str, fields: dict[str, Any], port: int | None = None, normalized: Iterable[Any] = ()) -> Reading:
    """The events in a decoded uplink of the device with these names of brand, model or device profile.

    `fields` as the network's codec gave them; `normalized` as The Things Stack puts them, for what they do not tell.
    """
    profile = profile_of(names)
    uplink = _Uplink(profile, fields, port)
    told = uplink.told()
    if normalized:
        known = profile.speaks_of | told.keys()
        if "door" in known:
            known |= {"motion"}  # Codecs of door sensors were seen to give the door out as a motion.
        more = _Uplink(NORMALIZED, {"data": list(normalized)}, port).told()
        told |= {name: said for name, said in more.items() if name not in known}
    return Reading([told[name] for name in (*PROPERTIES, *MEASURED) if name in told], uplink.unclear)


class _Uplink:
    """One message, and what has been made out of it so far."""

    def __init__(self, profile: Profile, fields: dict[str, Any], port: int | None) -> None:
        self.unclear: list[str] = []
        self._profile = profile
        self._pairs = flat(fields)
        self._found = dict(self._pairs)
        self._found["fport"] = port
        self._answers: dict[str, tuple[bool, Rule, Any]] = {}
        self._battery: tuple[int, float] | None = None

    def told(self) -> dict[str, Said]:
        """The events by property."""
        for path, value in self._pairs:
            for rule in self._profile.rules.get(path, ()):
                self._ask(rule, path, value)
            if path in self._profile.batteries:
                self._measure(self._profile.batteries[path], path, value)
        for rule in self._profile.absences:
            if rule.property not in self._answers and _is_absent(rule, self._found):
                self._answers[rule.property] = (bool(rule.absent), rule, None)
        return self._events()

    def _ask(self, rule: Rule, path: str, value: Any) -> None:
        try:
            answer = _answer(rule, value, self._found)
        except Unclear as error:
            self.unclear.append(f"{path}: {str(value)[:100]!r} {error}")
            return
        before = self._answers.get(rule.property)
        # Of several fields on the same thing, the one that something is the matter with counts.
        if answer is not None and (before is None or (answer and not before[0])):
            self._answers[rule.property] = (answer, rule, value)

    def _measure(self, rule: BatteryRule, path: str, value: Any) -> None:
        if self._battery is not None and self._battery[0] <= rule.rank:
            return
        try:
            percent = _percent(value, rule.unit, rule.cell)
        except Unclear as error:
            self.unclear.append(f"{path}: {str(value)[:100]!r} {error}")
            return
        if percent is not None:
            self._battery = (rule.rank, percent)

    def _events(self) -> dict[str, Said]:
        place = _place(self._profile.positions, self._found, self.unclear)
        told = {}
        for name, (yes, rule, value) in self._answers.items():
            said = _said(yes, rule, value, place)
            if said is not None:
                told[name] = said
        if self._battery is not None:
            told["battery"] = Said("battery", {"percent": self._battery[1]}, True)
        if place is not None:
            told["position"] = Said("position", place, False)
        return told


def _said(yes: bool, rule: Rule, value: Any, place: dict[str, float] | None) -> Said | None:
    kind = rule.outcome.yes if yes else rule.outcome.no
    # How often it happened since the last message is no state, even where the field is usually one.
    counted = rule.counts or (rule.above is not None and (_number(value) or 0) > 1)
    if kind is None or (counted and not yes):
        return None
    fields: dict[str, Any] = dict(rule.fields)
    if rule.keep is not None and value is not True:
        fields[rule.keep] = word(value)
    if place is not None and kind in CALLS:
        fields |= place
    return Said(kind, fields, rule.outcome.state and not counted)


def _answer(rule: Rule, value: Any, found: dict[str, Any]) -> bool | None:
    """Yes, no, or nothing."""
    if value is None or value == "" or not _holds(rule, found):
        return None
    text = word(value)
    if text in rule.nothing:
        return None
    if rule.bit is not None or rule.above is not None:
        number = _number(value)
        if number is not None:
            return number > rule.above if rule.above is not None else bool(int(number) >> (rule.bit or 0) & 1)
    if text in rule.yes:
        return True
    if text in rule.no:
        return False
    if rule.other != "unclear":
        return True if rule.other == "yes" else None
    raise Unclear(f"does not say whether it is {rule.outcome.yes} or {rule.outcome.no or 'not'}")


def _is_absent(rule: Rule, found: dict[str, Any]) -> bool:
    """Networks and codecs leave out what is zero, false or empty: then the fields beside it tell that it was asked."""
    if any(path in found for path in rule.paths) or not all(path in found for path in rule.beside):
        return False
    return _holds(rule, found)


def _holds(rule: Rule | PositionRule, found: dict[str, Any]) -> bool:
    """Whether the rule's conditions on other fields are met."""
    for path, values in rule.only:
        if word(found.get(path)) not in values:
            return False
    return not rule.unless or not any(word(found.get(path)) in values for path, values in rule.unless)


def _number(value: Any) -> float | None:
    """The number in a number, a truth value, or a text that is one; None for what is none, or none that is finite."""
    try:
        number = float(value[:40] if isinstance(value, str) else value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


_LEVEL = re.compile(r"(\d+(?:\.\d+)?)(?: ?(?:-|to) ?\d+(?:\.\d+)?)? ?(%|v|mv|volt|volts)?(?: ?\(.*\))?")

_UNITS = {"%": "percent", "v": "volt", "volt": "volt", "volts": "volt", "mv": "millivolt"}

UNKNOWN_LEVEL = 255
"""LoRaWAN's own battery byte for "cannot tell" (LoRaWAN 1.0.4, DevStatusAns); codecs pass it on."""


def _percent(value: Any, unit: str, cell: Cell) -> float | None:
    """What is left, 0 to 100; None when the device says that it cannot tell. Of a span ("80-100%") the lower end."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        found = _LEVEL.fullmatch(word(value))
        if found is None:
            raise Unclear("is no battery level")
        number, unit = float(found[1]), _UNITS[found[2]] if found[2] else unit
    else:
        known = None if isinstance(value, bool) else _number(value)
        if known is None or known < 0:
            raise Unclear("is no battery level")
        number = known
    if unit == "either":
        unit = _unit_of(number)
    if unit == "percent":
        return _checked_percent(number)
    return _of_cell(number / 1000 if unit == "millivolt" else number, cell)


def _unit_of(number: float) -> str:
    if number > 1000:
        return "millivolt"
    if number == 0 or number > 5 or number < 1:
        return "percent"
    if number.is_integer():
        raise Unclear("can be percent or volt; a profile of the device must say which")
    return "volt"


def _checked_percent(number: float) -> float | None:
    if number == UNKNOWN_LEVEL:
        return None
    if number > 100:
        raise Unclear("is more than 100 percent")
    return round(number, 1)


def _of_cell(volts: float, cell: Cell) -> float | None:
    if volts == 0:
        return None  # Nothing could have been sent with it: the device has no battery, or does not measure it.
    if volts > 1.4 * cell.full:
        raise Unclear(
            f"volt is too much for a battery of {cell.full:g} volt; a profile of the device must name its cells"
        )
    share = (volts - cell.empty) / (cell.full - cell.empty)
    return round(min(max(share, 0.0), 1.0) * 100, 1)


def _place(rules: Iterable[PositionRule], found: dict[str, Any], unclear: list[str]) -> dict[str, float] | None:
    """Where the device is, as fields of a position; None without a fix."""
    for rule in rules:
        latitude, longitude = found.get(rule.latitude), found.get(rule.longitude)
        if latitude is None or isinstance(latitude, bool) or not _holds(rule, found):
            continue
        if word(latitude) in rule.nothing or _is_no_fix(latitude, longitude):
            continue
        place = _degrees(latitude, 90), _degrees(longitude, 180)
        if place[0] is not None and place[1] is not None:
            return {"latitude": place[0], "longitude": place[1], **_accuracy(rule, found, unclear)}
        given = f"{str(latitude)[:50]!r}, {str(longitude)[:50]!r}"
        unclear.append(f"{rule.latitude}, {rule.longitude}: {given} is no place on earth")
    return None


def _is_no_fix(latitude: Any, longitude: Any) -> bool:
    """0, 0 is what is sent without a fix, and zeros may be left out."""
    return (_number(latitude) in (0, None) and longitude in (None, "")) or _number(latitude) == _number(longitude) == 0


def _degrees(value: Any, most: int) -> float | None:
    number = _number(value)
    return number if number is not None and abs(number) <= most else None


def _accuracy(rule: PositionRule, found: dict[str, Any], unclear: list[str]) -> dict[str, float]:
    given = None if rule.accuracy is None else found.get(rule.accuracy)
    if given is None:
        return {}
    accuracy = _number(given)
    if accuracy is not None and accuracy >= 0:
        return {"accuracy_m": accuracy}
    unclear.append(f"{rule.accuracy}: {str(given)[:100]!r} is no distance in metres")
    return {}
