"""States as snapshots keep them, of residents and of devices side by side."""

from rules.saved import decode, encode, is_device
from tests.support.fleet import Fleet
from tests.support.home import Home


def test_a_resident_is_read_as_it_was_written() -> None:
    home = Home({"inactivity": {"limits": [{"minutes": 60}]}})
    home.play("00:30 motion")
    assert not is_device(home.state.key)
    assert decode(home.state.key, encode(home.state)) == home.state


def test_a_device_is_read_as_it_was_written() -> None:
    fleet = Fleet()
    fleet.device("button")
    fleet.say(1, "button", "battery", percent=50)
    state = fleet.state("button")
    assert is_device(state.key)
    assert decode(state.key, encode(state)) == state
