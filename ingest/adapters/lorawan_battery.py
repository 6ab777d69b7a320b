"""How full a battery is, from what codecs make of it: percent, volt, millivolt, a span, a text."""

import re
from typing import Any

from ingest.adapters.lorawan_fields import Unclear, number_in, word
from ingest.adapters.lorawan_schema import Cell

_LEVEL = re.compile(r"(\d+(?:\.\d+)?)(?: ?(?:-|to) ?\d+(?:\.\d+)?)? ?(%|v|mv|volt|volts)?(?: ?\(.*\))?")

_UNITS = {"%": "percent", "v": "volt", "volt": "volt", "volts": "volt", "mv": "millivolt"}

UNKNOWN_LEVEL = 255
"""LoRaWAN's own battery byte for "cannot tell" (LoRaWAN 1.0.4, DevStatusAns); codecs pass it on."""


def percent_in(value: Any, unit: str, cell: Cell) -> float | None:
    """What is left, 0 to 100; None when the device says that it cannot tell. Of a span ("80-100%") the lower end."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        found = _LEVEL.fullmatch(word(value))
        if found is None:
            raise Unclear("is no battery level")
        number, unit = float(found[1]), _UNITS[found[2]] if found[2] else unit
    else:
        known = None if isinstance(value, bool) else number_in(value)
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
