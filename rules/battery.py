"""How long a battery lasts, judged from its last values."""

from datetime import datetime, timedelta

from rules.device_state import Battery

LEAST_SPAN = timedelta(hours=12)
LEAST_DROP = 2.0
MOST_DAYS = 2000.0


def days_left(battery: Battery | None, now: datetime) -> float | None:
    """Days from `now` until the battery is empty, by the straight line that fits its trend best (least squares).

    None while there is too little to tell: less than half a day, or a fall of less than two points.
    """
    if battery is None:
        return None
    points = [*battery.trend, (battery.at, battery.percent)]
    first = points[0][0]
    if battery.at - first < LEAST_SPAN or points[0][1] - battery.percent < LEAST_DROP:
        return None
    days = [(at - first) / timedelta(days=1) for at, _ in points]
    middle, mean = sum(days) / len(days), sum(percent for _, percent in points) / len(points)
    spread = sum((day - middle) ** 2 for day in days)
    slope = sum((day - middle) * (percent - mean) for day, (_, percent) in zip(days, points, strict=True)) / spread
    if slope >= 0:
        return None
    empty = middle - mean / slope
    left = empty - (now - first) / timedelta(days=1)
    return round(min(max(left, 0.0), MOST_DAYS), 1)
