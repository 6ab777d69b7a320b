"""Where a device is, from what codecs make of it."""

from collections.abc import Iterable
from typing import Any

from ingest.adapters.lorawan_fields import number_in, word
from ingest.adapters.lorawan_table import PositionRule, holds


def place_in(rules: Iterable[PositionRule], found: dict[str, Any], unclear: list[str]) -> dict[str, float] | None:
    """Where the device is, as fields of a position; None without a fix.

    0, 0 is what is sent without a fix, and zeros may be left out.
    """
    for rule in rules:
        latitude = found.get(rule.latitude)
        if latitude is None or isinstance(latitude, bool) or word(latitude) in rule.nothing or not holds(rule, found):
            continue
        longitude = found.get(rule.longitude)
        north, east = number_in(latitude), number_in(longitude)
        if north == 0 and (east == 0 or longitude in (None, "")):
            continue
        if north is not None and east is not None and abs(north) <= 90 and abs(east) <= 180:
            return {"latitude": north, "longitude": east, **_accuracy(rule, found, unclear)}
        given = f"{str(latitude)[:50]!r}, {str(longitude)[:50]!r}"
        unclear.append(f"{rule.latitude}, {rule.longitude}: {given} is no place on earth")
    return None


def _accuracy(rule: PositionRule, found: dict[str, Any], unclear: list[str]) -> dict[str, float]:
    given = None if rule.accuracy is None else found.get(rule.accuracy)
    if given is None:
        return {}
    accuracy = number_in(given)
    if accuracy is not None and accuracy >= 0:
        return {"accuracy_m": accuracy}
    unclear.append(f"{rule.accuracy}: {str(given)[:100]!r} is no distance in metres")
    return {}
