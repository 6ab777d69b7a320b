"""Times of day in a resident's own zone, right on the two nights of the year when clocks change."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta

# The length as well, because `$` of the pattern lets a line break follow.
TimeOfDay = Annotated[
    str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length=5, description="local time, HH:MM")
]

DAY_MINUTES = 24 * 60
DAYS = 9
"""How many local days are looked at, from today on: a limit is at most a week long, so it has shown itself by then."""


@lru_cache(maxsize=DAY_MINUTES)
def minutes(time: str) -> int:
    """Minutes since local midnight of an `HH:MM`."""
    return int(time[:2]) * 60 + int(time[3:])


def duration(start: str, end: str) -> timedelta:
    """From `start` to the next `end` on a day of 24 hours; the whole day when they are equal."""
    return timedelta(minutes=(minutes(end) - minutes(start)) % DAY_MINUTES or DAY_MINUTES)


@lru_cache(maxsize=65536)
def instant(day: date, minute: int, zone: str) -> datetime:
    """UTC of `minute` minutes after local midnight of `day`.

    A time that the spring night skips is taken with the offset before the change (02:30 becomes 03:30); one that
    the autumn night has twice is the first of the two.
    """
    extra, minute = divmod(minute, DAY_MINUTES)
    local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=ZoneInfo(zone))
    return (local + timedelta(days=extra)).astimezone(UTC)


def local_day(time: datetime, zone: str) -> date:
    return time.astimezone(ZoneInfo(zone)).date()


@lru_cache(maxsize=65536)
def local_text(time: datetime, zone: str) -> str:
    """`HH:MM` as people there read it on the wall."""
    return time.astimezone(ZoneInfo(zone)).strftime("%H:%M")


def is_between(time: datetime, start: str, end: str, zone: str) -> bool:
    """Whether it is between these local times; where they are equal, always."""
    now, first, last = local_minute(time, zone), minutes(start), minutes(end)
    return first <= now < last if first < last else now >= first or now < last


def local_minute(time: datetime, zone: str) -> int:
    """Whole minutes since midnight by the wall clock there."""
    seconds = int(time.timestamp())
    return (seconds + _offset(seconds // 900, zone)) // 60 % DAY_MINUTES


@lru_cache(maxsize=65536)
def _offset(quarter: int, zone: str) -> int:
    """Seconds ahead of UTC in a quarter of an hour: no zone changes its clocks within one."""
    offset = datetime.fromtimestamp(quarter * 900, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
