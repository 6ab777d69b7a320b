"""Stories of devices that fall silent, run down or stand alone when their hub is gone, and of who is told."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.engine import START
from tests.support.world import World

pytestmark = pytest.mark.anyio


async def alarms(world: World, **query: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await world.get("alarms", **query))["items"]
    return items


async def last_words(world: World, alarm: dict[str, Any]) -> tuple[str, str]:
    last = (await world.get(f"alarms/{alarm['id']}/journal"))["items"][-1]
    return last["action"], last["data"]["reason"]


async def test_a_silent_button_tells_operators_and_the_unit(world: World) -> None:
    await world.staff("britt", "norr")
    await world.staff("olle", None, role="operator")
    names = {person["id"]: person["username"] for person in (await world.get("staff"))["items"]}
    await world.make("device-types", id="knapp", name="Knapp", technology="social_alarm", silent_after_minutes=600,
                     life_critical=True)  # fmt: skip
    await world.admin.patch("/api/v1/devices/button", json={"type": "knapp"})
    await world.engine.say("button", "heartbeat")
    await world.pass_time(hours=9, minutes=59)
    assert await alarms(world) == []

    await world.pass_time(minutes=1)
    technical, care = sorted(await alarms(world), key=lambda alarm: -alarm["priority"])
    assert (technical["kind"], technical["device"], technical["unit"]) == ("device_silent", "button", None)
    assert (care["kind"], care["resident_name"], care["unit"]) == ("call_device_silent", "Anna Påhittad", "norr")
    told = {names[n["receiver"]]: n["alarm"] for n in (await world.get("notifications"))["items"]}
    assert told == {"olle": technical["id"], "britt": care["id"]}
    health = await world.get("devices/button/health")
    assert (health["status"], health["silent_since"]) == ("silent", START.isoformat().replace("+00:00", "Z"))

    await world.engine.advance(minutes=30)
    await world.engine.say("button", "heartbeat")
    assert {alarm["state"] for alarm in await alarms(world)} == {"withdrawn"}
    for alarm in (technical, care):
        assert await last_words(world, alarm) == ("withdrawn", "heard_again")
    assert (await world.get("devices/button/health"))["status"] == "ok"


async def test_a_hub_that_is_down_is_one_alarm_with_a_list(world: World) -> None:
    await world.make("devices", id="hub", tenant="prov", technology="other", type="hub", name="Hubb Anna")
    for number in range(120):
        await world.make("devices", id=f"d{number:03}", tenant="prov", technology="passive_alarm", type="motion",
                         hub="hub", name=f"Rörelse {number}")  # fmt: skip
    await world.engine.say("hub", "heartbeat")
    await world.engine.say("d000", "motion")
    await world.pass_time(hours=40)
    (alarm,) = await alarms(world)
    assert (alarm["kind"], alarm["device"], alarm["priority"], alarm["reason"]) == ("hub_down", "hub", 3, "not_heard")
    assert alarm["detail"]["device_count"] == 120
    assert len(alarm["detail"]["devices"]) == 100
    assert alarm["detail"]["devices"][0] == {"id": "d000", "name": "Rörelse 0"}
    counts = {item["status"]: item["count"] for item in (await world.get("devices/counts", hub="hub"))["items"]}
    assert counts == {"never_heard": 119, "behind_hub": 1}

    # One of them is heard: so is the hub. The others have their twelve hours from now.
    await world.engine.say("d000", "motion")
    assert await last_words(world, alarm) == ("withdrawn", "heard_again")
    for _ in range(47):
        await world.engine.advance(minutes=15)
        await world.engine.say("hub", "heartbeat")
    assert await alarms(world, state="open") == []
    await world.engine.advance(minutes=15)
    await world.engine.say("hub", "heartbeat")
    silent = await alarms(world, state="open")
    assert {alarm["kind"] for alarm in silent} == {"device_silent"}
    assert len(silent) == 100


async def test_a_battery_runs_down_and_is_changed(world: World) -> None:
    days = [(80, 0), (60, 10), (40, 20), (20, 30), (15, 32), (14, 33), (17, 33), (2, 40)]
    for percent, day in days:
        await world.engine.advance(days=day - (world.engine.clock() - START).days)
        await world.engine.say("button", "battery", percent=percent)
    (alarm,) = await alarms(world)
    assert (alarm["kind"], alarm["count"], alarm["reason"]) == ("battery_low", 2, "battery_low")
    assert alarm["detail"]["percent"] == 15
    health = await world.get("devices/button/health")
    assert health["battery_days_left"] == pytest.approx(1.1, abs=1.5)
    assert len(health["battery_trend"]) > 5

    await world.engine.advance(hours=1)
    await world.engine.say("button", "battery", percent=100)
    (alarm,) = await alarms(world)
    assert alarm["state"] == "withdrawn"
    assert await last_words(world, alarm) == ("withdrawn", "battery_well")
    assert (await world.get("devices/button/health"))["battery_days_left"] is None


async def test_a_new_button_is_proven_by_its_test_press(world: World) -> None:
    await world.make("devices", id="new", tenant="prov", technology="social_alarm", life_cycle="in_stock")
    await world.make("assignments", device="new", resident="anna")
    assert (await world.get("devices/new"))["life_cycle"] == "installed"
    await world.engine.say("new", "heartbeat")
    assert (await world.get("devices/new"))["life_cycle"] == "installed"
    await world.engine.say("new", "test_alarm")
    assert (await world.get("devices/new"))["life_cycle"] == "in_use"
    assert await alarms(world) == []
    assert (await world.get("devices/new/health"))["tested_at"] is not None


async def test_what_people_did_about_it_stands_when_the_device_is_back(world: World) -> None:
    await world.admin.patch("/api/v1/devices/motion", json={"type": "motion"})
    await world.engine.say("motion", "motion")
    await world.pass_time(hours=12)
    (alarm,) = await alarms(world)
    done = {"version": alarm["version"], "outcome": "no_action_needed"}
    answer = await world.admin.post(f"/api/v1/alarms/{alarm['id']}/resolve", json=done)
    assert answer.is_success, answer.text
    await world.engine.advance(minutes=10)
    await world.engine.say("motion", "motion")
    (alarm,) = await alarms(world)
    assert alarm["state"] == "resolved"
    action, reason = await last_words(world, alarm)
    assert (action, reason) == ("annotated", "heard_again")
    data = (await world.get(f"alarms/{alarm['id']}/journal"))["items"][-1]["data"]
    assert data["minutes"] == timedelta(hours=12, minutes=10) / timedelta(minutes=1)
