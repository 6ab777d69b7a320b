"""Coverage over the API: who will be reached when, and what will be missing."""

from datetime import timedelta

import httpx
import pytest
from prometheus_client import CollectorRegistry

from processors.coverage import CoverageChecker, CoverageMetrics
from tests.support.api import NOON, PASSWORD, Api, got, ids, made, problem

pytestmark = pytest.mark.anyio


@pytest.fixture
async def planned(town: Api, admin: httpx.AsyncClient) -> Api:
    """In north Astrid worked until noon and works from one o'clock for 8 hours, and nobody else does."""
    await made(
        admin, "staff", id="astrid", tenant="west", unit="north", username="astrid", name="Test Astrid", role="staff",
        password=PASSWORD,
    )  # fmt: skip
    town.clock.time = NOON - timedelta(hours=2)
    for start, end in ((-1, 0), (1, 9)):
        times = {"from": (NOON + timedelta(hours=start)).isoformat(), "to": (NOON + timedelta(hours=end)).isoformat()}
        await made(admin, "duty/shifts", staff="astrid", units=["north"], **times)
    town.clock.time = NOON
    return town


async def test_who_will_be_reached_when(planned: Api, admin: httpx.AsyncClient) -> None:
    (north,) = (await got(admin, "coverage", unit="north"))["items"]
    assert (north["id"], north["residents"]) == ("north", 1)
    ((technology, stretches),) = [(each["technology"], each["stretches"]) for each in north["technologies"]]
    assert technology == "social_alarm"
    assert [(stretch["from"], stretch["reached"], stretch["reason"]) for stretch in stretches] == [
        ("2026-03-02T12:00:00Z", [], "nobody_reachable"),
        ("2026-03-02T13:00:00Z", ["astrid"], None),
        ("2026-03-02T21:00:00Z", [], "nobody_reachable"),
    ]
    assert stretches[1]["on_duty"] == ["astrid"]
    assert stretches[-1]["to"] == "2026-03-03T12:00:00Z"


async def test_pages_filters_and_what_may_be_seen(planned: Api, admin: httpx.AsyncClient) -> None:
    assert await ids(admin, "coverage") == ["harbour", "north", "south"]
    first = await got(admin, "coverage", limit=2)
    rest = await got(admin, "coverage", limit=2, cursor=first["next"])
    assert [item["id"] for item in (*first["items"], *rest["items"])] == ["harbour", "north", "south"]
    assert await ids(admin, "coverage", tenant="west") == ["north", "south"]
    assert await ids(admin, "coverage", technology="lock") == []
    manager = await planned.client("manager", "west", "north")
    assert await ids(manager, "coverage") == ["north"]
    assert await ids(manager, "coverage", unit="south") == []
    for path in ("coverage", "coverage/gaps"):
        problem(await (await planned.client("staff", "west")).get(f"/api/v1/{path}"), 403)


async def test_gaps_are_listed_as_of_the_last_look(planned: Api, admin: httpx.AsyncClient) -> None:
    assert await ids(admin, "coverage/gaps") == []
    await CoverageChecker(planned.pool, planned.clock, CoverageMetrics(CollectorRegistry())).step()
    (gap,) = (await got(admin, "coverage/gaps", unit="north"))["items"]
    assert gap == {
        "id": "north:nobody_reachable",
        "tenant": "west",
        "unit": "north",
        "reason": "nobody_reachable",
        "technologies": ["social_alarm"],
        "residents": 1,
        "from": "2026-03-02T12:00:00Z",
        "to": gap["to"],
        "seen_at": "2026-03-02T12:00:00Z",
        "told_at": None,
    }
    first = await got(admin, "coverage/gaps", limit=2)
    rest = await got(admin, "coverage/gaps", limit=2, cursor=first["next"])
    assert [gap["unit"] for gap in (*first["items"], *rest["items"])] == ["harbour", "north", "south"]
    assert await ids(await planned.client("operator", "east"), "coverage/gaps") == ["harbour:nobody_reachable"]
