"""Where residents live from when to when, and what follows when they leave."""

from datetime import timedelta
from typing import Any, cast

import httpx
import pytest

from tests.support.api import NOON, Api, got, ids, made, problem

pytestmark = pytest.mark.anyio

PATH = "/api/v1/residents/north-1"
DAY = timedelta(days=1)


def at(days: int) -> str:
    return (NOON + days * DAY).isoformat().replace("+00:00", "Z")


async def stays(client: httpx.AsyncClient) -> list[tuple[str, str, str, str | None]]:
    found = (await got(client, "residents/north-1/stays"))["items"]
    return [(stay["unit"], stay["housing"], stay["from"], stay["to"]) for stay in found]


async def leave(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post(f"{PATH}/leave", json={"reason": "died", **body})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_each_unit_and_housing_has_its_time(town: Api, admin: httpx.AsyncClient) -> None:
    assert await stays(admin) == [("north", "ordinary", at(0), None)]
    town.clock.advance(10 * DAY)
    await admin.patch(PATH, json={"unit": "south"})
    await admin.patch(PATH, json={"name": "Test Renamed"})
    town.clock.advance(10 * DAY)
    await admin.patch(PATH, json={"housing": "special", "since": at(15)})
    assert await stays(admin) == [
        ("north", "ordinary", at(0), at(10)),
        ("south", "ordinary", at(10), at(15)),
        ("south", "special", at(15), None),
    ]


async def test_what_is_corrected_at_once_leaves_no_trace(town: Api, admin: httpx.AsyncClient) -> None:
    await admin.patch(PATH, json={"housing": "special"})
    assert await stays(admin) == [("north", "special", at(0), None)]


async def test_a_time_of_a_move_needs_a_move(town: Api, admin: httpx.AsyncClient) -> None:
    for body in ({"since": at(0)}, {"since": at(0), "unit": "north", "name": "Test Renamed"}):
        problem(await admin.patch(PATH, json=body), 422, "since")
    assert (await got(admin, "residents/north-1"))["name"] == "Test North"


@pytest.mark.parametrize(("days", "says"), [(6, "in the future"), (-1, "before 2026-03-02")])
async def test_a_stay_begins_neither_later_than_now_nor_before_the_one_that_it_ends(
    town: Api, admin: httpx.AsyncClient, days: int, says: str
) -> None:
    town.clock.advance(5 * DAY)
    refused = problem(await admin.patch(PATH, json={"unit": "south", "since": at(days)}), 422, "since")
    assert says in refused["detail"]
    assert await stays(admin) == [("north", "ordinary", at(0), None)]
    assert (await got(admin, "residents/north-1"))["unit"] == "north"


async def test_who_has_died_has_no_device_and_no_plan_any_more(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "plans", resident="north-1", inactivity={"limits": [{"minutes": 600}]})
    town.clock.advance(5 * DAY)
    left = await leave(admin, at=at(4))
    assert (left["left_at"], left["left_reason"]) == (at(4), "died")
    assert await stays(admin) == [("north", "ordinary", at(0), at(4))]
    (lent,) = (await got(admin, "assignments", resident="north-1"))["items"]
    assert lent["to"] == at(4)
    assert (await got(admin, "devices/north-button"))["life_cycle"] == "returned"
    newest = (await got(admin, "plans", resident="north-1"))["items"][0]
    assert (newest["version"], newest["inactivity"]) == (2, None)
    newest_of = "SELECT data FROM inbox WHERE kind = %s ORDER BY id DESC LIMIT 1"
    told = {kind: (await town.execute(newest_of, (kind,)))[0][0] for kind in ("assignment_changed", "plan_changed")}
    assert told == {
        "assignment_changed": {**cast("dict[str, Any]", told["assignment_changed"]), "end": at(4)},
        "plan_changed": {"resident": "north-1", "version": 2, "timezone": "Europe/Stockholm", "plan": {}},
    }


async def test_defaults_of_the_unit_do_not_bring_a_plan_back(town: Api, admin: httpx.AsyncClient) -> None:
    defaults = {"inactivity": {"limits": [{"minutes": 600}]}}
    await admin.put("/api/v1/units/north/plan-defaults", json=defaults)
    await leave(admin)
    await admin.put("/api/v1/units/north/plan-defaults", json={"doors": {"open_minutes": 10}})
    newest = (await got(admin, "plans", resident="north-1"))["items"][0]
    assert (newest["inactivity"], newest["doors"]) == (None, None)


async def test_the_other_of_a_couple_keeps_their_device_where_it_is(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "residents", id="north-2", unit="north", name="Test Other")
    await admin.patch("/api/v1/assignments/north-lent", json={"shared_with": "north-2"})
    before = (await got(admin, "devices/north-button"))["life_cycle"]
    town.clock.advance(5 * DAY)
    await leave(admin, at=at(4))
    spans = [(one["resident"], one["from"], one["to"]) for one in (await got(admin, "assignments"))["items"]]
    assert ("north-1", at(0), at(4)) in spans
    assert ("north-2", at(4), None) in spans
    device = await got(admin, "devices/north-button")
    assert (device["resident"], device["life_cycle"]) == ("north-2", before)


async def test_who_has_left_is_lent_nothing_and_leaves_once(town: Api, admin: httpx.AsyncClient) -> None:
    await leave(admin, reason="moved_away")
    problem(await admin.post(f"{PATH}/leave", json={"reason": "died"}), 409)
    problem(await admin.patch(PATH, json={"unit": "south"}), 409)
    lend = {"device": "north-button", "resident": "north-1"}
    problem(await admin.post("/api/v1/assignments", json=lend), 422, "resident")
    problem(await admin.post("/api/v1/plans", json={"resident": "north-1"}), 422, "resident")
    assert await ids(admin, "residents", left=True) == ["north-1"]
    assert "north-1" not in await ids(admin, "residents", left=False)
    assert "north-1" in await ids(admin, "residents")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reason": "bored"}, "reason"),
        ({"reason": "died", "at": at(1)}, "at"),
        ({"reason": "died", "at": at(-1)}, "at"),
        ({}, "reason"),
    ],
)
async def test_how_somebody_left_is_said_rightly(
    town: Api, admin: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    problem(await admin.post(f"{PATH}/leave", json=body), 422, field)
    assert (await got(admin, "residents/north-1"))["left_at"] is None


async def test_who_comes_back_is_watched_as_their_unit_watches(town: Api, admin: httpx.AsyncClient) -> None:
    problem(await admin.post(f"{PATH}/return"), 409)
    await admin.put("/api/v1/units/north/plan-defaults", json={"doors": {"open_minutes": 10}})
    town.clock.advance(DAY)
    await leave(admin, reason="care_ended")
    town.clock.advance(DAY)
    answer = await admin.post(f"{PATH}/return")
    assert (answer.status_code, answer.json()["left_at"]) == (200, None)
    assert await stays(admin) == [("north", "ordinary", at(0), at(1)), ("north", "ordinary", at(2), None)]
    assert (await got(admin, "plans", resident="north-1"))["items"][0]["doors"]["open_minutes"] == 10


async def test_another_unit_sees_none_of_it(town: Api) -> None:
    south = await town.client("manager", "west", "south")
    for method, path in (("GET", "stays"), ("POST", "leave"), ("POST", "return")):
        body = {"reason": "died"} if path == "leave" else None
        problem(await south.request(method, f"{PATH}/{path}", json=body), 404)
