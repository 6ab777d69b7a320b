"""Silence judged by the resident's own days: how the line is learned, and what is not."""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import chain
from typing import Any

import pytest

from rules.decisions import Failed, Raise
from rules.inactivity import LOCKS, TROUBLES, disarmed
from rules.learned import ACCEPTED, FALSE_ALARM, LEAST_MARGIN, OVER, STARTING_MARGIN, usual
from rules.plan import PlanError, read_plan
from rules.profile import DOOR, LENGTHS, PART_MINUTES, QUIET_BYTES, Begun, Profile, days_in, kept
from tests.support.home import MONDAY, Home, Line

NIGHT = (MONDAY.toordinal() + 2) % 256

LIMITS = {"limits": [{"minutes": 240, "from": "07:00", "to": "22:00"}], "quiet": [{"from": "22:00", "to": "07:00"}]}


def plan(**learned: Any) -> dict[str, Any]:
    return {"inactivity": {**LIMITS, "learned": learned}}


def clock(day: int, minute: int) -> str:
    return f"+{day + minute // 1440} {minute % 1440 // 60:02}:{minute % 60:02}"


def signs(day: int, start: int, end: int) -> Iterator[str]:
    """Somebody moves about between two minutes of the day."""
    return (f"{clock(day, minute)} motion" for minute in range(start, end, 25))


def ordinary(day: int) -> Iterator[str]:
    """Up at seven, out from one to half past three, in bed from ten."""
    yield f"{clock(day, 420)} bed_left"
    yield from signs(day, 421, 780)
    yield f"{clock(day, 780)} door_closed"
    yield f"{clock(day, 930)} door_opened"
    yield from signs(day, 931, 1320)
    yield f"{clock(day, 1320)} bed_entered"


def lived(days: int, **learned: Any) -> Home:
    """A home after so many ordinary days; the next begins with a `bed_left` at seven."""
    home = Home(plan(**learned))
    home.play("00:00 bed_entered", *chain.from_iterable(map(ordinary, range(days))))
    return home


def alarm(home: Home, *lines: Line) -> str:
    """When the alarm comes after these lines, and how it was judged."""
    before = len(home.decisions)
    home.play(*lines, "+400 00:00")
    assert not any(isinstance(decision, Failed) for decision in home.decisions)
    raised = next(decision for decision in home.decisions[before:] if isinstance(decision, Raise))
    return f"{home.clock(raised.at)} {raised.detail['judged_by']}"


def profile(home: Home) -> Profile:
    found = home.state.inactivity.profile
    assert found is not None
    return found


def quiets(home: Home) -> list[tuple[int, int, int, int]]:
    known = profile(home).quiets
    return [tuple(known[n : n + QUIET_BYTES]) for n in range(0, len(known), QUIET_BYTES)]  # type: ignore[misc]


def test_ordinary_days_raise_nothing() -> None:
    assert lived(70).decisions == []


def test_every_long_quiet_of_a_day_is_kept() -> None:
    home = lived(3)
    assert [round(LENGTHS[length] / 10) for _, _, length, _ in quiets(home)] == [15, 53, 15, 53, 15]
    assert days_in(profile(home).quiets) == 3


# What is usual, what is known to be usual after a week, and the limits that hold until then.
WAITS: dict[str, tuple[int, list[str], str]] = {
    "not enough days": (5, [], "+5 11:00 limits"),
    "in bed, after a week": (7, [], "+7 10:00 learned"),
    "in bed, after forty days": (40, [], "+40 07:27 learned"),
    "an hour later to bed is no hour later up": (
        40,
        ["+39 23:00 motion", "+39 23:01 bed_entered"],
        "+40 07:25 learned",
    ),
    "out": (
        40,
        ["+40 07:00 bed_left", *signs(40, 421, 780), "+40 13:00 door_closed"],
        "+40 15:46 learned",
    ),
    "at home in the morning": (40, ["+40 07:00 bed_left", *signs(40, 421, 600)], "+40 11:07 learned"),
}


@pytest.mark.parametrize(("days", "lines", "expected"), WAITS.values(), ids=WAITS)
def test_the_alarm_comes_soon_after_what_is_usual(days: int, lines: list[str], expected: str) -> None:
    assert alarm(lived(days), *lines) == expected


