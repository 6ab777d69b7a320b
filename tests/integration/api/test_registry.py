"""Tenants, units, residents, devices: adding, reading, changing; and what the log is told."""

import httpx
import pytest

from tests.support.api import Api, got, ids, made, problem

pytestmark = pytest.mark.anyio


async def told(api: Api) -> list[tuple[object, ...]]:
    """What waits in the inbox, as kind and data."""
    return await api.execute("SELECT kind, data FROM inbox WHERE applied_at IS NULL ORDER BY id")


async def test_what_was_added_is_there(api: Api, admin: httpx.AsyncClient) -> None:
    tenant = await made(admin, "tenants", id="west", name=" West ", timezone="Atlantic/Faroe")
    unit = await made(admin, "units", id="north", tenant="west", name="North")
    resident = await made(
        admin,
        "residents",
        id="anna",
        unit="north",
        name="Anna Påhittad",
        sex="female",
        birth_year=1940,
        housing="special",
        address="Provvägen 1",
        instructions="Nyckel hos grannen",
    )
    device = await made(admin, "devices", id="button", tenant="west", technology="social_alarm", model="M1")
    created = {"created_at": "2026-03-02T12:00:00Z"}
    assert tenant == {"id": "west", "name": "West", "timezone": "Atlantic/Faroe", "language": "sv", **created}
    assert unit == {"id": "north", "tenant": "west", "name": "North", **created}
    assert resident == {
        "id": "anna",
        "tenant": "west",
        "unit": "north",
        "name": "Anna Påhittad",
        "sex": "female",
        "left_at": None,
        "left_reason": None,
        "birth_year": 1940,
        "housing": "special",
        "address": "Provvägen 1",
        "instructions": "Nyckel hos grannen",
        **created,
    }
    assert device == {
        "id": "button",
        "tenant": "west",
        "technology": "social_alarm",
        "name": None,
        "type": None,
        "model": "M1",
        "serial": None,
        "note": None,
        "origin": None,
        "hub": None,
        "life_cycle": "installed",
        "testing_until": None,
        "resident": None,
        "shared_with": None,
        **created,
    }
    for path, row in {"tenants": tenant, "units": unit, "residents": resident, "devices": device}.items():
        assert await got(admin, f"{path}/{row['id']}") == row
        (listed,) = (await got(admin, path))["items"]
        listed.pop("health", None)  # Lists of devices say how they are, too.
        assert listed == row
    assert await told(api) == [
        ("tenant_changed", {"tenant": "west", "timezone": "Atlantic/Faroe"}),
        ("resident_changed", {"resident": "anna", "tenant": "west", "unit": "north"}),
        (
            "device_changed",
            {"device": "button", "tenant": "west", "life_cycle": "installed", "technology": "social_alarm"},
        ),
    ]


