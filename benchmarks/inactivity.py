"""How soon silence is noticed, and how often for nothing: lines for quiets, on recorded homes and invented years.

A home is walked through from its first day to its last. Every quiet there ended, so an alarm in it was false. And at
random moments all activity is thought to stop: how long until the alarm? Moments at which a false alarm already stands
are left out. A line knows only what came before, and the first days, in which all of them still learn, count for none.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from random import Random
from typing import NamedTuple

from benchmarks.homes import HABITS, Home, recorded, simulated
from benchmarks.progress import say
from benchmarks.quiet_lines import LINES, Line
from benchmarks.table import Cell, Table
from events.kinds import ACTIVITY

ACCEPTED = 0.09
"""False alarms a day at which lines are compared."""

LEARNING = timedelta(days=7)
SHORT = timedelta(minutes=15)
"""Alarms in quiets that end within it are not counted."""

LOWEST, HIGHEST, HALVINGS = 0.5, 8.0, 12
"""Between which scales one is sought, and in how many steps. Lines are compared at scales above the lowest."""

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True)
class Size:
    """`seeds`: the first makes the homes of the main tables, the others those that nothing was chosen on."""

    days: int = 365
    moments: int = 3_000
    seeds: tuple[int, ...] = (1, 2, 3)
    habits: tuple[str, ...] = tuple(HABITS)


QUICK = Size(days=30, moments=200, seeds=(1, 2), habits=("all sensors",))


class Quiet(NamedTuple):
    """From `heard`, which may be a lock's word in the midst of it, the last sign of life was at `since`."""

    since: datetime
    heard: datetime
    end: datetime
    ends_with_life: bool


class Walk:
    """One line through one home."""

    def __init__(self, home: Home, make: Callable[[str], Line], moments: int) -> None:
        self._home, self._make = home, make
        self._start, self._end = home.signs[0].occurred_at + LEARNING, home.signs[-1].occurred_at
        self._moments = list(_moments(self._start, self._end, moments))
        self.days = (self._end - self._start) / DAY

    @cached_property
    def own(self) -> tuple[float, float]:
        """False alarms a day, and the hours until an alarm when all activity stops, of the line as it is."""
        return sum(needed > 1 for needed in self._needed) / self.days, self._hours[0]

    @cached_property
    def compared(self) -> tuple[float, float]:
        """The scale that gives ACCEPTED false alarms, and the hours there; between two numbers in proportion."""
        (some, more), part = self._around, ACCEPTED * self.days % 1
        _, slow, fast = self._hours
        return some + (more - some) * part, slow + (fast - slow) * part

    @cached_property
    def _needed(self) -> list[float]:
        """Of each quiet the scale below which the line would have raised a false alarm, the highest first."""
        long = ((line, q) for line, q in self._quiets() if q.ends_with_life and q.end - q.since > SHORT)
        return sorted((_needed(line, quiet.end) for line, quiet in long), reverse=True)

    @cached_property
    def _around(self) -> list[float]:
        """The scales with just not more and just more than ACCEPTED false alarms."""
        number = int(ACCEPTED * self.days)
        return self._needed[number : number + 2]

    @cached_property
    def _hours(self) -> list[float]:
        return self._waited(1, *self._around)

    def _waited(self, *scales: float) -> list[float]:
        """The mean time until the alarm when all activity stops, for the line at each of the scales."""
        sums, counts = [timedelta()] * len(scales), [0] * len(scales)
        for line, quiet in self._quiets():
            first, last = (bisect_left(self._moments, time) for time in (quiet.heard, quiet.end))
            if first == last:
                continue
            for number, scale in enumerate(scales):
                alarm = line.alarm_at(scale)
                waits = [alarm - moment for moment in self._moments[first:last] if moment < alarm]
                sums[number] += sum(waits, timedelta())
                counts[number] += len(waits)
        return [total / count / HOUR for total, count in zip(sums, counts, strict=True)]

    def _quiets(self) -> Iterator[tuple[Line, Quiet]]:
        """Each quiet after the first days, with the line as it is then."""
        line, since = self._make(self._home.zone), self._home.signs[0].occurred_at
        for sign, following in pairwise(self._home.signs):
            line.heard(sign)
            if sign.kind in ACTIVITY:
                since = sign.occurred_at
            if since >= self._start:
                yield line, Quiet(since, sign.occurred_at, following.occurred_at, following.kind in ACTIVITY)


