"""What a resident does on one local day, before any device sees it.

Habits keep to the wall clock (breakfast at eight, also on the day of the time change); what happens in the night
is spread over the true length of the night, so that a night of 9 or 11 hours has no gap and no hour twice.
"""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from simulators.municipality import Resident


class Span(NamedTuple):
    """From `start` until before `end`, aware UTC."""

    start: datetime
    end: datetime

    def __contains__(self, instant: object) -> bool:
        return isinstance(instant, datetime) and self.start <= instant < self.end


class Diary(Struct, frozen=True):
    """One local day. Asleep at both its ends; spans of one kind are in order and do not overlap."""

    local_day: date
    timezone: str
    day: Span
    awake: Span
    toilet: tuple[Span, ...]
    """Visits to the toilet in the night before `awake`."""
    meals: tuple[Span, ...]
    outings: tuple[Span, ...]
    visits: tuple[Span, ...]
    """Staff at home with the resident."""

    def out(self, instant: datetime) -> Span | None:
        return next((outing for outing in self.outings if instant in outing), None)


def wall(day: date, at: time, timezone: str) -> datetime:
    """The UTC time of the local wall-clock time `at`; where the clock goes back, the first of the two."""
    return datetime.combine(day, at, ZoneInfo(timezone)).astimezone(UTC)


def diary_of(resident: Resident, day: date, timezone: str, random: Random) -> Diary:
    midnight = wall(day, time(), timezone)
    end = wall(day + timedelta(days=1), time(), timezone)

    def about(at: time, minutes: float) -> datetime:
        return wall(day, at, timezone) + timedelta(minutes=random.uniform(0, minutes))

    awake = Span(about(time(6, 15), 90), about(time(21, 45), 80))
    return Diary(
        local_day=day,
        timezone=timezone,
        day=Span(midnight, end),
        awake=awake,
        toilet=_toilet(Span(midnight, awake.start), random),
        meals=tuple(_span(about(at, 10), random, 15, 35) for at in (time(8, 5), time(12, 10), time(17, 40))),
        outings=_outings(resident, day, timezone, random),
        visits=tuple(_span(about(at, 5), random, 10, 30) for at in resident.visit_times),
    )


def _span(start: datetime, random: Random, shortest: float, longest: float) -> Span:
    """A span of between so many minutes."""
    return Span(start, start + timedelta(minutes=random.uniform(shortest, longest)))


def _toilet(night: Span, random: Random) -> tuple[Span, ...]:
    """None to three visits, each in a part of the night of its own."""
    visits = random.choices((0, 1, 2, 3), weights=(2, 4, 3, 1))[0]
    part = (night.end - night.start) / max(visits, 1)
    starts = (night.start + part * (number + random.uniform(0.2, 0.8)) for number in range(visits))
    return tuple(_span(start, random, 3, 12) for start in starts)


def _outings(resident: Resident, day: date, timezone: str, random: Random) -> tuple[Span, ...]:
    """Before lunch and in the afternoon, when neither meals nor staff are due."""
    likely = 0.5 if resident.housing == "ordinary" else 0.15
    found = []
    for at, longest in ((time(10), 80), (time(14), 150)):
        start = wall(day, at, timezone) + timedelta(minutes=random.uniform(0, 30))
        start, end = _span(start, random, 25, longest)
        # Devices tell whole seconds: somebody who moved before going out must not seem to have moved while out.
        outing = Span(start.replace(microsecond=0), end.replace(microsecond=0))
        if random.random() < likely:
            found.append(outing)
    return tuple(found)
