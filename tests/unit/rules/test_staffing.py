"""Staffing: too few people are found for exactly the time for which there are too few."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from events.ids import StaffId, UnitId
from rules.duty import Duty, DutyException, Leg, Shift, Skill
from rules.staffing import Need, Shortage, shortages

NORTH = UnitId("north")
DAY = timedelta(days=1)


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZoneInfo("Europe/Stockholm")).astimezone(UTC)


def shift(staff: str, start: str, end: str) -> Shift:
    return Shift(f"{staff}-{start}", StaffId(staff), (NORTH,), None, local(start), local(end))


def need(minimum: int, start: str, end: str, *weekdays: int, skill: Skill | None = None) -> Need:
    return Need("n", NORTH, skill, minimum, weekdays, start, end)


def found(shifts: list[Shift], need: Need, start: str, end: str, *exceptions: DutyException) -> list[tuple[str, ...]]:
    skills = {StaffId("anna"): frozenset({Skill.NURSE})}
    duty = Duty("Europe/Stockholm", shifts=tuple(shifts), exceptions=exceptions, skills=skills)
    return [_told(shortage) for shortage in shortages(duty, [need], local(start), local(end))]


def _told(shortage: Shortage) -> tuple[str, ...]:
    zone = ZoneInfo("Europe/Stockholm")
    times = [time.astimezone(zone).strftime("%m-%d %H:%M") for time in (shortage.start, shortage.end)]
    return (*times, *shortage.staff)


NIGHT = [shift("anna", "03-02 21:00", "03-03 07:00"), shift("bert", "03-02 21:00", "03-03 03:00")]
CASES = [
    (need(1, "21:00", "07:00"), []),
    (need(2, "21:00", "07:00"), [("03-03 03:00", "03-03 07:00", "anna")]),
    (
        need(3, "21:00", "07:00"),
        [("03-02 21:00", "03-03 03:00", "anna", "bert"), ("03-03 03:00", "03-03 07:00", "anna")],
    ),
    (need(1, "20:30", "06:00"), [("03-02 20:30", "03-02 21:00")]),
    (need(2, "21:00", "07:00", skill=Skill.NURSE), [("03-02 21:00", "03-03 07:00", "anna")]),
    (need(9, "21:00", "07:00", 2, 3, 4, 5, 6, 7), []),
    (need(2, "02:00", "04:00", 2), [("03-03 03:00", "03-03 04:00", "anna")]),
]


@pytest.mark.parametrize(("need", "expected"), CASES)
def test_too_few(need: Need, expected: list[tuple[str, ...]]) -> None:
    assert found(NIGHT, need, "03-02 12:00", "03-03 12:00") == expected


def test_only_the_time_that_is_asked_about_is_looked_at() -> None:
    assert found(NIGHT, need(2, "21:00", "07:00"), "03-03 04:00", "03-03 05:00") == [
        ("03-03 04:00", "03-03 05:00", "anna")
    ]
    assert found(NIGHT, need(9, "21:00", "07:00"), "03-03 07:00", "03-03 21:00") == []


def test_somebody_who_falls_ill_is_missing_from_then_on() -> None:
    ill = DutyException("e", (Leg(StaffId("anna"), local("03-03 01:00"), local("03-09 00:00"), None),), absent=True)
    assert found(NIGHT, need(1, "21:00", "07:00"), "03-02 12:00", "03-03 12:00", ill) == [
        ("03-03 03:00", "03-03 07:00")
    ]


def test_who_relieves_the_other_keeps_the_number() -> None:
    """Two shortages, as other people are there, although they are as many; no shortage where they are enough."""
    relief = [shift("anna", "03-02 21:00", "03-03 02:00"), shift("bert", "03-03 02:00", "03-03 07:00")]
    assert found(relief, need(1, "21:00", "07:00"), "03-02 12:00", "03-03 12:00") == []
    assert [told[2] for told in found(relief, need(2, "21:00", "07:00"), "03-02 12:00", "03-03 12:00")] == [
        "anna",
        "bert",
    ]


@pytest.mark.parametrize(("day", "hours"), [("03-28", 9), ("10-24", 11)])
def test_a_night_with_a_change_of_the_clocks_is_needed_from_end_to_end(day: str, hours: int) -> None:
    start = local(f"{day} 12:00")
    (short,) = shortages(Duty("Europe/Stockholm"), [need(1, "21:00", "07:00")], start, start + DAY)
    assert (short.end - short.start) / timedelta(hours=1) == hours
