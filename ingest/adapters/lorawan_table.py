"""The table of lorawan.toml, checked, and made ready for looking up which rules read which field of which device."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import msgspec
from msgspec import Struct

Scalar = str | bool | int | float


class Outcome(Struct, frozen=True, forbid_unknown_fields=True):
    """The kinds of a property. Not a `state`: each time that it is said it has happened."""

    yes: str
    no: str | None = None
    state: bool = True
    fields: dict[str, str] = {}


class Cell(Struct, frozen=True, forbid_unknown_fields=True):
    """Volts."""

    full: float
    empty: float


class _Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """As in the table, where each field is explained."""

    field: str | tuple[str, ...]
    yes: tuple[Scalar, ...] = ()
    no: tuple[Scalar, ...] = ()
    nothing: tuple[Scalar, ...] = ()
    other: Literal["unclear", "nothing", "yes"] = "unclear"
    above: float | None = None
    bit: int | None = None
    absent: Literal["yes", "no"] | None = None
    beside: tuple[str, ...] = ()
    only: dict[str, tuple[Scalar, ...]] = {}
    unless: dict[str, tuple[Scalar, ...]] = {}
    counts: bool = False
    fields: dict[str, str] = {}
    keep: str | None = None


class _Battery(Struct, frozen=True, forbid_unknown_fields=True):
    field: str | tuple[str, ...]
    unit: Literal["percent", "volt", "millivolt", "either"]
    cell: str = "unknown"


class _Position(Struct, frozen=True, forbid_unknown_fields=True):
    latitude: str
    longitude: str
    accuracy: str | None = None
    nothing: tuple[Scalar, ...] = ()
    only: dict[str, tuple[Scalar, ...]] = {}
    unless: dict[str, tuple[Scalar, ...]] = {}


class _Properties(Struct, frozen=True, forbid_unknown_fields=True):
    """None where a profile does not speak of a property."""

    models: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    button: tuple[_Rule, ...] | None = None
    fall: tuple[_Rule, ...] | None = None
    smoke: tuple[_Rule, ...] | None = None
    leak: tuple[_Rule, ...] | None = None
    door: tuple[_Rule, ...] | None = None
    ajar: tuple[_Rule, ...] | None = None
    bed: tuple[_Rule, ...] | None = None
    motion: tuple[_Rule, ...] | None = None
    tamper: tuple[_Rule, ...] | None = None
    mains: tuple[_Rule, ...] | None = None
    hardware: tuple[_Rule, ...] | None = None
    low_battery: tuple[_Rule, ...] | None = None
    battery: tuple[_Battery, ...] | None = None
    position: tuple[_Position, ...] | None = None


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    through: tuple[str, ...]
    words: dict[Literal["yes", "no"], tuple[str, ...]]
    properties: dict[str, Outcome]
    cells: dict[str, Cell]
    generic: _Properties
    normalized: _Properties
    profile: tuple[_Properties, ...]


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
    """What to read of a device. `speaks_of`: the properties that the profile itself has rules on, or forbids."""

    rules: dict[str, tuple[Rule, ...]]
    batteries: dict[str, BatteryRule]
    positions: tuple[PositionRule, ...]
    absences: tuple[Rule, ...]
    speaks_of: frozenset[str]


MOST_LETTERS = 64
"""Longer names of fields are nobody's, and must not fill a cache."""

MOST_LEVELS = 6

_NOT_NAME = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=8192)
def _folded(name: str) -> str:
    return _NOT_NAME.sub("", name.lower())


def flat(fields: dict[str, Any]) -> list[tuple[str, Any]]:
    """Every value that is no object or array, with its path; of an array, the values of all its elements."""
    pairs: list[tuple[str, Any]] = []
    _walk(fields, "", pairs, MOST_LEVELS)
    return pairs


def _walk(fields: dict[str, Any], path: str, pairs: list[tuple[str, Any]], levels: int) -> None:
    for key, value in fields.items():
        if len(key) > MOST_LETTERS:
            continue
        name = _folded(key)
        if isinstance(value, dict | list):
            inner = path if name in _THROUGH else f"{path}{name}."
            for element in value if isinstance(value, list) else (value,):
                if isinstance(element, dict):
                    if levels:
                        _walk(element, inner, pairs, levels - 1)
                elif not isinstance(element, list):
                    pairs.append((path + name, element))
        elif name == "value" and path:
            pairs.append((path[:-1], value))
        else:
            pairs.append((path + name, value))


