"""How a message becomes help: stories from the device to the person, and back."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest

from tests.support.engine import START
from tests.support.webhook_receiver import WebhookReceiver
from tests.support.world import World

pytestmark = pytest.mark.anyio

DOSE_AT_EIGHT = {"windows": [{"from": "08:00", "to": "09:00", "remind_after_minutes": 20}]}
FOUR_HOURS = {"limits": [{"from": "07:00", "to": "22:00", "minutes": 240}]}


async def test_a_pressed_button_becomes_help(world: World) -> None:
    britt = await world.staff("britt", "norr")
    async with world.stream(britt) as stream:
        await world.engine.say("button", "alarm_pressed")
        opened = await stream.until("opened")
        alarm = opened["alarm"]
        assert (alarm["kind"], alarm["priority"], alarm["state"]) == ("social_alarm", 1, "open")
        assert (alarm["resident_name"], alarm["address"]) == ("Anna Påhittad", "Provvägen 1")

        await world.reach()
        assert (await stream.until("notified"))["alarm"]["id"] == alarm["id"]

        accepted = await britt.post(f"/api/v1/alarms/{alarm['id']}/accept", json={"version": alarm["version"]})
        assert accepted.json()["state"] == "accepted"
        assert (await stream.until("accepted"))["alarm"]["accepted_by"] is not None
        there = await britt.post(
            f"/api/v1/alarms/{alarm['id']}/at-person", json={"version": accepted.json()["version"]}
        )
        done = {"version": there.json()["version"], "outcome": "helped", "note": "Satt på golvet, oskadd."}
        resolved = await britt.post(f"/api/v1/alarms/{alarm['id']}/resolve", json=done)
        assert resolved.json()["state"] == "resolved"

    journal = (await world.get(f"alarms/{alarm['id']}/journal"))["items"]
    assert [entry["action"] for entry in journal] == [
        "opened",
        "escalated",
        "notified",
        "accepted",
        "at_person",
        "resolved",
    ]
    await world.pass_time(hours=1)
    assert len((await world.get(f"alarms/{alarm['id']}/journal"))["items"]) == 6


async def test_a_dose_that_is_not_taken_and_then_is(world: World) -> None:
    """The clock is 07:00 in Stockholm; the dose is to be taken between eight and nine."""
    await world.make("plans", resident="anna", medicine=DOSE_AT_EIGHT)
    async with world.device("vaka/v1/prov/dispenser/command/#") as dispenser:
        await world.pass_time(hours=1, minutes=20)
        reminder = await anext(aiter(dispenser.messages))
        assert reminder.topic.value == "vaka/v1/prov/dispenser/command/remind"
        assert json.loads(bytes(reminder.payload))["window"] == "08:00-09:00"

    await world.pass_time(minutes=39)
    assert (await world.get("alarms"))["items"] == []
    await world.pass_time(minutes=1)
    (alarm,) = (await world.get("alarms", kind="missed_dose"))["items"]
    assert (alarm["state"], alarm["reason"], alarm["priority"]) == ("open", "dose_not_taken", 2)

    await world.engine.advance(minutes=30)
    await world.engine.say("dispenser", "dose_taken", at=START + timedelta(hours=2, minutes=10))
    (alarm,) = (await world.get("alarms", kind="missed_dose"))["items"]
    assert alarm["state"] == "withdrawn"
    last = (await world.get(f"alarms/{alarm['id']}/journal"))["items"][-1]
    assert (last["action"], last["data"]["reason"]) == ("withdrawn", "dose_taken_late")


async def test_a_dose_that_was_taken_in_time_but_reported_late(world: World) -> None:
    await world.make("plans", resident="anna", medicine=DOSE_AT_EIGHT)
    await world.engine.advance(hours=2, minutes=30)
    await world.engine.say("dispenser", "dose_taken", at=START + timedelta(hours=1, minutes=5))
    (alarm,) = (await world.get("alarms"))["items"]
    last = (await world.get(f"alarms/{alarm['id']}/journal"))["items"][-1]
    assert (alarm["state"], last["data"]["reason"]) == ("withdrawn", "dose_reported_late")


async def test_a_silent_home_becomes_an_alarm(world: World) -> None:
    await world.make("plans", resident="anna", inactivity=FOUR_HOURS)
    await world.engine.advance(minutes=30)
    await world.engine.say("motion", "motion", room="kitchen")
    await world.engine.advance(hours=3, minutes=59)
    assert (await world.get("alarms"))["items"] == []
    await world.engine.advance(minutes=1)
    (alarm,) = (await world.get("alarms"))["items"]
    assert (alarm["kind"], alarm["reason"], alarm["state"]) == ("inactivity", "no_activity", "open")
    assert alarm["detail"]["since"] == (START + timedelta(minutes=30)).isoformat()


async def test_nobody_accepts_and_each_rung_is_told_in_order(world: World, receiver: WebhookReceiver) -> None:
    await world.staff("britt", "norr")
    await world.staff("carl", "norr", sign_in=False)
    await world.make("webhooks", tenant="prov", receiver="alarm_centre", url=receiver.url, secret="x" * 32)
    await world.engine.say("button", "alarm_pressed")
    (alarm,) = (await world.get("alarms"))["items"]

    told = []
    for step in (0, 3, 3, 5, 5):
        await world.pass_time(minutes=step)
        journal = (await world.get(f"alarms/{alarm['id']}/journal"))["items"]
        told.append(sum(entry["action"] == "escalated" for entry in journal))
    assert told == [1, 2, 3, 4, 5]
    told_centre = receiver.take(3)  # At six minutes, and twice more with everybody.
    assert receiver.requests.empty()
    assert {request.json["alarm"]["id"] for request in told_centre} == {alarm["id"]}
    assert (await world.get(f"alarms/{alarm['id']}"))["version"] == alarm["version"]


async def test_nobody_is_signed_in_so_the_next_rung_is_told_at_once(world: World, receiver: WebhookReceiver) -> None:
    await world.make("webhooks", tenant="prov", receiver="alarm_centre", url=receiver.url, secret="x" * 32)
    await world.engine.say("button", "alarm_pressed")
    await world.reach()
    (request,) = receiver.take(1)
    assert request.json["alarm"]["kind"] == "social_alarm"
    assert receiver.requests.empty()


async def test_staff_race_and_one_wins(world: World) -> None:
    britt, carl = await world.staff("britt", "norr"), await world.staff("carl", "norr")
    await world.engine.say("button", "alarm_pressed")
    (alarm,) = (await world.get("alarms"))["items"]

    async def accept(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(f"/api/v1/alarms/{alarm['id']}/accept", json={"version": alarm["version"]})

    answers = await asyncio.gather(accept(britt), accept(carl))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (lost,) = [answer for answer in answers if answer.status_code == 409]
    assert lost.headers["content-type"].startswith("application/problem+json")
    assert lost.json()["alarm"]["state"] == "accepted"
    journal = (await world.get(f"alarms/{alarm['id']}/journal"))["items"]
    assert [entry["action"] for entry in journal].count("accepted") == 1


async def test_what_was_held_is_read_again_once_the_device_is_known(world: World) -> None:
    await world.engine.say("new-button", "alarm_pressed")
    (held,) = (await world.get("quarantine"))["items"]
    assert (held["reason"], held["device"]) == ("unknown_device", "new-button")
    await world.make("devices", id="new-button", tenant="prov", technology="social_alarm")
    await world.make("assignments", device="new-button", resident="anna")
    answer = await world.admin.post(f"/api/v1/quarantine/{held['id']}/replay")
    assert answer.is_success, answer.text
    await world.engine.heed()
    (alarm,) = (await world.get("alarms"))["items"]
    assert (alarm["resident"], alarm["device"]) == ("anna", "new-button")


async def test_use_is_counted_per_person_and_local_day(world: World) -> None:
    await world.engine.say("button", "alarm_pressed", id="1")
    await world.engine.say("button", "alarm_pressed", id="1")
    await world.engine.say("motion", "motion", at=START - timedelta(hours=8))
    usage = await world.get("usage", **{"from": "2026-03-01", "to": "2026-03-02", "by": "resident,technology,kind,day"})
    counted = {(item["technology"], item["kind"], item["day"]): item["count"] for item in usage["items"]}
    assert counted == {
        ("passive_alarm", "motion", "2026-03-01"): 1,
        ("social_alarm", "alarm_pressed", "2026-03-02"): 1,
    }
