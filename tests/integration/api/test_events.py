"""Events over the API: what devices said, newest first."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from psycopg.types.json import Jsonb

from tests.support.api import NOON, Api, got, ids, problem

pytestmark = pytest.mark.anyio


async def said(api: Api, position: int, kind: str, *, minute: int, unit: str = "north", **more: Any) -> None:
    """An event of the unit's button in the log, `minute` minutes after noon and received at once."""
    at = NOON + timedelta(minutes=minute)
    row = {"key": f"r:{unit}-1", "tenant": "west", "device": f"{unit}-button", "resident": f"{unit}-1"} | more
    data = row.pop("data", {"at": at.isoformat()})
    await api.execute(
        "INSERT INTO events (position, kind, occurred_at, received_at, key, tenant, device, resident, source_id, data)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (position, kind, at, at, row["key"], row["tenant"], row["device"], row["resident"], None, Jsonb(data)),
    )


@pytest.fixture
async def log(town: Api) -> Api:
    """Events in the order of the log; number 4 is of the past."""
    await said(town, 1, "alarm_pressed", minute=1)
    await said(town, 2, "battery", minute=2, data={"at": "2026-03-02T13:02:00+01:00", "percent": 7.5, "x": [1]})
    await said(town, 3, "alarm_pressed", minute=3, unit="south")
    await said(town, 4, "motion", minute=-60)
    await said(town, 5, "motion", minute=5, unit="harbour", tenant="east")
    await said(town, 6, "heartbeat", minute=6, unit="x", resident=None, key="d:south-button", device="south-button")
    await said(town, 7, "plan_changed", minute=7, device=None)
    await said(town, 8, "assignment_changed", minute=8)
    return town


async def test_an_event_is_shown_as_it_came(log: Api, admin: httpx.AsyncClient) -> None:
    event = await got(admin, "events/2")
    assert event == {
        "id": "2",
        "kind": "battery",
        "tenant": "west",
        "device": "north-button",
        "resident": "north-1",
        "occurred_at": "2026-03-02T12:02:00Z",
        "received_at": "2026-03-02T12:02:00Z",
        "source_id": None,
        "data": {"at": "2026-03-02T13:02:00+01:00", "percent": 7.5, "x": [1]},
        "history": False,
        "device_time": "2026-03-02T12:02:00Z",
        "time": "device",
    }


@pytest.mark.parametrize(
    ("said_at", "time"), [("13:01", "device"), ("11:01", "corrected"), ("12:00", "received"), ("14:30", "received")]
)
async def test_an_event_says_where_its_time_comes_from(
    town: Api, admin: httpx.AsyncClient, said_at: str, time: str
) -> None:
    data = {"at": f"2026-03-02T{said_at}:00+01:00"}
    await said(town, 1, "motion", minute=1, data=data)
    if time == "corrected":
        await town.execute("UPDATE events SET received_at = received_at + interval '1 second'")
    event = await got(admin, "events/1")
    assert (event["time"], event["data"]) == (time, data)
    assert (event["device_time"], event["occurred_at"]) == (
        f"2026-03-02T{int(said_at[:2]) - 1}:{said_at[3:]}:00Z",
        "2026-03-02T12:01:00Z",
    )


async def test_events_are_found_newest_first_and_control_entries_are_none(log: Api, admin: httpx.AsyncClient) -> None:
    assert await ids(admin, "events") == ["6", "5", "4", "3", "2", "1"]
    assert await ids(admin, "events", tenant="west") == ["6", "4", "3", "2", "1"]
    assert await ids(admin, "events", unit="south") == ["3"]
    assert await ids(admin, "events", kind="motion") == ["5", "4"]
    assert await ids(admin, "events", technology="social_alarm", kind="battery") == ["2"]
    assert await ids(admin, "events", technology="lock") == []
    assert await ids(admin, "events", device="south-button") == ["6", "3"]
    for id in ("7", "8", "99", "x", "-1", "9" * 19, "9" * 30):
        problem(await admin.get(f"/api/v1/events/{id}"), 404)


async def test_those_of_a_resident_come_by_the_time_at_which_they_happened(log: Api, admin: httpx.AsyncClient) -> None:
    assert await ids(admin, "events", resident="north-1") == ["2", "1", "4"]
    after, until = {"from": "2026-03-02T12:01:00Z"}, {"to": "2026-03-02T12:02:00Z"}
    assert await ids(admin, "events", resident="north-1", **after) == ["2", "1"]
    assert await ids(admin, "events", resident="north-1", **after, **until) == ["1"]


@pytest.mark.parametrize("query", [{}, {"resident": "north-1"}, {"device": "north-button", "kind": "alarm_pressed"}])
async def test_all_pages_together_are_the_list(log: Api, admin: httpx.AsyncClient, query: dict[str, str]) -> None:
    whole, found = await ids(admin, "events", **query), []
    cursor: dict[str, str] = {}
    while True:
        page = await got(admin, "events", limit=1, **query, **cursor)
        found += [event["id"] for event in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert found == whole


async def test_events_are_seen_by_their_unit_and_tenant(log: Api) -> None:
    assert await ids(await log.client("staff", "west", "north"), "events") == ["4", "2", "1"]
    assert await ids(await log.client("auditor", "east"), "events") == ["5"]
    problem(await (await log.client("auditor", "east")).get("/api/v1/events/1"), 404)
