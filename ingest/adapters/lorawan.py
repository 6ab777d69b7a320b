"""What a LoRaWAN device's decoded fields mean: pure, and all that it knows of devices stands in lorawan.toml."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from ingest.adapters.lorawan_battery import percent_in
from ingest.adapters.lorawan_fields import Unclear, flat, number_in, spelt, word
from ingest.adapters.lorawan_place import place_in
from ingest.adapters.lorawan_table import (
    MEASURED,
    NORMALIZED,
    PROPERTIES,
    BatteryRule,
    Profile,
    Rule,
    holds,
    profile_of,
)

CALLS = frozenset({"alarm_pressed", "fall_detected", "smoke_detected"})
"""Kinds that tell staff where to come, when the same message has a position."""


DANGERS = frozenset({"door_opened", "leak_detected", "smoke_detected"})
"""What must never go unheard because an earlier one was never told to be over."""

_ORDER = {name: place for place, name in enumerate((*PROPERTIES, *MEASURED))}


class Said(NamedTuple):
    """One event: its kind, the fields of that kind, and whether it tells how things are."""

    kind: str
    fields: dict[str, Any]
    is_state: bool


class Reading(Struct, frozen=True):
    """What a message says. `unclear`: of each field that could not be understood its name, its value and why."""

    said: list[Said]
    unclear: list[str]


def interpret(names: str, fields: dict[str, Any], port: int | None = None, normalized: Sequence[Any] = ()) -> Reading:
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
        more = _Uplink(NORMALIZED, {"data": normalized}, port).told()
        told |= {name: said for name, said in more.items() if name not in known}
    return Reading([told[name] for name in sorted(told, key=_ORDER.__getitem__)], uplink.unclear)


class _Uplink:
    """One message, and what has been made out of it so far."""

    def __init__(self, profile: Profile, fields: dict[str, Any], port: int | None) -> None:
        self.unclear: list[str] = []
        self._profile = profile
        self._fields = fields
        self._pairs = flat(fields)
        self._found = dict(self._pairs)
        self._found["fport"] = port
        self._answers: dict[str, tuple[bool, Rule, Any]] = {}
        self._battery: tuple[int, float] | None = None

    def told(self) -> dict[str, Said]:
        """The events by property."""
        rules, batteries = self._profile.rules, self._profile.batteries
        for path, value in self._pairs:
            if path in rules:
                for rule in rules[path]:
                    self._ask(rule, path, value)
            elif path in batteries:
                self._measure(batteries[path], path, value)
        for rule in self._profile.absences:
            if rule.property not in self._answers and _is_absent(rule, self._found):
                self._answers[rule.property] = (bool(rule.absent), rule, None)
        return self._events()

    def _ask(self, rule: Rule, path: str, value: Any) -> None:
        try:
            answer = _answer(rule, value, self._found)
        except Unclear as error:
            self._complain(path, value, error)
            return
        if answer is not None:
            before = self._answers.get(rule.property)
            # Of several fields on the same thing, the one that something is the matter with counts.
            if before is None or (answer and not before[0]):
                self._answers[rule.property] = (answer, rule, value)

    def _measure(self, rule: BatteryRule, path: str, value: Any) -> None:
        if self._battery is not None and self._battery[0] <= rule.rank:
            return
        try:
            percent = percent_in(value, rule.unit, rule.cell)
        except Unclear as error:
            self._complain(path, value, error)
            return
        if percent is not None:
            self._battery = (rule.rank, percent)

    def _complain(self, path: str, value: Any, error: Unclear) -> None:
        name = spelt(self._fields, path)
        self.unclear.append(f"{name if name.isprintable() else path}: {str(value)[:100]!r} {error}")

    def _events(self) -> dict[str, Said]:
        place = place_in(self._profile.positions, self._found, self.unclear)
        told = {}
        for name, (yes, rule, value) in self._answers.items():
            said = _said(yes, rule, value, place, name in self._profile.ending)
            if said is not None:
                told[name] = said
        if self._battery is not None:
            told["battery"] = Said("battery", {"percent": self._battery[1]}, True)
        if place is not None:
            told["position"] = Said("position", place, False)
        return told


def _said(yes: bool, rule: Rule, value: Any, place: dict[str, float] | None, ends: bool) -> Said | None:
    """`ends`: the profile knows how it is told that the property is over, also by a missing field."""
    kind = rule.outcome.yes if yes else rule.outcome.no
    # How often it happened since the last message is no state, even where the field is usually one.
    counted = rule.counts or (rule.above is not None and value is not True and (number_in(value) or 0) > 1)
    if kind is None or (counted and not yes):
        return None
    fields: dict[str, Any] = dict(rule.fields)
    if rule.keep is not None and value is not True and word(value).isprintable():
        fields[rule.keep] = word(value)
    if place is not None and kind in CALLS:
        fields |= place
    return Said(kind, fields, rule.outcome.state and not counted and (ends or not _may_never_end(kind, value)))


def _may_never_end(kind: str, value: Any) -> bool:
    """Where networks leave out what is false, nothing ever says that it is over: each time it is told, it is new.

    A word for the one has a word for the other, which no network leaves out; but movements are told in words for as
    long as they last, and each of them is a sign of life.
    """
    return kind == "motion" or (kind in DANGERS and not isinstance(value, str))


def _answer(rule: Rule, value: Any, found: dict[str, Any]) -> bool | None:
    """Yes, no, or nothing."""
    text = word(value)
    if text in rule.nothing or not holds(rule, found):
        return None
    if rule.bit is not None or rule.above is not None:
        number = number_in(value)
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
    return holds(rule, found)
