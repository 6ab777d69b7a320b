"""Asking for a backtest, following it, and reading its report."""

import asyncio
import os
import sys
from datetime import timedelta
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from processors.backtest_metrics import BacktestMetrics
from processors.backtester import MAX_ATTEMPTS, Backtester
from tests.support.api import NOON, Api, got, ids, problem

pytestmark = pytest.mark.anyio

VAKA = (sys.executable, "-m", "vaka", "backtest")
DAY = timedelta(days=1)
PLAN = {"inactivity": {"limits": [{"minutes": 240}]}}


def times(start: int = -2, end: int = 0) -> dict[str, str]:
    return {"from": (NOON + start * DAY).isoformat(), "to": (NOON + end * DAY).isoformat()}


async def asked(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/backtests", json={**times(), **fields})
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"/api/v1/backtests/{answer.json()['id']}"
    return dict(answer.json())


async def run(town: Api, database_url: str, *program: str) -> CollectorRegistry:
    """One round of whoever runs backtests."""
    registry = CollectorRegistry()
    environment = {**os.environ, "VAKA_DATABASE_URL": database_url}
    runner = Backtester(
        town.pool, town.clock, lambda *which: [*(program or VAKA), *which], environment, BacktestMetrics(registry)
    )
    await runner.step(asyncio.Event())
    return registry


async def test_it_is_run_and_its_report_is_read(town: Api, admin: httpx.AsyncClient, database_url: str) -> None:
    queued = await asked(admin, resident="north-1", plan=PLAN)
    assert (queued["state"], queued["tenant"], queued["unit"], queued["report"]) == ("queued", "west", "north", None)
    await run(town, database_url)
    found = await got(admin, f"backtests/{queued['id']}")
    assert (found["state"], found["done"], found["total"]) == ("done", 1, 1)
    (finding,) = found["report"]["findings"]
    assert finding["difference"]["change"] == "new"
    assert finding["difference"]["would"]["kind"] == "inactivity"
    assert [told["to"] for told in finding["would_reach"]] == [
        [{"who": "on_duty"}],
        [{"who": "unit"}],
        [{"who": "alarm_centre"}],
    ]
    assert found["report"]["kinds"]["inactivity"]["new"] == 1


async def test_a_whole_unit_and_everybody_of_a_tenant(town: Api, admin: httpx.AsyncClient, database_url: str) -> None:
    unit = await asked(admin, unit="south", plan=PLAN)
    tenant = await asked(admin, tenant="west", plan=PLAN)
    await run(town, database_url)
    reports = [(await got(admin, f"backtests/{one['id']}"))["report"] for one in (unit, tenant)]
    assert [report["residents"] for report in reports] == [1, 2]


async def test_managers_see_those_of_their_own_unit_only(town: Api, admin: httpx.AsyncClient) -> None:
    north = await town.client("manager", "west", "north")
    other = await asked(admin, unit="south")
    mine = await asked(north)
    assert (mine["tenant"], mine["unit"]) == ("west", "north")
    assert await ids(north, "backtests") == [mine["id"]]
    assert set(await ids(admin, "backtests")) == {mine["id"], other["id"]}
    problem(await north.get(f"/api/v1/backtests/{other['id']}"), 404)
    for wrong in ({"resident": "south-1"}, {"unit": "south"}):
        problem(await north.post("/api/v1/backtests", json={**times(), **wrong}), 422, next(iter(wrong)))
    staff = await town.client("staff", "west", "north")
    problem(await staff.post("/api/v1/backtests", json=times()), 403)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"plan": {"inactivity": {"limits": [{"minutes": 0}]}}}, "plan"),
        (times(0, -1), "to"),
        (times(-1, 1), "to"),
        (times(-2000, 0), "from"),
        ({"resident": "nobody"}, "resident"),
        ({"tenant": "nowhere"}, "tenant"),
    ],
)
async def test_what_cannot_be_judged_is_refused(
    town: Api, admin: httpx.AsyncClient, wrong: dict[str, Any], field: str
) -> None:
    problem(await admin.post("/api/v1/backtests", json={**times(), "tenant": "west", **wrong}), 422, field)


async def test_one_that_fails_says_why(town: Api, admin: httpx.AsyncClient, database_url: str) -> None:
    queued = await asked(admin, unit="north")
    broken = "import sys; sys.exit('the disk is full')"
    registry = await run(town, database_url, sys.executable, "-c", broken)
    found = await got(admin, f"backtests/{queued['id']}")
    assert (found["state"], found["error"]) == ("failed", "the disk is full")
    assert registry.get_sample_value("vaka_backtests_failed_total") == 1


async def test_one_whose_process_died_is_begun_again_but_not_for_ever(
    town: Api, admin: httpx.AsyncClient, database_url: str
) -> None:
    queued = await asked(admin, unit="north")
    for _ in range(MAX_ATTEMPTS):
        await run(town, database_url, sys.executable, "-c", "pass")
        assert (await got(admin, f"backtests/{queued['id']}"))["state"] == "running"
        await town.execute("UPDATE backtests SET leased_until = now() - interval '1 s'")
    await run(town, database_url)
    assert (await got(admin, f"backtests/{queued['id']}"))["state"] == "failed"


async def test_one_that_is_leased_is_not_run_twice(town: Api, admin: httpx.AsyncClient, database_url: str) -> None:
    queued = await asked(admin, unit="north")
    await run(town, database_url, sys.executable, "-c", "pass")
    await run(town, database_url)
    assert (await got(admin, f"backtests/{queued['id']}"))["state"] == "running"


async def test_replay_is_checked_and_what_was_found_is_shown(town: Api, database_url: str) -> None:
    await town.execute(
        "INSERT INTO replay_check_mark (partition, version, position, since, checked_at, decisions, differences)"
        " VALUES (0, 'x', 0, %s, %s, 7, 2)",
        (NOON, NOON),
    )
    registry = await run(town, database_url)
    assert registry.get_sample_value("vaka_replay_differences") == 2
    assert registry.get_sample_value("vaka_replay_decisions") == 7
    assert registry.get_sample_value("vaka_replay_checked_timestamp_seconds") == NOON.timestamp()
