"""Devices and their hubs together: what a hub's silence, return or change does to what is behind it."""

import pytest

from events.control import CatchUpBegan, CatchUpEnded
from events.devices import LifeCycle
from events.ids import DeviceId, Key, derived_id, health_key, resident_key
from events.kinds import Technology
from rules import health
from rules.decisions import Failed
from rules.fleet import MOST_HUBS
from tests.support.fleet import Fleet, minute
from tests.support.home import RESIDENT


@pytest.fixture
def fleet() -> Fleet:
    """A hub (limit 20 minutes, and 5 for what is noted late) and two sensors behind it; all were heard at minute 0."""
    fleet = Fleet()
    fleet.device("hub", limit=20)
    fleet.device("left", hub="hub", limit=60)
    fleet.device("right", hub="hub", limit=90)
    for name in ("hub", "left", "right"):
        fleet.say(0, name, "heartbeat")
    return fleet


def test_what_is_due_as_a_message_comes_is_told_before_it(fleet: Fleet) -> None:
    fleet.device("button", limit=30)
    fleet.say(28, "button", "mains_lost")
    assert fleet.say(58, "button", "heartbeat") == [
        "33 raise mains_lost d:button mains_lost",
        "58 raise device_silent d:button not_heard",
        "58 withdraw d:button heard_again",
    ]


def test_a_device_that_is_heard_as_its_limit_passes_is_told_of(fleet: Fleet) -> None:
    fleet.device("button", limit=30)
    assert fleet.say(30, "button", "heartbeat") == [
        "30 raise device_silent d:button not_heard",
        "30 withdraw d:button heard_again",
    ]


def test_a_silence_is_noticed_once(fleet: Fleet) -> None:
    fleet.device("button", critical=True)
    fleet.lend("button", "anna", until=100)
    fleet.pass_time(200)
    silence = fleet.state("button").known.silence
    assert silence is not None
    assert (silence.at, fleet.state("button").known.turn) == (minute(60), 1)


def test_all_that_was_due_is_told_one_after_the_other(fleet: Fleet) -> None:
    fleet.device("button", limit=30)
    fleet.say(0, "button", "mains_lost")
    assert fleet.say(100, "button", "heartbeat") == [
        "5 raise mains_lost d:button mains_lost",
        "30 raise device_silent d:button not_heard",
        "100 withdraw d:button heard_again",
    ]


@pytest.mark.parametrize("at", [25, 30])
def test_a_hub_that_was_due_is_told_of_before_what_comes_through_it(fleet: Fleet, at: int) -> None:
    assert fleet.say(at, "left", "motion") == [
        "25 raise hub_down d:hub not_heard",
        f"{at} withdraw d:hub heard_again",
    ]


def test_what_was_due_behind_a_hub_is_told_with_it(fleet: Fleet) -> None:
    fleet.device("third", hub="hub", limit=10)
    fleet.say(0, "third", "heartbeat")
    assert fleet.say(100, "hub", "heartbeat") == [
        "25 raise hub_down d:hub not_heard",
        "10 raise device_silent d:third not_heard",
        "25 withdraw d:third hub_down",
        "100 withdraw d:hub heard_again",
    ]


def test_what_comes_through_a_hub_as_it_is_told_silent_ends_its_silence(fleet: Fleet) -> None:
    fleet.pass_time(25)
    assert fleet.say(25, "left", "motion") == ["25 withdraw d:hub heard_again"]


def test_that_a_hub_does_not_see_a_device_shows_that_the_hub_is_there(fleet: Fleet) -> None:
    fleet.pass_time(40)
    assert fleet.say(41, "left", "offline") == ["41 withdraw d:hub heard_again"]


def test_what_comes_through_a_hub_as_it_says_goodbye_shows_that_it_is_there(fleet: Fleet) -> None:
    fleet.say(10, "hub", "offline")
    fleet.say(10, "left", "motion")
    assert fleet.state("hub").known.offline_at is None
    assert fleet.pass_time(30) == []


def test_what_comes_through_a_hub_is_noted_every_five_minutes(fleet: Fleet) -> None:
    fleet.say(4, "left", "motion")
    assert fleet.state("hub").last_seen == minute(0)
    fleet.say(5, "left", "motion")
    assert fleet.state("hub").last_seen == minute(5)


def test_a_hub_that_was_offline_just_before_its_limit_is_said_to_be_offline(fleet: Fleet) -> None:
    fleet.say(22, "hub", "offline")
    assert fleet.pass_time(30) == ["24 raise hub_down d:hub reported_offline"]


def test_any_hub_is_proven_by_what_comes_through_it() -> None:
    fleet = Fleet()
    fleet.device("hub", life_cycle=LifeCycle.INSTALLED, technology=Technology.LOCK)
    fleet.device("sensor", hub="hub")
    assert fleet.say(1, "sensor", "motion") == ["1 proven motion d:hub proven"]


