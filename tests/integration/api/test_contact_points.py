"""Contact points over the API: whose they are, who may see and change them, and test messages."""

from typing import Any

import httpx
import pytest

from tests.support.api import Api, got, ids, made, problem

pytestmark = pytest.mark.anyio

SMS = {"channel": "sms", "address": {"number": "+46700000001"}}


async def test_a_person_has_their_own(town: Api) -> None:
    astrid = await town.staff("astrid")
    point = await made(astrid, "contact-points", id="p-1", **SMS, rank=2)
    assert point == {
        "id": "p-1",
        "tenant": "west",
        "owner": "staff",
        "owner_id": "astrid",
        "channel": "sms",
        "address": {"number": "+46700000001"},
        "rank": 2,
        "created_at": "2026-03-02T12:00:00Z",
        "created_by": "astrid",
        "expired_at": None,
        "expired_why": None,
        "last_delivered_at": None,
        "last_test": None,
        "last_test_at": None,
    }
    assert await got(astrid, "contact-points/p-1") == point
    problem(await astrid.post("/api/v1/contact-points", json={"id": "p-1", **SMS}), 409)
    answer = await astrid.patch("/api/v1/contact-points/p-1", json={"rank": 1})
    assert (answer.status_code, answer.json()["rank"]) == (200, 1)
    assert (await astrid.delete("/api/v1/contact-points/p-1")).status_code == 204
    problem(await astrid.get("/api/v1/contact-points/p-1"), 404)


async def test_staff_see_and_change_their_own_only(town: Api) -> None:
    astrid, bo = await town.staff("astrid"), await town.staff("bo")
    await made(astrid, "contact-points", id="p-1", **SMS)
    assert await ids(bo, "contact-points") == []
    assert await ids(bo, "contact-points", owner="staff", owner_id="astrid") == []
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/test"), ("GET", "/tests")):
        problem(await bo.request(method, f"/api/v1/contact-points/p-1{path}"), 404)
    problem(await bo.patch("/api/v1/contact-points/p-1", json={"rank": 3}), 404)
    problem(await bo.post("/api/v1/contact-points", json={**SMS, "owner_id": "astrid"}), 403)
    problem(await bo.post("/api/v1/contact-points", json={**SMS, "owner": "unit", "owner_id": "north"}), 403)


async def test_a_manager_answers_for_the_unit(town: Api) -> None:
    await town.staff("astrid")
    await town.staff("sven", unit="south")
    chief = await town.staff("chief", "manager")
    await made(chief, "contact-points", id="p-1", **SMS, owner_id="astrid")
    await made(chief, "contact-points", id="p-2", **SMS, owner="unit")
    assert await ids(chief, "contact-points") == ["p-1", "p-2"]
    assert await ids(chief, "contact-points", owner="unit") == ["p-2"]
    stranger = {**SMS, "owner_id": "sven"}
    problem(await chief.post("/api/v1/contact-points", json=stranger), 422, "owner_id")
    problem(await chief.post("/api/v1/contact-points", json={**SMS, "owner": "unit", "owner_id": "south"}), 422, "unit")
    problem(await chief.post("/api/v1/contact-points", json={**SMS, "owner": "alarm_centre"}), 403)


async def test_an_administrator_says_how_the_alarm_centre_is_told(town: Api) -> None:
    admin = await town.client("admin", "west")
    point = await made(admin, "contact-points", owner="alarm_centre", channel="scaip", address={"cid": "678"})
    assert (point["owner"], point["owner_id"], point["tenant"]) == ("alarm_centre", "west", "west")
    elsewhere = {**SMS, "owner": "alarm_centre", "owner_id": "east"}
    problem(await admin.post("/api/v1/contact-points", json=elsewhere), 422, "owner_id")
    assert await ids(await town.client("admin", "east"), "contact-points") == []


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"channel": "sms", "address": {"number": "0700000001"}}, "address.number"),
        ({"channel": "sms", "address": {}}, "address.number"),
        ({"channel": "email", "address": {"email": "nobody"}}, "address.email"),
        ({"channel": "console", "address": {}}, "address.channel"),
        ({**SMS, "rank": 0}, "rank"),
        ({**SMS, "more": 1}, "more"),
    ],
)
async def test_what_cannot_be_a_contact_point(town: Api, given: dict[str, Any], field: str) -> None:
    astrid = await town.staff("astrid")
    problem(await astrid.post("/api/v1/contact-points", json=given), 422, field)


