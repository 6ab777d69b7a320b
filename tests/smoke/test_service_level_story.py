"""From a press to the manager's figures: what is timed, what is no alarm, and who did not answer."""

from typing import Any

import httpx
import pytest

from tests.support.world import World

pytestmark = pytest.mark.anyio

TODAY = {"by": "priority", "from": "2026-03-01", "to": "2026-03-31"}


async def levels(manager: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await manager.get("/api/v1/service-levels", params=TODAY)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def answers(manager: httpx.AsyncClient) -> dict[str, str]:
    answer = await manager.get("/api/v1/responses")
    assert answer.status_code == 200, answer.text
    return {item["name"]: item["answer"] for item in answer.json()["items"]}


async def test_a_press_is_timed_and_a_trial_is_not(world: World) -> None:
    manager = await world.staff("mona", "norr", role="manager")
    astrid, bo = await world.staff("astrid", "norr"), await world.staff("bo", "norr")
    await world.engine.say("button", "test_alarm")
    await world.reach()
    assert await levels(manager) == []
    await world.engine.say("button", "alarm_pressed")
    await world.reach()
    told = (await world.get("notifications"))["items"]
    for client in (astrid, bo):
        me = (await client.get("/api/v1/session")).json()["id"]
        (mine,) = [each["id"] for each in told if each["receiver"] == me]
        assert (await client.post(f"/api/v1/notifications/{mine}/seen")).is_success
    await world.pass_time(seconds=170)
    assert await answers(manager) == {"Astrid": "waiting", "Bo": "waiting"}
    await world.pass_time(seconds=40)
    (alarm,) = (await world.get("alarms"))["items"]
    assert (await bo.post(f"/api/v1/alarms/{alarm['id']}/accept", json={"version": alarm["version"]})).is_success
    (row,) = await levels(manager)
    assert (row["priority"], row["alarms"], row["accept"]["median_seconds"]) == (1, 1, 210)
    assert [(target["met"], target["missed"]) for target in row["accept"]["targets"]] == [(0, 1), (0, 1)]
    assert await answers(manager) == {"Astrid": "not_answered", "Bo": "answered"}
    assert (await astrid.get("/api/v1/responses")).status_code == 403
