"""What is watched for Anna, told from the devices to the alarms that staff see: one story for each verdict."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.engine import START
from tests.support.world import World

pytestmark = pytest.mark.anyio

DOSE_AT_EIGHT = {"windows": [{"from": "08:00", "to": "09:00", "remind_after_minutes": None}]}
"""The clock of every story begins at 07:00 in Stockholm."""


async def alarms(world: World, **query: Any) -> list[tuple[str, str, str]]:
    """Kind, state and reason of each alarm, the oldest first."""
    items = (await world.get("alarms", **query))["items"]
    return [(item["kind"], item["state"], item["reason"]) for item in reversed(items)]


async def test_a_door_is_left_open_and_was_not(world: World) -> None:
    """The contact's radio was gone for a while: the alarm goes when the closing arrives."""
    await world.make("plans", resident="anna", doors={"open_minutes": 10})
    await world.engine.say("motion", "door_opened")
    await world.engine.advance(minutes=10)
    assert await alarms(world) == [("door_open", "open", "door_open_too_long")]
    await world.engine.say("motion", "door_closed", at=START + timedelta(minutes=2))
    assert await alarms(world) == [("door_open", "withdrawn", "door_open_too_long")]
    (alarm,) = (await world.get("alarms"))["items"]
    last = (await world.get(f"alarms/{alarm['id']}/journal"))["items"][-1]
    assert (last["action"], last["data"]["reason"]) == ("withdrawn", "ended_in_time")


async def test_a_night_out_of_bed_ends(world: World) -> None:
    await world.make("plans", resident="anna", night={"from": "22:00", "to": "08:00", "bed_minutes": 20})
    await world.engine.say("motion", "bed_left")
    await world.engine.advance(minutes=25)
    await world.engine.say("motion", "bed_entered")
    assert await alarms(world) == [("night_wandering", "open", "left_bed_at_night")]
    (alarm,) = (await world.get("alarms"))["items"]
    last = (await world.get(f"alarms/{alarm['id']}/journal"))["items"][-1]
    assert (last["action"], last["data"]["reason"]) == ("annotated", "ended")


async def test_a_check_that_failed_is_made_after_all(world: World) -> None:
    await world.make("plans", resident="anna", supervision={"checks": [{"from": "07:00", "to": "08:00"}]})
    await world.engine.say("motion", "check_failed", reason="privacy")
    assert await alarms(world) == [("supervision", "open", "check_failed")]
    await world.engine.advance(minutes=5)
    await world.engine.say("motion", "check_done")
    assert await alarms(world) == [("supervision", "withdrawn", "check_failed")]


async def test_an_alarm_of_life_is_not_counted_on_one_of_care(world: World) -> None:
    """A leak, a jam, a press: three alarms, the press with priority 1, and each counted on its own."""
    for device, kind in (("motion", "leak_detected"), ("dispenser", "dispenser_jammed"), ("button", "alarm_pressed")):
        await world.engine.say(device, kind)
        await world.engine.say(device, kind, at=START + timedelta(seconds=1))
    items = (await world.get("alarms"))["items"]
    assert {(item["kind"], item["priority"], item["count"]) for item in items} == {
        ("leak", 2, 2),
        ("dispenser_jammed", 2, 2),
        ("social_alarm", 1, 2),
    }


async def test_who_is_away_is_not_watched_but_heard(world: World) -> None:
    await world.make("plans", resident="anna", medicine=DOSE_AT_EIGHT)
    noon = START + timedelta(hours=5)
    await world.make("pauses", resident="anna", reason="Test: hospital", to=noon.isoformat())
    await world.engine.advance(hours=3)
    assert await alarms(world) == []
    await world.engine.say("button", "alarm_pressed")
    (alarm,) = (await world.get("alarms"))["items"]
    assert (alarm["kind"], alarm["detail"]["away_until"]) == ("social_alarm", noon.isoformat())
    await world.engine.advance(hours=23)
    assert await alarms(world, kind="missed_dose") == [("missed_dose", "open", "dose_not_taken")]


