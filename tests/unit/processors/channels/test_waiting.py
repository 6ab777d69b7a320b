"""Retry-After, in both its forms, and in none."""

from datetime import UTC, datetime

import pytest

from processors.channels.waiting import retry_after

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("999999999999999999", 3600.0),
        ("Mon, 02 Mar 2026 12:02:00 GMT", 120.0),
        ("Mon, 02 Mar 2026 11:00:00 GMT", 0.0),
        ("Tue, 02 Mar 2027 12:00:00 GMT", 3600.0),
        (None, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("\u0661", None),
        ("Mon, 02 Mar 2026 12:02:00", None),
    ],
)
def test_seconds_to_wait(text: str | None, seconds: float | None) -> None:
    assert retry_after(text, NOON) == seconds
