"""Indicators: an example that can be counted by hand, and what is kept back of small groups."""

import io
from datetime import datetime, timedelta
from typing import Any

import httpx
import openpyxl
import pytest

from tests.support.api import NOON, Api, made, problem

pytestmark = pytest.mark.anyio

YEAR = {"from": "2026-01-01", "to": "2026-12-31"}


def at(month: int, day: int, hour: int = 12) -> datetime:
    return NOON.replace(month=month, day=day, hour=hour)


PEOPLE = (
    # id, unit, sex, year of birth, housing
    ("r01", "north", "female", 1940, "ordinary"),
    ("r02", "north", "female", 1944, "ordinary"),
    ("r03", "north", "male", 1950, "ordinary"),
    ("r04", "north", "male", 1935, "ordinary"),
    ("r05", "north", "female", 1946, "special"),  # 80 in 2026
    ("r06", "north", "female", 1947, "ordinary"),  # 79 in 2026
    ("r07", "south", "female", 1961, "ordinary"),  # 65
    ("r08", "south", "male", 1962, "ordinary"),  # 64
    ("r09", "south", "male", None, "ordinary"),
    ("r10", "south", None, 1938, "special"),
    ("r11", "south", "female", 1930, "special"),
    ("r12", "south", "male", 1930, "special"),
)


@pytest.fixture
async def dozen(api: Api, admin: httpx.AsyncClient) -> Api:
    """Twelve residents who were told of at the beginning of 2026; nothing is too small to be told of in this town.

    Each has a social alarm but r09 and r12. r01 had GPS until it was passed on to r02 in April, and to r03 in June.
    r04 died in February. r05 moved from ordinary housing in the south to special housing in the north in May.
    """
    api.clock.time = at(1, 1)
    await made(admin, "tenants", id="west", name="West", timezone="Europe/Stockholm")
    for unit in ("north", "south"):
        await made(admin, "units", id=unit, tenant="west", name=unit.title())
    for id, unit, sex, born, housing in PEOPLE:
        first = {"unit": "south", "housing": "ordinary"} if id == "r05" else {"unit": unit, "housing": housing}
        await made(admin, "residents", id=id, name=f"Test {id}", sex=sex, birth_year=born, **first)
        if id not in ("r09", "r12"):
            await made(admin, "devices", id=f"{id}-button", tenant="west", technology="social_alarm")
            await made(admin, "assignments", device=f"{id}-button", resident=id)
    await made(admin, "devices", id="gps", tenant="west", technology="gps_alarm")
    for resident, start, end in (("r01", 1, 4), ("r02", 4, 6), ("r03", 6, None)):
        span = {"from": at(start, 1).isoformat(), **({"to": at(end, 1).isoformat()} if end else {})}
        api.clock.time = at(7, 1)
        await made(admin, "assignments", device="gps", resident=resident, **span)
    await admin.post("/api/v1/residents/r04/leave", json={"reason": "died", "at": at(2, 10).isoformat()})
    moved = {"unit": "north", "housing": "special", "since": at(5, 1).isoformat()}
    assert (await admin.patch("/api/v1/residents/r05", json=moved)).status_code == 200
    return api


async def tell_all(api: Api) -> None:
    """As a municipality never may: the table forbids less than 3."""
    await api.execute("ALTER TABLE tenants DROP CONSTRAINT tenants_smallest_cell_check")
    await api.execute("UPDATE tenants SET smallest_cell = 1")