PLANS = {
    "low": ({"sensitivity": "low"}, "+40 08:05 learned"),
    "high": ({"sensitivity": "high"}, "+40 07:13 learned"),
    "a floor": ({"floor_minutes": 600}, "+40 08:00 learned"),
    "a ceiling": ({"ceiling_minutes": 90}, "+39 23:30 learned"),
    "more days asked for than are known": ({"minimum_days": 14}, "+13 11:00 limits"),
}


@pytest.mark.parametrize(("learned", "expected"), PLANS.values(), ids=PLANS)
def test_what_a_plan_says_of_it(learned: dict[str, Any], expected: str) -> None:
    home = lived(int(expected[1:3].strip()) + (expected[4:6] == "23"), **learned)
    assert alarm(home) == expected


def test_a_quiet_is_too_long_only_once() -> None:
    home = lived(40)
    assert home.play("+41 12:00", "+42 12:00") == [
        "+40 07:27 raise no_activity since +39 22:00",
    ]
    assert home.play("+42 12:30 motion") == ["+42 12:30 annotate activity_resumed"]


def test_a_sign_of_life_from_another_place_brings_the_deadline_forward() -> None:
    """Out, the next look was hours away; back at home quiet is soon too long."""
    lines = ["+40 07:00 bed_left", *signs(40, 421, 600), "+40 10:00 door_closed", "+40 10:01 motion"]
    assert alarm(lived(40), *lines) == "+40 11:12 learned"


def test_so_does_one_that_is_reported_when_the_next_look_was_set() -> None:
    out = ["+40 07:00 bed_left", *signs(40, 421, 780), "+40 13:00 door_closed"]
    assert alarm(lived(40), *out) == "+40 15:46 learned"
    assert alarm(lived(40), *out, "+40 14:10 used at +40 13:05") < "+40 15:46"


def test_a_false_alarm_widens_the_margin() -> None:
    home = lived(10)
    before = profile(home).margin
    home.play("+10 12:00 bed_left")
    assert [decision.reason for decision in home.decisions] == ["no_activity", "activity_resumed"]
    assert profile(home).margin == before + FALSE_ALARM


def test_a_day_narrows_the_margin() -> None:
    assert profile(lived(12)).margin - profile(lived(11)).margin == -round(FALSE_ALARM * ACCEPTED["normal"])


def test_who_is_always_on_time_raises_nothing() -> None:
    """The margin narrows to its least, and no further."""
    home = lived(160)
    assert home.decisions == []
    assert profile(home).margin == round(100_000 * (LEAST_MARGIN - STARTING_MARGIN["normal"]))
    assert alarm(home) == "+160 07:13 learned"


def test_an_alarm_that_is_withdrawn_was_no_false_one_and_its_quiet_is_not_learned() -> None:
    home = lived(40)
    before = profile(home)
    assert home.play("+40 07:45 motion at +40 07:00") == [
        "+40 07:27 raise no_activity since +39 22:00",
        "+40 07:45 withdraw activity_reported_late",
    ]
    assert profile(home) == before


def test_a_quiet_whose_alarm_is_withdrawn_at_once_is_an_ordinary_one() -> None:
    home = lived(40)
    before = profile(home).margin
    assert home.play("+40 07:30 motion at +40 07:25")[-1] == "+40 07:30 withdraw activity_reported_late"
    assert profile(home).margin == before
    assert LENGTHS[quiets(home)[-1][2]] == pytest.approx(9 * 60 + 25, rel=0.02)


def test_a_quiet_far_over_the_line_teaches_a_quarter_more_at_most() -> None:
    """An emergency, or a holiday nobody told of, does not make the next one normal."""
    home = lived(40)
    home.play("+45 12:00 motion")
    lasted = LENGTHS[quiets(home)[-1][2]]
    assert lasted == pytest.approx(OVER * (9 * 60 + 27), rel=0.02)


def test_before_enough_days_are_known_no_quiet_is_longer_than_the_ceiling() -> None:
    home = lived(3)
    home.play("+6 12:00 motion")
    assert LENGTHS[quiets(home)[-1][2]] == pytest.approx(12 * 60, rel=0.02)


# What happens in the fourth night, begun at ten in the evening, that is then not learned.
NOT_LEARNED: dict[str, list[Line]] = {
    "it has not ended": ["+3 06:00 heartbeat"],
    "heard late": ["+3 07:11 motion at +3 07:00"],
    "a plan begins in it": [("+3 01:00", {}), ("+3 01:00", plan()), "+3 07:00 motion"],
    **{f"{kind} in it": [f"+3 03:00 {kind}", "+3 07:00 motion"] for kind in sorted(TROUBLES)},
    "a lock after a trouble in it": ["+3 03:00 offline", "+3 03:01 locked", "+3 07:00 motion"],
    "less than an hour": ["+3 03:00 offline", "+3 07:00 motion", "+3 07:59 motion"],
}


