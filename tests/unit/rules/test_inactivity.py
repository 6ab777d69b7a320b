"""Inactivity: how long no sign of life is accepted, at which times of day, and what late reports make of an alarm."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from events.ids import derived_id
from rules.decisions import AlarmKind, Annotate, Priority, Raise, Withdraw
from rules.inactivity import KINDS, deadline, disarmed
from rules.plan import InactivityLimit, InactivityPlan, read_plan
from tests.support.home import KEY, Home, Line


def limits(*spans: str, quiet: tuple[str, ...] = ()) -> dict[str, Any]:
    """A plan of limits `08:00-22:00 120` (minutes) and quiet hours `22:00-08:00`."""
    return {
        "inactivity": {
            "limits": [{"from": span[:5], "to": span[6:11], "minutes": int(span[12:])} for span in spans],
            "quiet": [{"from": span[:5], "to": span[6:]} for span in quiet],
        }
    }


ALWAYS = {"inactivity": {"limits": [{"minutes": 60}]}}
DAYTIME = limits("08:00-22:00 120", quiet=("22:00-08:00",))
TWO_LIMITS = limits("08:00-20:00 60", "20:00-08:00 480")

NO_ACTIVITY = ("position", "unlocked", "locked", "heartbeat", "dose_missed", "fall_detected", "leak_detected")

CASES: dict[str, tuple[dict[str, Any], Sequence[Line], list[str]]] = {
    "silence from the beginning of the plan": (ALWAYS, ["05:00"], ["01:00 raise no_activity since 00:00"]),
    "silence after activity": (ALWAYS, ["00:30 motion", "05:00"], ["01:30 raise no_activity since 00:30"]),
    "activity in time": (ALWAYS, ["00:59 motion", "01:58 door_opened", "02:57"], []),
    "activity in the very minute is too late": (
        ALWAYS,
        ["01:00 motion"],
        ["01:00 raise no_activity since 00:00", "01:00 annotate activity_resumed"],
    ),
    "one silence is one alarm": (ALWAYS, ["01:00", "12:00", "+6 12:00"], ["01:00 raise no_activity since 00:00"]),
    "resumed, and silent again": (
        ALWAYS,
        ["03:00 motion", "05:00"],
        [
            "01:00 raise no_activity since 00:00",
            "03:00 annotate activity_resumed",
            "04:00 raise no_activity since 03:00",
        ],
    ),
    "reported late: there was no silence": (
        ALWAYS,
        ["01:10 motion at 00:30"],
        ["01:00 raise no_activity since 00:00", "01:10 withdraw activity_reported_late"],
    ),
    "reported late, and silent since": (
        ALWAYS,
        ["01:40 motion at 00:30"],
        [
            "01:00 raise no_activity since 00:00",
            "01:40 withdraw activity_reported_late",
            "01:30 raise no_activity since 00:30",
        ],
    ),
    "reported late, but what was silence stays so": (
        limits("00:00-01:00 60", "01:00-00:00 30"),
        ["01:10 motion at 00:10"],
        ["01:00 raise no_activity since 00:00"],
    ),
    "reported late twice, the second time decisive": (
        limits("00:00-01:00 60", "01:00-00:00 30"),
        ["01:10 motion at 00:10", "01:12 motion at 00:50"],
        ["01:00 raise no_activity since 00:00", "01:12 withdraw activity_reported_late"],
    ),
    "reported late, of a time before the silence": (
        ALWAYS,
        ["00:30 motion", "01:40 motion at 00:10"],
        ["01:30 raise no_activity since 00:30"],
    ),
    "reported out of order": (ALWAYS, ["00:40 motion", "00:45 motion at 00:20", "01:39"], []),
    "a clock that goes ahead is not believed": (
        ALWAYS,
        ["00:30 motion at 09:00", "02:00"],
        ["01:30 raise no_activity since 00:30"],
    ),
    "a night's sleep is no silence": (DAYTIME, ["00:05 motion", "09:59"], []),
    "silence counts from the end of the quiet hours": (
        DAYTIME,
        ["00:05 motion", "12:00"],
        ["10:00 raise no_activity since 00:05"],
    ),
    "activity in the evening": (
        DAYTIME,
        ["08:30 motion", "20:00 motion", "23:00"],
        [
            "10:30 raise no_activity since 08:30",
            "20:00 annotate activity_resumed",
        ],
    ),
    "too late in the evening to be too long": (
        DAYTIME,
        [*(f"{time} motion" for time in ("09:00", "10:59", "12:58", "14:57", "16:56", "18:55", "20:00")), "+1 09:59"],
        [],
    ),
    "activity within quiet hours does not count against anybody": (
        DAYTIME,
        ["07:59 motion", "12:00"],
        ["10:00 raise no_activity since 07:59"],
    ),
    "time that no limit covers is quiet": (
        limits("08:00-10:00 60", "14:00-18:00 60"),
        ["08:30 motion", "09:20 motion", "14:59"],
        [],
    ),
    "after time that no limit covers it counts anew": (
        limits("08:00-10:00 60", "14:00-18:00 60"),
        ["08:30 motion", "09:20 motion", "15:00"],
        ["15:00 raise no_activity since 09:20"],
    ),
    "a longer limit at night": (
        TWO_LIMITS,
        ["12:00 motion"],
        [
            "08:00 raise no_activity since 00:00",
            "12:00 annotate activity_resumed",
        ],
    ),
    "the limit of the hour in which it is": (
        TWO_LIMITS,
        ["01:00 motion", "06:00 motion", "08:00"],
        ["08:00 raise no_activity since 06:00"],
    ),
    "the stricter hour begins, and the silence is too long for it": (
        TWO_LIMITS,
        ["07:30 motion", "08:29", "08:30"],
        ["08:30 raise no_activity since 07:30"],
    ),
    "the milder hour begins just before it is too long": (
        {},
        [("19:30", limits("08:00-20:00 60", "20:00-08:00 180")), "22:30"],
        ["22:30 raise no_activity since 19:30"],
    ),
    "the shortest of two limits holds": (
        limits("00:00-00:00 60", "00:00-12:00 30"),
        ["00:30"],
        ["00:30 raise no_activity since 00:00"],
    ),
    "quiet hours beat every limit": (
        limits("00:00-00:00 60", quiet=("00:00-03:00",)),
        ["04:00"],
        ["04:00 raise no_activity since 00:00"],
    ),
    "a week": (limits("00:00-00:00 10080"), ["+6 23:59", "+7 00:00"], ["+7 00:00 raise no_activity since 00:00"]),
}


@pytest.mark.parametrize(("plan", "lines", "decisions"), CASES.values(), ids=CASES)
def test_silence(plan: dict[str, Any], lines: Sequence[Line], decisions: list[str]) -> None:
    assert Home(plan).play(*lines) == decisions


def test_what_is_no_sign_of_life() -> None:
    told = Home(ALWAYS).play(*(f"00:5{n} {kind}" for n, kind in enumerate(NO_ACTIVITY)), "01:00")
    assert told[-1] == "01:00 raise no_activity since 00:00"


@pytest.mark.parametrize("kind", KINDS)
def test_every_sign_of_life_counts(kind: str) -> None:
    home = Home(ALWAYS)
    home.play(f"00:30 {kind}", "01:29")
    assert AlarmKind.INACTIVITY not in {d.kind for d in home.decisions if isinstance(d, Raise)}
    assert home.play("01:30") == ["01:30 raise no_activity since 00:30"]


CHANGES: dict[str, tuple[Sequence[Line], list[str]]] = {
    "no plan, no alarm": (["00:30 motion", "+6 12:00"], []),
    "a first plan counts from its beginning": (
        ["00:30 motion", ("09:00", ALWAYS), "10:00"],
        ["10:00 raise no_activity since 09:00"],
    ),
    "a plan that goes": ([("00:00", ALWAYS), ("00:30", {}), "12:00"], []),
    "a plan that goes and comes again": (
        [("00:00", ALWAYS), ("00:30", {}), ("12:00", ALWAYS), "13:00"],
        ["13:00 raise no_activity since 12:00"],
    ),
    "a milder plan counts on": (
        [("00:00", ALWAYS), "00:20 motion", ("00:30", limits("00:00-00:00 120")), "03:00"],
        ["02:20 raise no_activity since 00:20"],
    ),
    "a stricter plan counts on": (
        [("00:00", limits("00:00-00:00 120")), "00:20 motion", ("00:30", ALWAYS), "03:00"],
        ["01:20 raise no_activity since 00:20"],
    ),
    "a stricter plan finds the silence too long already": (
        [("00:00", limits("00:00-00:00 240")), ("02:00", ALWAYS)],
        ["02:00 raise no_activity since 00:00"],
    ),
    "another part of the plan changes": (
        [
            ("00:00", ALWAYS),
            "00:20 motion",
            ("00:30", ALWAYS | {"medicine": {"windows": [{"from": "08:00", "to": "09:00"}]}}),
            "02:00",
        ],
        ["01:20 raise no_activity since 00:20"],
    ),
    "a new plan while an alarm stands": (
        [("00:00", ALWAYS), ("02:00", limits("00:00-00:00 120")), "06:00 motion", "08:00"],
        [
            "01:00 raise no_activity since 00:00",
            "06:00 annotate activity_resumed",
            "08:00 raise no_activity since 06:00",
        ],
    ),
    "a report of a time before the silence says nothing under a milder plan either": (
        [("00:00", ALWAYS), "00:20 motion", ("01:30", limits("00:00-00:00 240")), "01:40 motion at 00:10"],
        ["01:20 raise no_activity since 00:20"],
    ),
    "a late report is judged by the time at which the stricter plan raised the alarm": (
        [
            ("00:00", limits("00:00-00:00 600")),
            ("02:00", limits("00:00-01:00 10", "01:00-00:00 90")),
            "02:05 motion at 00:40",
            "02:30",
        ],
        [
            "02:00 raise no_activity since 00:00",
            "02:05 withdraw activity_reported_late",
            "02:10 raise no_activity since 00:40",
        ],
    ),
    "the plan goes while an alarm stands": (
        [("00:00", ALWAYS), ("02:00", {}), "06:00 motion", "+1 06:00"],
        ["01:00 raise no_activity since 00:00"],
    ),
}


@pytest.mark.parametrize(("lines", "decisions"), CHANGES.values(), ids=CHANGES)
def test_changes_of_plan(lines: Sequence[Line], decisions: list[str]) -> None:
    assert Home().play(*lines) == decisions


OUTAGES: dict[str, tuple[Sequence[Line], list[str]]] = {
    "silent all the time": ([], ["01:00 raise no_activity since 00:00"]),
    "active all the time": ([f"10:00 motion at {hour:02}:{m}" for hour in range(10) for m in ("15", "45")], []),
    "active until a while ago": (
        [f"10:00 motion at {hour:02}:{m}" for hour in range(8) for m in ("15", "45")],
        ["08:45 raise no_activity since 07:45"],
    ),
    # A home that fell silent and woke again, all within the outage: nobody needs to be woken for that.
    "active again": (["10:00 motion at 00:30", "10:00 motion at 09:50"], []),
    "the plan becomes stricter meanwhile": (
        [("10:00", limits("00:00-00:00 30"))],
        ["10:00 raise no_activity since 00:00"],
    ),
    "the plan goes meanwhile": ([("10:00", {})], []),
}


def test_a_plan_that_changes_after_an_outage_of_weeks_finds_the_silence() -> None:
    home = Home(ALWAYS)
    home.play("00:10", "+20 10:00 catch_up_began", ("+20 10:00", limits("08:00-20:00 240", quiet=("20:00-08:00",))))
    assert home.play("+20 10:01 catch_up_ended", "+20 12:00") == ["+20 12:00 raise no_activity since 00:00"]


@pytest.mark.parametrize(("lines", "decisions"), OUTAGES.values(), ids=OUTAGES)
def test_after_an_outage_what_was_kept_is_heard_first(lines: Sequence[Line], decisions: list[str]) -> None:
    home = Home(ALWAYS)
    assert home.play("00:10", "10:00 catch_up_began", *lines, "10:01 catch_up_ended") == decisions


SPRING = date(2026, 3, 29)
AUTUMN = date(2026, 10, 25)
NIGHTS: dict[str, tuple[date, dict[str, Any], str, str]] = {
    # (the day, the plan, when it begins, when the silence is too long)
    "spring: an hour is an hour": (SPRING, ALWAYS, "00:30Z", "01:30Z"),
    "spring: quiet until after the skipped hour": (
        SPRING,
        limits("00:00-00:00 60", quiet=("00:00-05:00",)),
        "00:30Z",
        "04:00Z",
    ),
    "spring: quiet into the skipped hour": (
        SPRING,
        limits("00:00-00:00 60", quiet=("00:00-02:30",)),
        "00:30Z",
        "02:30Z",
    ),
    "spring: a stricter hour that is skipped": (
        SPRING,
        limits("00:00-00:00 240", "02:00-02:45 30"),
        "00:00Z",
        "01:00Z",
    ),
    "spring: what begins after an end in the skipped hour waits for it": (
        SPRING,
        limits("03:00-12:00 60", quiet=("02:00-02:30",)),
        "00:30Z",
        "02:30Z",
    ),
    "spring: a stricter hour that begins after an end in the skipped hour waits for it": (
        SPRING,
        limits("00:00-02:30 240", "02:30-03:00 200", "03:00-00:00 30"),
        "00:00Z",
        "01:30Z",
    ),
    "spring: quiet that the skipped hour swallows is none": (
        SPRING,
        limits("00:00-02:30 90", "03:00-00:00 80"),
        "00:00Z",
        "01:30Z",
    ),
    "autumn: an hour is an hour": (AUTUMN, ALWAYS, "00:30Z", "01:30Z"),
    "autumn: quiet until after the doubled hour": (
        AUTUMN,
        limits("00:00-00:00 60", quiet=("00:00-05:00",)),
        "00:30Z",
        "05:00Z",
    ),
    "autumn: quiet until the first half past two": (
        AUTUMN,
        limits("00:00-00:00 60", quiet=("00:00-02:30",)),
        "00:10Z",
        "01:30Z",
    ),
    "autumn: a stricter hour is two hours long": (
        AUTUMN,
        limits("00:00-00:00 240", "02:00-03:00 90"),
        "00:25Z",
        "01:55Z",
    ),
}


@pytest.mark.parametrize(("day", "plan", "last", "due"), NIGHTS.values(), ids=NIGHTS)
def test_the_nights_when_clocks_change(day: date, plan: dict[str, Any], last: str, due: str) -> None:
    assert Home(day=day).play((last, plan), "09:00Z") == [f"{due} raise no_activity since {last}"]


def plan_of(data: dict[str, Any]) -> InactivityPlan:
    plan = read_plan(data).inactivity
    assert plan is not None
    return plan


def test_a_check_is_never_later_than_the_true_deadline_and_seldom_worked_out() -> None:
    """Activity must cost one comparison: the deadline is looked for again only when the old one has come."""
    home = Home(ALWAYS)
    first = home.state.inactivity.check_at
    assert first == home.time("01:00")
    home.play("00:20 motion", "00:50 motion")
    assert home.state.inactivity.check_at == first
    assert home.play("01:00") == []
    assert home.state.inactivity.check_at == home.time("01:50")


def test_not_a_moment_too_early() -> None:
    home = Home(ALWAYS)
    moved = home.entry("00:00 motion")
    assert moved is not None
    at = moved.occurred_at + timedelta(microseconds=1)
    home.partition.apply(replace(moved, occurred_at=at, received_at=at))
    assert home.play("01:00") == []
    (raised,) = home.partition.fire(at + timedelta(hours=1))
    assert raised.at == at + timedelta(hours=1)


def test_a_plan_that_never_finds_silence_has_no_deadline() -> None:
    """Such a plan is refused today; one that is in the log from before must not keep anybody waiting."""
    never = InactivityPlan((InactivityLimit(minutes=60, start="08:00", end="09:00"),))
    assert deadline(never, Home().time("00:00"), "Europe/Stockholm") is None


def test_an_alarm_says_since_when() -> None:
    home = Home(ALWAYS)
    home.play("00:30 motion", "02:00", "02:30 door_closed at 01:00")
    raised, withdrawn = home.decisions[:2]
    episode = derived_id(AlarmKind.INACTIVITY, KEY, home.time("00:30").isoformat())
    assert isinstance(raised, Raise)
    assert (raised.id, raised.kind, raised.priority) == (episode, AlarmKind.INACTIVITY, Priority.CARE)
    assert (raised.at, raised.occurred_at, raised.device) == (home.time("01:30"), home.time("01:30"), None)
    assert raised.detail["since"] == home.time("00:30").isoformat()
    assert isinstance(withdrawn, Withdraw)
    assert withdrawn.episode == episode
    assert withdrawn.detail == {
        "activity_at": home.time("01:00").isoformat(),
        "reported_at": home.time("02:30").isoformat(),
        "kind": "door_closed",
    }


def test_activity_that_resumed_is_told_on_the_alarm() -> None:
    home = Home(ALWAYS)
    home.play("02:30 bed_left at 02:00")
    _, annotated = home.decisions[:2]
    assert isinstance(annotated, Annotate)
    assert annotated.kind is AlarmKind.INACTIVITY
    assert annotated.detail == {"activity_at": home.time("02:00").isoformat(), "kind": "bed_left"}


def test_a_silence_that_began_later_than_was_thought_is_counted_from_there() -> None:
    home = Home(limits("00:00-08:00 600", "08:00-20:00 60"))
    home.play("08:30", "08:40 motion at 06:00", "08:50 motion at 05:00")
    assert [decision.reason for decision in home.decisions] == ["no_activity"]
    assert home.state.inactivity.since == home.time("06:00")


def test_disarmed_has_no_deadline_and_is_armed_by_the_next_activity() -> None:
    home = Home(ALWAYS)
    state = disarmed(home.state)
    assert state.inactivity.check_at is None
    home.partition.states[KEY] = state
    home.play("12:00 motion")
    assert home.state.inactivity.check_at == home.time("13:00")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Stockholm", "America/St_Johns", "Australia/Lord_Howe", "Africa/Cairo"])
def test_the_deadline_never_moves_back_with_later_activity(zone: str) -> None:
    """What the lazy check relies on; over the days of a year on which clocks change somewhere."""
    plan = plan_of(limits("02:15-12:00 90", "12:00-20:00 240", "00:30-02:15 45", quiet=("22:30-00:30", "02:15-02:45")))
    for start in (date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 4, 24), date(2026, 10, 25)):
        home = Home(day=start)
        times = [
            home.time(f"+{day} {hour:02}:{minute:02}Z")
            for day in (0, 1)
            for hour in range(24)
            for minute in (0, 17, 43)
        ]
        due = [deadline(plan, time, zone) for time in times]
        found = [time for time in due if isinstance(time, datetime)]
        assert len(found) == len(times)
        assert found == sorted(found)
        assert all(time < later for time, later in zip(times, found, strict=True))
