"""Stories of devices: passed on, lent by mistake, brought in from a list, and tried out where they are installed."""

from datetime import timedelta

import httpx
import pytest

from tests.support.engine import START
from tests.support.world import World

pytestmark = pytest.mark.anyio


async def usage(world: World) -> dict[str, int]:
    """How often each resident pressed or tried a button."""
    day = START.date().isoformat()
    query = {"from": day, "to": day, "by": "resident", "technology": "social_alarm"}
    return {row["resident"]: row["count"] for row in (await world.get("usage", **query))["items"]}


async def change(world: World, path: str, **fields: object) -> httpx.Response:
    answer = await world.admin.patch(f"/api/v1/{path}", json=fields)
    assert answer.is_success, answer.text
    return answer


async def assignment_of(world: World, device: str) -> str:
    (found,) = (await world.get("assignments", device=device))["items"]
    return str(found["id"])


async def test_a_button_is_passed_on_to_another_resident(world: World) -> None:
    await world.make("residents", id="berta", unit="norr", name="Berta Påhittad")
    await world.engine.say("button", "alarm_pressed", id="annas")
    ended = (START + timedelta(hours=1)).isoformat()
    await world.engine.advance(hours=2)
    await change(world, f"assignments/{await assignment_of(world, 'button')}", to=ended)
    assert (await world.get("devices/button"))["life_cycle"] == "returned"
    await world.make("assignments", device="button", resident="berta", **{"from": ended})

    await world.engine.say("button", "alarm_pressed", id="bertas")
    alarms = (await world.get("alarms", state="open"))["items"]
    assert {alarm["resident_name"] for alarm in alarms} == {"Anna Påhittad", "Berta Påhittad"}
    # It had been pressed before its clock and ours agreed who has it: it belongs to who had it then.
    await world.engine.say("button", "alarm_pressed", at=START + timedelta(minutes=30), id="late")
    assert await usage(world) == {"anna": 2, "berta": 1}


async def test_a_button_that_was_lent_to_the_wrong_person(world: World) -> None:
    await world.make("residents", id="berta", unit="norr", name="Berta Påhittad")
    for number in range(3):
        await world.engine.say("button", "test_alarm", id=str(number))
    assert await usage(world) == {"anna": 3}
    lent = await assignment_of(world, "button")
    await change(world, f"assignments/{lent}", resident="berta")

    assert await usage(world) == {"berta": 3}
    events = (await world.get("events", device="button"))["items"]
    assert {event["resident"] for event in events} == {"berta"}
    (trace,) = (await world.get("reattributions", device="button"))["items"]
    assert (trace["from_resident"], trace["to_resident"], trace["events"]) == ("anna", "berta", 3)
    await world.engine.say("button", "alarm_pressed")
    (alarm,) = (await world.get("alarms"))["items"]
    assert alarm["resident"] == "berta"

    await world.admin.delete(f"/api/v1/assignments/{lent}")
    assert await usage(world) == {}
    assert {trace["to_resident"] for trace in (await world.get("reattributions"))["items"]} == {"berta", None}


async def test_a_couple_has_one_button(world: World) -> None:
    await world.make("residents", id="bertil", unit="norr", name="Bertil Påhittad")
    await change(world, f"assignments/{await assignment_of(world, 'button')}", shared_with="bertil")
    async with world.stream() as stream:
        await world.engine.say("button", "alarm_pressed")
        told = await stream.until("opened")
    names = (told["alarm"]["resident_name"], told["alarm"]["shared_with_name"])
    assert names == ("Anna Påhittad", "Bertil Påhittad")


async def test_an_installer_sees_the_button_prove_itself(world: World) -> None:
    installer = await world.staff("ivar", "norr")
    await world.make("devices", id="new", tenant="prov", type="button", life_cycle="in_stock")
    await world.make("assignments", device="new", resident="anna")
    async with world.stream(installer) as stream:
        opened = await installer.post("/api/v1/devices/new/test", json={"minutes": 10})
        assert opened.json()["life_cycle"] == "installed"
        await world.engine.say("new", "alarm_pressed", id="test")
        seen = await stream.next("device")
        while seen["life_cycle"] != "in_use":
            seen = await stream.next("device")
    assert (seen["id"], seen["resident"]) == ("new", "anna")

    (trial,) = (await world.get("devices/new/tests"))["items"]
    assert (trial["opened_by_name"], trial["how"]) == ("Ivar", "test_alarm")
    await world.reach()
    assert (await world.get("alarms"))["items"] == []
    assert (await world.get("notifications"))["items"] == []
    (event,) = (await world.get("events", device="new", kind="test_alarm"))["items"]
    assert (event["resident"], event["data"]["said"]) == ("anna", "alarm_pressed")

    await world.engine.advance(minutes=11)
    await world.engine.say("new", "alarm_pressed", id="real")
    (alarm,) = (await world.get("alarms"))["items"]
    assert (alarm["resident"], alarm["device"]) == ("anna", "new")


async def test_the_first_word_of_an_installed_device_proves_it_too(world: World) -> None:
    """Nobody opened a trial: the press is a call for help, and the device is in use from then on."""
    assert (await world.get("devices/button"))["life_cycle"] == "installed"
    await world.engine.say("button", "battery", percent=80)
    assert (await world.get("devices/button"))["life_cycle"] == "installed"
    await world.engine.say("button", "alarm_pressed")
    assert (await world.get("devices/button"))["life_cycle"] == "in_use"
    assert len((await world.get("alarms", kind="social_alarm"))["items"]) == 1


async def test_a_list_of_buttons_is_tried_out_and_then_imported(world: World) -> None:
    text = "id;type;serial;life_cycle\nknapp-1;button;0042;in_stock\nknapp-2;{};0043;in_stock\n"
    headers = {"Content-Type": "text/csv"}

    async def send(type: str, **query: str) -> httpx.Response:
        path = "/api/v1/devices/import"
        return await world.admin.post(
            path, params={"tenant": "prov", **query}, content=text.format(type), headers=headers
        )

    tried = (await send("buton", dry_run="true")).json()
    assert [(row["device"], row["action"]) for row in tried["rows"]] == [("knapp-1", "new"), ("knapp-2", "error")]
    assert (tried["rows"][1]["errors"][0]["field"], tried["rows"][1]["errors"][0]["value"]) == ("type", "buton")
    assert (await send("buton")).status_code == 422
    assert (await world.get("devices", life_cycle="in_stock"))["items"] == []

    assert (await send("button")).json()["new"] == 2
    await world.make("assignments", device="knapp-1", resident="anna")
    await world.engine.say("knapp-1", "alarm_pressed")
    (alarm,) = (await world.get("alarms", kind="social_alarm"))["items"]
    assert (alarm["resident"], alarm["device"]) == ("anna", "knapp-1")
    assert [device["id"] for device in (await world.get("devices", life_cycle="in_stock"))["items"]] == ["knapp-2"]
