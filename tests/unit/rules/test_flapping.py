"""A flapping contact: one alarm with a count, and another one only after it was calm."""

import pytest

from rules.decisions import AlarmKind, Priority, Raise
from tests.support.home import Home

FLAP = "raise flapping since"


def flapping(hour: int, changes: int, every: int = 4, device: str = "d") -> list[str]:
    """So many changes, each so many a minute."""
    kinds = ("door_opened", "door_closed")
    return [f"{hour:02}:{n // every:02} {kinds[n % 2]} device={device}" for n in range(changes)]


def test_a_door_that_is_used_does_not_flap() -> None:
    assert Home().play(*flapping(12, 29)) == []


def test_thirty_changes_are_one_alarm_however_long_it_goes_on() -> None:
    home = Home()
    assert home.play(*flapping(12, 120)) == [f"12:07 {FLAP} 12:00"]
    (raised,) = home.decisions
    assert isinstance(raised, Raise)
    assert (raised.kind, raised.priority, raised.device) == (AlarmKind.FLAPPING, Priority.TECHNICAL, "d")
    assert raised.detail["n"] == 30


def test_slow_changes_are_none() -> None:
    assert Home().play(*flapping(12, 55, every=1)) == []


@pytest.mark.parametrize(("last", "told"), [("12:10", [f"12:10 {FLAP} 12:00"]), ("12:11", [])])
def test_ten_minutes_are_counted_to_the_last(last: str, told: list[str]) -> None:
    assert Home().play(*["12:00 mat_on"] * 29, f"{last} mat_off") == told


def test_what_flaps_on_is_the_same_one_until_it_was_calm_since_its_last_change() -> None:
    on = [f"12:{12 + n // 10} mat_on device=d" for n in range(60)]
    assert Home().play(*flapping(12, 30), *on) == [f"12:07 {FLAP} 12:00"]


def test_what_begins_elsewhere_does_not_forget_what_flaps() -> None:
    home = Home()
    home.play(*["12:00 mat_on device=a"] * 29, "12:10 mat_on device=b")
    assert sorted(flap.device for flap in home.state.flaps) == ["a", "b"]
    assert home.play("12:10 mat_off device=b", "12:10 mat_off device=a") == [f"12:10 {FLAP} 12:00"]
    assert sorted((flap.device, flap.count) for flap in home.state.flaps) == [("a", 30), ("b", 2)]


def test_after_ten_calm_minutes_it_is_another_one() -> None:
    home = Home()
    assert home.play(*flapping(12, 30), *flapping(13, 30)) == [f"12:07 {FLAP} 12:00", f"13:07 {FLAP} 13:00"]
    assert len({decision.id for decision in home.decisions}) == 2


def test_a_change_that_is_reported_late_makes_no_calm() -> None:
    home = Home()
    told = home.play(*flapping(12, 30), "12:16 door_opened at 12:05 device=d")
    assert told == [f"12:07 {FLAP} 12:00"]
    assert home.play(*(f"12:17 {line[6:]}" for line in flapping(12, 30))) == []


def test_changes_that_are_reported_late_are_counted_where_they_were() -> None:
    """A contact that was out of reach sends half an hour of changes at once: slow ones are none."""
    slow = (f"13:00 door_opened at 12:{n:02} device=d" for n in range(59))
    assert Home().play(*slow) == []
    fast = (f"13:00 {line[6:].replace(' device', f' at {line[:5]} device')}" for line in flapping(12, 30))
    home = Home()
    assert home.play(*fast) == [f"13:00 {FLAP} 12:00"]
    (raised,) = home.decisions
    assert isinstance(raised, Raise)
    assert raised.occurred_at == home.time("12:07")


def test_changes_out_of_order_are_counted_all_the_same() -> None:
    lines = [f"12:09 {line[6:].replace(' device', f' at {line[:5]} device')}" for line in flapping(12, 30)]
    assert len(Home().play(*reversed(lines))) == 1


def test_by_a_clock_that_goes_ahead() -> None:
    lines = (f"{line[:5]} mat_on at 23:00 device=d" for line in flapping(12, 30))
    assert Home().play(*lines) == [f"12:07 {FLAP} 12:00"]


def test_devices_are_counted_apart_and_forgotten_when_calm() -> None:
    home = Home()
    both = sorted([*flapping(12, 20, device="a"), *flapping(12, 20, device="b")])
    assert home.play(*both) == []
    home.play("13:00 door_opened device=c")
    assert [flap.device for flap in home.state.flaps] == ["c"]
