"""Rotations: one rule for standby in turn, schemes of rows and daily changes, right when the clocks change."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from events.ids import StaffId
from rules.rotation import Pattern, PatternShift, Stint, stints

STOCKHOLM = "Europe/Stockholm"
MONDAY = date(2026, 3, 2)
SECOND = timedelta(seconds=1)


def local(text: str, zone: str = STOCKHOLM) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def pattern(
    days: int, step: int, shifts: list[tuple[int, str, str, int]], *teams: str, first: date = MONDAY
) -> Pattern:
    """`teams`: the initials of the people of each."""
    people = tuple(tuple(StaffId(letter) for letter in team) for team in teams)
    return Pattern(first, days, step, tuple(PatternShift(*shift) for shift in shifts), people)


def who(pattern: Pattern, at: datetime, zone: str = STOCKHOLM) -> str:
    return "".join(sorted(stint.staff for stint in stints(pattern, zone, at, at) if stint.start <= at < stint.end))


STANDBY = pattern(21, 7, [(1, "08:00", "08:00", 7)], "a", "b", "c")
EVENINGS = pattern(3, 1, [(1, "17:00", "17:00", 1)], "a", "b", "c")
TWO_ROWS = pattern(
    14, 7, [(1, "07:00", "16:00", 0), (2, "13:00", "22:00", 0), (8, "13:00", "22:00", 0), (9, "21:00", "07:00", 0)],
    "a", "b",
)  # fmt: skip
TEAMS = pattern(14, 7, [(1, "07:00", "19:00", 0)], "abc", "")

PLANNED = [
    (STANDBY, "2026-03-02 07:59:59", ""),
    (STANDBY, "2026-03-02 08:00", "a"),
    (STANDBY, "2026-03-09 07:59:59", "a"),
    (STANDBY, "2026-03-09 08:00", "b"),
    (STANDBY, "2026-03-20 03:00", "c"),
    (STANDBY, "2026-03-23 08:00", "a"),
    (STANDBY, "2027-03-01 08:00", "b"),
    (EVENINGS, "2026-03-02 17:00", "a"),
    (EVENINGS, "2026-03-03 16:59", "a"),
    (EVENINGS, "2026-03-03 17:00", "b"),
    (EVENINGS, "2026-03-05 17:00", "a"),
    (TWO_ROWS, "2026-03-02 14:00", "ab"),
    (TWO_ROWS, "2026-03-03 14:00", "a"),
    (TWO_ROWS, "2026-03-09 08:00", "b"),
    (TWO_ROWS, "2026-03-09 14:00", "ab"),
    (TWO_ROWS, "2026-03-10 15:00", "b"),
    (TWO_ROWS, "2026-03-10 21:30", "ab"),
    (TWO_ROWS, "2026-03-11 06:59:59", "a"),
    (TWO_ROWS, "2026-03-11 07:00", ""),
    (TEAMS, "2026-03-02 12:00", "abc"),
    (TEAMS, "2026-03-09 12:00", ""),
]


@pytest.mark.parametrize(("planned", "at", "expected"), PLANNED)
def test_who_is_planned(planned: Pattern, at: str, expected: str) -> None:
    assert who(planned, local(at)) == expected


NIGHTS = pattern(1, 1, [(1, "21:00", "07:00", 0)], "a", first=date(2026, 1, 1))
LENGTHS = {"2026-03-27": 10, "2026-03-28": 9, "2026-03-29": 10, "2026-10-23": 10, "2026-10-24": 11, "2026-10-25": 10}


@pytest.mark.parametrize(("day", "hours"), LENGTHS.items())
def test_a_night_is_shorter_in_spring_and_longer_in_autumn(day: str, hours: int) -> None:
    evening = local(f"{day} 21:00")
    (stint,) = stints(NIGHTS, STOCKHOLM, evening, evening)
    assert (stint.start, stint.end - stint.start) == (evening, timedelta(hours=hours))


CHANGED = {
    "skipped": (date(2026, 3, 28), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    "twice": (date(2026, 10, 24), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
}


@pytest.mark.parametrize("case", CHANGED)
def test_a_handover_at_half_past_two_leaves_nobody_out_when_the_clocks_change(case: str) -> None:
    """Skipped, it is at what would have been half past two; where it comes twice, the first time."""
    first, handover = CHANGED[case]
    early = pattern(2, 1, [(1, "21:00", "02:30", 0)], "a", first=first)
    late = pattern(2, 1, [(2, "02:30", "07:00", 0)], "b", first=first)
    assert who(early, handover - SECOND) + who(late, handover - SECOND) == "a"
    assert who(early, handover) + who(late, handover) == "b"
    second = local(f"{first} 21:00")
    while second < local(f"{first} 21:00") + timedelta(hours=9):
        assert len(who(early, second) + who(late, second)) == 1, second
        second += timedelta(minutes=1)


def test_shifts_that_the_change_turns_around_are_empty_and_leave_no_gap() -> None:
    """02:30 becomes 03:30, so the shift from 02:30 to 03:15 has no time at all; the ones around it have all of it."""
    shifts = [(1, "00:00", "02:30", 0), (1, "02:30", "03:15", 0), (1, "03:15", "12:00", 0)]
    teams = [
        pattern(365, 1, [shift], letter, first=date(2026, 3, 29)) for shift, letter in zip(shifts, "abc", strict=True)
    ]
    minute = local("2026-03-29 00:00")
    seen = set()
    while minute < local("2026-03-29 12:00"):
        seen.add("".join(who(team, minute) for team in teams))
        minute += timedelta(minutes=1)
    assert seen == {"a", "ac", "c"}
    assert list(stints(teams[1], STOCKHOLM, local("2026-03-29 00:00"), local("2026-03-29 12:00"))) == []


def test_the_second_two_oclock_belongs_to_whoever_took_over_at_the_first() -> None:
    shifts = [(1, "21:00", "02:30", 0), (2, "02:30", "07:00", 0)]
    night = pattern(365, 1, shifts, "a", first=date(2026, 10, 24))
    found = sorted(stints(night, STOCKHOLM, local("2026-10-24 22:00"), local("2026-10-25 06:00")))
    assert [(stint.end - stint.start).total_seconds() / 3600 for stint in found] == [5.5, 5.5]
    assert found[0].end == found[1].start


def test_an_evening_that_the_change_moves_over_midnight_is_found_on_the_next_day() -> None:
    """In Greenland clocks go from 23:00 to midnight, so what would end at 23:30 ends at half past twelve."""
    evening = pattern(365, 1, [(1, "20:00", "23:30", 0)], "a", first=date(2026, 3, 28))
    end = local("2026-03-29 00:30", "America/Nuuk")
    assert who(evening, end - SECOND, "America/Nuuk") == "a"
    assert who(evening, end, "America/Nuuk") == ""


def test_a_day_from_midnight_to_midnight_ends_when_the_next_begins() -> None:
    days = pattern(2, 1, [(1, "00:00", "00:00", 0)], "a", "b", first=date(2026, 3, 28))
    found = sorted(stints(days, STOCKHOLM, local("2026-03-28 12:00"), local("2026-03-30 12:00")), key=lambda s: s.start)
    assert [(stint.staff, (stint.end - stint.start) / timedelta(hours=1)) for stint in found] == [
        ("a", 24), ("b", 23), ("a", 24),
    ]  # fmt: skip
    assert all(before.end == after.start for before, after in pairwise(found))


def test_what_lies_only_partly_in_the_time_is_found_whole() -> None:
    nine, ten = local("2026-03-03 09:00"), local("2026-03-03 10:00")
    standby = list(stints(STANDBY, STOCKHOLM, nine, ten))
    assert standby == [Stint(StaffId("a"), local("2026-03-02 08:00"), local("2026-03-09 08:00"))]
    (night,) = stints(TWO_ROWS, STOCKHOLM, local("2026-03-04 00:00"), local("2026-03-04 09:00"))
    assert night == Stint(StaffId("b"), local("2026-03-03 21:00"), local("2026-03-04 07:00"))
    assert list(stints(TWO_ROWS, STOCKHOLM, local("2026-03-04 07:00"), local("2026-03-04 09:00"))) == []


def test_days_between_shifts_may_be_more_than_the_turn_is_long() -> None:
    """A shift longer than the pattern overlaps with its own next one: then two are on duty."""
    long = pattern(2, 1, [(1, "08:00", "08:00", 3)], "a", "b")
    assert who(long, local("2026-03-06 12:00")) == "aab"