@pytest.mark.parametrize("lines", NOT_LEARNED.values(), ids=NOT_LEARNED)
def test_what_is_not_learned(lines: list[Line]) -> None:
    home = lived(3)
    home.play(*lines)
    assert not any(isinstance(decision, Failed) for decision in home.decisions)
    assert not any(length > 40 and day == NIGHT for day, _, length, _ in quiets(home) if LENGTHS[length] > 200)


def test_the_night_is_learned_otherwise() -> None:
    home = lived(3)
    home.play("+3 03:00 heartbeat", "+3 07:10 motion at +3 07:00")
    assert [day for day, _, length, _ in quiets(home) if LENGTHS[length] > 200][-1] == NIGHT


@pytest.mark.parametrize(("minute", "known"), [(59, 0), (60, 1)])
def test_an_hour_is_long_enough(minute: int, known: int) -> None:
    home = Home(plan())
    home.play("12:00 motion", clock(0, 720 + minute) + " motion")
    assert len(quiets(home)) == known


@pytest.mark.parametrize("kind", [*sorted(LOCKS), "offline", "online"])
def test_what_happens_while_an_alarm_stands_makes_no_other_one(kind: str) -> None:
    home = lived(40)
    assert home.play(f"+40 08:00 {kind}", "+42 12:00") == ["+40 07:27 raise no_activity since +39 22:00"]


def test_who_moves_in_the_very_minute_of_the_alarm_widens_the_margin() -> None:
    home = lived(40)
    before = profile(home).margin
    assert home.play("+40 07:27 motion")[-1] == "+40 07:27 annotate activity_resumed"
    assert profile(home).margin == before + FALSE_ALARM


@pytest.mark.parametrize("kind", sorted(LOCKS))
def test_what_a_lock_says_is_no_sign_of_life_but_says_where(kind: str) -> None:
    home = lived(3)
    home.play("+3 07:00 bed_left", "+3 07:01 door_closed")
    before, since = home.state.inactivity.source, home.state.inactivity.since
    home.play(f"+3 07:02 {kind}")
    assert home.state.inactivity.source != before
    assert home.state.inactivity.since == since
    home.play("+3 09:00 motion")
    assert quiets(home)[-1][3] == DOOR << 6 | quiets(home)[-1][3] & 63


def test_a_lock_in_the_night_moves_no_deadline_into_the_past() -> None:
    assert alarm(lived(40), "+40 07:26 locked") > "+40 07:26"


def test_another_plan_keeps_what_was_learned_and_one_without_it_forgets() -> None:
    home = lived(10)
    known = profile(home)
    home.play(("+9 23:00", plan(sensitivity="high")))
    assert profile(home) == known
    home.play(("+9 23:30", {"inactivity": LIMITS}))
    assert home.state.inactivity.profile is None
    home.play(("+9 23:40", plan()))
    assert profile(home) == Profile()


def test_a_plan_that_changes_while_an_alarm_stands_keeps_both() -> None:
    home = lived(10)
    known = profile(home)
    home.play("+10 12:00", ("+10 12:30", plan(sensitivity="high")))
    assert home.state.inactivity.raised is not None
    assert profile(home) == known
    assert home.play("+10 13:00 motion") == ["+10 13:00 annotate activity_resumed"]


def test_a_plan_without_learning_forgets_while_an_alarm_stands_as_well() -> None:
    home = lived(10)
    home.play("+10 12:00", ("+10 12:30", {"inactivity": LIMITS}))
    assert home.state.inactivity.raised is not None
    assert home.state.inactivity.profile is None


def test_a_fault_does_not_forget_what_was_learned() -> None:
    state = lived(10).state
    assert disarmed(state).inactivity.profile == state.inactivity.profile
    assert disarmed(state).inactivity.check_at is None


def test_a_ceiling_below_the_floor_is_refused() -> None:
    with pytest.raises(PlanError, match=r"inactivity.learned: ceiling_minutes 90 is below floor_minutes 120"):
        read_plan(plan(floor_minutes=120, ceiling_minutes=90))


def test_after_months_away_nothing_is_known() -> None:
    home = lived(10)
    home.play("+300 07:00 bed_left", "+300 09:00 motion")
    assert days_in(profile(home).quiets) == 1


