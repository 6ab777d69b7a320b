"""Where a device is, from what codecs make of it."""

from collections.abc import Iterable
from typing import Any

from ingest.adapters.lorawan_fields import number_in, word
from ingest.adapters.lorawan_table import PositionRule, holds


def place_in(rules: Iterable[PositionRule], found: dict[str, Any], unclear: list[str]) -> dict[str, float] | None:
    """Where the device is, as fields of a position; None without a fix."""
    for rule in rules:
        latitude = found.get(rule.latitude)
        if latitude is None or isinstance(latitude, bool) or not holds(rule, found) or word(latitude) in rule.nothing:
            continue
        longitude = found.get(rule.longitude)
        if _is_no_fix(latitude, longitude):
            continue
        place = _degrees(latitude, 90), _degrees(longitude, 180)
        if place[0] is not None and place[1] is not None:
            return {"latitude": place[0], "longitude": place[1], **_accuracy(rule, found, unclear)}
        given = f"{str(latitude)[:50]!r}, {str(longitude)[:50]!r}"
        unclear.append(f"{rule.latitude}, {rule.longitude}: {given} is no place on earth")
    return None


def _is_no_fix(latitude: Any, longitude: Any) -> bool:
    """0, 0 is what is sent without a fix, and zeros may be left out."""
    return number_in(latitude) == 0 and (longitude in (None, "") or number_in(longitude) == 0)


def _degrees(value: Any, most: int) -> float | None:
    number = number_in(value)
    return number if number is not None and abs(number) <= most else None


def _accuracy(rule: PositionRule, found: dict[str, Any], unclear: list[str]) -> dict[str, float]:
    given = None if rule.accuracy is None else found.get(rule.accuracy)
    if given is None:
        return {}
    accuracy = number_in(given)
    if accuracy is not None and accuracy >= 0:
        return {"accuracy_m": accuracy}
    unclear.append(f"{rule.accuracy}: {str(given)[:100]!r} is no distance in metres")
    return {}
