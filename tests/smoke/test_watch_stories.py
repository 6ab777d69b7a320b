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


async def last_word(world: World, kind: str) -> tuple[str, str, str]:
    """The state of the resident's last alarm of this kind, and what its explanation says last."""
    alarm = (await world.get("alarms", kind=kind))["items"][0]
    told = await world.get(f"alarms/{alarm['id']}/explanation", lang="en")
    verdict = told["verdicts"][-1]
    return alarm["state"], verdict["reason"], verdict["sentence"]


async def test_a_silence_was_only_a_gap_in_the_radio(world: World) -> None:
    """Activity 10:10, reported 11:02: the alarm of 11:00 goes. Activity after the alarm is a note on it."""
    await world.make("plans", resident="anna", inactivity={"limits": [{"minutes": 240}]})
    await world.engine.say("motion", "motion")
    await world.engine.advance(hours=4, minutes=2)
    assert await alarms(world) == [("inactivity", "open", "no_activity")]
    await world.engine.say("motion", "motion", at=START + timedelta(hours=3, minutes=10))
    assert await last_word(world, "inactivity") == (
        "withdrawn",
        "activity_reported_late",
        "Activity 10:10, but it was not known until 11:02",
    )
    await world.engine.advance(hours=4)
    await world.engine.say("motion", "motion")
    state, reason, sentence = await last_word(world, "inactivity")
    assert (state, reason) == ("open", "activity_resumed")
    assert sentence.startswith("Activity again 15:02")


async def test_a_press_that_comes_hours_late_is_raised_and_says_its_age(world: World) -> None:
    await world.engine.advance(hours=5)
    await world.engine.say("button", "alarm_pressed", at=START + timedelta(hours=2))
    (alarm,) = (await world.get("alarms"))["items"]
    assert (alarm["state"], alarm["priority"], alarm["detail"]["late_minutes"]) == ("open", 1, 180)
    told = await world.get(f"alarms/{alarm['id']}/explanation", lang="sv")
    assert told["sentence"].startswith("Tryckte på trygghetslarmet 09:00 – kom fram först 12:00, 180 minuter senare.")


async def test_a_dose_that_was_taken_too_early_is_told_and_one_that_is_taken_late_ends_it(world: World) -> None:
    evening = {"windows": [{"from": "12:00", "to": "13:00", "remind_after_minutes": None}]}
    await world.make("plans", resident="anna", medicine=evening)
    await world.engine.advance(hours=2)
    await world.engine.say("dispenser", "dose_taken")
    await world.engine.advance(hours=4)
    assert await alarms(world) == [("missed_dose", "open", "dose_taken_early")]
    await world.engine.advance(minutes=30)
    await world.engine.say("dispenser", "dose_taken")
    assert await last_word(world, "missed_dose") == (
        "withdrawn",
        "dose_taken_late",
        "The dose 12:00-13:00 was taken 13:30",
    )


async def test_a_check_that_was_made_in_time_is_reported_too_late(world: World) -> None:
    await world.make("plans", resident="anna", supervision={"checks": [{"from": "07:00", "to": "08:00"}]})
    await world.engine.advance(hours=2)
    await world.engine.say("motion", "check_done", at=START + timedelta(minutes=40))
    state, reason, sentence = await last_word(world, "supervision")
    assert (state, reason) == ("withdrawn", "check_reported_late")
    assert "07:40" in sentence
    assert "09:00" in sentence


async def test_refused_keys_are_told_when_the_lock_is_heard_again(world: World) -> None:
    """Hours later and in the wrong order; an opening at night is told with its age as well."""
    lock = {"refused_count": 3, "planned": [{"from": "07:00", "to": "22:00"}]}
    await world.make("plans", resident="anna", lock=lock)
    await world.engine.advance(hours=3)
    for minutes in (64, 60, 62):
        await world.engine.say("motion", "unlock_denied", at=START + timedelta(minutes=minutes))
    await world.engine.say("motion", "unlocked", at=START - timedelta(hours=1))
    items = (await world.get("alarms"))["items"]
    assert {(item["kind"], item["reason"], item["detail"]["n"], item["detail"]["late_minutes"]) for item in items} == {
        ("lock_refused", "refused_openings", 3, 118),
        ("unplanned_opening", "unplanned_opening", 1, 240),
    }


async def test_too_many_doses_are_told_when_one_of_them_was_not_known(world: World) -> None:
    needed = {"dose": "pain", "at_most": 2, "hours": 4}
    await world.make("plans", resident="anna", medicine={"as_needed": [needed]})
    for _ in range(2):
        await world.engine.say("dispenser", "dose_taken", dose="pain")
        await world.engine.advance(hours=3, minutes=30)
    assert await alarms(world) == []
    await world.engine.say("dispenser", "dose_taken", dose="pain", at=START + timedelta(hours=1))
    (alarm,) = (await world.get("alarms"))["items"]
    assert (alarm["kind"], alarm["detail"]["late_minutes"], alarm["detail"]["n"]) == ("too_many_doses", 360, 3)


async def test_water_and_jams_are_told_however_late_and_dry_is_a_note(world: World) -> None:
    await world.engine.advance(hours=6)
    await world.engine.say("motion", "leak_detected", at=START + timedelta(hours=1))
    await world.engine.say("motion", "leak_cleared", at=START + timedelta(hours=2))
    await world.engine.say("dispenser", "dispenser_jammed", at=START + timedelta(hours=1))
    items = (await world.get("alarms"))["items"]
    assert {(item["kind"], item["state"], item["detail"]["late_minutes"]) for item in items} == {
        ("leak", "open", 300),
        ("dispenser_jammed", "open", 300),
    }
    state, reason, sentence = await last_word(world, "leak")
    assert (state, reason) == ("open", "cleared")
    assert sentence.endswith("arrived only 13:00, 240 minutes later")


async def test_a_contact_that_flaps_is_one_alarm_also_when_it_is_heard_late(world: World) -> None:
    await world.engine.advance(hours=2)
    for second in range(0, 310, 10):
        kind = "door_opened" if second % 20 else "door_closed"
        await world.engine.say("motion", kind, at=START + timedelta(hours=1, seconds=second))
    assert await alarms(world) == [("flapping", "open", "flapping")]
    (alarm,) = (await world.get("alarms"))["items"]
    assert (alarm["priority"], alarm["detail"]["n"], alarm["count"]) == (3, 30, 1)


async def test_a_position_from_before_coming_home_is_heard_after_it(world: World) -> None:
    """Out of coverage for an hour: what is heard last happened first, and nobody is told of it."""
    home = {"name": "home", "latitude": 59.3, "longitude": 18.1, "radius_m": 300}
    await world.make("plans", resident="anna", geofence={"zones": [home], "dwell_minutes": 10})
    await world.engine.say("button", "position", latitude=59.4, longitude=18.1)
    await world.engine.advance(minutes=30)
    assert await alarms(world) == [("geofence", "open", "left_area")]
    await world.engine.say("button", "position", at=START + timedelta(minutes=5), latitude=59.3, longitude=18.1)
    assert await alarms(world) == [("geofence", "withdrawn", "left_area")]
    await world.engine.say("button", "position", at=START + timedelta(minutes=3), latitude=59.4, longitude=18.1)
    await world.engine.advance(minutes=30)
    assert len(await alarms(world)) == 1
