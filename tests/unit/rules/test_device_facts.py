"""What a device's state learns from its messages, and from what people decide about it."""

from typing import Any

import pytest

from events.devices import LifeCycle
from rules.device_facts import MOST_ASPECTS, TREND_POINTS
from tests.support.fleet import Fleet, minute

Said = list[tuple[float, float]]
"""Minutes, and the percent that the battery has then."""


@pytest.fixture
def fleet() -> Fleet:
    fleet = Fleet()
    fleet.device("button", limit=None)
    return fleet


TRENDS: dict[str, tuple[Said, Said]] = {
    "the first one": ([(0, 50)], [(0, 50)]),
    "too soon after it": ([(0, 50), (239, 45)], [(0, 50)]),
    "long enough after it": ([(0, 50), (240, 45)], [(0, 50), (240, 45)]),
    "less than a point": ([(0, 50), (240, 49.1)], [(0, 50)]),
    "a point": ([(0, 50), (240, 49)], [(0, 50), (240, 49)]),
    "a point more": ([(0, 50), (240, 51)], [(0, 50), (240, 51)]),
    "counted from the last one that was kept": (
        [(0, 50), (240, 40), (400, 38), (480, 37)],
        [(0, 50), (240, 40), (480, 37)],
    ),
    "a fall of many points": ([(0, 90), (240, 50)], [(0, 90), (240, 50)]),
    "not yet charged": ([(0, 50), (240, 40), (480, 49.9)], [(0, 50), (240, 40), (480, 49.9)]),
    "charged": ([(0, 50), (240, 40), (480, 50)], [(480, 50)]),
    "charged since the last word, not since the last one kept": (
        [(0, 50), (10, 45), (20, 55)],
        [(20, 55)],
    ),
    "as many as are kept": (
        [(n * 240, 90 - n) for n in range(TREND_POINTS)],
        [(n * 240, 90 - n) for n in range(TREND_POINTS)],
    ),
    "one more thins them out": (
        [(n * 240, 90 - n) for n in range(TREND_POINTS + 1)],
        [*((n * 240, 90 - n) for n in range(0, TREND_POINTS, 2)), (TREND_POINTS * 240, 90 - TREND_POINTS)],
    ),
}


@pytest.mark.parametrize(("said", "kept"), TRENDS.values(), ids=TRENDS)
def test_the_trend_of_a_battery(fleet: Fleet, said: Said, kept: Said) -> None:
    for at, percent in said:
        fleet.say(at, "button", "battery", percent=percent)
    battery = fleet.state("button").known.battery
    assert battery is not None
    assert battery.trend == tuple((minute(at), percent) for at, percent in kept)
    assert (battery.at, battery.percent) == (minute(said[-1][0]), said[-1][1])


def test_a_signal_is_as_it_was_said_last(fleet: Fleet) -> None:
    fleet.say(1, "button", "signal", quality=80)
    fleet.say(2, "button", "signal", rssi_dbm=-90)
    signal = fleet.state("button").known.signal
    assert signal is not None
    assert (signal.quality, signal.rssi_dbm, signal.at) == (None, -90.0, minute(2))


def test_what_has_two_values_is_as_it_was_told_last(fleet: Fleet) -> None:
    fleet.say(1, "button", "door_opened", door="front")
    fleet.say(2, "button", "door_opened")
    fleet.say(3, "button", "motion", room="hall")
    fleet.say(4, "button", "door_closed", door="front")
    assert list(fleet.state("button").known.aspects.items()) == [
        ("open", True),
        ("motion:hall", True),
        ("open:front", False),
    ]


def test_of_too_many_names_the_first_is_forgotten(fleet: Fleet) -> None:
    for number in range(MOST_ASPECTS + 2):
        fleet.say(number, "button", "fault", code=f"E{number}")
    aspects = fleet.state("button").known.aspects
    assert list(aspects) == [f"fault:E{number}" for number in range(2, MOST_ASPECTS + 2)]


def test_only_a_fault_without_a_code_takes_all_faults_with_it(fleet: Fleet) -> None:
    fleet.say(1, "button", "fault", code="E1")
    fleet.say(2, "button", "fault", code="E2")
    fleet.say(3, "button", "fault_cleared", code="E2")
    assert fleet.state("button").known.aspects == {"fault:E1": True, "fault:E2": False}
    fleet.say(4, "button", "fault_cleared")
    assert fleet.state("button").known.aspects == {"fault": False}


def test_mains_are_lost_since_they_were_first_said_to_be(fleet: Fleet) -> None:
    fleet.say(1, "button", "mains_lost")
    fleet.say(2, "button", "mains_lost")
    assert fleet.state("button").known.mains_lost_at == minute(1)
    fleet.say(3, "button", "mains_restored")
    assert fleet.state("button").known.mains_lost_at is None


def test_a_device_is_offline_since_that_was_first_said(fleet: Fleet) -> None:
    fleet.say(1, "button", "offline")
    fleet.say(2, "button", "offline")
    known = fleet.state("button").known
    assert (known.offline_at, known.aspects) == (minute(1), {"online": False})
    fleet.say(3, "button", "motion")
    known = fleet.state("button").known
    assert (known.offline_at, known.aspects["online"]) == (None, True)


def test_silence_counts_anew_only_from_a_change_of_how_it_is_watched() -> None:
    fleet = Fleet()
    fleet.device("hub")
    fleet.device("button", 1)
    fleet.device("button", 2, testing_until=60)
    state = fleet.state("button")
    assert (state.known.since, state.known.hub, state.position) == (minute(1), None, 2)
    changes: list[dict[str, Any]] = [{"limit": 30}, {"hub": "hub"}, {"life_cycle": LifeCycle.INSTALLED}]
    for at, change in enumerate(changes, 3):
        fleet.device("button", at, **change)
        assert fleet.state("button").known.since == minute(at)


def test_what_was_decided_already_changes_nothing() -> None:
    fleet = Fleet()
    fleet.device("button")
    fleet.lend("button", "anna")
    state = fleet.state("button")
    assert state.position == 1
    for entry in fleet.log:
        assert fleet.partition.apply(entry) == []
        assert fleet.state("button") is state


def test_who_has_the_device_is_known_until_it_is_over() -> None:
    fleet = Fleet()
    fleet.device("button")
    fleet.lend("button", "anna", 1, until=10)
    fleet.lend("button", "bo", 9)
    assert [one.resident for one in fleet.state("button").known.lendings] == ["anna", "bo"]
    fleet.lend("button", "cecilia", 10)
    assert [one.resident for one in fleet.state("button").known.lendings] == ["bo", "cecilia"]
    fleet.lend("button", "bo", 12, until=12)
    assert [one.resident for one in fleet.state("button").known.lendings] == ["cecilia"]
