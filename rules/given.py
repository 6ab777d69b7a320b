"""What people set up (addresses, providers), read into types; an error names the field and what stood there."""

import re
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

SECRET_NAMES = frozenset({"auth", "endpoint", "password", "secrets", "url"})
"""Fields whose value is never repeated: an address can hold a password as well."""

END = r"(?!\n)$"
"""The end of a pattern: by itself `$` would let a line end follow, and what is checked here becomes headers."""

_ABOUT_A_FIELD = re.compile(r"Object (contains unknown|missing required) field `([^`]*)`")
_MEANING = {"contains unknown": "is not known here", "missing required": "is needed"}


class GivenError(ValueError):
    """What was given cannot be used. `value` is what stood there, None when it is missing or secret."""

    def __init__(self, field: str, message: str, value: object = None) -> None:
        secret = not SECRET_NAMES.isdisjoint(re.findall(r"\w+", field))
        self.field = field
        self.message = message
        self.value = None if value is None or secret else str(value)[:100]
        super().__init__(f"{field}: {message}" + (f", value {self.value!r}" if self.value is not None else ""))


def read(type: type[T], data: Any) -> T:
    """`data`, as JSON has it, as `type`. Raises GivenError."""
    try:
        return msgspec.convert(data, type)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$")
        place = place.rstrip("`").lstrip(".")
        if found := _ABOUT_A_FIELD.fullmatch(text):
            raise GivenError(f"{place}.{found[2]}".lstrip("."), _MEANING[found[1]]) from None
        raise GivenError(place or "body", text, _at(data, place)) from None


def _at(data: Any, place: str) -> Any:
    """What stands there, if it is one plain value that can be found: the decoder names no keys of free mappings."""
    for step in re.findall(r"\w+", place):
        if isinstance(data, list) and step.isdecimal():
            data = data[int(step)]
        elif isinstance(data, dict) and step in data:
            data = data[step]
        else:
            return None
    return data if isinstance(data, str | int | float) else None
