"""Missed dose: when staff hear of it, when the dispenser reminds, and when an alarm turns out to be nothing."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import pytest

from events.ids import derived_id
from rules.decisions import AlarmKind, Priority, Raise, Remind, Withdraw
from rules.missed_dose import disarmed, episode_id
from rules.state import Slot, SlotStatus
from tests.support.home import DEVICE, KEY, MONDAY, Home, Line


def windows(*spans: str, **fields: Any) -> dict[str, Any]:
    """A plan of dose windows `08:00-09:00`, each with these fields."""
    return {"medicine": {"windows": [{"from": span[:5], "to": span[6:], **fields} for span in spans]}}


MORNING = windows("08:00-09:00")
TWO = windows("08:00-09:00", "20:00-21:00", remind_after_minutes=None)
NIGHT = windows("23:30-00:30")


class Case(NamedTuple):
    plan: dict[str, Any]
    lines: Sequence[Line]
    decisions: list[str]


CASES = {
    "not taken": Case(
        MORNING,
        ["10:00"],
        ["08:15 remind dose_due 08:00-09:00", "09:00 raise dose_not_taken 08:00-09:00"],
    ),
    "not taken on any day": Case(
        windows("08:00-09:00", remind_after_minutes=None),
        ["+2 12:00"],
        [f"{day}09:00 raise dose_not_taken 08:00-09:00" for day in ("", "+1 ", "+2 ")],
    ),
    "taken in its first minute": Case(MORNING, ["08:00 dose_taken", "10:00"], []),
    "taken before the reminder": Case(MORNING, ["08:14 dose_taken", "10:00"], []),
    "taken after the reminder": Case(MORNING, ["08:59 dose_taken", "10:00"], ["08:15 remind dose_due 08:00-09:00"]),
    "taken too early": Case(
        windows("08:00-09:00", remind_after_minutes=None),
        ["07:59 dose_taken", "10:00"],
        ["09:00 raise dose_taken_early 08:00-09:00"],
    ),
    "taken much too early": Case(
        windows("08:00-09:00", remind_after_minutes=None),
        ["03:59 dose_taken", "10:00"],
        ["09:00 raise dose_not_taken 08:00-09:00"],
    ),
    "taken four hours too early": Case(
        windows("08:00-09:00", remind_after_minutes=None),
        ["04:00 dose_taken", "10:00"],
        ["09:00 raise dose_taken_early 08:00-09:00"],
    ),
    "taken in time, and reported as the window ends": Case(
        windows("08:00-09:00", remind_after_minutes=None),
        ["09:00 dose_taken at 08:55"],
        ["09:00 raise dose_not_taken 08:00-09:00", "09:00 withdraw dose_reported_late 08:00-09:00"],
    ),
    "taken as early as it may be": Case(
        windows("08:00-09:00", remind_after_minutes=0, early_minutes=30), ["07:30 dose_taken", "10:00"], []
    ),
    "taken early, and again in the window": Case(
        windows("08:00-09:00", early_minutes=30), ["07:30 dose_taken", "08:30 dose_taken", "10:00"], []
    ),
    "taken a minute earlier than it may be": Case(
        windows("08:00-09:00", remind_after_minutes=None, early_minutes=30),
        ["07:29 dose_taken", "10:00"],
        ["09:00 raise dose_taken_early 08:00-09:00"],
    ),
    "between two windows it is the nearer one: that which was missed": Case(
        windows("08:00-09:00", "10:00-11:00", remind_after_minutes=None, early_minutes=60),
        ["09:29 dose_taken", "12:00"],
        [
            "09:00 raise dose_not_taken 08:00-09:00",
            "09:29 withdraw dose_taken_late 08:00-09:00",
            "11:00 raise dose_not_taken 10:00-11:00",
        ],
    ),
    "between two windows it is the nearer one: that which comes": Case(
        windows("08:00-09:00", "10:00-11:00", remind_after_minutes=None, early_minutes=60),
        ["09:30 dose_taken", "12:00"],
        ["09:00 raise dose_not_taken 08:00-09:00"],
    ),
    "reminded again until it is taken": Case(
        windows("08:00-09:00", remind_every_minutes=20),
        ["08:40 dose_taken", "10:00"],
        ["08:15 remind dose_due 08:00-09:00", "08:35 remind dose_due 08:00-09:00"],
    ),
    "reminded again until the end": Case(
        windows("08:00-09:00", remind_after_minutes=20, remind_every_minutes=20),
        ["10:00"],
        [
            "08:20 remind dose_due 08:00-09:00",
            "08:40 remind dose_due 08:00-09:00",
            "09:00 raise dose_not_taken 08:00-09:00",
        ],
    ),
    "taken at the end, which is too late": Case(
        windows("08:00-09:00", remind_after_minutes=None),
        ["09:00 dose_taken"],
        ["09:00 raise dose_not_taken 08:00-09:00", "09:00 withdraw dose_taken_late 08:00-09:00"],
    ),
    "taken late": Case(
        windows("08:00-09:00", remind_after_minutes=None),
        ["09:30 dose_taken"],
        ["09:00 raise dose_not_taken 08:00-09:00", "09:30 withdraw dose_taken_late 08:00-09:00"],
    ),
    "reported late": Case(
        windows("08:00-09:00", remind_after_minutes=None),
        ["09:30 dose_taken at 08:05"],
        ["09:00 raise dose_not_taken 08:00-09:00", "09:30 withdraw dose_reported_late 08:00-09:00"],
    ),
    "a clock that goes ahead is not believed": Case(
        windows("08:00-09:00", remind_after_minutes=None), ["08:10 dose_taken at 11:00", "10:00"], []
    ),
    "taken twice": Case(MORNING, ["08:05 dose_taken", "08:06 dose_taken", "09:30 dose_taken", "10:00"], []),
    "taken on the next day before the next window": Case(
        windows("08:00-09:00", remind_after_minutes=None),
        ["+1 07:59 dose_taken"],
        ["09:00 raise dose_not_taken 08:00-09:00", "+1 07:59 withdraw dose_taken_late 08:00-09:00"],
    ),
    "reported when it is forgotten": Case(
        windows("08:00-09:00", remind_after_minutes=None),
        ["+1 08:00 dose_taken", "+1 09:00 dose_taken at 08:05"],
        ["09:00 raise dose_not_taken 08:00-09:00"],
    ),
    "reported just before it is forgotten": Case(
        windows("08:00-09:00", remind_after_minutes=None),
        ["+1 08:00 dose_taken", "+1 08:59 dose_taken at 08:05"],
        ["09:00 raise dose_not_taken 08:00-09:00", "+1 08:59 withdraw dose_reported_late 08:00-09:00"],
    ),
    "the dispenser gives up before the window ends": Case(
        windows("08:00-09:00", remind_after_minutes=None),
        ["08:40 dose_missed", "10:00"],
        ["08:40 raise dose_reported_missed 08:00-09:00"],
    ),
    "the dispenser gives up, and the dose is taken after all": Case(
        windows("08:00-09:00", remind_after_minutes=None),
        ["08:40 dose_missed", "08:50 dose_taken", "10:00"],
        ["08:40 raise dose_reported_missed 08:00-09:00", "08:50 withdraw dose_taken_late 08:00-09:00"],
    ),
    "the dispenser gives up as its window begins": Case(
        MORNING, ["08:00 dose_missed", "10:00"], ["08:00 raise dose_reported_missed 08:00-09:00"]
    ),
    "the dispenser gives up before it reminds": Case(
        MORNING, ["08:10 dose_missed", "10:00"], ["08:10 raise dose_reported_missed 08:00-09:00"]
    ),
    "the dispenser says what is known": Case(
        windows("08:00-09:00", remind_after_minutes=None),
        ["11:00 dose_missed"],
        ["09:00 raise dose_not_taken 08:00-09:00"],
    ),
    "the dispenser contradicts itself": Case(MORNING, ["08:05 dose_taken", "08:30 dose_missed", "10:00"], []),
    "the dispenser knows of a dose that the plan does not have": Case(
        windows("08:00-09:00", remind_after_minutes=None),
        ["08:30 dose_taken", "11:01 dose_missed"],
        ["11:01 raise dose_reported_missed"],
    ),
    "reminded at once": Case(
        windows("08:00-09:00", remind_after_minutes=0), ["08:00"], ["08:00 remind dose_due 08:00-09:00"]
    ),
    "a reminder at the end is none": Case(windows("08:00-09:00", remind_after_minutes=60), ["08:59"], []),
    "over midnight, not taken": Case(
        {},
        [("12:00", NIGHT), "+1 12:00"],
        ["23:45 remind dose_due 23:30-00:30", "+1 00:30 raise dose_not_taken 23:30-00:30"],
    ),
    "over midnight, and the plan comes after it": Case(NIGHT, ["12:00"], ["00:30 raise dose_not_taken 23:30-00:30"]),
    "over midnight, taken after it": Case(
        {}, [("12:00", NIGHT), "+1 00:10 dose_taken", "+1 12:00"], ["23:45 remind dose_due 23:30-00:30"]
    ),
    "over midnight, reported in the morning": Case(
        {},
        [("12:00", windows("23:30-00:30", remind_after_minutes=None)), "+1 07:00 dose_taken at 23:40"],
        ["+1 00:30 raise dose_not_taken 23:30-00:30", "+1 07:00 withdraw dose_reported_late 23:30-00:30"],
    ),
    "a window of a whole day": Case(
        windows("08:00-08:00", remind_after_minutes=None),
        ["00:10 dose_taken", "+1 07:59 dose_taken", "+2 08:00"],
        ["+2 08:00 raise dose_not_taken 08:00-08:00"],
    ),
    "the first missed, the second taken": Case(
        TWO, ["20:30 dose_taken", "23:00"], ["09:00 raise dose_not_taken 08:00-09:00"]
    ),
    "in the next window it is the next dose": Case(
        TWO,
        ["20:00 dose_taken", "20:10 dose_taken", "23:00"],
        ["09:00 raise dose_not_taken 08:00-09:00"],
    ),
    "at the end of a window that is done it is the dose before": Case(
        TWO,
        ["20:30 dose_taken", "21:00 dose_taken"],
        ["09:00 raise dose_not_taken 08:00-09:00", "21:00 withdraw dose_taken_late 08:00-09:00"],
    ),
    "both missed, and taken one after the other": Case(
        TWO,
        ["22:00 dose_taken", "22:10 dose_taken", "22:20 dose_taken"],
        [
            "09:00 raise dose_not_taken 08:00-09:00",
            "21:00 raise dose_not_taken 20:00-21:00",
            "22:00 withdraw dose_taken_late 20:00-21:00",
            "22:10 withdraw dose_taken_late 08:00-09:00",
        ],
    ),
    "the second taken, the first reported when the second had begun": Case(
        TWO,
        ["20:05 dose_taken", "20:30 dose_taken at 08:30", "23:00"],
        ["09:00 raise dose_not_taken 08:00-09:00", "20:30 withdraw dose_reported_late 08:00-09:00"],
    ),
    "adjacent windows": Case(
        windows("08:00-09:00", "09:00-10:00", remind_after_minutes=None),
        ["09:00 dose_taken", "11:00"],
        ["09:00 raise dose_not_taken 08:00-09:00"],
    ),
}


@pytest.mark.parametrize(("plan", "lines", "decisions"), CASES.values(), ids=CASES)
def test_doses(plan: dict[str, Any], lines: Sequence[Line], decisions: list[str]) -> None:
    assert Home(plan).play(*lines) == decisions


CHANGES: dict[str, tuple[Sequence[Line], list[str]]] = {
    "a plan that comes within the window": (
        [("08:10", MORNING), "10:00"],
        ["08:15 remind dose_due 08:00-09:00", "09:00 raise dose_not_taken 08:00-09:00"],
    ),
    "a plan that comes after the reminder was due": (
        [("08:30", MORNING), "10:00"],
        ["08:15 remind dose_due 08:00-09:00", "09:00 raise dose_not_taken 08:00-09:00"],
    ),
    "a plan that comes at the window's end": ([("09:00", MORNING), "+1 07:59"], []),
    "a plan that goes within the window": (
        [("00:00", MORNING), ("08:30", {}), "+2 12:00"],
        ["08:15 remind dose_due 08:00-09:00"],
    ),
    "a window that is moved": (
        [
            ("00:00", windows("08:00-09:00", remind_after_minutes=None)),
            ("08:30", windows("10:00-11:00", remind_after_minutes=None)),
            "12:00",
        ],
        ["11:00 raise dose_not_taken 10:00-11:00"],
    ),
    "a window that becomes longer": (
        [
            ("00:00", windows("08:00-09:00", remind_after_minutes=None)),
            ("08:30", windows("08:00-10:00", remind_after_minutes=None)),
            "09:30 dose_taken",
            "12:00",
        ],
        [],
    ),
    "a named dose that was taken and is moved": (
        [
            ("00:00", windows("08:00-09:00", remind_after_minutes=None, name="morning")),
            "08:05 dose_taken",
            ("08:30", windows("10:00-11:00", remind_after_minutes=None, name="morning")),
            "12:00",
        ],
        [],
    ),
    "another part of the plan changes": (
        [
            ("00:00", windows("08:00-09:00", remind_after_minutes=None)),
            "08:05 dose_taken",
            (
                "08:30",
                windows("08:00-09:00", remind_after_minutes=None) | {"inactivity": {"limits": [{"minutes": 1440}]}},
            ),
            "12:00",
        ],
        [],
    ),
    "a missed dose is withdrawn under a new plan, too": (
        [
            ("00:00", windows("08:00-09:00", remind_after_minutes=None)),
            ("09:10", windows("12:00-13:00", remind_after_minutes=None)),
            "09:20 dose_taken",
        ],
        ["09:00 raise dose_not_taken 08:00-09:00", "09:20 withdraw dose_taken_late 08:00-09:00"],
    ),
    "a window that was over when it came into the plan": (
        [
            ("00:00", windows("08:00-12:00", remind_after_minutes=None)),
            "08:30 dose_taken",
            ("09:00", windows("08:00-09:00", remind_after_minutes=None)),
            "09:00 dose_missed at 08:55",
            "18:00",
        ],
        ["09:00 raise dose_reported_missed 08:00-09:00"],
    ),
    "a report of a time before there was a plan": (
        [("10:00", windows("08:00-09:00", remind_after_minutes=None)), "10:05 dose_taken at 08:30", "12:00"],
        [],
    ),
}


@pytest.mark.parametrize(("lines", "decisions"), CHANGES.values(), ids=CHANGES)
def test_changes_of_plan(lines: Sequence[Line], decisions: list[str]) -> None:
    assert Home().play(*lines) == decisions


OUTAGES: dict[str, tuple[Sequence[Line], list[str]]] = {
    "taken during the outage": (["10:00 dose_taken at 08:05"], []),
    "taken late during the outage": (["10:00 dose_taken at 09:05"], []),
    "not taken": ([], ["08:15 remind dose_due 08:00-09:00", "09:00 raise dose_not_taken 08:00-09:00"]),
    "reported missed by the dispenser": (
        ["10:00 dose_missed at 09:00"],
        ["10:00 raise dose_reported_missed 08:00-09:00"],
    ),
    "taken and reported again": (["10:00 dose_taken at 08:05", "10:00 dose_missed at 09:00"], []),
    "the plan goes meanwhile": (
        [("10:00", {})],
        ["08:15 remind dose_due 08:00-09:00", "09:00 raise dose_not_taken 08:00-09:00"],
    ),
    "taken, and the plan goes meanwhile": (["10:00 dose_taken at 09:05", ("10:00", {})], []),
    "taken on the day before, reported late": (
        ["+1 07:00 dose_taken at 09:05", "+1 07:00 dose_missed at 20:00"],
        ["+1 07:00 raise dose_reported_missed"],
    ),
}


@pytest.mark.parametrize(("lines", "decisions"), OUTAGES.values(), ids=OUTAGES)
def test_after_an_outage_what_was_kept_is_heard_first(lines: Sequence[Line], decisions: list[str]) -> None:
    """Nothing is fired between 07:30 and the end of catching up; the window is from 08:00 to 09:00."""
    home = Home(MORNING)
    assert home.play("07:30", "10:00 catch_up_began", *lines, "+1 07:00 catch_up_ended") == decisions


HELD: dict[str, tuple[Sequence[Line], list[str]]] = {
    "as its window ends": (
        ["09:00 catch_up_began", ("09:00", windows("20:00-21:00")), "09:01 catch_up_ended"],
        ["09:00 raise dose_not_taken 08:00-09:00"],
    ),
    "another window runs already": (
        [
            "10:00 catch_up_began",
            ("10:00", windows("09:30-12:00", remind_after_minutes=None)),
            "10:01 catch_up_ended",
            "13:00",
        ],
        ["09:00 raise dose_not_taken 08:00-09:00", "12:00 raise dose_not_taken 09:30-12:00"],
    ),
}


@pytest.mark.parametrize(("lines", "decisions"), HELD.values(), ids=HELD)
def test_a_plan_that_changes_while_deadlines_wait_loses_no_dose(lines: Sequence[Line], decisions: list[str]) -> None:
    home = Home(windows("08:00-09:00", remind_after_minutes=None))
    home.play("08:30")
    assert home.play(*lines) == decisions


def test_doses_of_a_long_outage_are_all_judged() -> None:
    home = Home(windows("08:00-09:00", "20:00-21:00", remind_after_minutes=None))
    home.play("07:30", "+3 10:00 catch_up_began")
    for day in range(4):
        home.play(f"+3 10:00 dose_taken at +{day} 08:30")
    assert home.play("+3 10:01 catch_up_ended") == [
        f"{day}21:00 raise dose_not_taken 20:00-21:00" for day in ("", "+1 ", "+2 ")
    ]


SPRING = date(2026, 3, 29)
AUTUMN = date(2026, 10, 25)
NIGHTS = {
    "spring, before the skipped hour": (SPRING, "01:00-02:00", "00:00Z", "01:00Z"),
    "spring, into the skipped hour": (SPRING, "01:30-02:30", "00:30Z", "01:30Z"),
    "spring, in the skipped hour": (SPRING, "02:15-02:45", "01:15Z", "01:45Z"),
    "spring, all of the skipped hour": (SPRING, "02:00-03:00", "01:00Z", "02:00Z"),
    "spring, out of the skipped hour": (SPRING, "02:30-03:30", "01:30Z", "02:30Z"),
    "spring, around the skipped hour": (SPRING, "01:00-04:00", "00:00Z", "02:00Z"),
    "spring, after the skipped hour": (SPRING, "03:00-04:00", "01:00Z", "02:00Z"),
    "autumn, before the doubled hour": (AUTUMN, "01:00-02:00", "-1 23:00Z", "00:00Z"),
    "autumn, into the doubled hour": (AUTUMN, "01:30-02:30", "-1 23:30Z", "00:30Z"),
    "autumn, in the doubled hour": (AUTUMN, "02:15-02:45", "00:15Z", "00:45Z"),
    "autumn, out of the doubled hour": (AUTUMN, "02:30-03:30", "00:30Z", "02:30Z"),
    "autumn, around the doubled hour": (AUTUMN, "01:00-04:00", "-1 23:00Z", "03:00Z"),
    "autumn, after the doubled hour": (AUTUMN, "03:00-04:00", "02:00Z", "03:00Z"),
}


@pytest.mark.parametrize(("day", "span", "start", "end"), NIGHTS.values(), ids=NIGHTS)
def test_windows_on_the_nights_when_clocks_change(day: date, span: str, start: str, end: str) -> None:
    home = Home(windows(span, remind_after_minutes=0), day=day)
    home.utc = True
    assert home.play("06:00Z") == [f"{start} remind dose_due", f"{end} raise dose_not_taken"]
    begun, over = home.decisions
    assert isinstance(begun, Remind)
    assert begun.until == over.at


def test_two_windows_that_the_spring_night_pushes_together_are_two_doses() -> None:
    plan = windows("02:00-02:30", "03:00-03:30", remind_after_minutes=None)
    assert Home(plan, day=SPRING).play("01:10Z dose_taken", "01:20Z dose_taken", "06:00Z") == []
    assert Home(plan, day=SPRING).play("01:10Z dose_taken", "06:00Z") == ["01:30Z raise dose_not_taken"]


def test_two_windows_that_overlap_that_night_are_taken_in_any_order() -> None:
    plan = windows("02:15-02:45", "03:00-03:30", remind_after_minutes=None)
    assert Home(plan, day=SPRING).play("01:20Z dose_taken", "01:25Z dose_taken", "06:00Z") == []


RULE = {"rule": "missed_dose", "rule_version": 2, "plan_version": 1}


def test_an_alarm_says_which_dose() -> None:
    home = Home(windows("08:00-09:00", name="morning"))
    home.play("12:00 dose_taken")
    remind, missed, taken = home.decisions
    about = {"window": "08:00-09:00", "dose": "morning", "day": "2026-03-02"}
    deadline = {"deadline": home.time("09:00").isoformat()}
    episode = derived_id(AlarmKind.MISSED_DOSE, KEY, "morning", MONDAY)
    assert isinstance(remind, Remind)
    assert (remind.key, remind.detail, remind.until) == (KEY, about, home.time("09:00"))
    assert isinstance(missed, Raise)
    assert (missed.id, missed.kind, missed.priority) == (episode, AlarmKind.MISSED_DOSE, Priority.CARE)
    assert (missed.occurred_at, missed.detail, missed.device) == (home.time("09:00"), about | RULE | deadline, None)
    assert isinstance(taken, Withdraw)
    assert taken.episode == episode
    assert taken.detail == about | {
        "taken_at": home.time("12:00").isoformat(),
        "reported_at": home.time("12:00").isoformat(),
    }


def test_a_dose_that_only_the_dispenser_knows_is_told_with_the_device() -> None:
    home = Home()
    assert home.play("08:00 dose_taken", "08:00 dose_missed at 07:50") == ["08:00 raise dose_reported_missed"]
    (missed,) = home.decisions
    assert isinstance(missed, Raise)
    assert (missed.device, missed.occurred_at) == (DEVICE, home.time("07:50"))


def test_a_dispenser_that_reports_twice_is_told_twice_only_without_a_window() -> None:
    home = Home(windows("08:00-09:00", remind_after_minutes=None))
    home.play("08:40 dose_missed", "08:41 dose_missed", "18:00 dose_missed", "18:01 dose_missed")
    assert len(home.decisions) == 3
    assert len({decision.id for decision in home.decisions}) == 3


def test_doses_are_forgotten_a_day_after_their_window() -> None:
    home = Home(TWO)
    home.play("+6 12:00")
    assert [(dose.window, dose.day, dose.status) for dose in home.state.medicine.slots] == [
        ("20:00-21:00", MONDAY + timedelta(days=5), SlotStatus.MISSED),
        ("08:00-09:00", MONDAY + timedelta(days=6), SlotStatus.MISSED),
    ]


def test_what_is_forgotten_by_the_way_moves_no_deadline() -> None:
    home = Home(windows("08:00-09:00", remind_after_minutes=None))
    home.play("08:05 dose_taken", "+1 08:05 dose_taken", "+1 10:00 dose_taken")
    assert len(home.state.medicine.slots) == 1
    assert home.play("+2 10:00") == ["+2 09:00 raise dose_not_taken 08:00-09:00"]


def test_very_late_reports_do_not_pile_up() -> None:
    home = Home(MORNING)
    home.play("+60 10:00")
    for day in range(50):
        home.play(f"+60 10:00 dose_taken at +{day} 08:30")
    assert len(home.state.medicine.slots) <= 2


def test_disarmed_has_no_deadline_and_begins_anew_with_a_new_plan() -> None:
    home = Home(MORNING)
    state = disarmed(home.state)
    assert state.medicine.deadline is None
    assert state.plan == home.state.plan


def test_an_episode_is_a_dose_of_a_resident() -> None:
    start, end = Home().time("08:00"), Home().time("09:00")
    doses = [Slot(window, day, start, end) for window in ("a", "b") for day in (MONDAY, SPRING)]
    assert len({episode_id(KEY, dose) for dose in doses}) == 4
