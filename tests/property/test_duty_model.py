"""Duty against a model that looks at every minute of the wall clock, over both nights on which the clocks change."""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from events.ids import StaffId, UnitId
from rules.duty import Duty, DutyException, Leg, Rotation, Shift, changes, on_duty
from rules.rotation import Pattern, PatternShift

ZONE = "Europe/Stockholm"
NORTH, SOUTH = UnitId("north"), UnitId("south")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
YEAR = datetime(2025, 12, 20, tzinfo=UTC)
MINUTES = 400 * 24 * 60

Who = frozenset[str]


@lru_cache(maxsize=1)
def wall_clock() -> dict[date, list[tuple[str, int]]]:
    """What the wall clock reads at every minute of the year, by local day: each time with its minute since YEAR."""
    days: dict[date, list[tuple[str, int]]] = {}
    for minute in range(MINUTES):
        local = (YEAR + minute * MINUTE).astimezone(ZoneInfo(ZONE))
        days.setdefault(local.date(), []).append((f"{local:%H:%M}", minute))
    return days


def minute_of(day: date, time: str) -> int:
    """The first minute of `day` at which the clock reads `time`; if it never does, as long after midnight as ever."""
    read = wall_clock()[day]
    for shown, minute in read:
        if shown == time:
            return minute
    return read[0][1] + int(time[:2]) * 60 + int(time[3:])


def minutes_since_year(time: datetime) -> int:
    return round((time - YEAR) / MINUTE)


class Model:
    """Who works at each minute from `first` until before `last`: written into a list, minute by minute."""

    def __init__(self, duty: Duty, unit: UnitId, first: int, last: int) -> None:
        self._duty = duty
        self._first = first
        self._who: list[set[str]] = [set() for _ in range(last - first)]
        for rotation in duty.rotations:
            if not rotation.units or unit in rotation.units:
                self._walk(rotation)
        for shift in duty.shifts:
            if not shift.units or unit in shift.units:
                self._works(shift.staff, minutes_since_year(shift.start), minutes_since_year(shift.end), shift.id)

    def who(self, minute: int) -> Who:
        return frozenset(self._who[minute - self._first])

    def changes(self) -> list[int]:
        pairs = enumerate(zip(self._who, self._who[1:], strict=False), self._first + 1)
        return [minute for minute, (before, after) in pairs if before != after]

    def _walk(self, rotation: Rotation) -> None:
        """Every team walks through the pattern day by day, from its own row on."""
        pattern, since, until = rotation.pattern, rotation.since, rotation.until
        first = max(minutes_since_year(since), 0)
        last = minutes_since_year(until) if until is not None else MINUTES
        for number, team in enumerate(pattern.teams):
            row = (-number * pattern.step) % pattern.days
            for day in sorted(wall_clock()):
                if day < pattern.first_day or (day + 9 * DAY) not in wall_clock():
                    continue
                for shift in pattern.shifts:
                    if shift.day - 1 == row:
                        begins = minute_of(day, shift.start)
                        days = shift.days or (1 if shift.end <= shift.start else 0)
                        ends = minute_of(day + days * DAY, shift.end)
                        for staff in team:
                            self._works(staff, max(begins, first), min(ends, last), rotation.id)
                row = (row + 1) % pattern.days

    def _works(self, staff: str, begins: int, ends: int, source: str) -> None:
        for minute in range(max(begins, self._first), min(ends, self._first + len(self._who))):
            worker = self._after_all(staff, YEAR + minute * MINUTE, source)
            if worker is not None:
                self._who[minute - self._first].add(worker)

    def _after_all(self, staff: str | None, now: datetime, source: str) -> str | None:
        for exception in self._duty.exceptions:
            matching = [
                leg
                for leg in exception.legs
                if leg.start <= now < leg.end and leg.rotation in (None, source) and leg.staff in (None, staff)
            ]
            if staff is not None and matching and not (exception.absent and matching[0].instead is None):
                staff = matching[0].instead
        away = any(
            exception.absent and leg.staff == staff and leg.start <= now < leg.end
            for exception in self._duty.exceptions
            for leg in exception.legs
        )
        closed = staff is not None and self._duty.closed.get(StaffId(staff), now + MINUTE) <= now
        return None if away or closed else staff


CLOCK_CHANGES = (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC))
AROUND = timedelta(days=4)

people = st.sampled_from([StaffId(name) for name in ("anna", "bert", "carl", "dora")])
units = st.sampled_from([(), (NORTH,), (SOUTH,), (NORTH, SOUTH)])
times_of_day = st.sampled_from(
    ["00:00", "02:00", "02:15", "02:30", "02:59", "03:00", "07:00", "16:00", "21:00", "23:59"]
)


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    days = draw(st.integers(1, 15))
    shift = st.builds(PatternShift, st.integers(1, days), times_of_day, times_of_day, st.integers(0, 8))
    return Pattern(
        first_day=draw(st.dates(date(2025, 12, 22), date(2026, 10, 27))),
        days=days,
        step=draw(st.integers(0, days)),
        shifts=tuple(draw(st.lists(shift, min_size=1, max_size=4))),
        teams=tuple(tuple(team) for team in draw(st.lists(st.lists(people, max_size=2, unique=True), max_size=4))),
    )


