"""History: events of the past, all or nothing."""

from typing import Any

import httpx
import pytest

from events.codec import decode_control, encode_control
from tests.support.api import Api, got, problem

pytestmark = pytest.mark.anyio


def event(at: str, kind: str = "motion", **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "data": {"at": at, **fields}}


EARLIER = event("2026-03-02T14:00:00+01:00", room="kitchen", id="x1")
LATER = event("2026-03-03T11:59:59Z", "battery", percent=50)


async def post(client: httpx.AsyncClient, *events: dict[str, Any], **more: Any) -> httpx.Response:
    body = {"resident": "north-1", "device": "north-button", "events": events, **more}
    return await client.post("/api/v1/history", json=body)


async def test_events_wait_for_the_log_and_its_result_is_shown(town: Api, admin: httpx.AsyncClient) -> None:
    answer = await post(admin, EARLIER, LATER, tenant="west")
    assert answer.status_code == 202
    id = answer.json()["id"]
    assert answer.headers["location"] == f"/api/v1/history/{id}"
    assert answer.json() == {"id": id, "state": "waiting", "result": None} == await got(admin, f"history/{id}")
    ((kind, data),) = await town.execute(
        "SELECT kind, convert_to(data::text, 'UTF8') FROM inbox WHERE id = %s", (int(id),)
    )
    assert isinstance(data, bytes)
    told = decode_control(str(kind), data)
    assert encode_control(told) == (
        b'{"resident":"north-1","device":"north-button","tenant":"west","events":'
        b'[{"kind":"motion","data":{"at":"2026-03-02T14:00:00+01:00","id":"x1","room":"kitchen"}},'
        b'{"kind":"battery","data":{"at":"2026-03-03T11:59:59Z","percent":50}}]}'
    )
    applied = """UPDATE inbox SET applied_at = now(), result = '{"events": 2, "duplicates": 0}' WHERE id = %s"""
    await town.execute(applied, (int(id),))
    assert await got(admin, f"history/{id}") == {
        "id": id,
        "state": "applied",
        "result": {"events": 2, "duplicates": 0},
    }


async def test_one_bad_event_and_none_is_stored(town: Api, admin: httpx.AsyncClient) -> None:
    ((before,),) = await town.execute("SELECT count(*) FROM inbox")
    for bad, field in (
        (event("2026-03-02T14:00:00+01:00", "dancing"), "events.1.kind"),
        (event("2026-03-02T14:00:00"), "events.1.data.at"),
        (event("2026-03-02T14:00:00Z", room=""), "events.1.data.room"),
        (event("2026-03-02T14:00:00Z", "battery"), "events.1.data"),
        (event("2026-03-02T14:00:00Z", "battery", percent=101), "events.1.data.percent"),
        (event("2026-03-02T14:00:00Z", room="a\x00"), "events.1.data.room"),
        (event("2026-03-03T12:00:01Z"), "events.1.data.at"),
        (event("2026-03-02T11:59:59Z"), "events.1.data.at"),
        ({"kind": "motion"}, "events.1.data"),
        ({"kind": "motion", "data": {}, "history": True}, "events.1.history"),
        ({"kind": "motion", "data": []}, "events.1.data"),
    ):
        problem(await post(admin, EARLIER, bad), 422, field)
    answer = problem(await post(admin, EARLIER, event("2026-03-02T14:00:00Z", "battery", percent="7")), 422)
    assert answer["errors"][0]["value"] == "7"
    assert await town.execute("SELECT count(*) FROM inbox") == [(before,)]


async def test_whose_device_it_was_must_be_known(town: Api, admin: httpx.AsyncClient) -> None:
    await admin.patch("/api/v1/assignments/north-lent", json={"to": "2026-03-02T15:00:00Z"})
    assert (await post(admin, event("2026-03-02T14:59:59Z"))).status_code == 202
    for wrong, field in (
        ({"events": [event("2026-03-02T15:00:00Z")]}, "events.0.data.at"),
        ({"device": "south-button"}, "events.0.data.at"),
        ({"device": "harbour-button"}, "tenant"),
        ({"device": "none"}, "device"),
        ({"resident": "none"}, "resident"),
        ({"tenant": "east"}, "tenant"),
        ({"events": []}, "events"),
        ({"events": [EARLIER] * 1001}, "events"),
    ):
        problem(await post(admin, EARLIER, **wrong), 422, field)


async def test_an_import_is_seen_by_its_tenant_and_unit(town: Api, admin: httpx.AsyncClient) -> None:
    id = (await post(admin, EARLIER)).json()["id"]
    for client in (await town.client("admin", "east"), await town.client("manager", "west", "south")):
        problem(await client.get(f"/api/v1/history/{id}"), 404)
    assert (await got(await town.client("manager", "west", "north"), f"history/{id}"))["id"] == id
    problem(await admin.get("/api/v1/history/1"), 404)


async def test_an_import_may_be_large(town: Api, admin: httpx.AsyncClient) -> None:
    large = [event("2026-03-02T14:00:00Z", "fault", text="x" * 480, id=str(n), more="y" * 2000) for n in range(1000)]
    assert (await post(admin, *large)).status_code == 202
