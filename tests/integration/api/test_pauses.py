"""Pauses over the API: an end that must be there, a reason that may have to be, and who sees them."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.support.api import NOON, Api, got, ids, made, problem

pytestmark = pytest.mark.anyio

EVENING = (NOON + timedelta(hours=6)).isoformat()
AWAY: dict[str, Any] = {"resident": "north-1", "to": EVENING, "reason": "Test: in hospital"}

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"resident": "north-1", "reason": "x"}, "to"),
    (AWAY | {"to": None}, "to"),
    (AWAY | {"to": NOON.isoformat()}, "to"),
    (AWAY | {"to": (NOON - timedelta(hours=1)).isoformat()}, "to"),
    (AWAY | {"from": EVENING}, "to"),
    (AWAY | {"to": (NOON + timedelta(days=181)).isoformat()}, "to"),
    (AWAY | {"resident": "nobody"}, "resident"),
    (AWAY | {"reason": None}, "reason"),
    (AWAY | {"reason": " "}, "reason"),
    (AWAY | {"reason": None, "technologies": ["gps_alarm"]}, "reason"),
    (AWAY | {"technologies": ["social_alarm"]}, "technologies"),
    (AWAY | {"technologies": ["toaster"]}, "technologies.0"),
    (AWAY | {"watch": "all"}, "watch"),
]


@pytest.mark.parametrize(("body", "field"), WRONG, ids=str)
async def test_what_cannot_be_paused_is_told_by_field(
    town: Api, admin: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    answer = await admin.post("/api/v1/pauses", json=body)
    assert [error["field"] for error in problem(answer, 422)["errors"]] == [field]
    assert await town.execute("SELECT count(*) FROM pauses") == [(0,)]


async def test_a_pause_is_kept_told_to_the_rules_and_ends_before_its_time(town: Api, admin: httpx.AsyncClient) -> None:
    pause = await made(admin, "pauses", id="p-1", **AWAY)
    assert pause | {"created_by": "", "resident_name": ""} == {
        "id": "p-1",
        "tenant": "west",
        "unit": "north",
        "resident": "north-1",
        "resident_name": "",
        "from": "2026-03-02T12:00:00Z",
        "to": "2026-03-02T18:00:00Z",
        "technologies": [],
        "life_critical": True,
        "reason": "Test: in hospital",
        "created_at": "2026-03-02T12:00:00Z",
        "created_by": "",
        "ended_at": None,
        "ended_by": None,
    }
    assert await got(admin, "pauses/p-1") == pause
    town.clock.advance(timedelta(hours=1))
    ended = (await admin.delete("/api/v1/pauses/p-1")).json()
    assert (ended["to"], ended["ended_at"]) == (pause["to"], "2026-03-02T13:00:00Z")
    assert ended["ended_by"] == pause["created_by"]
    told = await town.execute("SELECT data->>'start', data->>'end' FROM inbox WHERE kind = 'pause_changed' ORDER BY id")
    assert told == [
        ("2026-03-02T12:00:00Z", "2026-03-02T18:00:00Z"),
        ("2026-03-02T12:00:00Z", "2026-03-02T13:00:00Z"),
    ]
    town.clock.advance(timedelta(hours=1))
    assert (await admin.delete("/api/v1/pauses/p-1")).json() == ended
    assert await town.execute("SELECT count(*) FROM inbox WHERE kind = 'pause_changed'") == [(2,)]


async def test_the_same_id_twice_is_a_conflict(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "pauses", id="p-1", **AWAY)
    assert (await admin.post("/api/v1/pauses", json=AWAY | {"id": "p-1"})).status_code == 409


async def test_managers_find_what_is_life_critical_and_not_over(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "pauses", id="away", **AWAY)
    await made(admin, "pauses", id="lock", resident="south-1", to=EVENING, technologies=["lock"])
    await made(admin, "pauses", id="harbour", **AWAY | {"resident": "harbour-1"})
    assert await ids(admin, "pauses", life_critical="true", tenant="west") == ["away"]
    assert await ids(admin, "pauses", life_critical="false") == ["lock"]
    assert await ids(admin, "pauses", resident="south-1") == ["lock"]
    await admin.delete("/api/v1/pauses/away")
    assert await ids(admin, "pauses", tenant="west") == ["lock"]
    assert set(await ids(admin, "pauses", tenant="west", over="true")) == {"away", "lock"}
    town.clock.advance(timedelta(hours=6))
    assert await ids(admin, "pauses") == []


async def test_staff_see_and_pause_their_own_unit_only(town: Api, admin: httpx.AsyncClient) -> None:
    staff = await town.client("staff", "west", "north")
    await made(staff, "pauses", id="mine", **AWAY)
    await made(admin, "pauses", id="theirs", **AWAY | {"resident": "south-1"})
    assert await ids(staff, "pauses") == ["mine"]
    assert (await staff.get("/api/v1/pauses/theirs")).status_code == 404
    assert (await staff.delete("/api/v1/pauses/theirs")).status_code == 404
    assert (await staff.post("/api/v1/pauses", json=AWAY | {"resident": "south-1"})).status_code == 422


async def test_pages(town: Api, admin: httpx.AsyncClient) -> None:
    for n in range(3):
        await made(admin, "pauses", id=f"p-{n}", **AWAY)
    first = await got(admin, "pauses", limit=2)
    second = await got(admin, "pauses", limit=2, cursor=first["next"])
    assert [item["id"] for page in (first, second) for item in page["items"]] == ["p-2", "p-1", "p-0"]
