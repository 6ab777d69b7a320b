"""How lorawan.toml is written: its form is checked here when it is loaded, so that a slip in it cannot go unseen."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

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


class RuleLine(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule of a property; the fields are explained at the head of the table."""

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


class BatteryLine(Struct, frozen=True, forbid_unknown_fields=True):
    """How a battery is read."""

    field: str | tuple[str, ...]
    unit: Literal["percent", "volt", "millivolt", "either"]
    cell: str = "unknown"


class PositionLine(Struct, frozen=True, forbid_unknown_fields=True):
    """How a position is read."""

    latitude: str
    longitude: str
    accuracy: str | None = None
    nothing: tuple[Scalar, ...] = ()
    only: dict[str, tuple[Scalar, ...]] = {}
    unless: dict[str, tuple[Scalar, ...]] = {}


class ProfileLines(Struct, frozen=True, forbid_unknown_fields=True):
    """None where a profile does not speak of a property."""

    models: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    button: tuple[RuleLine, ...] | None = None
    cancel: tuple[RuleLine, ...] | None = None
    fall: tuple[RuleLine, ...] | None = None
    smoke: tuple[RuleLine, ...] | None = None
    leak: tuple[RuleLine, ...] | None = None
    door: tuple[RuleLine, ...] | None = None
    ajar: tuple[RuleLine, ...] | None = None
    bed: tuple[RuleLine, ...] | None = None
    motion: tuple[RuleLine, ...] | None = None
    tamper: tuple[RuleLine, ...] | None = None
    mains: tuple[RuleLine, ...] | None = None
    hardware: tuple[RuleLine, ...] | None = None
    low_battery: tuple[RuleLine, ...] | None = None
    battery: tuple[BatteryLine, ...] | None = None
    position: tuple[PositionLine, ...] | None = None


class Table(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of it."""

    through: tuple[str, ...]
    words: dict[Literal["yes", "no", "nothing"], tuple[str, ...]]
    properties: dict[str, Outcome]
    cells: dict[str, Cell]
    generic: ProfileLines
    normalized: ProfileLines
    profile: tuple[ProfileLines, ...]


@cache
def table() -> Table:
    """What stands in lorawan.toml."""
    text = files(__package__).joinpath("lorawan.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Table)
