"""JSON objects as others send them, also those that are not quite JSON."""

import json
import math
from typing import Any

import msgspec


class Unreadable(ValueError):
    """A payload that is no JSON object; the text says why."""


def decode(payload: bytes) -> tuple[dict[str, Any], bytes]:
    """The object in `payload`, and the payload as JSON to be kept. Raises Unreadable.

    NaN, 1e999, broken letters and control characters are no JSON; they must not cost the call for help beside them.
    """
    try:
        fields, kept = msgspec.json.decode(payload), payload
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        fields, kept = _decode_leniently(payload)
    if not isinstance(fields, dict):
        raise Unreadable(f"{_start(payload)} is not a JSON object")
    return fields, kept


def _decode_leniently(payload: bytes) -> tuple[object, bytes]:
    text = payload.decode("utf-8", "replace")
    try:
        return json.loads(text, parse_int=_whole, strict=False), msgspec.json.encode(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{_start(payload)} is not JSON ({str(error)[:100]})") from None


def _whole(digits: str) -> float:
    """Python reads no more than 4,300 digits; no field that means something has as many as these."""
    return int(digits) if len(digits) < 20 else math.inf


def _start(payload: bytes) -> str:
    return repr(payload[:60].decode("utf-8", "backslashreplace"))
