"""Service levels and targets over the API."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.support.api import NOON, Api, got, made, problem

pytestmark = pytest.mark.anyio

MARCH: dict[str, Any] = {"from": "2026-03-01", "to": "2026-03-31"}
STRICT = {"measure": "accept", "within_seconds": 10, "share": 1.0, "priorities": [1]}


async def accept(client: httpx.AsyncClient, alarm: str) -> None:
    answer = await client.post(f"/api/v1/alarms/{alarm}/accept", json={"version": 1})
    assert answer.status_code == 200, answer.text


@pytest.fixture
async def answered(town: Api) -> Api:
    """One alarm in each unit; north accepts its own after 30 seconds, two minutes have passed since."""
    for unit, tenant in (("north", "west"), ("south", "west"), ("harbour", "east")):
        await town.alarm(unit, unit, tenant)
    town.clock.advance(timedelta(seconds=30))
    await accept(await town.client("staff", "west", "north"), "north")
    town.clock.advance(timedelta(minutes=2))
    return town


async def test_shares_medians_and_numbers(answered: Api) -> None:
    manager = await answered.client("manager", "west", "north")
    (row,) = (await got(manager, "service-levels", **MARCH))["items"]
    person = {"within_seconds": 2700, "share": 0.9, "met": 0, "missed": 0, "reached_share": None}
    assert row == {
        "unit": "north",
        "priority": 1,
        "alarms": 1,
        "open": 1,
        "withdrawn": 0,
        "accept": {
            "alarms": 1,
            "median_seconds": 30,
            "p90_seconds": 30,
            "targets": [
                {"within_seconds": 60, "share": 0.975, "met": 1, "missed": 0, "reached_share": 1},
                {"within_seconds": 180, "share": 0.99, "met": 1, "missed": 0, "reached_share": 1},
            ],
        },
        "person": {"alarms": 0, "median_seconds": None, "p90_seconds": None, "targets": [person]},
        "resolve": {"alarms": 0, "median_seconds": None, "p90_seconds": None, "targets": []},
    }


async def test_by_what_is_asked_for_and_only_what_may_be_seen(answered: Api, admin: httpx.AsyncClient) -> None:
    async def counted(client: httpx.AsyncClient, **query: Any) -> list[tuple[Any, ...]]:
        rows = (await got(client, "service-levels", **MARCH, **query))["items"]
        return [(*list(row.values())[:-6], row["alarms"]) for row in rows]

    assert await counted(admin, by="") == [(3,)]
    assert await counted(admin, by="tenant") == [("east", 1), ("west", 2)]
    assert await counted(admin, by="day,technology,unit", tenant="west") == [
        ("north", "social_alarm", "2026-03-02", 1),
        ("south", "social_alarm", "2026-03-02", 1),
    ]
    assert await counted(admin, by="unit", technology="lock") == []
    assert await counted(admin, by="unit", priority=1, unit="south") == [("south", 1)]
    assert await counted(await answered.client("followup", "west"), by="unit") == [("north", 1), ("south", 1)]
    assert await counted(await answered.client("manager", "west", "north"), by="unit", unit="south") == []


async def test_what_cannot_be_asked(api: Api, admin: httpx.AsyncClient) -> None:
    for query, field in (
        ({"from": "2026-03-01"}, "to"),
        ({"to": "2026-03-01"}, "from"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to"),
        ({"from": "2025-01-01", "to": "2026-03-01"}, "to"),
        ({**MARCH, "by": "resident"}, "by"),
        ({**MARCH, "priority": "5"}, "priority"),
    ):
        problem(await admin.get("/api/v1/service-levels", params=query), 422, field)
    problem(await (await api.client("staff")).get("/api/v1/service-levels", params=MARCH), 403)


async def test_targets_are_versions_and_hold_for_what_comes(answered: Api, admin: httpx.AsyncClient) -> None:
    manager = await answered.client("manager", "west", "north")
    first = await made(manager, "service-levels/targets", targets=[STRICT])
    assert (first["tenant"], first["unit"], first["version"]) == ("west", "north", 1)
    assert await got(manager, f"service-levels/targets/{first['id']}") == first
    answered.clock.advance(timedelta(minutes=1))
    await answered.alarm("later", "north", minute=4)
    answered.clock.time = NOON + timedelta(minutes=4, seconds=11)
    (row,) = (await got(manager, "service-levels", **MARCH))["items"]
    assert [(t["within_seconds"], t["met"], t["missed"]) for t in row["accept"]["targets"]] == [
        (10, 0, 1),
        (60, 1, 0),
        (180, 1, 0),
    ]
    tenants = await made(admin, "service-levels/targets", tenant="west", targets=[])
    again = await made(manager, "service-levels/targets", targets=None)
    assert (tenants["version"], again["version"], again["targets"]) == (1, 2, None)
    listed = (await got(manager, "service-levels/targets"))["items"]
    assert {version["id"] for version in listed} == {first["id"], tenants["id"], again["id"]}
    assert (await got(await answered.client("manager", "east"), "service-levels/targets"))["items"] == []


async def test_targets_that_cannot_be(town: Api, admin: httpx.AsyncClient) -> None:
    for targets, field in (
        ([{**STRICT, "share": 0}], "targets.0.share"),
        ([{**STRICT, "share": 1.01}], "targets.0.share"),
        ([{**STRICT, "within_seconds": 0}], "targets.0.within_seconds"),
        ([{**STRICT, "priorities": []}], "targets.0.priorities"),
        ([{**STRICT, "priorities": [5]}], "targets.0.priorities.0"),
        ([{**STRICT, "measure": "sleep"}], "targets.0.measure"),
        ([STRICT, {**STRICT, "share": 0.5}], "targets"),
        ([{**STRICT, "within_seconds": n} for n in range(1, 30)], "targets"),
    ):
        answer = await admin.post("/api/v1/service-levels/targets", json={"unit": "north", "targets": targets})
        problem(answer, 422, field)
    problem(await admin.post("/api/v1/service-levels/targets", json={"targets": []}), 422, "tenant")
    manager = await town.client("manager", "west", "north")
    answer = await manager.post("/api/v1/service-levels/targets", json={"unit": "south", "targets": []})
    problem(answer, 422, "unit")
    await made(admin, "service-levels/targets", id="t1", unit="north", targets=[])
    answer = await admin.post("/api/v1/service-levels/targets", json={"id": "t1", "unit": "north", "targets": []})
    problem(answer, 409)
