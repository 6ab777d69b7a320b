"""Rotations: a pattern of shifts over some days, which teams work in turn, each some days behind the one before it.

One rule gives all of them. Weeks of standby in turn: as many weeks as there are teams, duty in the first, seven days
behind each other. A scheme of six weeks, every row of it worked at all times: six teams, a week behind each other.
A change every evening: as many days as teams, one day behind each other.

Times are local: a shift of the night is an hour longer or shorter when the clocks change, and where one shift ends at
the time at which another begins there is neither a gap nor an overlap, also when that time is skipped or comes twice.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cached_property
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


class Pattern(Struct, frozen=True, dict=True):
    """`shifts` come again every `days` days from `first_day` on. Team number i (from 0) is `step` days times i behind.

    A team may be several people, or nobody: a vacant row of the scheme.
    """

    first_day: date
    days: int
    step: int
    shifts: tuple[PatternShift, ...]
    teams: tuple[tuple[StaffId, ...], ...]

    @cached_property
    def by_day(self) -> dict[int, list[PatternShift]]:
        """The shifts that begin on each day of the pattern, from 0; a day on which none does is not in it."""
        found: dict[int, list[PatternShift]] = {}
        for shift in self.shifts:
            found.setdefault((shift.day - 1) % self.days, []).append(shift)
        return found

    @cached_property
    def longest(self) -> int:
        """Days from the one on which a shift begins to the last one on which it can be worked."""
        return max((shift.ends_after for shift in self.shifts), default=0)


class Stint(NamedTuple):
    """Somebody is to work from `start` until before `end`."""

    staff: StaffId
    start: datetime
    end: datetime


def stints(pattern: Pattern, zone: str, start: datetime, end: datetime) -> Iterator[Stint]:
    """What the pattern plans between `start` and `end`, both included, or partly so."""
    # One day more: where clocks are put forward at midnight, an hour of the evening may be on the next day.
    day = max(local_day(start, zone) - ONE_DAY * (pattern.longest + 1), pattern.first_day)
    last = local_day(end, zone)
    while day <= last:
        for shift, team in _begun_on(pattern, day):
            begins = instant(day, minutes(shift.start), zone)
            ends = instant(day + ONE_DAY * shift.ends_after, minutes(shift.end), zone)
            if begins <= end and start < ends and begins < ends:
                yield from (Stint(staff, begins, ends) for staff in team)
        day += ONE_DAY


def _begun_on(pattern: Pattern, day: date) -> Iterator[tuple[PatternShift, tuple[StaffId, ...]]]:
    """The shifts that begin on `day`, each with the team whose it is."""
    position = (day - pattern.first_day).days
    for number, team in enumerate(pattern.teams):
        for shift in pattern.by_day.get((position - number * pattern.step) % pattern.days, ()):
            yield shift, team
