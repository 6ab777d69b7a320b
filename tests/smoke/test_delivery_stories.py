"""How somebody is reached who is not at a screen: by their telephone, by another way when that is silent, by a key."""

from itertools import count
from typing import Any

import httpx
import msgspec
import pytest

from events.ids import AlarmId
from tests.support.delivery import CALLBACK, gateway
from tests.support.webhook_receiver import Answer, WebhookReceiver
from tests.support.world import World

pytestmark = pytest.mark.anyio

TELEPHONE = {"number": "+46700000001"}


async def reachable(world: World, receiver: WebhookReceiver) -> httpx.AsyncClient:
    """Britt, who is signed in and can be told by SMS and by a call; the gateway names messages `g-1`, `g-2`."""
    numbers = count(1)
    receiver.answer = lambda request: Answer(200, msgspec.json.encode({"id": f"g-{next(numbers)}"}))
    for channel in ("sms", "voice"):
        path = f"/api/v1/providers/prov:{channel}"
        assert (await world.admin.put(path, json=gateway(receiver.url))).status_code == 200
    britt = await world.staff("britt", "norr")
    for rank, channel in enumerate(("sms", "voice"), 1):
        point = {"channel": channel, "address": TELEPHONE, "rank": rank}
        assert (await britt.post("/api/v1/contact-points", json=point)).status_code == 201
    return britt


async def report(world: World, channel: str, **fields: Any) -> None:
    path = f"/api/v1/receipts/prov:{channel}"
    answer = await world.admin.post(path, json=fields, headers={"Authorization": f"Bearer {CALLBACK}"})
    assert answer.status_code == 204, answer.text


async def press(world: World) -> AlarmId:
    await world.engine.say("button", "alarm_pressed")
    await world.reach()
    (alarm,) = (await world.get("alarms"))["items"]
    return AlarmId(alarm["id"])


async def test_nobody_looks_at_the_message_and_the_call_is_answered(world: World, receiver: WebhookReceiver) -> None:
    await reachable(world, receiver)
    alarm = await press(world)
    (message,) = receiver.take()
    assert message.json["text"].startswith("Larm. Öppna Vaka http")

    await world.pass_time(seconds=59)
    assert receiver.requests.empty()
    await world.pass_time(seconds=1)
    await world.reach()
    (call,) = receiver.take()
    assert call.json["text"] == "Larm. Öppna Vaka Tryck 1 för att ta larmet."

    await report(world, "voice", id="g-2", digit="1")
    (told,) = (await world.get("alarms", state="accepted"))["items"]
    assert (told["id"], told["accepted_by_name"]) == (alarm, "Britt")
    (answered,) = (await world.get("notifications", channel="voice"))["items"]
    assert (answered["state"], answered["acted_at"] is not None) == ("seen", True)
    (silent,) = (await world.get("notifications", channel="sms"))["items"]
    assert (silent["state"], silent["fallback"], answered["fallback_of"]) == ("sent", "next_point", silent["id"])

    await world.pass_time(minutes=4)
    assert receiver.requests.empty()


async def test_a_message_that_is_delivered_calls_nobody(world: World, receiver: WebhookReceiver) -> None:
    britt = await reachable(world, receiver)
    await press(world)
    receiver.take()
    await report(world, "sms", id="g-1", status="delivered")
    await world.pass_time(minutes=2)
    assert receiver.requests.empty()
    (told,) = (await world.get("notifications", channel="sms"))["items"]
    assert (told["state"], told["seen_at"]) == ("delivered", None)
    seen = await britt.post(f"/api/v1/notifications/{told['id']}/seen", json={})
    assert seen.json()["state"] == "seen"
