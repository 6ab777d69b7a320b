"""Problems: what of a bad value may be shown."""

import pytest

from api.problems import Scalar, shown


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("name", "x", "x"),
        ("name", "x" * 500, "x" * 200),
        ("name", "\ud800", "?"),
        ("limit", 5, 5),
        ("limit", 10**400, "1" + "0" * 199),
        ("password", "hunter2", None),
        ("staff.0.password", "hunter2", None),
        ("secret", "s", None),
        ("body", {"password": "hunter2"}, None),
        ("events", ["x"], None),
        ("name", None, None),
    ],
)
def test_a_value_is_shown_unless_it_is_secret_or_large(name: str, value: object, expected: Scalar) -> None:
    assert shown(name, value) == expected
