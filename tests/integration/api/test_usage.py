"""Usage: adding up, and the same bytes for the same question."""

import io
from collections import Counter
from datetime import date

import httpx
import openpyxl
import pytest

from events.ids import ResidentId, TenantId, UnitId
from events.kinds import Technology
from store.select import Scope
from store.tabular import to_csv
from store.usage_count import Use, add_usage
from store.usage_query import usage, usage_columns
from tests.support.api import Api, got, problem

pytestmark = pytest.mark.anyio


def use(tenant: str, unit: str, kind: str, day: int, technology: Technology = Technology.SOCIAL_ALARM) -> Use:
    return Use(TenantId(tenant), UnitId(unit), ResidentId(f"{unit}-1"), technology, kind, date(2026, 3, day))


@pytest.fixture
async def used(town: Api) -> Api:
    counts = Counter(
        {
            use("west", "south", "alarm_pressed", 1): 1,
            use("west", "north", "alarm_pressed", 1): 2,
            use("west", "north", "alarm_pressed", 2): 4,
            use("west", "north", "unlocked", 3, Technology.LOCK): 8,
            use("east", "harbour", "alarm_pressed", 2): 16,
        }
    )
    async with town.pool.connection() as connection:
        await add_usage(connection, counts)
    return town


async def test_counts_are_added_up_by_what_is_asked_for(used: Api, admin: httpx.AsyncClient) -> None:
    async def counted(**query: str) -> list[dict[str, object]]:
        items: list[dict[str, object]] = (await got(admin, "usage", **query))["items"]
        return items

    assert await counted() == [
        {"technology": "lock", "kind": "unlocked", "count": 8},
        {"technology": "social_alarm", "kind": "alarm_pressed", "count": 23},
    ]
    assert await counted(by="") == [{"count": 31}]
    assert await counted(by="day,unit") == [
        {"unit": "harbour", "day": "2026-03-02", "count": 16},
        {"unit": "north", "day": "2026-03-01", "count": 2},
        {"unit": "north", "day": "2026-03-02", "count": 4},
        {"unit": "north", "day": "2026-03-03", "count": 8},
        {"unit": "south", "day": "2026-03-01", "count": 1},
    ]
    assert await counted(by="tenant") == [{"tenant": "east", "count": 16}, {"tenant": "west", "count": 15}]
    assert await counted(by="resident", **{"from": "2026-03-02", "to": "2026-03-02"}) == [
        {"resident": "harbour-1", "count": 16},
        {"resident": "north-1", "count": 4},
    ]
    assert await counted(by="kind", technology="lock", tenant="west", unit="north") == [
        {"kind": "unlocked", "count": 8}
    ]
    assert await counted(by="", kind="alarm_pressed", resident="south-1") == [{"count": 1}]
    assert await counted(by="", tenant="nowhere") == [{"count": 0}]
    assert await counted(by="day", tenant="nowhere") == []


async def test_all_pages_together_are_the_list(used: Api, admin: httpx.AsyncClient) -> None:
    by = {"by": "tenant,unit,resident,technology,kind,day"}
    whole, found = (await got(admin, "usage", **by))["items"], []
    cursor: dict[str, str] = {}
    while True:
        page = await got(admin, "usage", limit=2, **by, **cursor)
        found += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert found == whole
    assert len(found) == 5


async def test_csv_has_a_header_stable_columns_and_crlf(used: Api, admin: httpx.AsyncClient) -> None:
    answers = [await admin.get(f"/api/v1/usage?format=csv&limit=1&by={by}") for by in ("day,unit", "unit,day,day")]
    assert (
        answers[0].content
        == answers[1].content
        == (
            b"unit,day,count\r\n"
            b"harbour,2026-03-02,16\r\n"
            b"north,2026-03-01,2\r\n"
            b"north,2026-03-02,4\r\n"
            b"north,2026-03-03,8\r\n"
            b"south,2026-03-01,1\r\n"
        )
    )
    assert answers[0].headers["content-type"].startswith("text/csv")


async def test_swedish_spreadsheets_get_semicolons_and_a_workbook_its_codebook(
    used: Api, admin: httpx.AsyncClient
) -> None:
    answer = await admin.get("/api/v1/usage?format=csv&decimal=comma&by=unit")
    assert answer.text.splitlines() == ["\ufeffunit;count", "harbour;16", "north;14", "south;1"]
    answer = await admin.get("/api/v1/usage?format=xlsx&by=unit,day")
    assert answer.headers["content-disposition"] == 'attachment; filename="usage.xlsx"'
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert [row[2] for row in book["usage"].iter_rows(values_only=True)] == ["count", 16, 2, 4, 8, 1]
    assert [row[0] for row in book["codebook"].iter_rows(values_only=True)] == ["unit", "day", "count"]


async def test_the_command_line_gets_the_same(used: Api, admin: httpx.AsyncClient) -> None:
    async with used.pool.connection() as connection:
        rows = await usage(connection, Scope(), by=["day", "unit"])
    text = to_csv(usage_columns(["day", "unit"]), rows)
    assert text == (await admin.get("/api/v1/usage?format=csv&by=unit,day")).text


async def test_usage_is_seen_by_unit_and_tenant(used: Api) -> None:
    total = {"by": ""}
    assert (await got(await used.client("followup", "west"), "usage", **total))["items"] == [{"count": 15}]
    assert (await got(await used.client("manager", "west", "south"), "usage", **total))["items"] == [{"count": 1}]
    assert (await got(await used.client("followup", "west"), "usage", tenant="east", **total))["items"] == [
        {"count": 0}
    ]


async def test_what_is_wrong_is_named(admin: httpx.AsyncClient) -> None:
    for query, field in (
        ("by=colour", "by"),
        ("by=day,colour", "by"),
        ("from=2026-3-1", "from"),
        ("to=2026-02-30", "to"),
        ("from=2026-03-01T00:00:00Z", "from"),
        ("format=xml", "format"),
        ("technology=toaster", "technology"),
    ):
        problem(await admin.get(f"/api/v1/usage?{query}"), 422, field)
    for cursor in ("W10", "WyJ4Il0", "WyJ4IiwieSIsInoiXQ"):
        problem(await admin.get(f"/api/v1/usage?by=kind,technology&cursor={cursor}"), 400, "cursor")