@st.composite
def duties(draw: st.DrawFn) -> tuple[Duty, datetime]:
    """Some duty, and a night with a change of the clocks around which it is looked at."""
    change = draw(st.sampled_from(CLOCK_CHANGES))
    moments = st.integers(-5 * 24 * 60, 5 * 24 * 60).map(lambda minute: change + minute * MINUTE)
    spans = st.tuples(moments, moments).filter(lambda span: span[0] < span[1])
    legs = st.builds(
        lambda off, span, on, source: Leg(off, span[0], span[1], on, source),
        st.none() | people, spans, st.none() | people, st.sampled_from([None, "r-0", "s-0"]),
    )  # fmt: skip
    rotations = draw(st.lists(st.tuples(units, patterns(), st.none() | spans), max_size=2))
    shifts = draw(st.lists(st.tuples(people, units, spans), max_size=4))
    exceptions = draw(st.lists(st.tuples(st.lists(legs, min_size=1, max_size=2), st.booleans()), max_size=4))
    return (
        Duty(
            ZONE,
            tuple(
                Rotation(f"r-{n}", of, None, span[0] if span else YEAR, span[1] if span else None, pattern)
                for n, (of, pattern, span) in enumerate(rotations)
            ),
            tuple(Shift(f"s-{n}", staff, of, None, *span) for n, (staff, of, span) in enumerate(shifts)),
            tuple(DutyException(f"e-{n}", tuple(legs), absent) for n, (legs, absent) in enumerate(exceptions)),
            closed=draw(st.dictionaries(people, moments, max_size=1)),
        ),
        change,
    )


def check(duty: Duty, start: datetime, end: datetime, sample: Iterable[int]) -> None:
    first, last = minutes_since_year(start), minutes_since_year(end)
    model = Model(duty, NORTH, first, last)
    moments = [minutes_since_year(moment) for moment in changes(duty, NORTH, start, end)]
    assert moments == model.changes()
    for minute in {first, *moments, *(moment - 1 for moment in moments), *sample}:
        now = YEAR + minute * MINUTE
        assert frozenset(on_duty(duty, NORTH, now)) == model.who(minute), now
        # Nothing happens within a minute: whoever takes over does so at its first moment.
        assert frozenset(on_duty(duty, NORTH, now + MINUTE - timedelta(microseconds=1))) == model.who(minute), now


SKIPPED = Pattern(
    date(2026, 3, 1), 1, 1, (PatternShift(1, "02:30", "02:30", 1),), ((StaffId("anna"),), (StaffId("bert"),))
)


@given(duties(), st.lists(st.integers(0, 2 * 4 * 24 * 60 - 1), max_size=40))
@example((Duty(ZONE, (Rotation("r-0", (), None, YEAR, None, SKIPPED),)), CLOCK_CHANGES[0]), [])
@example((Duty(ZONE, (Rotation("r-0", (), None, YEAR, None, SKIPPED),)), CLOCK_CHANGES[1]), [])
@settings(max_examples=25)
def test_at_every_minute_around_a_change_of_the_clocks(case: tuple[Duty, datetime], sample: list[int]) -> None:
    duty, change = case
    start = change - AROUND
    check(duty, start, change + AROUND, [minutes_since_year(start) + minute for minute in sample])


def test_at_every_minute_of_a_year() -> None:
    """A scheme of three rows with nights, standby in turn over all units, leave in summer, a swap, and a leaver."""
    rows = (
        PatternShift(1, "07:00", "16:00"), PatternShift(2, "13:30", "21:00"), PatternShift(5, "21:00", "07:00"),
        PatternShift(6, "21:00", "07:00"), PatternShift(7, "21:00", "02:30"), PatternShift(8, "02:30", "12:00"),
        PatternShift(16, "07:00", "07:00", 1),
    )  # fmt: skip
    anna, bert, carl = map(StaffId, ("anna", "bert", "carl"))
    scheme = Pattern(date(2026, 1, 5), 21, 7, rows, ((anna,), (bert,), (carl, StaffId("dora"))))
    standby = Pattern(date(2026, 1, 5), 14, 7, (PatternShift(1, "16:30", "16:30", 7),), ((StaffId("eva"),), (anna,)))
    summer = datetime(2026, 7, 1, tzinfo=UTC)
    duty = Duty(
        ZONE,
        (
            Rotation("rows", (NORTH,), None, YEAR + 3 * DAY, None, scheme),
            Rotation("standby", (), None, YEAR, datetime(2026, 12, 1, 4, tzinfo=UTC), standby),
        ),
        exceptions=(
            DutyException("leave", (Leg(bert, summer, summer + 28 * DAY, StaffId("finn")),), absent=True),
            DutyException(
                "swap",
                (Leg(anna, summer, summer + 2 * DAY, carl, "rows"), Leg(carl, summer, summer + 2 * DAY, anna, "rows")),
            ),
        ),
        closed={StaffId("dora"): datetime(2026, 10, 25, 1, 30, tzinfo=UTC)},
    )
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 28, tzinfo=UTC)
    first = minutes_since_year(start)
    model = Model(duty, NORTH, first, minutes_since_year(end))
    found = [minutes_since_year(moment) for moment in changes(duty, NORTH, start, end)]
    assert found == model.changes()
    assert len(found) > 500
    spans = [first, *found]
    for minute in range(first, minutes_since_year(end), 61):
        moment = YEAR + spans[bisect_left(spans, minute + 1) - 1] * MINUTE
        assert frozenset(on_duty(duty, NORTH, moment)) == model.who(minute), YEAR + minute * MINUTE
