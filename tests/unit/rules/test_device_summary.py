"""A device's health in plain values: what is known of it, and nothing that is not."""

from datetime import timedelta

import pytest

from events.ids import DeviceId, health_key
from rules.device_state import DeviceState
from rules.device_summary import Status, Summary, summary
from tests.support.fleet import Fleet, minute

UNKNOWN = Summary(
    device=DeviceId("button"),
    status=Status.NEVER_HEARD,
    is_counted=True,
    last_seen=None,
    silent_since=None,
    battery=None,
    battery_at=None,
    battery_empty_at=None,
    battery_trend=(),
    signal_quality=None,
    signal_rssi_dbm=None,
    mains=None,
    tampered=None,
    faults=(),
    clock_behind_seconds=None,
    tested_at=None,
)


def test_of_a_device_that_was_never_heard_nothing_is_known() -> None:
    assert summary(DeviceState(health_key(DeviceId("button")))) == UNKNOWN


def test_what_a_device_said_is_told() -> None:
    fleet = Fleet()
    fleet.device("button")
    fleet.say(0, "button", "battery", percent=50)
    fleet.say(1440, "button", "battery", percent=40)
    fleet.say(1441, "button", "signal", quality=80, rssi_dbm=-70)
    fleet.say(1442, "button", "mains_lost")
    fleet.say(1443, "button", "tampered")
    fleet.say(1444, "button", "fault")
    fleet.say(1445, "button", "fault", code="E7")
    fleet.say(1446, "button", "fault", code="E8")
    fleet.say(1447, "button", "fault_cleared", code="E8")
    fleet.say(1448, "button", "test_alarm")
    assert summary(fleet.state("button")) == Summary(
        device=DeviceId("button"),
        status=Status.OK,
        is_counted=True,
        last_seen=minute(1448),
        silent_since=None,
        battery=40.0,
        battery_at=minute(1440),
        battery_empty_at=minute(1440) + timedelta(days=4),
        battery_trend=((minute(0), 50.0), (minute(1440), 40.0), (minute(1440), 40.0)),
        signal_quality=80.0,
        signal_rssi_dbm=-70.0,
        mains=False,
        tampered=True,
        faults=("fault", "E7"),
        clock_behind_seconds=None,
        tested_at=minute(1448),
    )


def test_a_clock_that_is_ahead_is_behind_by_less_than_nothing() -> None:
    fleet = Fleet()
    fleet.device("button", limit=None)
    for hour in range(3):
        fleet.say(hour * 180, "button", "heartbeat", ago=-2)
    assert summary(fleet.state("button")).clock_behind_seconds == -120


@pytest.fixture
def behind() -> Fleet:
    """A sensor that speaks through a hub; both were heard at minute 0."""
    fleet = Fleet()
    fleet.device("hub", limit=60)
    fleet.device("sensor", limit=90, hub="hub")
    fleet.say(0, "sensor", "heartbeat")
    return fleet


def status(fleet: Fleet, name: str) -> Status:
    return summary(fleet.state(name)).status


def test_a_device_is_silent_since_it_was_heard_last(behind: Fleet) -> None:
    behind.device("alone", limit=30)
    behind.say(5, "alone", "heartbeat")
    behind.pass_time(40)
    assert status(behind, "alone") is Status.SILENT
    assert summary(behind.state("alone")).silent_since == minute(5)
    assert status(behind, "sensor") is Status.OK


def test_what_is_behind_a_silent_hub_is_told_apart(behind: Fleet) -> None:
    behind.pass_time(200)
    assert (status(behind, "hub"), status(behind, "sensor")) == (Status.SILENT, Status.BEHIND_HUB)


def test_a_hub_that_is_offline_is_not_yet_silent(behind: Fleet) -> None:
    behind.say(10, "hub", "offline")
    assert status(behind, "hub") is Status.OFFLINE
    behind.say(11, "hub", "online")
    assert status(behind, "hub") is Status.OK
