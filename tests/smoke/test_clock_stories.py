"""Devices whose clocks are wrong, told from what they say to what staff and operators see."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.engine import START
from tests.support.world import World

pytestmark = pytest.mark.anyio

BEHIND = timedelta(hours=2)
DOSE_IN_THE_EVENING = {"windows": [{"from": "20:00", "to": "21:00", "remind_after_minutes": None}]}
HOME = {"name": "home", "latitude": 59.3, "longitude": 18.1, "radius_m": 300}


def now(world: World) -> datetime:
    return world.engine.clock()


async def beat(world: World, device: str, behind: timedelta, times: int = 3) -> None:
    """A heartbeat every three hours, by a clock so far behind."""
    for _ in range(times):
        await world.engine.say(device, "heartbeat", at=now(world) - behind)
        await world.engine.advance(hours=3)


async def shown(world: World, device: str, kind: str) -> dict[str, Any]:
    """The last event of the device of this kind, over the API."""
    return dict((await world.get("events", device=device, kind=kind))["items"][0])


async def test_a_dose_from_a_dispenser_that_is_two_hours_behind_is_taken_in_time(world: World) -> None:
    await world.make("plans", resident="anna", medicine=DOSE_IN_THE_EVENING)
    await beat(world, "dispenser", BEHIND)
    await world.engine.advance(hours=4, minutes=10)
    taken = now(world)
    await world.engine.say("dispenser", "dose_taken", at=taken - BEHIND - timedelta(seconds=2))
    await world.engine.advance(hours=2)
    assert (await world.get("alarms", kind="missed_dose"))["items"] == []
    event = await shown(world, "dispenser", "dose_taken")
    assert event["time"] == "corrected"
    assert datetime.fromisoformat(event["occurred_at"]) == taken - timedelta(seconds=2)
    assert datetime.fromisoformat(event["device_time"]) == taken - BEHIND - timedelta(seconds=2)


async def test_a_press_on_a_device_that_is_two_hours_behind_is_not_two_hours_late(world: World) -> None:
    await beat(world, "button", BEHIND)
    await world.engine.say("button", "alarm_pressed", at=now(world) - BEHIND)
    (alarm,) = (await world.get("alarms", kind="social_alarm"))["items"]
    assert "late_minutes" not in alarm["detail"]
    told = await world.get(f"alarms/{alarm['id']}/explanation", lang="en")
    assert told["sentence"].startswith(
        "Pressed the social alarm 15:59 – the clock of the device said 14:00, corrected by how far off it is."
    )
    (given,) = told["episodes"][0]["inputs"]
    assert (given["time"], given["device_time"]) == ("corrected", "2026-03-02T13:00:00Z")
    swedish = await world.get(f"alarms/{alarm['id']}/explanation", lang="sv")
    assert "enhetens klocka visade 14:00, rättad med så mycket som den går fel" in swedish["sentence"]


async def test_a_press_that_really_is_two_hours_late_says_so(world: World) -> None:
    await beat(world, "button", timedelta(0))
    await world.engine.say("button", "alarm_pressed", at=now(world) - BEHIND)
    (alarm,) = (await world.get("alarms", kind="social_alarm"))["items"]
    assert alarm["detail"]["late_minutes"] == 120
    assert (await shown(world, "button", "alarm_pressed"))["time"] == "device"


async def test_positions_that_were_kept_back_are_from_when_they_were(world: World) -> None:
    """Hours without coverage, the oldest position first and nothing in between that is new."""
    await world.make("plans", resident="anna", geofence={"zones": [HOME], "dwell_minutes": 10})
    await beat(world, "button", timedelta(0))
    for minutes in (300, 240, 180, 120):
        at = now(world) - timedelta(minutes=minutes)
        await world.engine.say("button", "position", at=at, latitude=59.4, longitude=18.1)
    home = now(world) - timedelta(minutes=60)
    await world.engine.say("button", "position", at=home, latitude=59.3, longitude=18.1)
    await world.engine.advance(minutes=5)
    assert (await world.get("alarms"))["items"] == []
    events = (await world.get("events", device="button", kind="position"))["items"]
    assert [event["time"] for event in events] == ["device"] * 5
    assert datetime.fromisoformat(events[0]["occurred_at"]) == home


async def test_a_clock_that_was_reset_to_1970_is_not_believed(world: World) -> None:
    await world.make("plans", resident="anna", medicine=DOSE_IN_THE_EVENING)
    await world.engine.advance(hours=13, minutes=5)
    await world.engine.say("dispenser", "dose_taken", at=datetime.fromisoformat("1970-01-01T00:03:00+00:00"))
    event = await shown(world, "dispenser", "dose_taken")
    assert (event["time"], event["device_time"]) == ("received", "1970-01-01T00:03:00Z")
    assert datetime.fromisoformat(event["occurred_at"]) == now(world)
    await world.engine.advance(hours=2)
    assert (await world.get("alarms"))["items"] == []


async def test_a_clock_that_is_ahead_is_corrected_once_it_is_known(world: World) -> None:
    ahead = timedelta(minutes=-40)
    await world.engine.say("motion", "motion", at=now(world) - ahead)
    assert (await shown(world, "motion", "motion"))["time"] == "received"
    await beat(world, "motion", ahead)
    await world.engine.say("motion", "motion", at=now(world) - ahead - timedelta(minutes=15))
    event = await shown(world, "motion", "motion")
    assert event["time"] == "corrected"
    assert datetime.fromisoformat(event["occurred_at"]) == now(world) - timedelta(minutes=15)
    operators = (await world.get("alarms", kind="clock_wrong"))["items"]
    assert [alarm["detail"]["behind_seconds"] for alarm in operators] == [-2400]


async def test_a_clock_that_wanders_is_replaced_by_ours(world: World) -> None:
    for minutes in (20, 300, 90):
        await beat(world, "motion", timedelta(minutes=minutes), times=1)
    await world.engine.say("motion", "door_opened", at=now(world) - timedelta(minutes=100))
    event = await shown(world, "motion", "door_opened")
    assert (event["time"], event["occurred_at"]) == ("received", event["received_at"])
    assert datetime.fromisoformat(event["device_time"]) == START + timedelta(hours=9) - timedelta(minutes=100)
