"""Presses, falls and smoke: every one reaches staff, with no plan and whatever else is going on."""

from typing import Any

import pytest

from events.kinds import URGENT
from rules.decisions import AlarmKind, Annotate, Priority, Raise
from rules.social_alarm import KINDS
from rules.state import ResidentState
from rules.step import step
from tests.support.home import DEVICE, KEY, Home

RAISES = {
    "alarm_pressed": ("pressed", AlarmKind.SOCIAL_ALARM),
    "fall_detected": ("fall_detected", AlarmKind.FALL),
    "smoke_detected": ("smoke_detected", AlarmKind.SMOKE),
}


@pytest.mark.parametrize(("kind", "reason", "alarm"), [(kind, *found) for kind, found in RAISES.items()], ids=RAISES)
def test_each_call_for_help_is_an_alarm_of_life(kind: str, reason: str, alarm: AlarmKind) -> None:
    home = Home()
    assert home.play(f"12:05 {kind} at 12:00") == [f"12:05 raise {reason}"]
    (raised,) = home.decisions
    assert isinstance(raised, Raise)
    assert (raised.kind, raised.priority, raised.key, raised.device) == (alarm, Priority.LIFE, KEY, DEVICE)
    assert (raised.at, raised.occurred_at) == (home.time("12:05"), home.time("12:00"))


def test_every_press_is_told_and_each_is_another_one() -> None:
    home = Home()
    home.play(*["12:00 alarm_pressed"] * 4)
    assert [type(decision) for decision in home.decisions] == [Raise] * 4
    assert len({decision.id for decision in home.decisions}) == 4


def test_a_press_taken_back_is_noted_and_closes_nothing() -> None:
    home = Home()
    assert home.play("12:00 alarm_pressed", "12:01 alarm_cancelled") == [
        "12:00 raise pressed",
        "12:01 annotate cancelled_at_device",
    ]
    note = home.decisions[1]
    assert isinstance(note, Annotate)
    assert note.kind is AlarmKind.SOCIAL_ALARM
    assert note.detail == {"occurred_at": home.time("12:01").isoformat()}


def test_a_trial_pages_nobody() -> None:
    assert Home().play("12:00 test_alarm") == []


@pytest.mark.parametrize(
    "plan",
    [{}, {"inactivity": {"limits": [{"minutes": 1}]}}, {"medicine": {"windows": [{"from": "00:00", "to": "00:00"}]}}],
)
def test_a_press_is_told_whatever_the_plan(plan: dict[str, Any]) -> None:
    assert "12:00 raise pressed" in Home(plan).play("12:00 alarm_pressed")


def test_a_press_is_told_while_deadlines_wait() -> None:
    home = Home()
    assert home.play("12:00 catch_up_began", "12:00 alarm_pressed at 11:00") == ["12:00 raise pressed"]


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+00:00", "1970-01-01T00:00:00+00:00"])
def test_a_press_with_a_clock_that_is_wrong_is_told(at: str) -> None:
    """A device without a battery for its clock begins in 1970, a hub that has no time says the year 1."""
    home = Home({"inactivity": {"limits": [{"minutes": 60}]}}, zone="America/St_Johns")
    entry = home.entry("12:00 alarm_pressed")
    assert entry is not None
    old = entry.occurred_at.fromisoformat(at)
    _, decisions, _ = step(home.state, type(entry)(99, KEY, entry.kind, entry.data, old, entry.received_at))
    assert [type(decision) for decision in decisions[-1:]] == [Raise]


def test_it_needs_no_memory() -> None:
    home = Home()
    home.play("12:00 smoke_detected", "12:00 fall_detected", "12:00 alarm_cancelled")
    assert home.state == ResidentState(KEY, position=3)


def test_all_that_is_urgent_is_heard() -> None:
    assert set(KINDS) - {"call_updated"} == URGENT


@pytest.mark.parametrize("kind", RAISES)
def test_staff_are_told_where_to_come_and_whom_to_ring(kind: str) -> None:
    home = Home()
    home.play(f"12:00 {kind} latitude=59.3 longitude=18.1 accuracy_m=5 place=kitchen call_back=+46700000000")
    (raised,) = home.decisions
    told = {name: raised.detail[name] for name in ("latitude", "longitude", "accuracy_m", "place", "call_back")}
    assert told == {
        "latitude": 59.3,
        "longitude": 18.1,
        "accuracy_m": 5.0,
        "place": "kitchen",
        "call_back": "+46700000000",
    }


def test_what_the_device_does_not_know_is_not_told() -> None:
    home = Home()
    home.play("12:00 alarm_pressed button=red")
    (raised,) = home.decisions
    assert raised.detail.keys() & {"button", "place", "call_back", "latitude", "id", "at"} == {"button"}


@pytest.mark.parametrize(("about", "alarm"), [(kind, alarm) for kind, (_, alarm) in RAISES.items()], ids=RAISES)
def test_where_to_come_can_be_known_later(about: str, alarm: AlarmKind) -> None:
    home = Home()
    told = home.play("12:01 call_updated about=" + about + " place=stairs")
    assert told == ["12:01 annotate call_updated"]
    (note,) = home.decisions
    assert isinstance(note, Annotate)
    assert note.kind is alarm
    assert note.detail["place"] == "stairs"


@pytest.mark.parametrize(("at", "minutes"), [("11:55", None), ("11:54", 5), ("08:00", 239), ("12:30", None)])
def test_a_call_that_comes_late_is_raised_and_labelled_with_its_age(at: str, minutes: int | None) -> None:
    home = Home()
    assert home.play(f"11:59 alarm_pressed at {at}") == ["11:59 raise pressed"]
    assert home.decisions[0].detail.get("late_minutes") == minutes
