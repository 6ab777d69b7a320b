"""JSON objects as others send them."""

import math

import msgspec
import pytest

from ingest.adapters.json_object import Unreadable, decode


def test_json_is_kept_as_it_came() -> None:
    payload = b'{ "a": [1, 2.5, "\\u00e5"] }'
    assert decode(payload) == ({"a": [1, 2.5, "å"]}, payload)


ALMOST = {
    "not a number": (b'{"a": NaN, "b": 1}', math.isnan),
    "beyond all numbers": (b'{"a": 1e999, "b": 1}', math.isinf),
    "a huge number": (b'{"a": ' + b"9" * 5000 + b', "b": 1}', math.isinf),
    "letters that are none": (b'{"a": "\xff", "b": 1}', lambda a: a == "\ufffd"),
    "control characters": (b'{"a": "\x00\n", "b": 1}', lambda a: a == "\x00\n"),
    "half a letter": (b'{"a": "\\ud800", "b": 1}', lambda a: a == "\ud800"),
}


@pytest.mark.parametrize(("payload", "is_right"), ALMOST.values(), ids=ALMOST)
def test_what_is_almost_json_costs_no_other_field(payload: bytes, is_right: object) -> None:
    fields, kept = decode(payload)
    assert callable(is_right)
    assert is_right(fields["a"])
    assert fields["b"] == 1
    assert isinstance(msgspec.json.decode(kept), str)


@pytest.mark.parametrize("payload", [b"", b"x", b"{", b"[]", b"7", b'"a"', b"null", b'{"a":' * 10_000, b"[" * 10_000])
def test_what_is_no_object_is_told(payload: bytes) -> None:
    with pytest.raises(Unreadable) as told:
        decode(payload)
    assert len(str(told.value)) < 300
