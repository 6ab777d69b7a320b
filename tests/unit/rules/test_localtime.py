"""Local times as instants, also on the nights when clocks change, and in zones that do it their own way."""

from datetime import UTC, date, datetime, timedelta

import pytest

from rules.localtime import duration, instant, is_between, is_zone, local_day, local_text, minutes

STOCKHOLM = "Europe/Stockholm"


@pytest.mark.parametrize(
    ("day", "minute", "zone", "expected"),
    [
        (date(2026, 3, 2), 8 * 60, STOCKHOLM, "2026-03-02T07:00"),
        (date(2026, 7, 2), 8 * 60, STOCKHOLM, "2026-07-02T06:00"),
        (date(2026, 3, 2), 24 * 60, STOCKHOLM, "2026-03-02T23:00"),
        (date(2026, 3, 2), 25 * 60 + 30, STOCKHOLM, "2026-03-03T00:30"),
        # Spring: 02:00 becomes 03:00.
        (date(2026, 3, 29), 1 * 60 + 59, STOCKHOLM, "2026-03-29T00:59"),
        (date(2026, 3, 29), 2 * 60, STOCKHOLM, "2026-03-29T01:00"),
        (date(2026, 3, 29), 2 * 60 + 30, STOCKHOLM, "2026-03-29T01:30"),
        (date(2026, 3, 29), 3 * 60, STOCKHOLM, "2026-03-29T01:00"),
        (date(2026, 3, 28), 26 * 60 + 30, STOCKHOLM, "2026-03-29T01:30"),
        # Autumn: 03:00 becomes 02:00.
        (date(2026, 10, 25), 2 * 60 + 30, STOCKHOLM, "2026-10-25T00:30"),
        (date(2026, 10, 25), 3 * 60, STOCKHOLM, "2026-10-25T02:00"),
        # The night begins with the hour that is skipped.
        (date(2026, 4, 24), 0, "Africa/Cairo", "2026-04-23T22:00"),
        # Half an hour.
        (date(2026, 10, 4), 2 * 60 + 30, "Australia/Lord_Howe", "2026-10-03T15:30"),
        (date(2026, 1, 1), 0, "UTC", "2026-01-01T00:00"),
    ],
)
def test_instants(day: date, minute: int, zone: str, expected: str) -> None:
    assert instant(day, minute, zone) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_span_over_midnight_is_of_the_next_day() -> None:
    assert duration("08:00", "09:30") == timedelta(minutes=90)
    assert duration("23:30", "00:30") == timedelta(hours=1)
    assert duration("08:00", "08:00") == timedelta(hours=24)
    assert duration("00:00", "00:00") == timedelta(hours=24)


def test_minutes_of_the_day() -> None:
    assert [minutes(time) for time in ("00:00", "08:05", "23:59")] == [0, 485, 1439]


def test_the_local_day_is_where_the_resident_lives() -> None:
    midnight = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    assert local_day(midnight, STOCKHOLM) == date(2026, 3, 3)
    assert local_day(midnight, "UTC") == date(2026, 3, 2)
    assert local_text(midnight, STOCKHOLM) == "00:30"


@pytest.mark.parametrize(
    "span", [("08:00", "12:00"), ("22:30", "06:15"), ("02:15", "02:45"), ("00:00", "00:00"), ("03:00", "03:00")]
)
@pytest.mark.parametrize(
    ("day", "zone"),
    [
        (date(2026, 3, 2), STOCKHOLM),
        (date(2026, 7, 2), STOCKHOLM),
        (date(2026, 3, 29), STOCKHOLM),
        (date(2026, 10, 25), STOCKHOLM),
        (date(2026, 3, 2), "UTC"),
        (date(2026, 3, 8), "America/St_Johns"),
        (date(2026, 4, 24), "Africa/Cairo"),
        (date(2026, 10, 3), "Australia/Lord_Howe"),
        (date(2026, 3, 2), "Pacific/Kiritimati"),
        (date(2026, 3, 2), "Pacific/Pago_Pago"),
    ],
)
def test_between_two_times_is_what_the_clock_on_the_wall_says(day: date, zone: str, span: tuple[str, str]) -> None:
    start, end = span
    time = datetime.combine(day, datetime.min.time(), UTC) - timedelta(hours=12)
    for _ in range(48 * 4):
        for moment in (time - timedelta.resolution, time):
            wall = local_text(moment, zone)
            within = start <= wall < end if start < end else wall >= start or wall < end
            assert is_between(moment, start, end, zone) is within, moment
        time += timedelta(minutes=15)


@pytest.mark.parametrize("name", ["Europe/Stockholm", "UTC", "Atlantic/Reykjavik"])
def test_zones(name: str) -> None:
    assert is_zone(name)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "\x00", "Europe", "x" * 1000])
def test_what_is_no_zone(name: str) -> None:
    assert not is_zone(name)