def test_a_hub_that_nobody_registered_is_none(fleet: Fleet) -> None:
    fleet.device("lonely", hub="unknown", limit=60)
    assert fleet.say(1, "lonely", "motion") == []
    assert fleet.pass_time(61)[-1] == "61 raise device_silent d:lonely not_heard"


def test_a_hub_that_is_watched_in_another_way_has_its_new_limit(fleet: Fleet) -> None:
    fleet.device("hub", 10, limit=30)
    assert fleet.pass_time(44) == []
    assert fleet.pass_time(45) == ["45 raise hub_down d:hub not_heard"]


def test_who_was_silent_when_the_hub_was_last_heard_keeps_its_own_alarm() -> None:
    fleet = Fleet()
    fleet.device("hub", limit=100)
    fleet.device("left", hub="hub", limit=60)
    fleet.say(0, "left", "motion")
    assert fleet.say(60, "hub", "heartbeat") == []
    assert fleet.pass_time(60) == ["60 raise device_silent d:left not_heard"]
    assert fleet.pass_time(1000) == ["165 raise hub_down d:hub not_heard"]


def test_who_is_taken_into_the_alarm_of_the_hub_waits_for_it() -> None:
    fleet = Fleet()
    fleet.device("hub", limit=100)
    fleet.device("left", hub="hub", limit=60)
    fleet.pass_time(200)
    silence = fleet.state("left").known.silence
    assert silence is not None
    assert (silence.waits, silence.at) == (True, minute(60))


def test_turns_are_counted_by_hub_and_device(fleet: Fleet) -> None:
    def turns() -> list[tuple[int, int]]:
        return [(fleet.state(name).known.turn, fleet.state(name).known.hub_turn) for name in ("hub", "left")]

    assert turns() == [(0, 0), (0, 0)]
    fleet.pass_time(30)
    assert turns() == [(1, 0), (0, 1)]
    fleet.pass_time(100)
    assert turns() == [(1, 0), (1, 1)]
    fleet.say(110, "hub", "heartbeat")
    assert turns() == [(2, 0), (2, 2)]


def test_a_device_that_comes_to_a_hub_knows_its_turn(fleet: Fleet) -> None:
    fleet.pass_time(30)
    fleet.device("new", 40, hub="hub")
    assert fleet.state("new").known.hub_turn == 1
    fleet.device("new", 50)
    assert (fleet.state("new").known.hub, fleet.state("new").known.hub_turn) == (None, 0)


def test_a_device_that_was_taken_from_its_hub_answers_for_itself() -> None:
    fleet = Fleet()
    fleet.device("hub", limit=100)
    fleet.device("left", hub="hub", limit=60)
    fleet.device("right", hub="hub", limit=None)
    fleet.device("left", 10, limit=60)
    assert fleet.pass_time(200) == ["70 raise device_silent d:left not_heard", "105 raise hub_down d:hub not_heard"]


@pytest.fixture
def nested() -> Fleet:
    """A sensor behind a gateway behind a network; all were heard at minute 0."""
    fleet = Fleet()
    fleet.device("network", limit=20)
    fleet.device("gateway", hub="network", limit=30)
    fleet.device("sensor", hub="gateway", limit=60)
    fleet.say(0, "sensor", "heartbeat")
    fleet.say(0, "gateway", "heartbeat")
    return fleet


def test_a_network_that_is_back_gives_all_behind_it_their_own_limits(nested: Fleet) -> None:
    nested.pass_time(500)
    assert nested.say(501, "network", "heartbeat") == ["501 withdraw d:network heard_again"]
    for at in range(510, 561, 10):
        assert nested.say(at, "gateway", "heartbeat") == []
    assert nested.pass_time(561) == ["561 raise device_silent d:sensor not_heard"]


def test_a_silent_network_is_to_blame_beyond_a_gateway_that_may_be_silent_for_long() -> None:
    fleet = Fleet()
    fleet.device("network", limit=20)
    fleet.device("gateway", hub="network", limit=1000)
    fleet.device("sensor", hub="gateway", limit=60)
    assert fleet.pass_time(100) == ["25 raise hub_down d:network not_heard"]


def test_hubs_in_a_circle_are_to_blame_for_nothing() -> None:
    fleet = Fleet()
    fleet.device("one", hub="two", limit=None)
    fleet.device("two", hub="one", limit=None)
    fleet.device("sensor", hub="one", limit=60)
    assert fleet.say(1, "sensor", "motion") == []
    assert fleet.pass_time(100) == ["61 raise device_silent d:sensor not_heard"]
    assert fleet.partition.fleet.hubs_above(health_key(DeviceId("sensor"))) == MOST_HUBS


