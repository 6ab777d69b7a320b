"""Supervision: planned look-ins that are not made, fail, or are made late."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from rules.decisions import AlarmKind, Priority, Raise, Withdraw
from tests.support.home import DEVICE, Home, Line


def checks(*spans: str, **fields: Any) -> dict[str, Any]:
    return {"supervision": {"checks": [{"from": span[:5], "to": span[6:], **fields} for span in spans]}}


NIGHT = checks("03:00-04:00")
OVER_MIDNIGHT = checks("23:30-00:30")
NOT_DONE = "raise check_not_done 03:00-04:00"

CASES: dict[str, tuple[dict[str, Any], Sequence[Line], list[str]]] = {
    "done": (NIGHT, ["03:30 check_done", "05:00"], []),
    "not done": (NIGHT, ["05:00"], [f"04:00 {NOT_DONE}"]),
    "not done, night after night": (NIGHT, ["+1 05:00"], [f"04:00 {NOT_DONE}", f"+1 04:00 {NOT_DONE}"]),
    "done late": (
        NIGHT,
        ["04:20 check_done", "05:00"],
        [f"04:00 {NOT_DONE}", "04:20 withdraw check_done_late 03:00-04:00"],
    ),
    "reported late": (
        NIGHT,
        ["04:20 check_done at 03:10", "05:00"],
        [f"04:00 {NOT_DONE}", "04:20 withdraw check_reported_late 03:00-04:00"],
    ),
    "done as its window ends": (
        NIGHT,
        ["04:00 check_done", "05:00"],
        [f"04:00 {NOT_DONE}", "04:00 withdraw check_done_late 03:00-04:00"],
    ),
    "reported as its window ends": (
        NIGHT,
        ["04:00 check_done at 03:55", "05:00"],
        [f"04:00 {NOT_DONE}", "04:00 withdraw check_reported_late 03:00-04:00"],
    ),
    "done before its window": (NIGHT, ["02:59 check_done", "05:00"], [f"04:00 {NOT_DONE}"]),
    "failed": (NIGHT, ["03:10 check_failed", "05:00"], ["03:10 raise check_failed 03:00-04:00"]),
    "failed, and done after all": (
        NIGHT,
        ["03:10 check_failed", "03:20 check_done", "05:00"],
        ["03:10 raise check_failed 03:00-04:00", "03:20 withdraw check_done_late 03:00-04:00"],
    ),
    "done, and failed after that": (NIGHT, ["03:10 check_done", "03:20 check_failed", "05:00"], []),
    "failed when staff know already": (NIGHT, ["04:10 check_failed"], [f"04:00 {NOT_DONE}"]),
    "failed when nothing was planned": (
        NIGHT,
        ["12:00 check_failed"],
        [f"04:00 {NOT_DONE}", "12:00 raise check_failed"],
    ),
    "over midnight": (OVER_MIDNIGHT, ["00:10 check_done", "23:00"], []),
    "over midnight, not done": (
        OVER_MIDNIGHT,
        ["00:10 check_done", "+1 02:00"],
        ["+1 00:30 raise check_not_done 23:30-00:30"],
    ),
    "no plan": ({}, ["03:30 check_done", "05:00"], []),
    "no plan, but it failed": ({}, ["03:30 check_failed"], ["03:30 raise check_failed"]),
    "a plan that goes": ({}, [("00:00", NIGHT), ("03:10", {}), "05:00"], []),
    "a window that runs when the plan comes": ({}, [("03:10", NIGHT), "05:00"], [f"04:00 {NOT_DONE}"]),
    "a window that is over when the plan comes": ({}, [("04:10", NIGHT), "05:00"], []),
}


@pytest.mark.parametrize(("plan", "lines", "decisions"), CASES.values(), ids=CASES)
def test_a_check(plan: dict[str, Any], lines: Sequence[Line], decisions: list[str]) -> None:
    assert Home(plan).play(*lines) == decisions


OUTAGES: dict[str, tuple[Sequence[Line], list[str]]] = {
    "not done": ([], [f"04:00 {NOT_DONE}"]),
    "done": (["10:00 check_done at 03:30"], []),
    "failed": (["10:00 check_failed at 03:30"], ["10:00 raise check_failed 03:00-04:00"]),
    "the plan goes meanwhile, after the check": ([("10:00", {})], [f"04:00 {NOT_DONE}"]),
    "another plan comes meanwhile": ([("10:00", checks("20:00-21:00"))], [f"04:00 {NOT_DONE}"]),
}


@pytest.mark.parametrize(("lines", "decisions"), OUTAGES.values(), ids=OUTAGES)
def test_after_an_outage_what_was_kept_is_heard_first(lines: Sequence[Line], decisions: list[str]) -> None:
    """Nothing is fired between 02:30 and the end of catching up."""
    home = Home(NIGHT)
    assert home.play("02:30", "10:00 catch_up_began", *lines, "10:01 catch_up_ended") == decisions


def test_an_alarm_says_which_check_and_why_it_failed() -> None:
    home = Home(checks("03:00-04:00", name="night"))
    home.play("03:10 check_failed reason=privacy", "03:20 check_done")
    raised, withdrawn = home.decisions
    assert isinstance(raised, Raise)
    assert (raised.kind, raised.priority) == (AlarmKind.SUPERVISION, Priority.CARE)
    assert (raised.detail["check"], raised.detail["why"]) == ("night", "privacy")
    assert raised.detail["deadline"] == home.time("04:00").isoformat()
    assert isinstance(withdrawn, Withdraw)
    assert withdrawn.episode == raised.id
    assert withdrawn.detail["done_at"] == home.time("03:20").isoformat()


def test_a_check_that_only_the_camera_knows_is_told_with_the_device() -> None:
    home = Home()
    home.play("12:00 check_failed at 11:50 reason=dark")
    (raised,) = home.decisions
    assert isinstance(raised, Raise)
    assert (raised.device, raised.occurred_at, raised.detail["why"]) == (DEVICE, home.time("11:50"), "dark")


@pytest.mark.parametrize(
    ("day", "span", "told"),
    [
        (date(2026, 3, 29), "01:00-04:00", "02:00Z"),
        (date(2026, 3, 29), "02:15-02:45", "01:45Z"),
        (date(2026, 10, 25), "01:00-04:00", "03:00Z"),
        (date(2026, 10, 25), "02:15-02:45", "00:45Z"),
    ],
)
def test_checks_when_clocks_change(day: date, span: str, told: str) -> None:
    assert Home(checks(span), day=day).play("08:00Z") == [f"{told} raise check_not_done"]