async def test_a_new_address_ends_an_expiry(town: Api) -> None:
    astrid = await town.staff("astrid")
    await made(astrid, "contact-points", id="p-1", **SMS)
    await town.execute("UPDATE contact_points SET expired_at = now(), expired_why = 'gone'")
    kept = await astrid.patch("/api/v1/contact-points/p-1", json={"rank": 2})
    assert kept.json()["expired_why"] == "gone"
    renewed = await astrid.patch("/api/v1/contact-points/p-1", json={"address": {"number": "+46700000002"}})
    assert (renewed.json()["expired_at"], renewed.json()["address"]) == (None, {"number": "+46700000002"})
    problem(await astrid.patch("/api/v1/contact-points/p-1", json={"address": {"number": "x"}}), 422, "address.number")


async def test_a_secret_in_an_address_is_not_shown(town: Api) -> None:
    astrid = await town.staff("astrid")
    await made(astrid, "contact-points", id="p-1", channel="apprise", address={"url": "ntfys://a-secret-topic"})
    assert (await got(astrid, "contact-points/p-1"))["address"] == {"url": "ntfys://***"}


async def test_a_test_message_on_demand(town: Api) -> None:
    astrid = await town.staff("astrid")
    await made(astrid, "contact-points", id="p-1", **SMS)
    answer = await astrid.post("/api/v1/contact-points/p-1/test", json={})
    assert answer.status_code == 201
    assert (answer.json()["state"], answer.json()["asked_by"]) == ("due", "astrid")
    assert await got(astrid, "contact-points/p-1/tests") == {"items": [answer.json()], "next": None}
    assert (await got(astrid, "contact-points/p-1"))["last_test"] == "due"
    problem(await astrid.post("/api/v1/contact-points/p-1/test", json={}), 409)
    assert await ids(await town.client(), "notifications") == []


async def test_delivery_settings(town: Api, admin: httpx.AsyncClient) -> None:
    path = "/api/v1/delivery-settings/west"
    assert (await admin.get(path)).json() == {"id": "west", "settings": {}, "changed_at": None, "changed_by": None}
    wanted = {"channels": {"sms": {"receipt_seconds": [45, 90, 600, 3600]}}, "tests": {"time": "13:00", "day": "mon"}}
    for _ in range(2):
        answer = await admin.put(path, json=wanted)
        assert answer.status_code == 200, answer.text
    assert answer.json()["settings"] == wanted
    assert answer.json() == (await admin.get(path)).json()
    problem(await admin.put(path, json={"tests": {"time": "25:00"}}), 422, "tests.time")
    problem(await (await town.client("admin", "east")).put(path, json={}), 404)
    problem(await (await town.client("manager", "west")).put(path, json={}), 403)
    problem(await admin.get("/api/v1/delivery-settings/nowhere"), 404)


async def test_what_messages_may_say_is_decided_and_kept(town: Api) -> None:
    chief = await town.staff("chief", "manager")
    first = await made(chief, "message-decisions", unit="north", shows=["name", "kind"], reason="No reader in the car")
    second = await made(chief, "message-decisions", unit="north", shows=[], reason="Now there is one")
    assert first["decided_by"] == "chief"
    assert first["decided_at"] == "2026-03-02T12:00:00Z"
    assert await ids(chief, "message-decisions", unit="north") == [second["id"], first["id"]]
    assert await got(chief, f"message-decisions/{first['id']}") == first
    problem(
        await chief.post("/api/v1/message-decisions", json={"unit": "south", "shows": [], "reason": "x"}), 422, "unit"
    )
    problem(
        await chief.post("/api/v1/message-decisions", json={"unit": "north", "shows": [], "reason": " "}), 422, "reason"
    )
    elsewhere = await town.client("manager", "west", "south")
    assert await ids(elsewhere, "message-decisions") == []
    problem(await elsewhere.get(f"/api/v1/message-decisions/{first['id']}"), 404)
