"""Rotations: a pattern of shifts over some days, which teams work in turn, each some days behind the one before it.

One rule gives all of them. Weeks of standby in turn: as many weeks as there are teams, duty in the first, seven days
behind each other. A scheme of six weeks, every row of it worked at all times: six teams, a week behind each other.
A change every evening: as many days as teams, one day behind each other.

Times are local: a shift of the night is an hour longer or shorter when the clocks change, and where one shift ends at
the time at which another begins there is neither a gap nor an overlap, also when that time is skipped or comes twice.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from events.ids import StaffId
from rules.localtime import TimeOfDay, instant, local_day, minutes

ONE_DAY = timedelta(days=1)


class PatternShift(Struct, frozen=True):
    """From `start` on `day` of the pattern (1 is the first) to `end`, `days` later.

    Where `days` is 0, it ends on the same day, or on the next when `end` is not after `start`.
    """

    day: int
    start: TimeOfDay
    end: TimeOfDay
    days: int = 0

    @property
    def ends_after(self) -> int:
        """Days from the one on which it begins to the one on which it ends."""
        return self.days or int(minutes(self.end) <= minutes(self.start))


class Pattern(Struct, frozen=True):
    """`shifts` come again every `days` days from `first_day` on. Team number i (from 0) is `step` days times i behind.

    A team may be several people, or nobody: a vacant row of the scheme.
    """

    first_day: date
    days: int
    step: int
    shifts: tuple[PatternShift, ...]
    teams: tuple[tuple[StaffId, ...], ...]


class Stint(NamedTuple):
    """Somebody is to work from `start` until before `end`."""

    staff: StaffId
    start: datetime
    end: datetime


def stints(pattern: Pattern, zone: str, start: datetime, end: datetime) -> Iterator[Stint]:
    """What the pattern plans between `start` and `end`, both included, or partly so."""
    first, last = local_day(start, zone), local_day(end, zone)
    for shift in pattern.shifts:
        # One day more: where clocks are put forward at midnight, an hour of the evening may be on the next day.
        day = max(first - ONE_DAY * (shift.ends_after + 1), pattern.first_day)
        while day <= last:
            people = [staff for team in _teams_on(pattern, shift, day) for staff in team]
            if people:
                begins = instant(day, minutes(shift.start), zone)
                ends = instant(day + ONE_DAY * shift.ends_after, minutes(shift.end), zone)
                if begins <= end and start < ends and begins < ends:
                    yield from (Stint(staff, begins, ends) for staff in people)
            day += ONE_DAY


def _teams_on(pattern: Pattern, shift: PatternShift, day: date) -> Iterator[tuple[StaffId, ...]]:
    """The teams that begin this shift on `day`."""
    position = (day - pattern.first_day).days - (shift.day - 1)
    for number, team in enumerate(pattern.teams):
        if (position - number * pattern.step) % pattern.days == 0:
            yield team
