"""The dispenser's own troubles."""

import pytest

from rules.decisions import AlarmKind, Priority, Raise
from tests.support.home import DEVICE, Home

CASES = {
    "dispenser_jammed": (AlarmKind.DISPENSER_JAMMED, Priority.CARE, "dispenser_jammed"),
    "refill_low": (AlarmKind.REFILL_LOW, Priority.INFORMATION, "refill_low"),
    "refill_low doses_left=1": (AlarmKind.REFILL_LOW, Priority.INFORMATION, "refill_low"),
    "refill_low doses_left=0": (AlarmKind.DISPENSER_EMPTY, Priority.CARE, "dispenser_empty"),
}


@pytest.mark.parametrize(("said", "alarm"), CASES.items())
def test_trouble_is_an_alarm_of_its_own(said: str, alarm: tuple[AlarmKind, Priority, str]) -> None:
    kind, priority, reason = alarm
    home = Home()
    assert home.play(f"12:00 {said}") == [f"12:00 raise {reason}"]
    (raised,) = home.decisions
    assert isinstance(raised, Raise)
    assert (raised.kind, raised.priority, raised.device) == (kind, priority, DEVICE)


@pytest.mark.parametrize("said", CASES)
@pytest.mark.parametrize(("at", "minutes"), [("11:00", 60), ("11:58", None), ("14:00", None)])
def test_trouble_that_is_reported_late_is_told_with_its_age(said: str, at: str, minutes: int | None) -> None:
    kind, *fields = said.split(" ")
    home = Home()
    home.play(" ".join((f"12:00 {kind} at {at}", *fields)))
    (raised,) = home.decisions
    assert isinstance(raised, Raise)
    assert (raised.occurred_at, raised.detail.get("late_minutes")) == (home.time(at), minutes)


def test_a_jam_on_the_way_to_a_missed_dose_is_told_beside_it() -> None:
    home = Home({"medicine": {"windows": [{"from": "08:00", "to": "09:00", "remind_after_minutes": None}]}})
    assert home.play("08:05 dispenser_jammed", "09:00", "09:30 dose_taken at 08:40") == [
        "08:05 raise dispenser_jammed",
        "09:00 raise dose_not_taken 08:00-09:00",
        "09:30 withdraw dose_reported_late 08:00-09:00",
    ]


def test_how_many_doses_are_left_is_told() -> None:
    home = Home()
    home.play("12:00 refill_low doses_left=3")
    assert home.decisions[0].detail["doses_left"] == 3


def test_each_report_has_an_id_of_its_own() -> None:
    home = Home()
    home.play("12:00 dispenser_jammed", "12:10 dispenser_jammed", "12:20 refill_low")
    assert len({decision.id for decision in home.decisions}) == 3
