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


def test_how_many_doses_are_left_is_told() -> None:
    home = Home()
    home.play("12:00 refill_low doses_left=3")
    assert home.decisions[0].detail["doses_left"] == 3


def test_each_report_has_an_id_of_its_own() -> None:
    home = Home()
    home.play("12:00 dispenser_jammed", "12:10 dispenser_jammed", "12:20 refill_low")
    assert len({decision.id for decision in home.decisions}) == 3