async def figures(client: httpx.AsyncClient, id: str, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"/api/v1/indicators/{id}", params={**YEAR, "tenant": "west", **query})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def short(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


async def test_who_had_a_device_at_some_time_is_counted_once(dozen: Api) -> None:
    await tell_all(dozen)
    client = await dozen.client("followup", "west")
    rows = await figures(client, "persons_with_technology")
    assert short(rows, "series", "part", "whole", "hidden") == [
        ("gps_alarm", 3, 12, False),
        ("social_alarm", 10, 12, False),
    ]
    assert rows[0]["share"] == 0.25


@pytest.mark.parametrize(
    ("day", "gps", "buttons", "people"),
    [
        ("2026-01-31", 1, 10, 12),
        ("2026-04-01", 2, 9, 11),  # Passed on that day; r04 has died.
        ("2026-05-15", 1, 9, 11),
        ("2025-12-31", None, None, None),
    ],
)
async def test_a_single_day_is_a_period_too(
    dozen: Api, day: str, gps: int | None, buttons: int | None, people: int | None
) -> None:
    await tell_all(dozen)
    rows = await figures(await dozen.client(), "persons_with_technology", **{"from": day, "to": day})
    expected = [("gps_alarm", gps, people), ("social_alarm", buttons, people)]
    assert short(rows, "series", "part", "whole") == ([] if gps is None else expected)


async def test_groups_are_those_at_the_end_of_the_period(dozen: Api) -> None:
    await tell_all(dozen)
    client = await dozen.client()
    rows = await figures(client, "persons_with_technology", by="unit")
    buttons = [row for row in rows if row["series"] == "social_alarm"]
    assert short(buttons, "unit", "part", "whole") == [("north", 6, 6), ("south", 4, 6)]
    before = await figures(client, "persons_with_technology", by="unit", to="2026-04-30")
    buttons = [row for row in before if row["series"] == "social_alarm"]
    assert short(buttons, "unit", "part", "whole") == [("north", 5, 5), ("south", 5, 7)]


async def test_by_age_and_sex(dozen: Api) -> None:
    await tell_all(dozen)
    client = await dozen.client()
    rows = await figures(client, "persons_with_technology", by="age_group")
    buttons = [row for row in rows if row["series"] == "social_alarm"]
    assert short(buttons, "age_group", "part", "whole") == [
        ("0-64", 1, 1),
        ("65-79", 3, 3),
        ("80+", 6, 7),
        ("unknown", 0, 1),
    ]
    rows = await figures(client, "persons_with_technology", by="sex,housing")
    gps = [row for row in rows if row["series"] == "gps_alarm" and row["part"]]
    assert short(gps, "sex", "housing", "part", "whole") == [("female", "ordinary", 2, 4), ("male", "ordinary", 1, 4)]


async def test_use_is_counted_from_days_of_use(dozen: Api) -> None:
    await tell_all(dozen)
    await dozen.execute(
        "INSERT INTO usage_daily VALUES ('west', 'north', 'r01', 'gps_alarm', 'position', '2026-03-29', 5),"
        " ('west', 'north', 'r01', 'gps_alarm', 'position', '2026-03-30', 5),"
        " ('west', 'north', 'r02', 'gps_alarm', 'position', '2027-01-01', 5),"
        " ('west', 'north', 'r03', 'gps_alarm', 'position', '2026-06-01', 0)"
    )
    rows = await figures(await dozen.client(), "persons_using_technology")
    assert short(rows, "series", "part", "whole") == [("gps_alarm", 1, 12)]


async def test_alarms_by_their_outcome(dozen: Api) -> None:
    await tell_all(dozen)
    admin = await dozen.client()
    for number, outcome in enumerate(("helped", "helped", "false_alarm", None)):
        await dozen.alarm(f"a{number}", minute=number)
        if outcome is not None:
            await admin.post(f"/api/v1/alarms/a{number}/resolve", json={"version": 1, "outcome": outcome})
    await dozen.execute("UPDATE alarms SET resident = 'r01'")
    rows = await figures(admin, "alarms_by_outcome")
    assert short(rows, "series", "persons", "part", "whole") == [
        ("false_alarm", 1, 1, 4),
        ("helped", 1, 2, 4),
        ("open", 1, 1, 4),
    ]


async def test_checks_that_were_made_of_all(dozen: Api) -> None:
    await tell_all(dozen)
    await dozen.execute(
        "INSERT INTO usage_daily VALUES ('west', 'south', 'r10', 'supervision', 'check_done', '2026-03-01', 2),"
        " ('west', 'south', 'r10', 'supervision', 'check_done', '2026-03-02', 1)"
    )
    await dozen.alarm("a1")
    await dozen.execute("UPDATE alarms SET kind = 'supervision', resident = 'r10'")
    rows = await figures(await dozen.client(), "supervision_checks_done")
    assert short(rows, "series", "persons", "part", "whole", "share") == [("done", 1, 3, 4, 0.75)]


async def test_of_few_persons_nothing_is_told(dozen: Api) -> None:
    rows = await figures(await dozen.client("followup", "west"), "persons_with_technology")
    assert short(rows, "series", "persons", "part", "whole", "share", "hidden") == [
        ("gps_alarm", None, None, 12, None, True),
        ("social_alarm", 10, 10, 12, 10 / 12, False),
    ]


async def test_subtracting_one_table_from_another_gives_no_small_group(dozen: Api) -> None:
    client = await dozen.client("followup", "west")
    by_unit = await figures(client, "persons_with_technology", by="unit")
    buttons = {row["unit"]: row["part"] for row in by_unit if row["series"] == "social_alarm"}
    # North has 6, which would be told; but ten in all less six are South's four.
    assert buttons == {"north": None, "south": None}


async def test_who_belongs_to_a_unit_sees_its_own_persons(dozen: Api) -> None:
    await tell_all(dozen)
    client = await dozen.client("manager", "west", "south")
    rows = await figures(client, "persons_with_technology", by="unit")
    assert short(rows, "series", "unit", "part", "whole") == [("social_alarm", "south", 4, 6)]


async def test_as_csv(dozen: Api) -> None:
    await tell_all(dozen)
    client = await dozen.client()
    query = {**YEAR, "tenant": "west", "by": "unit", "format": "csv"}
    answer = await client.get("/api/v1/indicators/persons_with_technology", params=query)
    assert answer.text.splitlines()[:3] == [
        "indicator,version,series,unit,persons,part,whole,share,hidden",
        "persons_with_technology,1,gps_alarm,north,3,3,6,0.5000,no",
        "persons_with_technology,1,gps_alarm,south,0,0,6,0.0000,no",
    ]


async def test_a_workbook_has_the_definition_beside_the_figures(dozen: Api) -> None:
    query = {**YEAR, "tenant": "west", "format": "xlsx"}
    answer = await (await dozen.client()).get("/api/v1/indicators/persons_with_technology", params=query)
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == ["persons_with_technology", "codebook"]
    assert next(book["codebook"].iter_rows(values_only=True)) == (
        "persons_with_technology name (en)",
        "Persons with a technology",
    )


async def test_every_definition_is_told_in_both_languages(dozen: Api) -> None:
    found = (await (await dozen.client("followup", "west")).get("/api/v1/indicators")).json()["items"]
    assert [one["id"] for one in found] == [
        "alarms_by_outcome",
        "persons_using_technology",
        "persons_with_technology",
        "supervision_checks_done",
    ]
    for one in found:
        for part in ("name", "question", "numerator", "denominator", "source", "caveat"):
            assert one[part]["sv"]
            assert one[part]["en"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"to": "2025-01-01"}, "to"),
        ({"to": "2040-01-01"}, "to"),
        ({"by": "name"}, "by"),
        ({"by": "unit,sex,housing"}, "by"),
        ({"tenant": "nowhere"}, "tenant"),
        ({"format": "xml"}, "format"),
        ({"unit": "north"}, "unit"),
    ],
)
async def test_what_is_asked_wrongly_is_refused(dozen: Api, query: dict[str, str], field: str) -> None:
    client = await dozen.client()
    path = "/api/v1/indicators/persons_with_technology"
    problem(await client.get(path, params={**YEAR, "tenant": "west", **query}), 422, field)
    problem(await client.get("/api/v1/indicators/none", params={**YEAR, "tenant": "west"}), 404)


async def test_a_day_is_the_municipality_s_own(dozen: Api) -> None:
    await tell_all(dozen)
    admin = await dozen.client()
    await dozen.alarm("a1")
    await dozen.execute("UPDATE alarms SET resident = 'r01', opened_at = %s", (at(3, 28, 23) + timedelta(minutes=30),))
    assert await figures(admin, "alarms_by_outcome", **{"from": "2026-03-28", "to": "2026-03-28"}) == []
    rows = await figures(admin, "alarms_by_outcome", **{"from": "2026-03-29", "to": "2026-03-29"})
    assert short(rows, "series", "part") == [("open", 1)]
