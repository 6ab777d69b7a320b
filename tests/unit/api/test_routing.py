"""JSON without leniency."""

import pytest

from api.problems import ProblemError
from api.routing import read_json


def test_json_is_read() -> None:
    assert read_json('{"name": "Åsa", "n": [1, 2.5, null]}'.encode()) == {"name": "Åsa", "n": [1, 2.5, None]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{} {}",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b'{"a": "\x00"}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
    ],
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(ProblemError) as refused:
        read_json(body)
    assert refused.value.status_code == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"name": "a\\u0000"}', "name"),
        (b'{"events": [{"data": {}}, {"data": {"room": "\\u0000"}}]}', "events.1.data.room"),
        (b'{"a": {"\\u0000": 1}}', "a"),
        (b'"\\u0000"', "body"),
    ],
)
def test_a_nul_character_is_refused_by_name(body: bytes, field: str) -> None:
    with pytest.raises(ProblemError) as refused:
        read_json(body)
    assert refused.value.status_code == 422
    assert [error.field for error in refused.value.errors] == [field]


def test_an_escaped_backslash_is_no_nul_character() -> None:
    assert read_json(b'{"a": "\\\\u0000"}') == {"a": "\\u0000"}
