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
MINUTE = timedelta(minutes=1)
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


def is_between(at: datetime, start: str, end: str, zone: str) -> bool:
    """Whether `at`, which is in UTC, is between these local times; where they are equal, always."""
    minute = at.hour * 60 + at.minute
    for first, last in _spans(at.toordinal(), start, end, zone):  # noqa: SIM110, any() takes twice as long
        if first <= minute < last:
            return True
    return False


@lru_cache(maxsize=65536)
def _spans(day: int, start: str, end: str, zone: str) -> tuple[tuple[int, int], ...]:
    """Minutes of the UTC day of this ordinal, from and until, that lie between the local times.

    Cached, for every event asks for its day's.
    """
    length = duration(start, end) // MINUTE
    found = []
    for since, until, ahead in _stretches(day, zone):
        for days in range(-2, 2):
            opens = minutes(start) - ahead + days * DAY_MINUTES
            found.append((max(opens, since), min(opens + length, until)))
    return tuple((first, last) for first, last in found if first < last)


@lru_cache(maxsize=4096)
def _stretches(day: int, zone: str) -> tuple[tuple[int, int, int], ...]:
    """Minutes of a UTC day, from and until, and by how many the clocks there are ahead.

    No zone changes its clocks within a quarter of an hour.
    """
    midnight, there = datetime.fromordinal(day).replace(tzinfo=UTC), ZoneInfo(zone)
    changes: list[tuple[int, int]] = []
    for minute in range(0, DAY_MINUTES, 15):
        offset = (midnight + minute * MINUTE).astimezone(there).utcoffset() or timedelta(0)
        if not changes or changes[-1][1] != offset // MINUTE:
            changes.append((minute, offset // MINUTE))
    ends = [*(since for since, _ in changes[1:]), DAY_MINUTES]
    return tuple((since, until, ahead) for (since, ahead), until in zip(changes, ends, strict=True))


def is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
