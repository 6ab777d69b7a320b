"""Plans: versions, and what is wrong with them."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from rules.plan import Plan, read_plan, write_plan
from tests.support.api import Api, got, ids, made, problem

pytestmark = pytest.mark.anyio

PARTS = Plan.__struct_fields__
MEDICINE = {"windows": [{"from": "08:00", "to": "09:00"}]}
INACTIVITY = {"limits": [{"minutes": 240}], "quiet": [{"from": "22:00", "to": "07:00"}]}

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"medicine": {}}, "medicine"),
    ({"medicine": {"windows": []}}, "medicine"),
    ({"medicine": {"windows": [{"from": "8:00", "to": "09:00"}]}}, "medicine.windows[0].from"),
    ({"medicine": {"windows": [{"from": "08:00", "to": "09:00", "colour": "red"}]}}, "medicine.windows[0]"),
    ({"medicine": {"windows": [{"from": "08:00", "to": "09:00"}] * 2}}, "medicine.windows"),
    ({"inactivity": {"limits": [{"minutes": 0}]}}, "inactivity.limits[0].minutes"),
    ({"medicine": {"windows": [{"from": "08:00", "to": "09:00", "name": "\x00"}]}}, "medicine.windows.0.name"),
    ({"medicine": 5}, "medicine"),
    ({"plan": {"medicine": MEDICINE}}, "plan"),
]


async def test_a_plan_is_kept_as_the_rules_read_it_and_told(town: Api, admin: httpx.AsyncClient) -> None:
    plan = await made(admin, "plans", resident="north-1", medicine=MEDICINE, inactivity=INACTIVITY)
    parts = json.loads(json.dumps(write_plan(read_plan({"medicine": MEDICINE, "inactivity": INACTIVITY}))))
    by = plan.pop("created_by")
    assert by.startswith("token:")
    assert plan == {
        "id": "north-1:1",
        "resident": "north-1",
        "version": 1,
        "tenant": "west",
        **dict.fromkeys(PARTS),
        **parts,
        "created_at": "2026-03-02T12:00:00Z",
    }
    assert await got(admin, "plans/north-1:1") == plan | {"created_by": by}
    assert await town.execute("SELECT data FROM inbox WHERE kind = 'plan_changed'") == [
        ({"resident": "north-1", "version": 1, "timezone": "Europe/Stockholm", "plan": parts},)
    ]


async def test_versions_count_up_for_each_resident_and_the_newest_comes_first(
    town: Api, admin: httpx.AsyncClient
) -> None:
    for _ in range(2):
        await made(admin, "plans", resident="north-1", medicine=MEDICINE)
    last = await made(admin, "plans", resident="north-1")
    assert (last["medicine"], last["inactivity"]) == (None, None)
    await made(admin, "plans", resident="harbour-1")
    assert await ids(admin, "plans", resident="north-1") == ["north-1:3", "north-1:2", "north-1:1"]
    first = await got(admin, "plans", limit=2)
    assert [item["id"] for item in first["items"]] == ["harbour-1:1", "north-1:3"]
    assert await ids(admin, "plans", cursor=first["next"]) == ["north-1:2", "north-1:1"]
    assert await ids(await town.client("auditor", "east"), "plans") == ["harbour-1:1"]
    problem(await (await town.client("auditor", "east")).get("/api/v1/plans/north-1:1"), 404)


async def test_plans_that_are_made_at_once_have_versions_of_their_own(town: Api, admin: httpx.AsyncClient) -> None:
    made_at_once = await asyncio.gather(*(made(admin, "plans", resident="north-1") for _ in range(8)))
    assert sorted(plan["version"] for plan in made_at_once) == list(range(1, 9))


async def test_what_is_wrong_is_named(town: Api, admin: httpx.AsyncClient) -> None:
    for body, field in WRONG:
        problem(await admin.post("/api/v1/plans", json={"resident": "north-1", **body}), 422, field)
    answer = await admin.post("/api/v1/plans", json={"resident": "north-1", **WRONG[2][0]})
    assert answer.json()["errors"][0]["value"] == "8:00"
    assert await ids(admin, "plans") == []


async def test_other_ids_are_no_plan(town: Api, admin: httpx.AsyncClient) -> None:
    for id in ("north-1", "north-1:0", "north-1:x", "north-1:", ":1", "north-1:99999999999999999999", "a%00:1"):
        problem(await admin.get(f"/api/v1/plans/{id}"), 404)
