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
        "given": {"medicine": MEDICINE, "inactivity": INACTIVITY},
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


DOORS = {"open_minutes": 10, "outside": ["front"]}


async def put_defaults(client: httpx.AsyncClient, **parts: Any) -> httpx.Response:
    return await client.put("/api/v1/units/north/plan-defaults", json=parts)


async def newest(client: httpx.AsyncClient, resident: str) -> dict[str, Any]:
    items = (await got(client, "plans", resident=resident, limit=1))["items"]
    return dict(items[0]) if items else {}


async def test_defaults_lie_under_what_is_given_for_a_resident(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "plans", resident="north-1", medicine=MEDICINE)
    assert (await put_defaults(admin, doors=DOORS)).json() == {"doors": DOORS}
    assert await got(admin, "units/north/plan-defaults") == {"doors": DOORS}
    plan = await newest(admin, "north-1")
    assert (plan["version"], plan["doors"], plan["given"]) == (2, DOORS, {"medicine": MEDICINE})
    assert plan["medicine"]["windows"][0]["from"] == "08:00"
    assert await newest(admin, "south-1") == {}

    plan = await made(admin, "plans", resident="north-1", doors={"open_minutes": 3})
    assert plan["doors"] == {"open_minutes": 3, "outside": ["front"]}
    plan = await made(admin, "plans", resident="north-1", doors=None)
    assert (plan["doors"], plan["given"]) == (None, {"doors": None})
    assert (await put_defaults(admin, doors=DOORS | {"open_minutes": 7})).is_success
    assert (await newest(admin, "north-1"))["version"] == 4


async def test_the_log_gets_the_plan_with_its_defaults(town: Api, admin: httpx.AsyncClient) -> None:
    await put_defaults(admin, doors=DOORS)
    await made(admin, "plans", resident="north-1", medicine=MEDICINE)
    told = await town.execute("SELECT data->'version', data->'plan' FROM inbox WHERE kind = 'plan_changed' ORDER BY id")
    assert told == [
        (1, {"doors": DOORS}),
        (2, write_plan(read_plan({"doors": DOORS, "medicine": MEDICINE})) | {}),
    ]


async def test_who_comes_to_a_unit_gets_its_defaults(town: Api, admin: httpx.AsyncClient) -> None:
    await put_defaults(admin, doors=DOORS)
    await made(admin, "residents", id="north-2", unit="north", name="Test Two")
    assert (await newest(admin, "north-2"))["doors"] == DOORS
    await admin.patch("/api/v1/residents/north-2", json={"unit": "south"})
    assert (await newest(admin, "north-2"))["doors"] is None
    await admin.patch("/api/v1/residents/south-1", json={"unit": "north"})
    assert (await newest(admin, "south-1"))["doors"] == DOORS


async def test_defaults_that_cannot_be_followed_are_told_by_field(town: Api, admin: httpx.AsyncClient) -> None:
    problem(await put_defaults(admin, doors={"open_minutes": 0}), 422, "doors.open_minutes")
    problem(await put_defaults(admin, resident="north-1"), 422, "resident")
    assert (await admin.put("/api/v1/units/nowhere/plan-defaults", json={})).status_code == 404
    staff = await town.client("staff", "west", "north")
    assert (await put_defaults(staff, doors=DOORS)).status_code == 403
