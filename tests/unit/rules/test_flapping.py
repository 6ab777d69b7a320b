"""A flapping contact: one alarm with a count, and another one only after it was calm."""

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


def test_after_ten_calm_minutes_it_is_another_one() -> None:
    home = Home()
    assert home.play(*flapping(12, 30), *flapping(13, 30)) == [f"12:07 {FLAP} 12:00", f"13:07 {FLAP} 13:00"]
    assert len({decision.id for decision in home.decisions}) == 2


def test_devices_are_counted_apart_and_forgotten_when_calm() -> None:
    home = Home()
    both = sorted([*flapping(12, 20, device="a"), *flapping(12, 20, device="b")])
    assert home.play(*both) == []
    home.play("13:00 door_opened device=c")
    assert [flap.device for flap in home.state.flaps] == ["c"]
