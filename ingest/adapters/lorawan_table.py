"""The rules of lorawan.toml, made ready for looking up which of them read which field of which device."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from msgspec import Struct

from ingest.adapters.lorawan_fields import path_of, word
from ingest.adapters.lorawan_schema import (
    BatteryLine,
    Cell,
    Outcome,
    PositionLine,
    ProfileLines,
    RuleLine,
    Scalar,
    table,
)

PROPERTIES = tuple(table().properties)
MEASURED = ("battery", "position")

Line = TypeVar("Line")

Conditions = tuple[tuple[str, frozenset[str]], ...]


class Rule(Struct, frozen=True, gc=False):
    """One rule, its values as words and its fields as paths."""

    property: str
    outcome: Outcome
    paths: tuple[str, ...]
    yes: frozenset[str]
    no: frozenset[str]
    nothing: frozenset[str]
    other: str
    above: float | None
    bit: int | None
    absent: bool | None
    beside: tuple[str, ...]
    only: Conditions
    unless: Conditions
    counts: bool
    fields: dict[str, str]
    keep: str | None


class BatteryRule(Struct, frozen=True, gc=False):
    """`rank`: of two batteries in one message the one with the lower rank is believed."""

    rank: int
    unit: str
    cell: Cell


class PositionRule(Struct, frozen=True, gc=False):
    latitude: str
    longitude: str
    accuracy: str | None
    nothing: frozenset[str]
    only: Conditions
    unless: Conditions


class Profile(Struct, frozen=True):
    """What to read of a device.

    `speaks_of`: the properties that the profile itself has rules on, or forbids. `ending`: those of which it knows what
    a missing field means.
    """

    rules: dict[str, tuple[Rule, ...]]
    batteries: dict[str, BatteryRule]
    positions: tuple[PositionRule, ...]
    absences: tuple[Rule, ...]
    speaks_of: frozenset[str]
    ending: frozenset[str]


def holds(rule: Rule | PositionRule, found: dict[str, Any]) -> bool:
    """Whether the rule's conditions on other fields are met."""
    if not rule.only and not rule.unless:
        return True
    for path, values in rule.only:
        if word(found.get(path)) not in values:
            return False
    return not any(word(found.get(path)) in values for path, values in rule.unless)


_NOT_WORD = re.compile(r"[^a-z0-9]+")


def profile_of(names: str) -> Profile:
    """The profile for a device with these names of brand, model or device profile; the generic one if none fits."""
    return _profile_of(names[:200])


@lru_cache(maxsize=4096)
def _profile_of(names: str) -> Profile:
    slug = f"-{_NOT_WORD.sub('-', names.lower())}-"
    return next((profile for name, profile in _BY_NAME if name in slug), GENERIC)


def _words(values: Sequence[Scalar]) -> frozenset[str]:
    return frozenset(word(value) for value in values)


def _paths(field: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(path_of(one) for one in ((field,) if isinstance(field, str) else field))


def _conditions(conditions: dict[str, tuple[Scalar, ...]]) -> Conditions:
    return tuple((path_of(field), _words(values)) for field, values in conditions.items())


def _rule(property: str, rule: RuleLine, paths: tuple[str, ...]) -> Rule:
    own = bool(rule.yes or rule.no)
    return Rule(
        property,
        table().properties[property],
        paths,
        _words(rule.yes) if own else _words(table().words["yes"]),
        _words(rule.no) if own else _words(table().words["no"]),
        _words((*table().words["nothing"], *rule.nothing)),
        rule.other,
        rule.above,
        rule.bit,
        None if rule.absent is None else rule.absent == "yes",
        _paths(rule.beside),
        _conditions(rule.only),
        _conditions(rule.unless),
        rule.counts,
        {**table().properties[property].fields, **rule.fields},
        rule.keep,
    )


def _profile(own: ProfileLines, generic: ProfileLines | None = None) -> Profile:
    """What `own` reads, and of all fields that it does not read itself what `generic` does."""
    rest = generic or ProfileLines()
    rules = [rule for name in PROPERTIES for rule in _rules(name, getattr(own, name), getattr(rest, name))]
    by_path: dict[str, tuple[Rule, ...]] = {}
    for rule in rules:
        for path in rule.paths:
            by_path[path] = (*by_path.get(path, ()), rule)
    return Profile(
        by_path,
        _batteries(_lines(own.battery, rest.battery)),
        _positions(_lines(own.position, rest.position)),
        tuple(rule for rule in rules if rule.absent is not None),
        frozenset(name for name in (*PROPERTIES, *MEASURED) if generic and getattr(own, name) is not None),
        frozenset(rule.property for rule in rules if rule.absent is not None),
    )


def _lines(own: tuple[Line, ...] | None, rest: tuple[Line, ...] | None) -> tuple[Line, ...]:
    """An empty list of one's own forbids the rest."""
    return () if own == () else (*(own or ()), *(rest or ()))


def _rules(name: str, own: tuple[RuleLine, ...] | None, rest: tuple[RuleLine, ...] | None) -> Iterator[Rule]:
    read = {path for line in own or () for path in _paths(line.field)}
    for line in own or ():
        yield _rule(name, line, _paths(line.field))
    for line in _lines(own, rest)[len(own or ()) :]:
        paths = tuple(path for path in _paths(line.field) if path not in read)
        if paths:
            yield _rule(name, line, paths)


def _batteries(lines: Sequence[BatteryLine]) -> dict[str, BatteryRule]:
    found: dict[str, BatteryRule] = {}
    for rank, line in enumerate(lines):
        for path in _paths(line.field):
            found.setdefault(path, BatteryRule(rank, line.unit, table().cells[line.cell]))
    return found


def _positions(lines: Sequence[PositionLine]) -> tuple[PositionRule, ...]:
    found: dict[tuple[str, str], PositionRule] = {}
    for line in lines:
        rule = _position(line)
        found.setdefault((rule.latitude, rule.longitude), rule)
    return tuple(found.values())


def _position(line: PositionLine) -> PositionRule:
    return PositionRule(
        path_of(line.latitude),
        path_of(line.longitude),
        None if line.accuracy is None else path_of(line.accuracy),
        _words(line.nothing),
        _conditions(line.only),
        _conditions(line.unless),
    )


def _by_name() -> list[tuple[str, Profile]]:
    """Models before brands, the longest first, so that the first one that fits is the most exact."""
    profiles = [(one, _profile(one, table().generic)) for one in table().profile]
    models = [(name, profile) for one, profile in profiles for name in one.models]
    brands = [(name, profile) for one, profile in profiles for name in one.brands]
    ordered = [*sorted(models, key=_longest_first), *sorted(brands, key=_longest_first)]
    return [(f"-{name.replace(' ', '-')}-", profile) for name, profile in ordered]


def _longest_first(named: tuple[str, Profile]) -> int:
    return -len(named[0])


GENERIC = _profile(table().generic)
NORMALIZED = _profile(table().normalized)
_BY_NAME = _by_name()
