"""How long a battery lasts, judged from its last values."""

from datetime import datetime, timedelta
from statistics import fmean

from rules.device_state import Battery

LEAST_SPAN = timedelta(hours=12)
LEAST_DROP = 2.0
DAY = timedelta(days=1)
MOST_TIME = 2000 * DAY
"""What is said of a time further ahead means nothing."""


def days_left(battery: Battery | None, now: datetime) -> float | None:
    """Days from `now` until the battery is empty; None while there is too little to tell."""
    empty = empty_at(battery)
    return round(max((empty - now) / DAY, 0.0), 1) if empty is not None else None


def empty_at(battery: Battery | None) -> datetime | None:
    """When the battery is empty, by the straight line that fits its trend best (least squares).

    None while there is too little to tell: less than half a day, or a fall of less than two points.
    """
    if battery is None:
        return None
    points = [*battery.trend, (battery.at, battery.percent)]
    first = points[0][0]
    if battery.at - first < LEAST_SPAN or points[0][1] - battery.percent < LEAST_DROP:
        return None
    days = [(at - first) / DAY for at, _ in points]
    middle, mean = fmean(days), fmean(percent for _, percent in points)
    slope = sum((day - middle) * (percent - mean) for day, (_, percent) in zip(days, points, strict=True))
    if slope >= 0:
        return None
    empty = first + (middle - mean * sum((day - middle) ** 2 for day in days) / slope) * DAY
    return min(empty, battery.at + MOST_TIME)