async def test_an_answer_says_where_it_is_and_an_id_is_made_when_none_is_given(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/api/v1/tenants", json={"name": "West"})
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/tenants/{answer.json()['id']}"
    assert (await admin.get(answer.headers["location"])).json() == answer.json()


TAKEN = [
    ("tenants", {"id": "west", "name": "X"}),
    ("units", {"id": "north", "tenant": "west", "name": "X"}),
    ("residents", {"id": "north-1", "unit": "north", "name": "X"}),
    ("devices", {"id": "north-button", "tenant": "west", "technology": "lock"}),
    ("assignments", {"id": "north-lent", "device": "spare", "resident": "north-1"}),
]


async def test_an_id_is_taken_once_and_nothing_is_told(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "devices", id="spare", tenant="west", technology="lock")
    for path, body in TAKEN:
        before = (await got(admin, f"{path}/{body['id']}"), await told(town))
        problem(await admin.post(f"/api/v1/{path}", json=body), 409)
        assert (await got(admin, f"{path}/{body['id']}"), await told(town)) == before


WRONG: list[tuple[str, dict[str, object], str]] = [
    ("tenants", {}, "name"),
    ("tenants", {"name": ""}, "name"),
    ("tenants", {"name": "   "}, "name"),
    ("tenants", {"name": "x" * 201}, "name"),
    ("tenants", {"name": 5}, "name"),
    ("tenants", {"name": "X", "timezone": "Mars/Olympus"}, "timezone"),
    ("tenants", {"name": "X", "timezone": "../../etc/passwd"}, "timezone"),
    ("tenants", {"name": "X", "id": "a/b"}, "id"),
    ("tenants", {"name": "X", "id": "å"}, "id"),
    ("tenants", {"name": "X", "id": "x" * 101}, "id"),
    ("tenants", {"name": "X", "id": "a\n"}, "id"),
    ("tenants", {"name": "X", "colour": "red"}, "colour"),
    ("units", {"name": "X"}, "tenant"),
    ("units", {"name": "X", "tenant": "nowhere"}, "tenant"),
    ("residents", {"name": "X"}, "unit"),
    ("residents", {"name": "X", "unit": "nowhere"}, "unit"),
    ("residents", {"name": "X", "unit": "north", "tenant": "east"}, "tenant"),
    ("residents", {"name": "X", "unit": "north", "sex": "yes"}, "sex"),
    ("residents", {"name": "X", "unit": "north", "birth_year": 1879}, "birth_year"),
    ("residents", {"name": "X", "unit": "north", "birth_year": 10**30}, "birth_year"),
    ("residents", {"name": "X", "unit": "north", "birth_year": "1940"}, "birth_year"),
    ("residents", {"name": "X", "unit": "north", "birth_year": True}, "birth_year"),
    ("residents", {"name": "X", "unit": "north", "housing": "castle"}, "housing"),
    ("residents", {"name": "X", "unit": "north", "address": "x" * 4001}, "address"),
    ("devices", {"tenant": "west", "technology": "toaster"}, "technology"),
    ("devices", {"technology": "lock"}, "tenant"),
]


async def test_what_is_wrong_is_named(town: Api, admin: httpx.AsyncClient) -> None:
    before = await told(town)
    for path, body, field in WRONG:
        problem(await admin.post(f"/api/v1/{path}", json=body), 422, field)
    assert await told(town) == before


async def test_a_wrong_value_is_shown(town: Api, admin: httpx.AsyncClient) -> None:
    body = {"name": "X", "unit": "north", "birth_year": 1066}
    answer = problem(await admin.post("/api/v1/residents", json=body), 422)
    assert answer["errors"] == [
        {"field": "birth_year", "message": "Input should be greater than or equal to 1880", "value": 1066}
    ]


async def test_a_bound_caller_need_not_say_its_tenant(town: Api) -> None:
    client = await town.client("admin", "east")
    assert (await made(client, "units", name="X"))["tenant"] == "east"
    assert (await made(client, "devices", technology="lock"))["tenant"] == "east"


async def test_changing_keeps_the_rest(town: Api, admin: httpx.AsyncClient) -> None:
    before = await got(admin, "residents/north-1")
    answer = await admin.patch("/api/v1/residents/north-1", json={"address": "Provvägen 2", "sex": None})
    assert answer.json() == before | {"address": "Provvägen 2"} == await got(admin, "residents/north-1")
    answer = await admin.patch("/api/v1/devices/north-button", json={"name": "Knapp"})
    assert (answer.json()["name"], answer.json()["resident"]) == ("Knapp", "north-1")
    await admin.patch("/api/v1/units/north", json={"name": "Norr"})
    assert (await got(admin, "units/north"))["name"] == "Norr"


async def test_a_move_to_another_unit_is_told(town: Api, admin: httpx.AsyncClient) -> None:
    await admin.patch("/api/v1/residents/north-1", json={"address": "Provvägen 2"})
    before = await told(town)
    await admin.patch("/api/v1/residents/north-1", json={"unit": "south"})
    assert (await told(town))[len(before) :] == [
        ("resident_changed", {"resident": "north-1", "tenant": "west", "unit": "south"})
    ]
    assert await ids(admin, "residents", unit="south") == ["north-1", "south-1"]


UNCHANGEABLE: list[tuple[str, dict[str, object], str]] = [
    ("residents/north-1", {"unit": "harbour"}, "tenant"),
    ("residents/north-1", {"unit": None}, "unit"),
    ("residents/north-1", {"name": None}, "name"),
    ("residents/north-1", {"tenant": "east"}, "tenant"),
    ("residents/north-1", {"id": "x"}, "id"),
    ("devices/north-button", {"technology": "lock"}, "technology"),
    ("units/north", {}, "name"),
]


async def test_what_cannot_be_changed_is_named(town: Api, admin: httpx.AsyncClient) -> None:
    for path, body, field in UNCHANGEABLE:
        problem(await admin.patch(f"/api/v1/{path}", json=body), 422, field)


async def test_residents_and_devices_are_found_by_what_they_belong_to(town: Api, admin: httpx.AsyncClient) -> None:
    assert await ids(admin, "residents", tenant="west") == ["north-1", "south-1"]
    assert await ids(admin, "residents", unit="south") == ["south-1"]
    assert await ids(admin, "devices", tenant="east") == ["harbour-button"]
    assert await ids(admin, "devices", resident="south-1") == ["south-button"]
    assert await ids(admin, "devices", unit="north") == ["north-button"]
    assert await ids(admin, "devices", technology="lock") == []


async def test_all_pages_together_are_the_list(town: Api, admin: httpx.AsyncClient) -> None:
    for number in range(7):
        await made(admin, "residents", id=f"r:{number}", unit="north", name="X")
    whole = await ids(admin, "residents")
    found, query = [], {"limit": 3}
    while True:
        page = await got(admin, "residents", **query)
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        assert len(page["items"]) == 3
        query["cursor"] = page["next"]
    assert found == whole
    assert len(found) == 10


async def test_a_query_that_is_wrong_is_refused(admin: httpx.AsyncClient) -> None:
    for query in ("limit=0", "limit=1001", "limit=x", "limit=", "unit=a/b", "tenant=%00", "colour=red", "tenant=%ff"):
        problem(await admin.get(f"/api/v1/residents?{query}"), 422, query.partition("=")[0])


async def test_nobody_says_of_a_device_that_it_is_in_use(admin: httpx.AsyncClient, town: Api) -> None:
    body = {"id": "d", "tenant": "west", "technology": "lock", "life_cycle": "in_use"}
    assert "proves itself" in str(problem(await admin.post("/api/v1/devices", json=body), 422, "life_cycle"))
