"""How long a battery lasts."""

from datetime import UTC, datetime, timedelta

import pytest

from rules.battery import days_left
from rules.device_state import Battery, Point

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def point(days_ago: float, percent: float) -> Point:
    return NOW - timedelta(days=days_ago), percent


def battery(*points: tuple[float, float]) -> Battery:
    *trend, (days_ago, percent) = points
    return Battery(percent, point(days_ago, percent)[0], tuple(point(*earlier) for earlier in trend))


@pytest.mark.parametrize(
    ("points", "left"),
    [
        ([(0, 50)], None),
        ([(10, 51), (0, 50)], None),
        ([(0.25, 60), (0, 50)], None),
        ([(10, 60), (0, 50)], 50),
        ([(10, 60), (5, 55), (0, 50)], 50),
        ([(12, 60), (2, 50)], 48),
        ([(10, 40), (5, 60), (0, 37)], 147.2),
        ([(10, 50), (9, 40), (0, 47)], None),
        ([(3, 52), (2, 46), (1, 52), (0, 50)], None),
        ([(3, 52), (2, 46), (1, 53), (0, 50)], None),
        ([(100, 2), (90, 0)], 0),
        ([(0.5, 100), (0, 50)], 0.5),
        ([(1000, 100), (0, 90)], 2000),
    ],
)
def test_days_left(points: list[tuple[float, float]], left: float | None) -> None:
    found = days_left(battery(*points), NOW)
    assert found is None if left is None else found == pytest.approx(left, abs=0.1)


def test_days_are_told_to_a_tenth() -> None:
    assert days_left(battery((3, 51), (0, 40)), NOW) == 10.9


def test_no_battery_lasts_for_ever() -> None:
    assert days_left(None, NOW) is None