def test_devices_are_saved_before_their_hubs(nested: Fleet) -> None:
    nested.device("alone")
    keys = [health_key(DeviceId(name)) for name in ("alone", "gateway", "network", "sensor")]
    person = resident_key(RESIDENT)
    order = [Key(f"h:{name}") for name in ("sensor", "gateway", "alone", "network")]
    assert nested.partition.in_order_of_saving([*keys, person]) == [person, *order]


def test_a_message_that_was_kept_back_does_not_make_others_late(fleet: Fleet) -> None:
    """While a backlog is read, what waits in it may tell of every device that seems to be silent."""
    fleet.pass_time(30)
    fleet.control(200, CatchUpBegan(fired_to=minute(30)))
    assert fleet.say(200, "left", "motion", ago=150) == ["200 withdraw d:hub heard_again"]
    assert fleet.control(200, CatchUpEnded(complete=True)) == []
    assert fleet.pass_time(289) == ["225 raise hub_down d:hub not_heard"]


def test_a_device_that_is_out_of_order_is_not_told_silent_while_a_backlog_is_read(fleet: Fleet) -> None:
    fleet.say(10, "left", "tampered")
    fleet.control(100, CatchUpBegan(fired_to=minute(10)))
    assert fleet.say(100, "left", "motion") == []
    assert fleet.device("right", 100, hub="hub", limit=80) == []


def test_a_hub_is_not_told_silent_while_a_backlog_is_read(fleet: Fleet) -> None:
    fleet.control(100, CatchUpBegan(fired_to=minute(0)))
    assert fleet.say(100, "left", "motion") == []
    assert fleet.control(100, CatchUpEnded(complete=True)) == []


@pytest.mark.parametrize(
    ("since", "until", "down"), [(10, 36, "65 raise hub_down"), (10, 37.5, "102.5 raise hub_down")]
)
def test_a_standstill_excuses_a_hub_by_its_own_limit(since: float, until: float, down: str) -> None:
    fleet = Fleet()
    fleet.device("hub", limit=60)
    fleet.device("left", hub="hub", limit=None)
    fleet.say(0, "hub", "heartbeat")
    fleet.stand_still(since, until)
    assert fleet.pass_time(200) == [f"{down} d:hub not_heard"]


@pytest.mark.parametrize(("since", "silent"), [(57, 60), (56.9, 121.9)])
def test_a_standstill_of_five_minutes_is_a_short_one(since: float, silent: float) -> None:
    fleet = Fleet()
    fleet.device("button", limit=60)
    told = [*fleet.stand_still(since, since + (5 if silent == 60 else 5.01)), *fleet.pass_time(200)]
    assert [word.split()[1:] for word in told] == [["raise", "device_silent", "d:button", "not_heard"]]
    assert told[0].startswith("60 ") is (silent == 60)


def test_a_rollback_takes_devices_and_hubs_back(fleet: Fleet) -> None:
    fleet.partition.commit()
    devices = dict(fleet.partition.devices)
    fleet.say(5, "right", "motion")
    fleet.device("new", hub="hub", limit=60)
    fleet.device("left", hub="new", limit=60)
    fleet.device("right", limit=90)
    fleet.stand_still(10, 40)
    fleet.pass_time(500)
    fleet.partition.rollback()
    assert fleet.partition.devices == devices
    assert fleet.pass_time(500) == ["25 raise hub_down d:hub not_heard"]


def test_saved_states_know_their_hubs(fleet: Fleet) -> None:
    fleet.partition = type(fleet.partition)(fleet.partition.devices.values())
    assert fleet.pass_time(500) == ["25 raise hub_down d:hub not_heard"]


def test_failures_name_what_was_being_done(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule fails for the hub and for both of its devices, whatever happens to the hub."""

    def broken(*_: object) -> dict[str, health.Trouble]:
        raise ZeroDivisionError("broken on purpose")

    def failures(cause: object) -> list[str]:
        return [derived_id("failed", "device_health", f"h:{name}", cause) for name in ("hub", "left", "right")]

    monkeypatch.setattr(health, "troubles", broken)
    fleet.pass_time(30)
    fleet.say(40, "hub", "heartbeat")
    position = len(fleet.log) - 1
    assert all(isinstance(decision, Failed) for decision in fleet.decisions)
    assert [d.id for d in fleet.decisions] == [*failures(minute(25).isoformat()), *failures(position)]
    assert [d.at for d in fleet.decisions] == [minute(25)] * 3 + [minute(40)] * 3
    fleet.say(46, "left", "motion")
    assert [d.id for d in fleet.decisions[6:]] == [failures(position + 1)[1], failures(position + 1)[0]]
    fleet.device("left", 50, hub="hub", limit=10)
    assert fleet.decisions[-1].id == failures(len(fleet.log) - 1)[1]
