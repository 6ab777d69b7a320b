"""Shifts from other systems over the API: tried out first, once however often, and the past stays."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.support.api import NOON, Api, got, ids, made, problem
from tests.support.calendars import TEAM, calendar, event

pytestmark = pytest.mark.anyio

CSV, ICAL = {"Content-Type": "text/csv"}, {"Content-Type": "text/calendar; charset=utf-8"}
PATH = "/api/v1/duty/import"
HEADER = "id;staff;date;from;to;unit;skill\n"


@pytest.fixture
async def team(town: Api, admin: httpx.AsyncClient) -> Api:
    """Anna (a nurse, known by her e-mail), bert and carl."""
    aliases = {"anna": ["anna.prov@example.org"], "bert": ["bert.prov@example.org", "4711"], "carl": ["natt c"]}
    for name, known_as in aliases.items():
        person: dict[str, Any] = {
            "username": name,
            "name": f"{name.title()} Prov",
            "role": "staff",
            "aliases": known_as,
        }
        skills = ["nurse"] if name == "anna" else []
        await made(admin, "staff", id=f"{name}-id", unit="north", password="x" * 8, skills=skills, **person)
    return town


async def send(client: httpx.AsyncClient, content: str | bytes, **query: Any) -> httpx.Response:
    kind = ICAL if "BEGIN:VCALENDAR" in str(content) else CSV
    query = {"tenant": "west", **query}
    return await client.post(PATH, content=content, headers=kind, params=query)


async def imported(client: httpx.AsyncClient, content: str | bytes, **query: Any) -> dict[str, Any]:
    answer = await send(client, content, **query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def counts(done: dict[str, Any]) -> tuple[int, int, int, int]:
    return done["new"], done["removed"], done["same"], done["wrong"]


async def shifts(client: httpx.AsyncClient, **query: Any) -> list[str]:
    found = (await got(client, "duty/shifts", **query))["items"]
    return [f"{each['staff'][:4]} {each['from'][5:16]} {each['to'][5:16]}" for each in found]


async def test_a_calendar_is_tried_out_imported_and_imported_again(team: Api, admin: httpx.AsyncClient) -> None:
    question = {"unit": "north", "until": "2026-04-06T00:00:00Z"}
    tried = await imported(admin, TEAM, dry_run=True, **question)
    assert (counts(tried), tried["imported"]) == ((9, 0, 0, 0), False)
    assert await ids(admin, "duty/shifts") == []
    done = await imported(admin, TEAM, **question)
    assert (counts(done), done["imported"]) == ((9, 0, 0, 0), True)
    assert done["rows"][0] == {
        "action": "new",
        "place": "line 21",
        "uid": "natt-1@provplan.example",
        "staff": "anna-id",
        "units": ["north"],
        "from": "2026-03-23T20:00:00Z",
        "to": "2026-03-24T06:00:00Z",
        "errors": [],
    }
    first = await shifts(admin)
    assert counts(await imported(admin, TEAM, **question)) == (0, 0, 9, 0)
    assert await shifts(admin) == first
    on_duty = await got(admin, "duty", unit="north", at="2026-03-30T21:00:00Z")
    assert [each["staff"] for each in on_duty["items"]] == ["bert-id"]


async def test_the_same_uid_replaces_and_others_stay(team: Api, admin: httpx.AsyncClient) -> None:
    both = HEADER + "1;anna;2026-03-05;07:00;16:00;;\n2;bert;2026-03-05;07:00;16:00;;\n"
    await imported(admin, both)
    assert counts(await imported(admin, HEADER + "1;carl;2026-03-05;08:00;16:00;;\n")) == (1, 1, 0, 0)
    assert await shifts(admin) == ["bert 03-05T06:00 03-05T15:00", "carl 03-05T07:00 03-05T15:00"]
    again = await imported(admin, HEADER + "1;carl;2026-03-05;08:00;16:00;;\n", whole=True)
    assert counts(again) == (0, 1, 1, 0)
    assert [(row["action"], row["staff"], row["place"]) for row in again["rows"]] == [("removed", "bert-id", None)]
    assert await shifts(admin) == ["carl 03-05T07:00 03-05T15:00"]
    assert len(await ids(admin, "duty/shifts", removed=True)) == 3


async def test_another_source_is_left_alone(team: Api, admin: httpx.AsyncClient) -> None:
    await imported(admin, HEADER + "1;anna;2026-03-05;07:00;16:00;;\n", source="homecare")
    await made(
        admin,
        "duty/shifts",
        tenant="west",
        staff="bert-id",
        **{"from": "2026-03-05T06:00:00Z", "to": "2026-03-05T15:00:00Z"},
    )
    done = await imported(admin, HEADER + "1;carl;2026-03-05;07:00;16:00;;\n", source="nights", whole=True)
    assert counts(done) == (1, 0, 0, 0)
    assert len(await ids(admin, "duty/shifts")) == 3


async def test_two_imports_at_once_import_once(team: Api, admin: httpx.AsyncClient) -> None:
    content = HEADER + "".join(f"{day};anna;2026-03-{day:02};07:00;16:00;;\n" for day in range(5, 25))
    done = await asyncio.gather(*(imported(admin, content) for _ in range(3)))
    assert sorted(counts(each) for each in done) == [(0, 0, 20, 0), (0, 0, 20, 0), (20, 0, 0, 0)]
    assert len(await ids(admin, "duty/shifts")) == 20


async def test_what_is_past_stays_and_who_works_now_hands_over_now(team: Api, admin: httpx.AsyncClient) -> None:
    content = HEADER + "1;anna;2026-03-02;07:00;16:00;north;\n2;bert;2026-03-02;16:00;22:00;north;\n"
    await imported(admin, content)
    team.clock.advance(timedelta(hours=1))
    done = await imported(admin, content.replace("1;anna", "1;carl"))
    assert counts(done) == (1, 1, 1, 0)
    hours = [(NOON + timedelta(minutes=minutes)).isoformat() for minutes in (59, 60, 190)]
    working = [[each["staff"][:4] for each in (await got(admin, "duty", unit="north", at=at))["items"]] for at in hours]
    assert working == [["anna", "carl"], ["carl"], ["bert"]]
    then = await got(admin, "duty", unit="north", at=hours[0], as_of=hours[0])
    assert [each["staff"] for each in then["items"]] == ["anna-id"]
    team.clock.advance(timedelta(days=1))
    assert counts(await imported(admin, HEADER, whole=True)) == (0, 0, 0, 0)
    assert len(await ids(admin, "duty/shifts")) == 2


async def test_people_units_and_skills_by_the_names_that_others_use(team: Api, admin: httpx.AsyncClient) -> None:
    rows = [
        "1;ANNA PROV;2026-03-05;07:00;16:00;North;Sjuksköterska",
        "2;4711;2026-03-05;07:00;16:00;south | NORTH;",
        "3;natt c;2026-03-05;07:00;16:00;;",
        "4;anna & bert;2026-03-06;07:00;16:00;;",
    ]
    done = await imported(admin, HEADER + "\n".join(rows), unit="south")
    found = [(row["uid"], row["staff"], row["units"]) for row in done["rows"]]
    assert found == [
        ("1", "anna-id", ["north"]),
        ("2", "bert-id", ["north", "south"]),
        ("3", "carl-id", ["south"]),
        ("4", "anna-id", ["south"]),
        ("4", "bert-id", ["south"]),
    ]


WRONG_ROWS = [
    ("1;nobody;2026-03-05;07:00;16:00;;", "row 3: staff", "nobody"),
    ("1;anna, nobody;2026-03-05;07:00;16:00;;", "row 3: staff", "nobody"),
    ("1;anna;2026-03-05;07:00;16:00;harbour;", "row 3: unit", "harbour"),
    ("1;anna;2026-03-05;07:00;16:00;;kock", "row 3: skill", "kock"),
    ("1;bert;2026-03-05;07:00;16:00;;nurse", "row 3: skill", "nurse"),
    ("1;anna;2026-03-35;07:00;16:00;;", "row 3: date", "2026-03-35"),
]


@pytest.mark.parametrize(("row", "field", "value"), WRONG_ROWS)
async def test_what_is_wrong_is_named_and_nothing_is_imported_unless_partly(
    team: Api, admin: httpx.AsyncClient, row: str, field: str, value: str
) -> None:
    content = HEADER + "0;carl;2026-03-05;07:00;16:00;;\n" + row
    error = problem(await send(admin, content), 422, field)["errors"][0]
    assert error["value"] == value
    assert await ids(admin, "duty/shifts") == []
    assert counts(await imported(admin, content, dry_run=True)) == (1, 0, 0, 1)
    assert counts(await imported(admin, content, partly=True)) == (1, 0, 0, 1)
    assert await shifts(admin) == ["carl 03-05T06:00 03-05T15:00"]


async def test_what_is_wrong_now_stays_as_it_was(team: Api, admin: httpx.AsyncClient) -> None:
    await imported(admin, HEADER + "1;anna;2026-03-05;07:00;16:00;;\n")
    done = await imported(admin, HEADER + "1;anna;2026-03-05;07:00;soon;;\n", partly=True, whole=True)
    assert counts(done) == (0, 0, 0, 1)
    assert await shifts(admin) == ["anna 03-05T06:00 03-05T15:00"]


async def test_a_name_that_two_people_have_is_nobodys(team: Api, admin: httpx.AsyncClient) -> None:
    twin = {"username": "anna2", "name": "Anna Prov", "role": "staff", "unit": "north", "password": "x" * 8}
    await made(admin, "staff", **twin)
    answer = await send(admin, HEADER + "1;anna prov;2026-03-05;07:00;16:00;;\n")
    assert "2 people" in problem(answer, 422, "row 2: staff")["errors"][0]["message"]


async def test_a_cancelled_event_removes_its_shifts(team: Api, admin: httpx.AsyncClient) -> None:
    await imported(admin, calendar(*event("a", "RRULE:FREQ=DAILY;COUNT=3")))
    assert counts(await imported(admin, calendar(*event("a", "STATUS:CANCELLED")))) == (0, 3, 0, 0)
    assert await ids(admin, "duty/shifts") == []


async def test_whoever_has_one_unit_imports_for_it_alone(team: Api, admin: httpx.AsyncClient) -> None:
    manager = await team.client("manager", "west", "north")
    row = HEADER + "1;anna;2026-03-05;07:00;16:00;;\n"
    await imported(admin, row.replace("1;anna", "2;carl"), unit="south")
    done = await imported(manager, row, whole=True)
    assert (counts(done), done["rows"][0]["units"]) == ((1, 0, 0, 0), ["north"])
    problem(await send(manager, row.replace(";;", ";south;")), 422, "row 2: unit")
    problem(await send(manager, row, unit="south"), 422, "units")
    assert len(await ids(admin, "duty/shifts")) == 2


async def test_what_is_no_file_of_duty_is_refused(team: Api, admin: httpx.AsyncClient) -> None:
    problem(await admin.post(PATH, content=b"x", headers={"Content-Type": "application/json"}), 415, "Content-Type")
    problem(await send(admin, b""), 422, "body")
    answer = await admin.post(PATH, content=b"\xff", headers=ICAL, params={"tenant": "west"})
    assert "line 1: is not UTF-8" in problem(answer, 422, "body")["detail"]
    secondly = calendar(*event("a", "RRULE:FREQ=SECONDLY"))
    assert "line 9: RRULE 'FREQ=SECONDLY'" in problem(await send(admin, secondly), 422, "body")["detail"]
    problem(await send(admin, HEADER, until="2026-03-01T00:00:00Z"), 422, "until")
    problem(await send(admin, HEADER, source="a b"), 422, "source")
    problem(await admin.post(PATH, content=b" " * (8 * 1024 * 1024 + 1), headers=CSV), 413)
