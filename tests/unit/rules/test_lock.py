"""Digital lock: refused openings, and openings that nobody planned."""

from collections.abc import Sequence
from typing import Any

import pytest

from rules.decisions import AlarmKind, Priority, Raise
from tests.support.home import DEVICE, Home, Line

PLAN: dict[str, Any] = {"lock": {"refused_count": 3, "refused_minutes": 10}}
PLANNED: dict[str, Any] = {"lock": {"planned": [{"from": "07:00", "to": "22:00"}, {"from": "23:30", "to": "00:30"}]}}

CASES: dict[str, tuple[dict[str, Any], Sequence[Line], list[str]]] = {
    "twice": (PLAN, ["12:00 unlock_denied", "12:01 unlock_denied"], []),
    "three times in time": (
        PLAN,
        ["12:00 unlock_denied", "12:05 unlock_denied", "12:10 unlock_denied"],
        ["12:10 raise refused_openings"],
    ),
    "three times too slowly": (PLAN, ["12:00 unlock_denied", "12:05 unlock_denied", "12:11 unlock_denied"], []),
    "the last three in time": (
        PLAN,
        ["12:00 unlock_denied", "12:09 unlock_denied", "12:11 unlock_denied", "12:13 unlock_denied"],
        ["12:13 raise refused_openings"],
    ),
    "told once, then counted anew": (
        PLAN,
        [f"12:0{n} unlock_denied" for n in range(7)],
        ["12:02 raise refused_openings", "12:05 raise refused_openings"],
    ),
    "reported late": (
        PLAN,
        ["12:00 unlock_denied", "12:02 unlock_denied", "14:00 unlock_denied at 12:01"],
        ["14:00 raise refused_openings"],
    ),
    "reported late, when others were refused since": (
        PLAN,
        ["12:00 unlock_denied", "12:02 unlock_denied", "13:59 unlock_denied", "14:00 unlock_denied at 12:01"],
        ["14:00 raise refused_openings"],
    ),
    "by a clock that goes ahead": (
        PLAN,
        ["12:00 unlock_denied at 13:00", "12:01 unlock_denied at 13:30", "12:02 unlock_denied"],
        ["12:02 raise refused_openings"],
    ),
    "an opening between counts nothing": (
        PLAN,
        ["12:00 unlock_denied", "12:01 unlock_denied", "12:02 unlocked", "12:03 unlock_denied"],
        ["12:03 raise refused_openings"],
    ),
    "any hour is fine when none is planned": (PLAN, ["03:00 unlocked"], []),
    "a planned hour": (PLANNED, ["07:00 unlocked", "21:59 unlocked", "23:45 unlocked", "+1 00:29 unlocked"], []),
    "no planned hour": (
        PLANNED,
        ["06:59 unlocked", "22:00 unlocked", "+1 00:30 unlocked"],
        [f"{at} raise unplanned_opening" for at in ("06:59", "22:00", "+1 00:30")],
    ),
    "judged by when it happened": (
        PLANNED,
        ["07:10 unlocked at 05:00", "23:00 unlocked at 21:00"],
        ["07:10 raise unplanned_opening"],
    ),
    "the hour that the autumn night has twice": (
        {"lock": {"planned": [{"from": "02:00", "to": "03:00"}]}},
        ["+237 00:30Z unlocked", "+237 01:30Z unlocked", "+237 02:00Z unlocked"],
        ["+237 02:00Z raise unplanned_opening"],
    ),
    "no plan": ({}, ["03:00 unlocked", *(f"12:0{n} unlock_denied" for n in range(5))], []),
    "a plan that goes": (
        {},
        [
            ("11:00", PLAN),
            "12:00 unlock_denied",
            "12:01 unlock_denied",
            ("12:02", {}),
            ("12:03", PLAN),
            "12:04 unlock_denied",
        ],
        [],
    ),
}


@pytest.mark.parametrize(("plan", "lines", "decisions"), CASES.values(), ids=CASES)
def test_a_lock(plan: dict[str, Any], lines: Sequence[Line], decisions: list[str]) -> None:
    assert Home(plan).play(*lines) == decisions


def test_refusals_are_counted_over_a_change_of_plan() -> None:
    other: dict[str, Any] = {"lock": PLAN["lock"] | PLANNED["lock"]}
    lines: list[Line] = [("11:00", PLAN), "12:00 unlock_denied", "12:01 unlock_denied", ("12:02", other)]
    assert Home().play(*lines, "12:03 unlock_denied") == ["12:03 raise refused_openings"]


def test_who_is_not_known_is_not_told() -> None:
    home = Home(PLANNED)
    home.play("03:00 unlocked")
    assert "user" not in home.decisions[0].detail


@pytest.mark.parametrize(
    ("plan", "kind"),
    [({"lock": {"refused_count": 1}}, "unlock_denied"), (PLANNED, "unlocked")],
    ids=["refused", "opened"],
)
def test_what_is_reported_late_is_told_with_its_age(plan: dict[str, Any], kind: str) -> None:
    home = Home(plan)
    home.play(f"12:00 {kind} at 03:00", f"23:00 {kind}")
    late, soon = home.decisions
    assert isinstance(late, Raise)
    assert (late.occurred_at, late.detail["late_minutes"]) == (home.time("03:00"), 540)
    assert "late_minutes" not in soon.detail


def test_an_alarm_says_when_and_who() -> None:
    home = Home(PLAN)
    home.play(*(f"12:0{n} unlock_denied user=key-{n}" for n in range(3)))
    (raised,) = home.decisions
    assert isinstance(raised, Raise)
    assert (raised.kind, raised.priority, raised.device) == (AlarmKind.LOCK_REFUSED, Priority.CARE, DEVICE)
    assert (raised.detail["n"], raised.detail["user"]) == (3, "key-2")
    assert [denied["at"] for denied in raised.detail["inputs"]] == [home.time(f"12:0{n}").isoformat() for n in range(3)]
