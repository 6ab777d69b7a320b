"""Lines that a quiet must not cross: the plan's limits, two that were published, and ours.

Each knows at a moment only what it was told before. `scale` makes a line stricter or milder, to compare at the same
number of false alarms; 1 is the line as it is.
"""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from benchmarks.homes import KEY, RESIDENT
from events.control import PlanChanged
from events.kinds import ACTIVITY
from events.log import Entry
from rules.decisions import Raise
from rules.inactivity import deadline
from rules.partition import Partition
from rules.plan import InactivityPlan, read_plan
from rules.step import step

SLOT = timedelta(minutes=30)
SLOTS = 48
LONG = timedelta(days=9)

LIMITS = {
    "limits": [{"from": "07:00", "to": "22:00", "minutes": 240}],
    "quiet": [{"from": "22:00", "to": "07:00"}],
}


class Line(Protocol):
    def heard(self, sign: Entry) -> None:
        """The next sign of life; nothing before it is asked about any more."""

    def alarm_at(self, scale: float) -> datetime:
        """When the quiet that began with the last sign is too long, if nothing more is heard."""


class Limits:
    """Four hours between 7 and 22: what a unit agrees on that knows nothing of the resident."""

    def __init__(self, zone: str) -> None:
        plan = read_plan({"inactivity": LIMITS}).inactivity
        assert plan is not None
        self._plan, self._zone = plan, zone
        self._since: datetime | None = None

    def heard(self, sign: Entry) -> None:
        if sign.kind in ACTIVITY:
            self._since = sign.occurred_at

    def alarm_at(self, scale: float) -> datetime:
        assert self._since is not None
        return deadline(_scaled(self._plan, round(scale, 3)), self._since, self._zone) or self._since + LONG


@lru_cache(maxsize=4096)
def _scaled(plan: InactivityPlan, scale: float) -> InactivityPlan:
    return replace(plan, limits=tuple(replace(limit, minutes=round(limit.minutes * scale)) for limit in plan.limits))


class _Slots:
    """How long it had been quiet at the end of each half-hour of the last days, and a line drawn anew every night."""

    days: int

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._known: deque[tuple[datetime, float]] = deque()
        self._since: datetime | None = None
        self._drawn: date | None = None
        self._lines: Sequence[list[float]] = ()

    def heard(self, sign: Entry) -> None:
        if sign.kind not in ACTIVITY:
            return
        now, end = sign.occurred_at, _slot_end(self._since or sign.occurred_at)
        while self._since is not None and end <= now:
            self._known.append((end, (end - self._since).total_seconds()))
            end += SLOT
        self._since = now
        today = now.astimezone(self._zone).date()
        if today != self._drawn:
            while self._known and now - self._known[0][0] > timedelta(days=self.days):
                self._known.popleft()
            self._lines, self._drawn = self._draw(), today

    def alarm_at(self, scale: float) -> datetime:
        assert self._since is not None
        start, end = self._since, _slot_end(self._since)
        while start < self._since + LONG:
            line = self._lines[self._kind(start)][self._slot(start)] * scale
            due = max(start, self._since + timedelta(seconds=line))
            if due < end:
                return due
            start, end = end, end + SLOT
        return start

    def _draw(self) -> Sequence[list[float]]:
        raise NotImplementedError

    def _by_slot(self, kind: int | None = None) -> list[list[float]]:
        found: list[list[float]] = [[] for _ in range(SLOTS)]
        for end, quiet in self._known:
            inside = end - SLOT / 2
            if kind is None or self._kind(inside) == kind:
                found[self._slot(inside)].append(quiet)
        return found

    def _slot(self, time: datetime) -> int:
        local = time.astimezone(self._zone)
        return local.hour * 2 + local.minute // 30

    def _kind(self, time: datetime) -> int:
        """Which of the lines holds at this time."""
        return 0


class Cuddihy(_Slots):
    """Cuddihy 2007: the 97th percentile of 60 days, the highest within an hour, and a margin of the neighbours."""

    days = 60

    def _draw(self) -> Sequence[list[float]]:
        m = [percentile(quiets, 0.97) for quiets in self._by_slot()]
        return [[max(_near(m, i)) + 0.3 * m[i] + 0.4 * _mean(_near(m, i), (1, 2, 3, 2, 1)) for i in range(SLOTS)]]


class Wilhelm(_Slots):
    """Wilhelm and Wahl 2024: the highest of 30 days within an hour, times 1.1, weekdays and weekends apart."""

    days = 30

    def _draw(self) -> Sequence[list[float]]:
        return [self._highest(self._by_slot(kind)) for kind in range(2)]

    def _highest(self, quiets: list[list[float]]) -> list[float]:
        m = [max(quiet, default=0.0) for quiet in quiets]
        if not any(m):
            m = [max(quiet, default=0.0) for quiet in self._by_slot()]
        return [1.1 * max(_near(m, i)) for i in range(SLOTS)]

    def _kind(self, time: datetime) -> int:
        return time.astimezone(self._zone).weekday() // 5


class Learned:
    """Ours, in the engine as it runs."""

    def __init__(self, zone: str) -> None:
        self._partition = Partition()
        plan = {"inactivity": {**LIMITS, "learned": {}}}
        changed = PlanChanged(resident=RESIDENT, version=1, timezone=zone, plan=plan)
        self._plan = changed
        self._since: datetime | None = None
        self._alarm: datetime | None = None

    def heard(self, sign: Entry) -> None:
        if self._since is None:
            start = sign.received_at
            self._partition.apply(Entry(0, KEY, "plan_changed", self._plan, start, start))
        self._partition.apply(sign)
        self._partition.commit()
        if sign.kind in ACTIVITY:
            self._since = sign.occurred_at
        self._alarm = None

    def alarm_at(self, scale: float) -> datetime:
        assert self._since is not None
        if self._alarm is None:
            _, decisions, _ = step(self._partition.states[KEY], self._since + LONG)
            self._alarm = next((made.at for made in decisions if isinstance(made, Raise)), self._since + LONG)
        return self._since + (self._alarm - self._since) * scale


LINES: dict[str, Callable[[str], Line]] = {
    "plan's limits": Limits,
    "Cuddihy 2007": Cuddihy,
    "Wilhelm & Wahl 2024": Wilhelm,
    "Vaka": Learned,
}


def percentile(values: list[float], part: float) -> float:
    """Between two values in proportion; 0 without any."""
    if not values:
        return 0.0
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    below = ordered[int(place)]
    return below + (ordered[min(int(place) + 1, len(ordered) - 1)] - below) * (place % 1)


def _near(values: list[float], slot: int) -> list[float]:
    """The slot's and those within an hour of it."""
    return [values[(slot + by) % SLOTS] for by in range(-2, 3)]


def _mean(values: list[float], weights: tuple[int, ...]) -> float:
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)


def _slot_end(time: datetime) -> datetime:
    return time.replace(minute=time.minute // 30 * 30, second=0, microsecond=0) + SLOT