async def test_who_comes_home_early_is_watched_again(world: World) -> None:
    await world.make("plans", resident="anna", medicine=DOSE_AT_EIGHT)
    until = (START + timedelta(days=3)).isoformat()
    pause = await world.make("pauses", resident="anna", reason="Test: holiday", to=until)
    await world.engine.advance(hours=1, minutes=30)
    assert (await world.admin.delete(f"/api/v1/pauses/{pause['id']}")).is_success
    await world.engine.heed()
    await world.engine.advance(minutes=30)
    assert await alarms(world) == [("missed_dose", "open", "dose_not_taken")]


async def test_staff_ask_why_there_is_an_alarm(world: World) -> None:
    await world.make("plans", resident="anna", doors={"open_minutes": 10})
    await world.staff("britt", "norr")
    await world.engine.say("motion", "door_opened")
    await world.pass_time(minutes=10)
    (alarm,) = (await world.get("alarms"))["items"]
    told = await world.get(f"alarms/{alarm['id']}/explanation", lang="sv")
    assert told["sentence"] == (
        "Dörren har stått öppen sedan 07:00. Inget larm om dörren hade rapporterats stängd eller låst före 07:10."
    )
    (episode,) = told["episodes"]
    assert (episode["rule"], episode["rule_version"], episode["plan_version"]) == ("doors", 1, 1)
    (given,) = episode["inputs"]
    assert (given["kind"], given["at"], given["device"]) == ("door_opened", "2026-03-02T06:00:00Z", "motion")
    assert (given["time"], given["device_time"]) == ("device", None)
    assert episode["deadline"] == "2026-03-02T06:10:00Z"
    assert [(who["channel"], who["name"], who["at"]) for who in told["reached"]] == [
        ("console", "Britt", "2026-03-02T06:10:00Z")
    ]
    await world.engine.say("motion", "door_closed", at=START + timedelta(minutes=2))
    told = await world.get(f"alarms/{alarm['id']}/explanation", lang="en")
    (verdict,) = told["verdicts"]
    assert (verdict["what"], verdict["reason"], verdict["episode"]) == ("withdrawn", "ended_in_time", episode["id"])
    assert verdict["sentence"] == "It was over 07:02, but it was not known until 07:10"


async def test_a_press_explains_itself(world: World) -> None:
    await world.engine.say("button", "alarm_pressed")
    (alarm,) = (await world.get("alarms"))["items"]
    told = await world.get(f"alarms/{alarm['id']}/explanation", lang="en")
    assert told["sentence"].startswith("Pressed the social alarm 07:00. Nothing would have kept it away")
    assert (await world.admin.get("/api/v1/alarms/nothing/explanation")).status_code == 404


async def test_a_unit_writes_its_own_watch_and_staff_on_the_way_keep_it_quiet(world: World) -> None:
    back = {"kinds": ["bed_entered", "help_accepted"], "minutes": 10}
    watch = {"name": "out", "when": {"kind": "door_opened"}, "unless_after": back, "text": "Out, and not back in bed"}
    await world.make("plans", resident="anna", conditions=[watch])
    britt = await world.staff("britt", "norr")
    await world.engine.say("motion", "door_opened")
    await world.engine.say("button", "alarm_pressed")
    (press,) = (await world.get("alarms"))["items"]
    await britt.post(f"/api/v1/alarms/{press['id']}/accept", json={"version": press["version"]})
    await world.engine.heed()
    await world.engine.advance(minutes=30)
    assert await alarms(world, kind="condition") == []
    await world.engine.say("motion", "door_opened")
    await world.engine.advance(minutes=10)
    (alarm,) = (await world.get("alarms", kind="condition"))["items"]
    assert (alarm["reason"], alarm["detail"]["text"]) == ("condition_met", "Out, and not back in bed")