def word(value: object) -> str:
    """How a value is compared: `True` and `"TRUE"` are "true", 1 and 1.0 are "1"."""
    if isinstance(value, str):
        return " ".join(value[:MOST_LETTERS].lower().split())
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)[:MOST_LETTERS]


def profile_of(names: str) -> Profile:
    """The profile for a device with these names of brand, model or device profile; the generic one if none fits."""
    return _profile_of(names[:200])


@lru_cache(maxsize=4096)
def _profile_of(names: str) -> Profile:
    slug = f"-{_NOT_NAME.sub('-', names.lower())}-"
    return next((profile for name, profile in _BY_NAME if name in slug), GENERIC)


def _load() -> _Table:
    text = files(__package__).joinpath("lorawan.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _Table)


def _path(field: str) -> str:
    *levels, last = [_folded(level) for level in field.split(".")]
    return ".".join([*(level for level in levels if level not in _THROUGH), last])


def _words(values: Sequence[Scalar]) -> frozenset[str]:
    return frozenset(word(value) for value in values)


def _paths(field: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_path(one) for one in ((field,) if isinstance(field, str) else field))


def _conditions(conditions: dict[str, tuple[Scalar, ...]]) -> Conditions:
    return tuple((_path(field), _words(values)) for field, values in conditions.items())


def _rule(property: str, rule: _Rule) -> Rule:
    own = bool(rule.yes or rule.no)
    return Rule(
        property,
        _TABLE.properties[property],
        _paths(rule.field),
        _words(rule.yes) if own else _words(_TABLE.words["yes"]),
        _words(rule.no) if own else _words(_TABLE.words["no"]),
        _words(rule.nothing),
        rule.other,
        rule.above,
        rule.bit,
        None if rule.absent is None else rule.absent == "yes",
        _paths(rule.beside),
        _conditions(rule.only),
        _conditions(rule.unless),
        rule.counts,
        {**_TABLE.properties[property].fields, **rule.fields},
        rule.keep,
    )


def _rules(properties: _Properties) -> Iterator[Rule]:
    for name in _TABLE.properties:
        for rule in getattr(properties, name) or ():
            yield _rule(name, rule)


def _profile(properties: _Properties, base: _Properties | None = None) -> Profile:
    speaks_of = frozenset(name for name in (*_TABLE.properties, "battery", "position") if _has(properties, name))
    if base is not None:
        inherited = {name: getattr(base, name) for name in base.__struct_fields__ if name not in speaks_of}
        properties = msgspec.structs.replace(properties, **inherited)
    rules: dict[str, tuple[Rule, ...]] = {}
    for rule in _rules(properties):
        for path in rule.paths:
            rules[path] = (*rules.get(path, ()), rule)
    return Profile(
        rules,
        {
            path: BatteryRule(rank, rule.unit, _TABLE.cells[rule.cell])
            for rank, rule in reversed(list(enumerate(properties.battery or ())))
            for path in _paths(rule.field)
        },
        tuple(_position(rule) for rule in properties.position or ()),
        tuple(rule for rule in _rules(properties) if rule.absent is not None),
        speaks_of,
    )


def _has(properties: _Properties, name: str) -> bool:
    return getattr(properties, name) is not None


def _position(rule: _Position) -> PositionRule:
    return PositionRule(
        _path(rule.latitude),
        _path(rule.longitude),
        None if rule.accuracy is None else _path(rule.accuracy),
        _words(rule.nothing),
        _conditions(rule.only),
        _conditions(rule.unless),
    )


def _by_name() -> list[tuple[str, Profile]]:
    """Models before brands, the longest first, so that the first one that fits is the most exact."""
    profiles = [(one, _profile(one, _TABLE.generic)) for one in _TABLE.profile]
    models = [(name, profile) for one, profile in profiles for name in one.models]
    brands = [(name, profile) for one, profile in profiles for name in one.brands]
    ordered = [*sorted(models, key=_longest_first), *sorted(brands, key=_longest_first)]
    return [(f"-{name.replace(' ', '-')}-", profile) for name, profile in ordered]


def _longest_first(named: tuple[str, Profile]) -> int:
    return -len(named[0])


_TABLE = _load()
_THROUGH = frozenset(_TABLE.through)
PROPERTIES = tuple(_TABLE.properties)
GENERIC = _profile(_TABLE.generic)
NORMALIZED = _profile(_TABLE.normalized)
_BY_NAME = _by_name()
