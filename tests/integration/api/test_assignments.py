"""Assignments: lending a device, and taking it back."""

import httpx
import pytest

from tests.support.api import Api, got, ids, made, problem

pytestmark = pytest.mark.anyio

NEW_YEAR = "2027-01-01T00:00:00Z"


async def told(api: Api) -> object:
    """The last thing that the log was told."""
    ((kind, data),) = await api.execute("SELECT kind, data FROM inbox ORDER BY id DESC LIMIT 1")
    assert kind == "assignment_changed"
    return data


async def test_a_device_is_lent_from_now_on_until_further_notice(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "devices", id="lock", tenant="west", technology="lock")
    lent = await made(admin, "assignments", id="a", device="lock", resident="north-1")
    assert lent == {
        "id": "a",
        "tenant": "west",
        "device": "lock",
        "resident": "north-1",
        "from": "2026-03-02T12:00:00Z",
        "to": None,
        "created_at": "2026-03-02T12:00:00Z",
        "shared_with": None,
    }
    assert await got(admin, "assignments/a") == lent
    assert (await got(admin, "devices/lock"))["resident"] == "north-1"
    assert await told(town) == {
        "assignment": "a",
        "device": "lock",
        "resident": "north-1",
        "technology": "lock",
        "start": "2026-03-02T12:00:00Z",
    }


async def test_it_is_given_back_and_lent_to_another(town: Api, admin: httpx.AsyncClient) -> None:
    ended = await admin.patch("/api/v1/assignments/north-lent", json={"to": "2027-01-01T01:00:00+01:00"})
    assert ended.json()["to"] == NEW_YEAR
    assert (await told(town)) == {
        "assignment": "north-lent",
        "device": "north-button",
        "resident": "north-1",
        "technology": "social_alarm",
        "start": "2026-03-02T12:00:00Z",
        "end": NEW_YEAR,
    }
    again = {"device": "north-button", "resident": "south-1", "from": NEW_YEAR}
    await made(admin, "assignments", id="second", **again)
    assert await ids(admin, "assignments", device="north-button") == ["north-lent", "second"]
    assert await ids(admin, "assignments", device="north-button", to=NEW_YEAR) == ["north-lent"]
    assert await ids(admin, "assignments", resident="south-1", **{"from": "2027-01-01T00:00:01Z"}) == [
        "second",
        "south-lent",
    ]
    problem(await admin.patch("/api/v1/assignments/north-lent", json={"to": "2027-01-02T00:00:00Z"}), 409)


async def test_a_device_is_with_one_person_at_a_time(town: Api, admin: httpx.AsyncClient) -> None:
    before = await town.execute("SELECT count(*) FROM inbox")
    for start in ("2020-01-01T00:00:00Z", "2026-03-02T12:00:00Z", NEW_YEAR):
        body = {"device": "north-button", "resident": "south-1", "from": start}
        problem(await admin.post("/api/v1/assignments", json=body), 409)
    earlier = {"from": "2020-01-01T00:00:00Z", "to": "2026-03-02T12:00:00Z"}
    await made(admin, "assignments", device="north-button", resident="south-1", **earlier)
    ((count,),) = before
    assert await town.execute("SELECT count(*) FROM inbox") == [(int(str(count)) + 1,)]


async def test_what_is_wrong_is_named(town: Api, admin: httpx.AsyncClient) -> None:
    body = {"device": "south-button", "resident": "south-1"}
    for wrong, field in (
        ({"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "to"),
        ({"from": "2026-01-01T00:00:00"}, "from"),
        ({"from": 1767225600}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"from": "9999-12-31T23:59:59-14:00"}, "from"),
        ({"start": NEW_YEAR}, "start"),
        ({"tenant": "east"}, "tenant"),
        ({"resident": "harbour-1"}, "tenant"),
        ({"device": "none"}, "device"),
        ({"resident": "none"}, "resident"),
    ):
        problem(await admin.post("/api/v1/assignments", json=body | wrong), 422, field)
    for end, field in (({"to": "2026-03-02T12:00:00Z"}, "to"), ({"to": "soon"}, "to"), ({}, "to")):
        problem(await admin.patch("/api/v1/assignments/south-lent", json=end), 422, field)
    problem(await admin.patch("/api/v1/assignments/none", json={"to": NEW_YEAR}), 404)
