"""Names, paths and values of decoded fields, made alike so that they can be compared."""

import math
import re
from functools import lru_cache
from typing import Any

from ingest.adapters.lorawan_schema import table

MOST_LETTERS = 64
"""Longer names of fields are nobody's, and must not fill a cache."""

MOST_LEVELS = 6

THROUGH = frozenset(table().through)

_NOT_NAME = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=8192)
def _folded(name: str) -> str:
    return _NOT_NAME.sub("", name.lower())


MEASURED, MEASURED_AS = "type", "measurementValue"
"""Some codecs give a list of measurements, each an object with these two: what was measured, and the value."""

_MANY = (dict, list)


def flat(fields: dict[str, Any]) -> list[tuple[str, Any]]:
    """Every value that is no object or array, with its path; of an array, the values of all its elements."""
    pairs: list[tuple[str, Any]] = []
    _walk(fields, "", pairs, MOST_LEVELS)
    return pairs


def _walk(fields: dict[str, Any], path: str, pairs: list[tuple[str, Any]], levels: int) -> None:
    if MEASURED_AS in fields and isinstance(fields.get(MEASURED), str):
        fields = {fields[MEASURED]: fields[MEASURED_AS]}
    for key, value in fields.items():
        if len(key) > MOST_LETTERS:
            continue
        name = _folded(key)
        if isinstance(value, _MANY):
            inner = path if name in THROUGH else f"{path}{name}."
            for element in value if isinstance(value, list) else (value,):
                if isinstance(element, _MANY):
                    if levels and isinstance(element, dict):
                        _walk(element, inner, pairs, levels - 1)
                    elif levels:
                        _walk({key: element}, path, pairs, levels - 1)
                else:
                    pairs.append((path + name, element))
        elif name == "value" and path:
            pairs.append((path[:-1], value))
        else:
            pairs.append((path + name, value))


def spelt(fields: dict[str, Any], path: str) -> str:
    """A path as the message spells it, for people who look for the field there."""
    for key, value in fields.items():
        if all(found != path for found, _ in flat({key: value})):
            continue
        if not isinstance(value, dict):
            return key
        inner = path if _folded(key) in THROUGH else path[len(_folded(key)) + 1 :]
        return f"{key}.{spelt(value, inner)}" if inner else key
    return path


def word(value: object) -> str:
    """How a value is compared: `True` and `"TRUE"` are "true", 1 and 1.0 are "1", None is "null"."""
    if isinstance(value, str):
        return " ".join(value[:MOST_LETTERS].lower().split())
    if value is True or value is False:
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)[:MOST_LETTERS]


def path_of(field: str) -> str:
    """The path by which `flat` gives a field that the table names."""
    *levels, last = [_folded(level) for level in field.split(".")]
    return ".".join([*(level for level in levels if level not in THROUGH), last])


def number_in(value: Any) -> float | None:
    """The number in a number, a truth value, or a text that is one; None for what is none, or none that is finite."""
    try:
        number = float(value[:40] if isinstance(value, str) else value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


class Unclear(ValueError):
    """A value that a rule does not understand."""
