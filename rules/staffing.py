"""Staffing: how many people must be on duty when, and when there will be too few."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import pairwise
from typing import NamedTuple

from msgspec import Struct

from events.ids import StaffId, UnitId
from rules.duty import Duty, Skill, changes, on_duty
from rules.localtime import TimeOfDay
from rules.rotation import Pattern, PatternShift, stints

A_MONDAY = date(1970, 1, 5)
WEEKDAYS = tuple(range(1, 8))


class Need(Struct, frozen=True):
    """At least `minimum` people with `skill` (None: of care) for `unit`, from `start` to `end` local time.

    `weekdays`: on which it begins, 1 is Monday; of none named, on every one. It ends on the next day where `end` is not
    after `start`.
    """

    id: str
    unit: UnitId
    skill: Skill | None
    minimum: int
    weekdays: tuple[int, ...]
    start: TimeOfDay
    end: TimeOfDay


class Shortage(NamedTuple):
    """From `start` until before `end`, `staff` are all that there are for `need`."""

    need: Need
    start: datetime
    end: datetime
    staff: tuple[StaffId, ...]


def shortages(duty: Duty, needs: Iterable[Need], start: datetime, end: datetime) -> tuple[Shortage, ...]:
    """Every time between `start` and `end` for which fewer are on duty than are needed, by need and in order."""
    return tuple(shortage for need in needs for shortage in _of_need(duty, need, start, end))


def _of_need(duty: Duty, need: Need, start: datetime, end: datetime) -> Iterator[Shortage]:
    week = tuple(PatternShift(weekday, need.start, need.end) for weekday in need.weekdays or WEEKDAYS)
    pattern = Pattern(A_MONDAY, 7, 0, week, ((StaffId(need.id),),))
    for stint in sorted(stints(pattern, duty.zone, start, end)):
        begins, ends = max(stint.start, start), min(stint.end, end)
        if begins < ends:
            yield from _of_time(duty, need, begins, ends)


def _of_time(duty: Duty, need: Need, start: datetime, end: datetime) -> Iterator[Shortage]:
    """One shortage for as long as the same people are there."""
    times = [start, *changes(duty, need.unit, start, end), end]
    short: Shortage | None = None
    for begins, ends in pairwise(times):
        staff = on_duty(duty, need.unit, begins, need.skill)
        if short is not None and short.staff == staff:
            short = short._replace(end=ends)
            continue
        if short is not None:
            yield short
        short = Shortage(need, begins, ends, staff) if len(staff) < need.minimum else None
    if short is not None:
        yield short
