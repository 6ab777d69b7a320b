"""Who is on duty: units and skills, people who stand in for each other, and who is away, at every moment."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from events.ids import StaffId, UnitId
from rules.duty import Duty, DutyException, Leg, OnDuty, Rotation, Shift, Skill, Use, changes, on_duty, planned, present
from rules.rotation import Pattern, PatternShift

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
NORTH, SOUTH = UnitId("north"), UnitId("south")
ALWAYS = PatternShift(1, "00:00", "00:00", 1)


def shift(staff: str, start: float, end: float, *units: UnitId, skill: Skill | None = None) -> Shift:
    """Hours are counted from NOON."""
    return Shift(f"s-{staff}-{start}", StaffId(staff), units, skill, NOON + start * HOUR, NOON + end * HOUR)


def leg(staff: str | None, instead: str | None, start: float = 0, end: float = 100, rotation: str | None = None) -> Leg:
    off, on = staff and StaffId(staff), instead and StaffId(instead)
    return Leg(off or None, NOON + start * HOUR, NOON + end * HOUR, on or None, rotation)


def gives(*legs: Leg) -> DutyException:
    return DutyException("e", legs)


def away(staff: str, instead: str | None = None, start: float = 0, end: float = 100) -> DutyException:
    return DutyException("e", (leg(staff, instead, start, end),), absent=True)


def rotation(id: str, *team: str, units: tuple[UnitId, ...] = (), skill: Skill | None = None, **more: Any) -> Rotation:
    """All day, every day."""
    pattern = Pattern(date(2026, 1, 1), 1, 1, (ALWAYS,), (tuple(map(StaffId, team)),))
    return Rotation(id, units, skill, more.get("since", NOON - 1000 * HOUR), more.get("until"), pattern)


def duty(*parts: Rotation | Shift | DutyException, **more: Any) -> Duty:
    return Duty(
        "Europe/Stockholm",
        rotations=tuple(part for part in parts if isinstance(part, Rotation)),
        shifts=tuple(part for part in parts if isinstance(part, Shift)),
        exceptions=tuple(part for part in parts if isinstance(part, DutyException)),
        **more,
    )


def at(duty: Duty, hour: float, unit: UnitId | None = NORTH, skill: Skill | None = None) -> list[str]:
    return list(on_duty(duty, unit, NOON + hour * HOUR, skill))


def test_a_shift_begins_with_its_first_moment_and_ends_before_its_last() -> None:
    one = duty(shift("anna", 0, 8))
    assert on_duty(one, NORTH, NOON - SECOND) == ()
    assert on_duty(one, NORTH, NOON) == ("anna",)
    assert on_duty(one, NORTH, NOON + 8 * HOUR - SECOND) == ("anna",)
    assert on_duty(one, NORTH, NOON + 8 * HOUR) == ()


def test_of_two_shifts_that_meet_one_is_on_duty_at_every_moment() -> None:
    two = duty(shift("anna", 0, 8), shift("bert", 8, 16))
    assert on_duty(two, NORTH, NOON + 8 * HOUR - timedelta(microseconds=1)) == ("anna",)
    assert on_duty(two, NORTH, NOON + 8 * HOUR) == ("bert",)


def test_several_people_are_on_one_shift_and_each_is_named_once() -> None:
    assert at(duty(rotation("r", "carl", "anna"), shift("anna", 0, 8)), 1) == ["anna", "carl"]


UNITS = [((), NORTH, True), ((NORTH, SOUTH), NORTH, True), ((SOUTH,), NORTH, False), ((SOUTH,), None, True)]


@pytest.mark.parametrize(("units", "asked", "there"), UNITS)
def test_a_night_team_works_for_the_units_that_it_names_and_for_all_if_it_names_none(
    units: tuple[UnitId, ...], asked: UnitId | None, there: bool
) -> None:
    assert at(duty(rotation("night", "anna", units=units)), 0, asked) == (["anna"] if there else [])


SKILLS = {"anna": {Skill.NURSE, Skill.ASSISTANT}, "bert": {Skill.ASSISTANT}, "olle": {Skill.OPERATOR}}
WITH_SKILL = [
    (None, None, ["anna", "bert", "olle"]),
    (None, Skill.NURSE, ["anna"]),
    (None, Skill.ASSISTANT, ["anna", "bert"]),
    (None, Skill.OPERATOR, ["olle"]),
    (Skill.ASSISTANT, None, ["anna", "bert", "olle"]),
    (Skill.ASSISTANT, Skill.ASSISTANT, ["anna", "bert"]),
    (Skill.ASSISTANT, Skill.NURSE, []),
    (Skill.OPERATOR, None, []),
    (Skill.OPERATOR, Skill.OPERATOR, ["olle"]),
    (Skill.RELATIVE, None, []),
]


@pytest.mark.parametrize(("worked_with", "asked", "expected"), WITH_SKILL)
def test_who_counts_with_which_skill(worked_with: Skill | None, asked: Skill | None, expected: list[str]) -> None:
    team = rotation("r", "anna", "bert", "olle", skill=worked_with)
    skills = {StaffId(staff): frozenset(those) for staff, those in SKILLS.items()}
    assert at(duty(team, skills=skills), 0, NORTH, asked) == expected


EXCEPTIONS: list[tuple[str, list[DutyException], list[str]]] = [
    ("nothing", [], ["anna", "bert"]),
    ("not yet", [gives(leg("anna", "carl", 3, 9))], ["anna", "bert"]),
    ("over", [gives(leg("anna", "carl", -3, 2))], ["anna", "bert"]),
    ("a substitute", [gives(leg("anna", "carl"))], ["bert", "carl"]),
    ("a substitute who works anyway", [gives(leg("anna", "bert"))], ["bert"]),
    ("a substitute has a substitute", [gives(leg("anna", "carl")), gives(leg("carl", "dora"))], ["bert", "dora"]),
    ("the later one is on top", [gives(leg("carl", "dora")), gives(leg("anna", "carl"))], ["bert", "carl"]),
    ("given back", [gives(leg("anna", "carl")), gives(leg("carl", "anna"))], ["anna", "bert"]),
    ("a swap of one night changes nothing", [gives(leg("anna", "bert"), leg("bert", "anna"))], ["anna", "bert"]),
    ("absent", [away("anna")], ["bert"]),
    ("absent, a substitute is found later", [away("anna"), gives(leg("anna", "carl"))], ["bert", "carl"]),
    ("absent, with a substitute", [away("anna", "carl")], ["bert", "carl"]),
    ("absent, whatever is agreed later", [away("anna"), gives(leg("bert", "anna"))], []),
    ("both are absent", [away("anna", "bert"), away("bert")], []),
    ("the substitute is absent", [away("anna", "carl"), away("carl", "dora")], ["bert", "dora"]),
    ("only of that rotation", [gives(leg("anna", "carl", rotation="r"))], ["bert", "carl"]),
    ("only of another rotation", [gives(leg("anna", "carl", rotation="x"))], ["anna", "bert"]),
    ("the rotation pauses", [gives(leg(None, None, rotation="r"))], []),
    ("another pauses", [gives(leg(None, None, rotation="x"))], ["anna", "bert"]),
    ("paused, and nobody to stand in for", [gives(leg(None, None, rotation="r")), gives(leg("anna", "carl"))], []),
]


@pytest.mark.parametrize(("exceptions", "expected"), [case[1:] for case in EXCEPTIONS], ids=[c[0] for c in EXCEPTIONS])
def test_exceptions(exceptions: list[DutyException], expected: list[str]) -> None:
    assert at(duty(rotation("r", "anna", "bert"), *exceptions), 2) == expected


def test_a_swap_of_two_nights() -> None:
    nights = duty(
        shift("anna", 0, 10), shift("bert", 24, 34), gives(leg("anna", "bert", 0, 10), leg("bert", "anna", 24, 34))
    )
    assert (at(nights, 3), at(nights, 27)) == (["bert"], ["anna"])


def test_a_substitute_may_come_for_a_part() -> None:
    night = duty(shift("anna", 0, 10), gives(leg("anna", "bert", 3, 5)))
    assert [at(night, hour) for hour in (2.9, 3, 4.9, 5)] == [["anna"], ["bert"], ["bert"], ["anna"]]
    (standing_in,) = present(night, NORTH, NOON + 3 * HOUR)
    assert standing_in == OnDuty(StaffId("bert"), (), None, NOON, NOON + 10 * HOUR, "s-anna-0", planned=StaffId("anna"))


def test_a_version_of_a_rotation_holds_for_its_time_even_within_a_shift() -> None:
    old, new = rotation("r", "anna", until=NOON), rotation("r", "bert", since=NOON)
    both = duty(old, new)
    assert on_duty(both, NORTH, NOON - SECOND) == ("anna",)
    assert on_duty(both, NORTH, NOON) == ("bert",)
    assert [each.end for each in present(both, NORTH, NOON - SECOND)] == [NOON]
    assert [each.start for each in present(both, NORTH, NOON)] == [NOON]
    assert changes(both, NORTH, NOON - HOUR, NOON + HOUR) == (NOON,)


def test_whose_account_is_closed_is_on_no_duty() -> None:
    gone = duty(rotation("r", "anna", "bert"), closed={StaffId("anna"): NOON})
    assert (on_duty(gone, NORTH, NOON - SECOND), on_duty(gone, NORTH, NOON)) == (("anna", "bert"), ("bert",))
    assert changes(gone, NORTH, NOON - HOUR, NOON + HOUR) == (NOON,)


IN_USE = frozenset({Use(NORTH, Skill.NURSE), Use(None, Skill.OPERATOR), Use(SOUTH, None)})
USES = [
    (NORTH, None, True),
    (NORTH, Skill.NURSE, True),
    (NORTH, Skill.ASSISTANT, False),
    (NORTH, Skill.OPERATOR, True),
    (SOUTH, None, True),
    (SOUTH, Skill.ASSISTANT, True),
    (UnitId("harbour"), None, False),
    (UnitId("harbour"), Skill.OPERATOR, True),
    (None, None, True),
    (None, Skill.RELATIVE, True),
]


@pytest.mark.parametrize(("unit", "skill", "expected"), USES)
def test_which_units_plan_duty(unit: UnitId | None, skill: Skill | None, expected: bool) -> None:
    assert planned(duty(in_use=IN_USE), unit, skill) is expected


def test_operators_on_standby_for_all_units_plan_no_care() -> None:
    assert not planned(duty(in_use=frozenset({Use(None, Skill.OPERATOR)})), NORTH)


def test_changes_are_the_moments_at_which_an_answer_becomes_another() -> None:
    nurse = {StaffId("anna"): frozenset({Skill.NURSE})}
    shifts = [shift("anna", 1, 3), shift("anna", 3, 5), shift("bert", 4, 6), shift("carl", 2, 7, SOUTH)]
    day = duty(*shifts, gives(leg("x", "y", 2.5, 9)), skills=nurse)
    hours = [(moment - NOON) / HOUR for moment in changes(day, NORTH, NOON, NOON + 24 * HOUR)]
    assert hours == [1, 4, 5, 6]
    assert changes(day, NORTH, NOON + HOUR, NOON + 4 * HOUR) == ()


def test_a_change_of_skill_only_is_one() -> None:
    skills = {
        StaffId(staff): frozenset({Skill(skill)}) for staff, skill in {"anna": "nurse", "olle": "operator"}.items()
    }
    two = duty(shift("anna", 0, 4, skill=Skill.NURSE), shift("anna", 4, 8, skill=Skill.ASSISTANT), skills=skills)
    assert changes(two, NORTH, NOON, NOON + 8 * HOUR) == (NOON + 4 * HOUR,)


def test_a_moment_is_worked_out_once_for_each_unit() -> None:
    one = duty(shift("anna", 0, 8))
    assert present(one, NORTH, NOON) is present(one, NORTH, NOON)
    assert set(one.known) == {(NORTH, NOON)}
