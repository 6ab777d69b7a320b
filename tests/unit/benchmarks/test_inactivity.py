"""The measuring of lines for quiets, on homes small enough to reckon by hand."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks import homes, inactivity
from benchmarks.homes import HABITS, KEY, Home, simulated
from benchmarks.inactivity import QUICK, Walk
from benchmarks.quiet_lines import LINES, Cuddihy, Learned, Limits, Line, Wilhelm, percentile
from events.kinds import ACTIVITY
from events.log import Entry
from events.messages import Motion
from tests.support.recordings import recording

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def moved(*hours: float) -> list[Entry]:
    times = (START + hour * HOUR for hour in hours)
    return [Entry(number, KEY, "motion", Motion(at=time), time, time) for number, time in enumerate(times, start=1)]


def told(line: Line, signs: Iterable[Entry]) -> Line:
    for sign in signs:
        line.heard(sign)
    return line


class TwoHours:
    """A line that learns nothing."""

    def __init__(self, zone: str) -> None:
        self._since = START

    def heard(self, sign: Entry) -> None:
        self._since = sign.occurred_at

    def alarm_at(self, scale: float) -> datetime:
        return self._since + 2 * HOUR * scale


def test_a_line_that_is_known_is_measured_right() -> None:
    """Ten days after the first seven with a sign every hour, but five quiets of 2, 3, 4, 5 and 6 hours."""
    week, days = 7 * 24, 17 * 24
    left_out = {200, 210, 211, 220, 221, 222, 230, 231, 232, 233, 240, 241, 242, 243, 244}
    signs = moved(*(hour for hour in range(days + 1) if hour not in left_out))
    walk = Walk(Home("by hand", "UTC", signs), TwoHours, 20_000)
    assert walk.days == 10
    false_alarms, hours = walk.own
    assert false_alarms == 0.4
    quiets = [1] * (days - week - 20) + [2, 3, 4, 5, 6]
    waits = sum(2 * min(length, 2) - min(length, 2) ** 2 / 2 for length in quiets)
    assert hours == pytest.approx(waits / sum(min(length, 2) for length in quiets), rel=0.01)
    scale, _ = walk.compared
    assert scale == pytest.approx(3 + (2.5 - 3) * 0.9, rel=0.01)


def test_the_days_in_which_lines_learn_count_for_none() -> None:
    signs = moved(*range(0, 7 * 24, 12), *range(7 * 24, 14 * 24 + 1))
    assert Walk(Home("by hand", "UTC", signs), TwoHours, 100).own[0] == 0


def test_limits_count_from_seven_and_for_four_hours() -> None:
    line = told(Limits("UTC"), moved(2))
    assert line.alarm_at(1) == START + 11 * HOUR
    assert line.alarm_at(0.5) == START + 9 * HOUR


EVERY_DAY = [day * 24 + hour for day in range(30) for hour in (0, *range(8, 25))]
"""A quiet from midnight to eight, and a sign of life every hour otherwise."""

LINES_AT_NIGHT: dict[str, tuple[Callable[[str], Line], float]] = {
    # At eight the quiet has lasted 8 hours: 1.1 times that is the line from six to ten.
    "Wilhelm": (Wilhelm, 8.8),
    # At 08:30 it has lasted half an hour, so at nine 8 + 0.3 * 1 + 0.4 * (8 + 2 * 0.5 + 3 * 1 + 2 * 0.5 + 1) / 9 hours.
    "Cuddihy": (Cuddihy, 8 + 0.3 * 1 + 0.4 * (8 + 2 * 0.5 + 3 * 1 + 2 * 0.5 + 1) / 9),
}


@pytest.mark.parametrize(("make", "expected"), LINES_AT_NIGHT.values(), ids=LINES_AT_NIGHT)
def test_a_published_line_after_regular_days(make: Callable[[str], Line], expected: float) -> None:
    line = told(make("UTC"), moved(*EVERY_DAY, 30 * 24))
    assert (line.alarm_at(1) - START) / HOUR - 30 * 24 == pytest.approx(expected, abs=0.01)


def test_ours_is_the_engine_and_its_scale_is_of_the_quiet() -> None:
    line = told(Learned("UTC"), moved(*EVERY_DAY, 30 * 24))
    whole, half = line.alarm_at(1), line.alarm_at(0.5)
    since = START + 30 * 24 * HOUR
    assert 8 * HOUR < whole - since < 10 * HOUR
    assert half - since == (whole - since) / 2


@pytest.mark.parametrize(("part", "expected"), [(0, 1), (0.5, 2.5), (0.97, 3.91), (1, 4)])
def test_a_percentile_lies_between_values(part: float, expected: float) -> None:
    assert percentile([4, 1, 3, 2], part) == pytest.approx(expected)
    assert percentile([], part) == 0


def test_a_simulated_home_is_the_same_again_and_other_with_another_seed() -> None:
    home, again, other = (simulated("life changes", seed, 5).signs for seed in (1, 1, 2))
    assert home == again
    assert home != other


@pytest.mark.parametrize("name", HABITS)
def test_every_simulated_home_lives_by_day_and_is_quiet_at_night(name: str) -> None:
    signs = simulated(name, 1, 10).signs
    assert signs == sorted(signs, key=lambda sign: sign.occurred_at)
    assert {sign.kind for sign in signs} <= ACTIVITY | {"locked", "unlocked"}
    at_night = sum(sign.occurred_at.hour in (0, 1, 2) for sign in signs)
    assert at_night < len(signs) / 8


def test_recordings_that_are_not_here_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes, "FILES", {"none": ("nowhere.txt", "casas")})
    assert list(homes.recorded()) == []


def test_a_recorded_month_is_judged_better_than_by_the_published_line() -> None:
    """The figures themselves are in benchmarks/README.md."""
    recording("al-smarthome-30days.txt")
    home = next(homes.recorded())
    ours, published = (Walk(home, make, 1000) for make in (Learned, Cuddihy))
    false_alarms, _ = ours.own
    assert false_alarms <= inactivity.ACCEPTED
    assert ours.compared[1] < 0.85 * published.compared[1]


def test_the_benchmark_at_its_smallest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inactivity, "recorded", lambda: iter(()))
    own, compared, others = inactivity.run(QUICK)
    assert [len(table.rows) for table in (own, compared, others)] == [1, 1, 1]
    assert len(own.rows[0]) == 2 + 2 * len(LINES)
    assert str(compared.rows[0][-1]).endswith("%")
