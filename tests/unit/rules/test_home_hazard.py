"""Water, a wet bed, and that the danger is over."""

import pytest

from rules.decisions import AlarmKind, Annotate, Priority, Raise
from tests.support.home import DEVICE, Home

RAISED = {
    "leak_detected": AlarmKind.LEAK,
    "wet_detected": AlarmKind.WETNESS,
}
CLEARED = {
    "leak_cleared": AlarmKind.LEAK,
    "wet_cleared": AlarmKind.WETNESS,
    "smoke_cleared": AlarmKind.SMOKE,
}


@pytest.mark.parametrize(("kind", "alarm"), RAISED.items())
def test_every_report_is_an_alarm_without_any_plan(kind: str, alarm: AlarmKind) -> None:
    home = Home()
    assert home.play(f"12:00 {kind}", f"12:05 {kind} at 12:03") == [f"12:00 raise {kind}", f"12:05 raise {kind}"]
    first, second = home.decisions
    assert isinstance(first, Raise)
    assert isinstance(second, Raise)
    assert (first.kind, first.priority, first.device) == (alarm, Priority.CARE, DEVICE)
    assert second.occurred_at == home.time("12:03")
    assert first.id != second.id


@pytest.mark.parametrize("kind", [*RAISED, *CLEARED])
@pytest.mark.parametrize(("at", "minutes"), [("11:55", 5), ("09:00", 180), ("11:56", None), ("13:00", None)])
def test_what_is_reported_late_is_told_with_its_age(kind: str, at: str, minutes: int | None) -> None:
    home = Home()
    home.play(f"12:00 {kind} at {at}")
    (told,) = home.decisions
    assert told.detail.get("late_minutes") == minutes
    assert told.detail.get("reported_at") == (home.time("12:00").isoformat() if minutes else None)


def test_a_leak_that_is_reported_after_it_was_over_is_told_all_the_same() -> None:
    """Out of order: first that it is dry again, then that there was water."""
    home = Home()
    assert home.play("12:00 leak_cleared", "12:30 leak_detected at 11:00") == [
        "12:00 annotate cleared",
        "12:30 raise leak_detected",
    ]


@pytest.mark.parametrize(("kind", "alarm"), CLEARED.items())
def test_what_is_over_is_told_and_closes_nothing(kind: str, alarm: AlarmKind) -> None:
    home = Home()
    assert home.play(f"12:00 {kind} at 11:50") == ["12:00 annotate cleared"]
    (over,) = home.decisions
    assert isinstance(over, Annotate)
    assert (over.kind, over.detail["occurred_at"]) == (alarm, home.time("11:50").isoformat())