def run(size: Size) -> list[Table]:
    homes = [*recorded(), *(simulated(name, size.seeds[0], size.days) for name in size.habits)]
    walks = {home.name: _walked(home, size.moments, *LINES) for home in homes}
    return [_own_table(walks, size), _compared_table(walks), _other_years_table(size)]


def _walked(home: Home, moments: int, *lines: str) -> dict[str, Walk]:
    say(f"inactivity, {home.name} ...")
    return {name: Walk(home, LINES[name], moments) for name in lines}


def _own_table(walks: dict[str, dict[str, Walk]], size: Size) -> Table:
    rows: list[list[Cell]] = []
    for home, by_line in walks.items():
        row: list[Cell] = [home, round(next(iter(by_line.values())).days)]
        for walk in by_line.values():
            false_alarms, hours = walk.own
            row += [f"{false_alarms:.3f}", hours]
        rows.append(row)
    columns = ["home", "days", *(f"{name}, {what}" for name in LINES for what in ("false a day", "hours"))]
    notes = [
        "False alarms a day in normal life, and mean hours until the alarm when all activity stops.",
        f"{size.moments:,} random moments in each home; the first {LEARNING.days} days are not counted.",
        f"Target: at most {ACCEPTED} false alarms a day.",
    ]
    return Table("Each line at its own operating point", columns, rows, notes)


def _compared_table(walks: dict[str, dict[str, Walk]]) -> Table:
    rows: list[list[Cell]] = []
    for home, by_line in walks.items():
        found = {name: walk.compared for name, walk in by_line.items()}
        hours = {name: hours for name, (_, hours) in found.items()}
        cells = [cell for scale, took in found.values() for cell in (f"x {scale:.2f}", took)]
        rows.append([home, *cells, _faster(hours)])
    columns = ["home", *(f"{name}, {what}" for name in LINES for what in ("scale", "hours")), "Vaka faster"]
    notes = [
        f"Every line is scaled, with hindsight, until it raises {ACCEPTED} false alarms a day in this home.",
        "Faster than Cuddihy 2007; target: 20 % in every home with a month of data.",
    ]
    return Table(f"At {ACCEPTED} false alarms a day", columns, rows, notes)


def _other_years_table(size: Size) -> Table:
    rows: list[list[Cell]] = []
    for seed in size.seeds[1:]:
        for name in size.habits:
            walks = _walked(simulated(name, seed, size.days), size.moments, "Cuddihy 2007", "Vaka")
            hours = {line: walk.compared[1] for line, walk in walks.items()}
            false_alarms, own = walks["Vaka"].own
            rows.append([f"{name}, seed {seed}", *hours.values(), _faster(hours), f"{false_alarms:.3f}", own])
    columns = ["home", "Cuddihy 2007, hours", "Vaka, hours", "Vaka faster", "own: false a day", "own: hours"]
    notes = [f"Nothing was chosen on these years. Hours at {ACCEPTED} false alarms a day, then Vaka as it is."]
    return Table("Other years", columns, rows, notes)


def _faster(hours: dict[str, float]) -> str:
    return f"{1 - hours['Vaka'] / hours['Cuddihy 2007']:.0%}"


def _needed(line: Line, until: datetime) -> float:
    """The scale at which the alarm comes just when the quiet ends."""
    low, high = LOWEST, HIGHEST
    if line.alarm_at(low) >= until:
        return low
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if line.alarm_at(middle) >= until else (middle, high)
    return high


def _moments(start: datetime, end: datetime, count: int) -> Iterator[datetime]:
    """Random ones, one in each of `count` equal parts of the time."""
    random, part = Random(1), (end - start) / count
    return (start + part * (number + random.random()) for number in range(count))
