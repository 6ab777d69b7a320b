"""Which policy an alarm follows."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from events.ids import TenantId, UnitId
from events.kinds import Technology
from rules.decisions import AlarmKind
from rules.policy import Group, Policy, PolicyHours, Rung, Whom
from rules.policy_choice import (
    TECHNOLOGY_OF,
    USUAL,
    VAKA_CARE,
    VAKA_TECHNICAL,
    Case,
    Policies,
    PolicyVersion,
    choose,
    holds,
    rival,
    technology_of,
)

STOCKHOLM = "Europe/Stockholm"
NORTH = UnitId("north")
NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
"""A Monday."""

FALL = Case(NORTH, Technology.SOCIAL_ALARM, AlarmKind.FALL, 1)
NIGHT = PolicyHours("22:00", "07:00")


def version(id: str, unit: UnitId | None = None, **fields: Any) -> PolicyVersion:
    policy = Policy(id, (Rung(0, (Whom(Group.EVERYBODY),)),), 300)
    return PolicyVersion(id, 1, unit, replace(policy, **fields))


ANY = version("any")
LIFE = version("life", priorities=(1,))
DAY = version("day", hours=(PolicyHours("07:00", "22:00"),))
BUTTONS = version("buttons", technologies=(Technology.SOCIAL_ALARM,))
FALLS = version("falls", kinds=(AlarmKind.FALL,))
OF_NORTH = version("north", NORTH)


def chosen(*versions: PolicyVersion, case: Case = FALL, at: datetime = NOON) -> str:
    return choose(Policies(TenantId("t"), STOCKHOLM, versions), case, at).id


RISING = (ANY, LIFE, DAY, BUTTONS, FALLS, OF_NORTH)


@pytest.mark.parametrize("number", range(1, len(RISING)))
def test_the_more_exact_one_holds(number: int) -> None:
    """A unit before kinds, kinds before technologies, those before hours, those before few priorities."""
    assert chosen(*RISING[: number + 1]) == RISING[number].id
    assert chosen(*reversed(RISING[: number + 1])) == RISING[number].id


def test_a_unit_counts_more_than_all_the_rest() -> None:
    exact = version(
        "exact", kinds=(AlarmKind.FALL,), technologies=(Technology.SOCIAL_ALARM,), priorities=(1,), hours=(NIGHT,)
    )
    assert chosen(exact, OF_NORTH, at=NOON.replace(hour=23)) == "north"


NOT_FITTING = [
    version("other", UnitId("south")),
    version("technical", priorities=(3, 4)),
    version("night", hours=(NIGHT,)),
    version("locks", technologies=(Technology.LOCK,)),
    version("doses", kinds=(AlarmKind.MISSED_DOSE,)),
]


@pytest.mark.parametrize("other", NOT_FITTING, ids=lambda other: str(other.id))
def test_one_that_does_not_fit_is_not_taken_however_exact(other: PolicyVersion) -> None:
    assert chosen(other, ANY) == "any"
    assert chosen(other) == VAKA_CARE.id


@pytest.mark.parametrize(
    ("priority", "own"), [(1, VAKA_CARE), (2, VAKA_CARE), (3, VAKA_TECHNICAL), (4, VAKA_TECHNICAL)]
)
def test_without_any_it_is_vakas_own(priority: int, own: PolicyVersion) -> None:
    assert chosen(case=FALL._replace(priority=priority)) == own.id


def test_nobody_is_woken_for_a_flat_battery_by_a_policy_that_says_nothing_of_it() -> None:
    assert chosen(OF_NORTH, case=FALL._replace(priority=3, kind=AlarmKind.BATTERY_LOW)) == VAKA_TECHNICAL.id


def test_an_alarm_of_no_unit_follows_what_is_for_all_units() -> None:
    assert chosen(OF_NORTH, ANY, case=FALL._replace(unit=None)) == "any"


WEEKDAYS = PolicyHours("07:00", "16:00", ("mon", "tue", "wed", "thu", "fri"))
FRIDAY_NIGHT = PolicyHours("22:00", "07:00", ("fri",))
SUNDAY_NIGHT = PolicyHours("22:00", "07:00", ("sun",))
ALL_OF_SATURDAY = PolicyHours("00:00", "00:00", ("sat",))
HOURS = [
    (NIGHT, "2026-03-02T21:59+01:00", False),
    (NIGHT, "2026-03-02T22:00+01:00", True),
    (NIGHT, "2026-03-03T00:00+01:00", True),
    (NIGHT, "2026-03-03T06:59+01:00", True),
    (NIGHT, "2026-03-03T07:00+01:00", False),
    (WEEKDAYS, "2026-03-06T15:59+01:00", True),
    (WEEKDAYS, "2026-03-07T12:00+01:00", False),
    (FRIDAY_NIGHT, "2026-03-06T23:00+01:00", True),
    (FRIDAY_NIGHT, "2026-03-07T06:00+01:00", True),
    (FRIDAY_NIGHT, "2026-03-06T06:00+01:00", False),
    (FRIDAY_NIGHT, "2026-03-07T22:00+01:00", False),
    (SUNDAY_NIGHT, "2026-03-08T23:00+01:00", True),
    (SUNDAY_NIGHT, "2026-03-09T06:59+01:00", True),
    (SUNDAY_NIGHT, "2026-03-02T06:59+01:00", True),
    (SUNDAY_NIGHT, "2026-03-09T07:00+01:00", False),
    (ALL_OF_SATURDAY, "2026-03-07T00:00+01:00", True),
    (ALL_OF_SATURDAY, "2026-03-07T23:59+01:00", True),
    (ALL_OF_SATURDAY, "2026-03-08T00:00+01:00", False),
    # Clocks go forward at 02:00 on 29 March, and back at 03:00 on 25 October.
    (NIGHT, "2026-03-29T04:59+00:00", True),
    (NIGHT, "2026-03-29T05:00+00:00", False),
    (NIGHT, "2026-03-28T21:00+00:00", True),
    (NIGHT, "2026-10-25T05:59+00:00", True),
    (NIGHT, "2026-10-25T06:00+00:00", False),
    (PolicyHours("02:00", "03:00"), "2026-10-25T00:30+00:00", True),
    (PolicyHours("02:00", "03:00"), "2026-10-25T01:30+00:00", True),
    (PolicyHours("02:00", "03:00"), "2026-03-29T01:30+00:00", False),
]


@pytest.mark.parametrize(("hours", "at", "expected"), HOURS)
def test_hours_are_by_the_clock_on_the_wall(hours: PolicyHours, at: str, expected: bool) -> None:
    assert holds(hours, datetime.fromisoformat(at), STOCKHOLM) is expected


# No two that are equally exact.

BY_DAY, BY_NIGHT = version("by day", hours=(PolicyHours("07:00", "22:00"),)), version("by night", hours=(NIGHT,))
RIVALS = [
    (version("a"), version("b"), True),
    (version("a", NORTH), version("b", NORTH), True),
    (version("a", NORTH), version("b"), False),
    (version("a", NORTH), version("b", UnitId("south")), False),
    (version("a", priorities=(1,)), version("b", priorities=(1, 2)), False),
    (version("a", priorities=(1,)), version("b", priorities=(2,)), False),
    (version("a", priorities=(1, 2)), version("b", priorities=(2, 3)), True),
    (version("a", kinds=(AlarmKind.FALL,)), version("b", kinds=(AlarmKind.SMOKE,)), False),
    (version("a", kinds=(AlarmKind.FALL,)), version("b", kinds=(AlarmKind.FALL, AlarmKind.SMOKE)), True),
    (version("a", technologies=(Technology.LOCK,)), version("b", technologies=(Technology.LOCK,)), True),
    (BUTTONS, FALLS, False),
    (BY_DAY, BY_NIGHT, False),
    (BY_DAY, version("noon", hours=(PolicyHours("11:00", "13:00", ("wed",)),)), True),
    (BY_NIGHT, version("early", hours=(PolicyHours("05:00", "07:00", ("mon",)),)), True),
    (
        version("sunday", hours=(SUNDAY_NIGHT,)),
        version("early", hours=(PolicyHours("05:00", "07:00", ("mon",)),)),
        True,
    ),
    (
        version("sunday", hours=(SUNDAY_NIGHT,)),
        version("early", hours=(PolicyHours("05:00", "07:00", ("tue",)),)),
        False,
    ),
]


@pytest.mark.parametrize(("one", "other", "expected"), RIVALS)
def test_two_that_nobody_could_tell_apart(one: PolicyVersion, other: PolicyVersion, expected: bool) -> None:
    assert rival(one, [other]) == (other if expected else None)
    assert rival(other, [one]) == (one if expected else None)


def test_a_policy_is_not_its_own_rival() -> None:
    assert rival(ANY._replace(version=2), [ANY]) is None


def test_what_no_device_raised_belongs_to_what_watches_for_it() -> None:
    assert technology_of(Technology.OTHER, AlarmKind.MISSED_DOSE) is Technology.OTHER
    assert technology_of(None, AlarmKind.MISSED_DOSE) is Technology.MEDICINE
    assert technology_of(None, AlarmKind.RULE_FAILED) is None


def test_every_technology_has_its_usual_alarm() -> None:
    assert set(USUAL) == set(Technology)
    assert all(TECHNOLOGY_OF.get(kind, technology) is technology for technology, (kind, _) in USUAL.items())
