"""Duty over the API: planned, changed, taken back, and asked for, with the past as it was."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.support.api import NOON, Api, got, ids, made, problem

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NIGHTS: dict[str, Any] = {
    "id": "nights",
    "name": "Test nights",
    "units": ["south", "north"],
    "first_day": "2026-03-02",
    "days": 14,
    "step": 7,
    "shifts": [{"day": day, "from": "21:00", "to": "07:00"} for day in range(1, 8)],
    "teams": [["anna"], ["bert"]],
}


def at(hours: float) -> str:
    """Hours after NOON, which is 13:00 in Stockholm."""
    return (NOON + hours * HOUR).isoformat()


@pytest.fixture
async def team(town: Api, admin: httpx.AsyncClient) -> Api:
    """Anna (a nurse) and bert of `north`, carl of `south`, olle who runs devices, fia who follows up."""
    people = {"anna": "north", "bert": "north", "carl": "south", "olle": None, "fia": None}
    roles = {"olle": "operator", "fia": "followup"}
    for name, unit in people.items():
        await made(
            admin,
            "staff",
            id=name,
            tenant="west",
            unit=unit,
            username=name,
            name=f"Test {name.title()}",
            role=roles.get(name, "staff"),
            password="x" * 8,
            skills=["nurse"] if name == "anna" else ["operator"] if name == "olle" else ["assistant"],
        )
    return town


async def on_duty(client: httpx.AsyncClient, hours: float, unit: str = "north", **query: Any) -> list[str]:
    found = await got(client, "duty", unit=unit, at=at(hours), **query)
    return [each["staff"] for each in found["items"]]


async def test_a_rotation_is_planned_and_asked_for(team: Api, admin: httpx.AsyncClient) -> None:
    rotation = await made(admin, "duty/rotations", **NIGHTS)
    assert rotation == await got(admin, "duty/rotations/nights")
    assert (rotation["version"], rotation["from"], rotation["units"]) == (1, "2026-03-02T12:00:00Z", ["north", "south"])
    assert rotation["shifts"][0] == {"day": 1, "from": "21:00", "to": "07:00", "days": 0}
    night = await got(admin, "duty", unit="north", at=at(8))
    assert night == {
        "unit": "north",
        "at": "2026-03-02T20:00:00Z",
        "planned": True,
        "next": None,
        "items": [
            {
                "id": "nights:anna",
                "staff": "anna",
                "name": "Test Anna",
                "skills": ["nurse"],
                "skill": None,
                "units": ["north", "south"],
                "from": "2026-03-02T20:00:00Z",
                "to": "2026-03-03T06:00:00Z",
                "source": "nights",
                "instead_of": None,
            }
        ],
    }
    hours = {hours: await on_duty(admin, hours) for hours in (0, 7.9, 8, 17.9, 18, 7 * 24 + 8)}
    assert hours == {0: [], 7.9: [], 8: ["anna"], 17.9: ["anna"], 18: [], 7 * 24 + 8: ["bert"]}
    assert await on_duty(admin, 8, "south") == ["anna"]
    assert await on_duty(admin, 8, skill="nurse") == ["anna"]
    assert await on_duty(admin, 8, skill="assistant") == []
    problem(await admin.get("/api/v1/duty", params={"unit": "nowhere"}), 404)
    assert (await got(admin, "duty", unit="harbour"))["planned"] is False


async def test_a_change_begins_when_it_says_and_the_past_stays(team: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "duty/rotations", **NIGHTS)
    team.clock.advance(DAY)
    body = {name: value for name, value in NIGHTS.items() if name != "id"} | {"teams": [["bert"], ["anna"]]}
    later = (await admin.put("/api/v1/duty/rotations/nights", json=body | {"from": at(48)})).json()
    assert (later["version"], later["from"]) == (2, "2026-03-04T12:00:00Z")
    assert [await on_duty(admin, hours) for hours in (9, 33, 57)] == [["anna"], ["anna"], ["bert"]]
    assert await on_duty(admin, 57, as_of=at(1)) == ["anna"]
    team.clock.advance(2 * DAY)
    ended = (await admin.delete("/api/v1/duty/rotations/nights")).json()
    assert (ended["ended"], ended["version"], ended["shifts"]) == (True, 3, [])
    assert (await admin.delete("/api/v1/duty/rotations/nights")).json() == ended
    assert [await on_duty(admin, hours) for hours in (9, 57, 81)] == [["anna"], ["bert"], []]
    assert await on_duty(admin, 81, as_of=at(49)) == ["bert"]
    assert await ids(admin, "duty/rotations") == []
    assert await ids(admin, "duty/rotations", ended=True) == ["nights"]
    versions = (await got(admin, "duty/rotations/nights/versions"))["items"]
    assert [(each["version"], each["from"]) for each in versions] == [
        (3, "2026-03-05T12:00:00Z"),
        (2, "2026-03-04T12:00:00Z"),
        (1, "2026-03-02T12:00:00Z"),
    ]


async def test_of_two_changes_at_once_each_is_a_version(team: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "duty/rotations", **NIGHTS)
    body = {name: value for name, value in NIGHTS.items() if name != "id"}
    changes = (admin.put("/api/v1/duty/rotations/nights", json=body | {"name": name}) for name in ("one", "other"))
    answers = await asyncio.gather(*changes)
    assert sorted(answer.json()["version"] for answer in answers) == [2, 3]


async def test_a_rotation_that_begins_later_plans_nothing_until_then(team: Api, admin: httpx.AsyncClient) -> None:
    rotation = await made(admin, "duty/rotations", **NIGHTS | {"first_day": "2026-03-09"})
    assert rotation["from"] == "2026-03-08T23:00:00Z"
    assert (await got(admin, "duty", unit="north", at=at(8)))["planned"] is False
    assert (await got(admin, "duty", unit="north", at=at(7 * 24)))["planned"] is True


SHIFT = {"day": 1, "from": "21:00", "to": "07:00"}
WRONG_ROTATIONS: list[tuple[dict[str, Any], str]] = [
    ({"days": 0}, "days"),
    ({"days": 365}, "days"),
    ({"step": -1}, "step"),
    ({"shifts": []}, "shifts"),
    ({"shifts": [SHIFT | {"day": 15}]}, "body"),
    ({"shifts": [SHIFT | {"from": "24:00"}]}, "shifts.0.from"),
    ({"shifts": [SHIFT | {"to": "7:00"}]}, "shifts.0.to"),
    ({"shifts": [SHIFT | {"to": "07:00\n"}]}, "shifts.0.to"),
    ({"shifts": [SHIFT | {"days": 32}]}, "shifts.0.days"),
    ({"teams": []}, "teams"),
    ({"teams": [["nobody"]]}, "teams"),
    ({"teams": [["fia"]]}, "teams"),
    ({"skill": "nurse"}, "teams"),
    ({"skill": "surgeon"}, "skill"),
    ({"units": ["north", "harbour"]}, "units"),
    ({"units": ["nowhere"]}, "units"),
    ({"tenant": "east"}, "units"),
    ({"first_day": "2026-02-30"}, "first_day"),
    ({"first_day": "9999-12-31"}, "first_day"),
    ({"from": at(-1)}, "from"),
    ({"colour": "red"}, "colour"),
]


@pytest.mark.parametrize(("wrong", "field"), WRONG_ROTATIONS, ids=str)
async def test_what_is_wrong_with_a_rotation_is_named(
    team: Api, admin: httpx.AsyncClient, wrong: dict[str, Any], field: str
) -> None:
    problem(await admin.post("/api/v1/duty/rotations", json=NIGHTS | wrong), 422, field)
    assert await team.execute("SELECT count(*) FROM rotation_versions") == [(0,)]


async def test_a_single_shift_is_planned_and_removed(team: Api, admin: httpx.AsyncClient) -> None:
    shift = await made(admin, "duty/shifts", id="extra", staff="carl", units=["north"], **{"from": at(1), "to": at(9)})
    assert [await on_duty(admin, hours) for hours in (0, 1, 8.9, 9)] == [[], ["carl"], ["carl"], []]
    assert shift == await got(admin, "duty/shifts/extra")
    assert (await got(admin, "duty", unit="north", at=at(2)))["planned"] is True
    assert (await got(admin, "duty", unit="north"))["planned"] is False
    team.clock.advance(3 * HOUR)
    removed = (await admin.delete("/api/v1/duty/shifts/extra")).json()
    assert (removed["removed_at"], removed["to"]) == ("2026-03-02T15:00:00Z", "2026-03-02T21:00:00Z")
    assert (await admin.delete("/api/v1/duty/shifts/extra")).json() == removed
    assert [await on_duty(admin, hours) for hours in (2, 4)] == [["carl"], []]
    assert await on_duty(admin, 4, as_of=at(2)) == ["carl"]
    assert await ids(admin, "duty/shifts") == []
    assert await ids(admin, "duty/shifts", removed=True, staff="carl") == ["extra"]


async def test_a_shift_that_was_taken_back_before_it_began_plans_nothing(team: Api, admin: httpx.AsyncClient) -> None:
    """Or its unit would have planned duty, with nobody on it, and nobody who is signed in would be told."""
    await made(admin, "duty/shifts", id="extra", staff="carl", units=["north"], **{"from": at(1), "to": at(9)})
    await admin.delete("/api/v1/duty/shifts/extra")
    assert (await got(admin, "duty", unit="north", at=at(2)))["planned"] is False


WRONG_SHIFTS: list[tuple[dict[str, Any], str]] = [
    ({"from": at(9)}, "to"),
    ({"from": at(-9), "to": at(-1)}, "to"),
    ({"to": at(36 * 24)}, "to"),
    ({"staff": "nobody"}, "staff"),
    ({"staff": "fia"}, "staff"),
    ({"skill": "operator"}, "staff"),
    ({"units": ["harbour"]}, "staff"),
    ({"from": "2026-03-02"}, "from"),
]


@pytest.mark.parametrize(("wrong", "field"), WRONG_SHIFTS, ids=str)
async def test_what_is_wrong_with_a_shift_is_named(
    team: Api, admin: httpx.AsyncClient, wrong: dict[str, Any], field: str
) -> None:
    right = {"staff": "carl", "units": ["north"], "from": at(1), "to": at(9)}
    problem(await admin.post("/api/v1/duty/shifts", json=right | wrong), 422, field)


async def test_a_swap_of_two_nights_and_its_withdrawal(team: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "duty/rotations", **NIGHTS)
    week = 7 * 24
    span, back = {"from": at(8), "to": at(18)}, {"from": at(week + 8), "to": at(week + 18)}
    swap = await made(
        admin, "duty/exceptions", tenant="west", kind="swap", staff="anna", instead="bert", **span, back=back
    )
    assert [await on_duty(admin, hours) for hours in (9, week + 9)] == [["bert"], ["anna"]]
    night = (await got(admin, "duty", unit="north", at=at(9)))["items"]
    assert [(each["staff"], each["instead_of"]) for each in night] == [("bert", "anna")]
    team.clock.advance(10 * HOUR)
    withdrawn = (await admin.delete(f"/api/v1/duty/exceptions/{swap['id']}")).json()
    assert withdrawn["withdrawn_at"] == "2026-03-02T22:00:00Z"
    assert [await on_duty(admin, hours) for hours in (9, 11, week + 9)] == [["bert"], ["anna"], ["bert"]]
    assert await on_duty(admin, week + 9, as_of=at(9)) == ["anna"]
    assert await ids(admin, "duty/exceptions") == []
    assert await ids(admin, "duty/exceptions", withdrawn=True, staff="bert", kind="swap") == [swap["id"]]


async def test_who_is_ill_is_on_no_duty_until_they_are_back(team: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "duty/rotations", **NIGHTS)
    ill = await made(admin, "duty/exceptions", tenant="west", kind="absence", staff="anna")
    assert (ill["from"], ill["to"]) == ("2026-03-02T12:00:00Z", None)
    assert await on_duty(admin, 9) == []
    body = {"tenant": "west", "kind": "substitution", "staff": "bert", "instead": "anna", "to": at(30 * 24)}
    problem(await admin.post("/api/v1/duty/exceptions", json=body), 422, "instead")
    shift = {"staff": "anna", "units": ["north"], "from": at(1), "to": at(2)}
    problem(await admin.post("/api/v1/duty/shifts", json=shift), 422, "staff")
    await made(admin, "duty/exceptions", tenant="west", kind="substitution", staff="anna", instead="carl", to=at(48))
    assert await on_duty(admin, 9) == ["carl"]
    team.clock.advance(DAY)
    await admin.delete(f"/api/v1/duty/exceptions/{ill['id']}")
    assert [await on_duty(admin, hours) for hours in (9, 33, 57)] == [["carl"], ["carl"], ["anna"]]


async def test_a_rotation_pauses_on_a_holiday(team: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "duty/rotations", **NIGHTS)
    await made(admin, "duty/exceptions", tenant="west", kind="pause", rotation="nights", to=at(24))
    assert [await on_duty(admin, hours) for hours in (9, 33)] == [[], ["anna"]]


WRONG_EXCEPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"kind": "strike"}, "kind"),
    ({"kind": "absence"}, "staff"),
    ({"kind": "absence", "staff": "nobody"}, "staff"),
    ({"kind": "absence", "staff": "anna", "instead": "anna"}, "instead"),
    ({"kind": "absence", "staff": "anna", "instead": "fia"}, "instead"),
    ({"kind": "absence", "staff": "anna", "back": {"from": at(1), "to": at(2)}}, "back"),
    ({"kind": "absence", "staff": "anna", "rotation": "nights"}, "rotation"),
    ({"kind": "absence", "staff": "anna", "to": at(-1)}, "to"),
    ({"kind": "substitution", "staff": "anna", "instead": "bert"}, "to"),
    ({"kind": "substitution", "staff": "anna", "instead": "bert", "to": at(1), "rotation": "x"}, "rotation"),
    ({"kind": "swap", "staff": "anna", "instead": "bert", "to": at(1)}, "back"),
    (
        {"kind": "swap", "staff": "anna", "instead": "bert", "to": at(1), "back": {"from": at(2), "to": at(2)}},
        "back.to",
    ),
    ({"kind": "pause", "to": at(1)}, "rotation"),
    ({"kind": "pause", "to": at(1), "rotation": "nights", "staff": "anna"}, "staff"),
    ({"kind": "pause", "to": at(1), "rotation": "other"}, "rotation"),
]


@pytest.mark.parametrize(("wrong", "field"), WRONG_EXCEPTIONS, ids=str)
async def test_what_is_wrong_with_an_exception_is_named(
    team: Api, admin: httpx.AsyncClient, wrong: dict[str, Any], field: str
) -> None:
    await made(admin, "duty/rotations", **NIGHTS)
    problem(await admin.post("/api/v1/duty/exceptions", json={"tenant": "west"} | wrong), 422, field)


async def test_periods_follow_each_other_without_a_gap(team: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "duty/rotations", **NIGHTS)
    periods = (await got(admin, "duty/periods", **{"unit": "north", "from": at(0), "to": at(48)}))["items"]
    assert [(each["from"][8:16], each["staff"], each["by_skill"]) for each in periods] == [
        ("02T12:00", [], {}),
        ("02T20:00", ["anna"], {"nurse": ["anna"]}),
        ("03T06:00", [], {}),
        ("03T20:00", ["anna"], {"nurse": ["anna"]}),
        ("04T06:00", [], {}),
    ]
    assert [each["to"] for each in periods[:-1]] == [each["from"] for each in periods[1:]]
    for wrong in ({"to": at(-1)}, {"to": at(63 * 24)}, {"from": "9999-12-31T23:00:00Z"}):
        answer = await admin.get("/api/v1/duty/periods", params={"unit": "north", **wrong})
        problem(answer, 422, "from" if "from" in wrong else "to")


async def test_too_few_are_found_ahead_of_time(team: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "duty/rotations", **NIGHTS)
    need = await made(admin, "duty/needs", unit="north", minimum=2, **{"from": "22:00", "to": "06:00"}, weekdays=[1, 3])
    short = (await got(admin, "duty/shortages", unit="north", to=at(72)))["items"]
    assert [(each["from"], each["to"], each["staff"], each["minimum"]) for each in short] == [
        ("2026-03-02T21:00:00Z", "2026-03-03T05:00:00Z", ["anna"], 2),
        ("2026-03-04T21:00:00Z", "2026-03-05T05:00:00Z", ["anna"], 2),
    ]
    assert await ids(admin, "duty/needs", unit="north") == [need["id"]]
    assert (await admin.delete(f"/api/v1/duty/needs/{need['id']}")).json()["removed_at"] is not None
    assert (await got(admin, "duty/shortages", unit="north"))["items"] == []
    assert await ids(admin, "duty/needs") == []
    wrong = {"unit": "north", "from": "22:00", "to": "06:00"}
    for field, value in (("minimum", 0), ("weekdays.0", [8]), ("unit", "nowhere"), ("from", "x")):
        body = wrong | {field.partition(".")[0]: value}
        problem(await admin.post("/api/v1/duty/needs", json=body), 422, field)


async def test_who_has_one_unit_plans_for_it_alone(team: Api, admin: httpx.AsyncClient) -> None:
    manager = await team.client("manager", "west", "north")
    await made(admin, "duty/rotations", **NIGHTS)
    await made(admin, "duty/rotations", **NIGHTS | {"id": "south", "units": ["south"]})
    assert await ids(manager, "duty/rotations") == ["nights"]
    body = {name: value for name, value in NIGHTS.items() if name != "id"}
    problem(await manager.put("/api/v1/duty/rotations/nights", json=body), 403)
    problem(await manager.post("/api/v1/duty/rotations", json=body), 422, "units")
    problem(await manager.delete("/api/v1/duty/rotations/nights"), 403)
    problem(await manager.delete("/api/v1/duty/rotations/south"), 404)
    own = await made(manager, "duty/rotations", **body | {"units": []})
    assert own["units"] == ["north"]
    assert (await manager.delete(f"/api/v1/duty/rotations/{own['id']}")).status_code == 200
    everywhere = await made(admin, "duty/shifts", tenant="west", staff="carl", **{"from": at(1), "to": at(2)})
    problem(await manager.delete(f"/api/v1/duty/shifts/{everywhere['id']}"), 403)
    problem(await manager.post("/api/v1/duty/exceptions", json={"kind": "absence", "staff": "carl"}), 403)
    away = await made(admin, "duty/exceptions", tenant="west", kind="absence", staff="olle")
    problem(await manager.delete(f"/api/v1/duty/exceptions/{away['id']}"), 403)
    own = await made(manager, "duty/exceptions", kind="substitution", staff="anna", instead="carl", to=at(9))
    assert (await manager.delete(f"/api/v1/duty/exceptions/{own['id']}")).status_code == 200
    pause = {"kind": "pause", "rotation": "nights", "to": at(9)}
    problem(await manager.post("/api/v1/duty/exceptions", json=pause), 403)
    problem(await manager.get("/api/v1/duty", params={"unit": "south"}), 404)


async def test_another_tenant_sees_and_changes_nothing(team: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "duty/rotations", **NIGHTS)
    shift = await made(admin, "duty/shifts", tenant="west", staff="carl", **{"from": at(1), "to": at(2)})
    away = await made(admin, "duty/exceptions", tenant="west", kind="absence", staff="olle")
    need = await made(admin, "duty/needs", unit="north", **{"from": "22:00", "to": "06:00"})
    stranger = await team.client("admin", "east")
    for path, id in {
        "rotations": "nights",
        "shifts": shift["id"],
        "exceptions": away["id"],
        "needs": need["id"],
    }.items():
        assert await ids(stranger, f"duty/{path}") == []
        problem(await stranger.get(f"/api/v1/duty/{path}/{id}"), 404)
        problem(await stranger.delete(f"/api/v1/duty/{path}/{id}"), 404)
    problem(await stranger.post("/api/v1/duty/exceptions", json={"kind": "absence", "staff": "anna"}), 422, "staff")


async def test_an_id_that_is_taken_is_a_conflict(team: Api, admin: httpx.AsyncClient) -> None:
    shift = {"id": "x", "staff": "carl", "units": ["north"], "from": at(1), "to": at(2)}
    need = {"id": "x", "unit": "north", "from": "22:00", "to": "06:00"}
    away = {"id": "x", "tenant": "west", "kind": "absence", "staff": "bert"}
    for path, body in (("rotations", NIGHTS), ("shifts", shift), ("exceptions", away), ("needs", need)):
        await made(admin, f"duty/{path}", **body)
        problem(await admin.post(f"/api/v1/duty/{path}", json=body), 409)


async def test_whose_account_is_closed_is_on_no_duty_and_gets_none(team: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "duty/rotations", **NIGHTS)
    team.clock.advance(9 * HOUR)
    await admin.delete("/api/v1/staff/anna")
    assert [await on_duty(admin, hours) for hours in (8.5, 9)] == [["anna"], []]
    body = {"staff": "anna", "units": ["north"], "from": at(10), "to": at(11)}
    problem(await admin.post("/api/v1/duty/shifts", json=body), 422, "staff")