def test_a_year_with_both_nights_of_changing_clocks() -> None:
    """Who gets up at seven by the clock on the wall raises nothing."""
    assert lived(366).decisions == []


@pytest.mark.parametrize("night", [date(2026, 3, 28), date(2026, 10, 24)])
def test_the_alarm_comes_by_the_clock_on_the_wall(night: date) -> None:
    """In the night of 9 hours and in that of 11, within what the margin changes in a day."""
    days = (night - MONDAY).days + 1
    before, changed = (alarm(lived(day)).split()[1] for day in (days - 1, days))
    assert (before[:3], changed[:3]) == ("07:", "07:")
    assert abs(int(before[3:]) - int(changed[3:])) <= 3


def test_what_is_usual_at_the_edge_of_the_day() -> None:
    """A quiet from before midnight tells of one that begins after it."""
    quiets = b""
    for day in range(100, 120):
        quiets = kept(quiets, Begun(day, 23 * 60 + 50, 130), 480)
    after = usual(quiets, Begun(121, 10, 130))
    assert after == pytest.approx(460, abs=3 * PART_MINUTES)


MONDAYS = date(2026, 3, 2).toordinal()


def ten_days(length: Callable[[int], float], source: int = 65, minute: int = 600) -> bytes:
    """A quiet on each of ten days from a Monday on, at ten."""
    quiets = b""
    for number in range(10):
        quiets = kept(quiets, Begun(MONDAYS + number, minute, source), length(number))
    return quiets


def test_quiets_of_the_same_place_and_kind_of_day_count_more() -> None:
    """So the line is nearer to the longest of them."""
    quiets = ten_days(lambda number: 400 - 30 * number)
    same, place, elsewhere = (usual(quiets, Begun(MONDAYS + 14, 600, source)) for source in (65, 66, 5))
    weekend = usual(quiets, Begun(MONDAYS + 12, 600, 66))
    assert same > place > weekend > elsewhere > 60


def test_a_quiet_earlier_in_the_day_is_judged_by_length_and_a_later_one_by_its_end() -> None:
    quiets = ten_days(lambda number: 240)
    assert usual(quiets, Begun(MONDAYS + 14, 480, 65)) == pytest.approx(240, abs=PART_MINUTES)
    assert usual(quiets, Begun(MONDAYS + 14, 720, 65)) == pytest.approx(120, abs=PART_MINUTES)


def test_where_quiets_are_long_a_false_alarm_is_accepted_sooner() -> None:
    short, long = (
        usual(ten_days(lambda number, least=least: least * (2 - number / 10)), Begun(MONDAYS + 14, 600, 66))  # type: ignore[misc]
        for least in (90, 360)
    )
    assert long < 0.99 * 4 * short


def varied() -> bytes:
    """Sixty days of mornings, outings and nights, none like the other, over the day whose number is 0 modulo 256."""
    quiets, first = b"", MONDAYS // 256 * 256 + 256 - 30
    for number in range(180):
        minute, length, source = ((420, 90, 5), (780, 150, 65), (1320, 480, 130))[number % 3]
        varies = number * 37 % 90
        quiets = kept(quiets, Begun(first + number // 3, minute + varies, source + number % 2), length + 2 * varies)
    return quiets


AFTER = MONDAYS // 256 * 256 + 256 + 30

# Every number is one that the rule gives today: another one is another rule, whose version rises.
LINES = [
    (AFTER + 0, 430, 5, 245.255),
    (AFTER + 1, 430, 5, 240.000),
    (AFTER + 0, 520, 65, 135.836),
    (AFTER + 0, 800, 65, 311.241),
    (AFTER + 1, 800, 65, 307.973),
    (AFTER + 2, 800, 66, 304.572),
    (AFTER + 0, 1330, 130, 622.483),
    (AFTER + 1, 1430, 130, 602.364),
    (AFTER + 0, 30, 131, 582.543),
    (AFTER + 5, 1380, 2, 484.069),
]


@pytest.mark.parametrize(("day", "minute", "source", "minutes"), LINES)
def test_the_line_is_where_it_was(day: int, minute: int, source: int, minutes: float) -> None:
    assert usual(varied(), Begun(day, minute, source)) == pytest.approx(minutes, abs=0.01)


def test_no_alarm_is_before_the_floor() -> None:
    home = lived(40, floor_minutes=300)
    assert alarm(home, "+40 07:00 bed_left", *signs(40, 421, 600)) == "+40 14:56 learned"
