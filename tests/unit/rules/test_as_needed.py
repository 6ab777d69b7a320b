"""Doses taken as needed: they settle no window, and too many of them are told."""

from collections.abc import Sequence
from typing import Any

import pytest

from rules.decisions import AlarmKind, Priority, Raise
from tests.support.home import DEVICE, Home, Line

PAIN = {"dose": "pain", "at_most": 2, "hours": 8}
PLAN: dict[str, Any] = {"medicine": {"as_needed": [PAIN]}}
BOTH: dict[str, Any] = {
    "medicine": {"as_needed": [PAIN], "windows": [{"from": "08:00", "to": "09:00", "remind_after_minutes": None}]}
}
TOO_MANY = "raise dose_too_many"

CASES: dict[str, tuple[dict[str, Any], Sequence[Line], list[str]]] = {
    "as many as allowed": (PLAN, ["08:00 dose_taken dose=pain", "08:01 dose_taken dose=pain"], []),
    "one more": (PLAN, [f"{at} dose_taken dose=pain" for at in ("08:00", "12:00", "15:59")], [f"15:59 {TOO_MANY}"]),
    "one more when the first is long ago": (
        PLAN,
        [f"{at} dose_taken dose=pain" for at in ("08:00", "12:00", "16:00")],
        [],
    ),
    "each one more": (
        PLAN,
        [f"{at} dose_taken dose=pain" for at in ("08:00", "08:01", "08:02", "08:03")],
        [f"08:02 {TOO_MANY}", f"08:03 {TOO_MANY}"],
    ),
    "no plan": ({}, ["08:00 dose_taken dose=pain"], []),
    "another dose": (PLAN, [f"{at} dose_taken dose=sleep" for at in ("08:00", "08:01", "08:02")], []),
    "a dose without a name": (PLAN, [f"{at} dose_taken" for at in ("08:00", "08:01", "08:02")], []),
    "reported late, between the others": (
        PLAN,
        ["08:00 dose_taken dose=pain", "20:00 dose_taken dose=pain", "20:01 dose_taken at 07:00 dose=pain"],
        [],
    ),
    "reported late, and too many then": (
        PLAN,
        ["08:00 dose_taken dose=pain", "09:00 dose_taken dose=pain", "20:00 dose_taken at 08:30 dose=pain"],
        [f"20:00 {TOO_MANY}"],
    ),
    "reported late, and too many then, though one was taken since": (
        PLAN,
        [*(f"{at} dose_taken dose=pain" for at in ("08:00", "09:00", "20:00")), "20:01 dose_taken at 10:00 dose=pain"],
        [f"20:01 {TOO_MANY}"],
    ),
    "by a clock that goes ahead": (
        PLAN,
        ["08:00 dose_taken at 23:00 dose=pain", "09:00 dose_taken dose=pain", "10:00 dose_taken dose=pain"],
        [f"10:00 {TOO_MANY}"],
    ),
    "in the night that has an hour twice": (
        PLAN,
        ["+237 01:30 dose_taken dose=pain", "+237 02:30 dose_taken dose=pain", "+237 08:30 dose_taken dose=pain"],
        [],
    ),
    "in the night that skips an hour": (
        PLAN,
        ["+27 01:30 dose_taken dose=pain", "+27 04:00 dose_taken dose=pain", "+27 10:29 dose_taken dose=pain"],
        [f"+27 10:29 {TOO_MANY}"],
    ),
    "it settles no window": (BOTH, ["08:30 dose_taken dose=pain", "10:00"], ["09:00 raise dose_not_taken 08:00-09:00"]),
    "a window's dose is none of them": (BOTH, ["08:10 dose_taken", "08:20 dose_taken", "08:30 dose_taken"], []),
    "a plan that changes, and still names the dose": (
        {},
        [
            ("07:00", PLAN),
            "08:00 dose_taken dose=pain",
            "08:01 dose_taken dose=pain",
            ("08:02", BOTH),
            "08:04 dose_taken dose=pain",
        ],
        [f"08:04 {TOO_MANY}"],
    ),
    "a plan that goes": (
        {},
        [
            ("07:00", PLAN),
            "08:00 dose_taken dose=pain",
            "08:01 dose_taken dose=pain",
            ("08:02", {}),
            ("08:03", PLAN),
            "08:04 dose_taken dose=pain",
        ],
        [],
    ),
}


@pytest.mark.parametrize(("plan", "lines", "decisions"), CASES.values(), ids=CASES)
def test_as_needed(plan: dict[str, Any], lines: Sequence[Line], decisions: list[str]) -> None:
    assert Home(plan).play(*lines) == decisions


def test_too_many_that_are_reported_late_are_told_with_their_age() -> None:
    home = Home(PLAN)
    home.play("08:00 dose_taken dose=pain", "09:00 dose_taken dose=pain", "20:00 dose_taken at 08:30 dose=pain")
    (raised,) = home.decisions
    assert isinstance(raised, Raise)
    assert (raised.occurred_at, raised.detail["late_minutes"]) == (home.time("08:30"), 690)
    assert raised.detail["reported_at"] == home.time("20:00").isoformat()
    assert [taken["at"] for taken in raised.detail["inputs"]] == [
        home.time(at).isoformat() for at in ("08:00", "08:30", "09:00")
    ]


def test_an_alarm_says_when_they_were_taken() -> None:
    home = Home(PLAN)
    home.play(*(f"{at} dose_taken dose=pain" for at in ("08:00", "12:00", "15:00")))
    (raised,) = home.decisions
    assert isinstance(raised, Raise)
    assert (raised.kind, raised.priority, raised.device) == (AlarmKind.TOO_MANY_DOSES, Priority.CARE, DEVICE)
    assert (raised.detail["dose"], raised.detail["n"], raised.detail["hours"]) == ("pain", 3, 8)
    assert [taken["at"] for taken in raised.detail["inputs"]] == [
        home.time(at).isoformat() for at in ("08:00", "12:00", "15:00")
    ]
