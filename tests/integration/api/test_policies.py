"""Escalation policies over the API: versions, who may change them, what is refused, and what they would do."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.support.api import Api, got, ids, made, problem

pytestmark = pytest.mark.anyio

NIGHT = [{"from": "22:00", "to": "07:00"}]


def policy(**fields: Any) -> dict[str, Any]:
    rungs = [
        {"after_seconds": 0, "to": [{"who": "on_duty"}]},
        {"after_seconds": 120, "to": [{"who": "unit"}]},
        {"after_seconds": 240, "to": [{"who": "everybody"}]},
    ]
    return {"name": "Larmkedja", "rungs": rungs, "repeat_seconds": 300} | fields


async def test_a_policy_and_its_versions(town: Api, admin: httpx.AsyncClient) -> None:
    new = await made(admin, "policies", id="p", unit="north", policy=policy())
    assert (new["tenant"], new["unit"], new["version"], new["retired_at"]) == ("west", "north", 1, None)
    assert new["policy"]["priorities"] == [1, 2]
    assert await got(admin, "policies/p") == new
    town.clock.advance(timedelta(minutes=5))
    answer = await admin.put("/api/v1/policies/p", json={"version": 1, "policy": policy(at_person_seconds=1800)})
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    newest = await got(admin, "policies/p")
    assert newest == answer.json()
    assert (newest["policy"]["at_person_seconds"], newest["created_at"]) == (1800, "2026-03-02T12:05:00Z")
    versions = (await got(admin, "policies/p/versions"))["items"]
    assert versions == [newest, new]
    page = await got(admin, "policies/p/versions", limit=1)
    assert (await got(admin, "policies/p/versions", cursor=page["next"]))["items"] == [new]


async def test_the_one_who_is_slower_is_told_so(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "policies", id="p", unit="north", policy=policy())
    await admin.put("/api/v1/policies/p", json={"version": 1, "policy": policy(name="First")})
    problem(await admin.put("/api/v1/policies/p", json={"version": 1, "policy": policy(name="Second")}), 409)
    assert (await got(admin, "policies/p"))["policy"]["name"] == "First"


async def test_a_retired_policy_stays_to_be_read(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "policies", id="p", unit="north", policy=policy())
    assert (await admin.delete("/api/v1/policies/p")).status_code == 204
    assert (await got(admin, "policies/p"))["retired_at"] == "2026-03-02T12:00:00Z"
    assert await ids(admin, "policies") == []
    assert await ids(admin, "policies", retired=True) == ["p"]
    problem(await admin.delete("/api/v1/policies/p"), 409)
    problem(await admin.put("/api/v1/policies/p", json={"version": 1, "policy": policy()}), 409)
    # Its place is free for another one.
    await made(admin, "policies", id="q", unit="north", policy=policy())


REFUSED = [
    (policy(repeat_seconds=5), "policy.repeat_seconds", 5),
    (policy(rungs=[{"after_seconds": 0, "to": [{"who": "nobody"}]}]), "policy.rungs[0].to[0].who", "nobody"),
    (policy(rungs=[{"after_seconds": 0, "to": [{"who": "unit"}]}]), "policy.rungs[0].to", "unit"),
]


@pytest.mark.parametrize(("content", "field", "value"), REFUSED)
async def test_what_is_refused_names_field_and_value(
    town: Api, admin: httpx.AsyncClient, content: dict[str, Any], field: str, value: object
) -> None:
    answer = await admin.post("/api/v1/policies", json={"unit": "north", "policy": content})
    (error,) = problem(answer, 422, field)["errors"]
    assert str(error["value"]) == str(value)


@pytest.mark.parametrize(
    ("whom", "field"),
    [
        ({"who": "person", "person": "nobody"}, "person"),
        ({"who": "person", "person": "auditor"}, "person"),
        ({"who": "person", "person": "stranger"}, "person"),
        ({"who": "unit", "unit": "harbour"}, "unit"),
        ({"who": "on_duty", "unit": "nowhere"}, "unit"),
    ],
)
async def test_whom_it_names_must_be_there(
    town: Api, admin: httpx.AsyncClient, whom: dict[str, Any], field: str
) -> None:
    await town.staff("auditor", "auditor")
    await town.staff("stranger", tenant="east", unit="harbour")
    rungs = [{"after_seconds": 0, "to": [whom, {"who": "everybody"}]}]
    answer = await admin.post("/api/v1/policies", json={"unit": "north", "policy": policy(rungs=rungs)})
    problem(answer, 422, f"policy.rungs[0].to[0].{field}")


async def test_no_two_fit_the_same_alarms_just_as_exactly(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "policies", id="p", unit="north", policy=policy(hours=NIGHT))
    evening = policy(hours=[{"from": "20:00", "to": "23:00"}])
    answer = problem(await admin.post("/api/v1/policies", json={"unit": "north", "policy": evening}), 409)
    assert "'p'" in answer["detail"]
    await made(admin, "policies", id="q", unit="north", policy=policy(hours=[{"from": "07:00", "to": "22:00"}]))
    await made(admin, "policies", id="r", unit="south", policy=policy(hours=NIGHT))
    # A change is looked at as what is new is, but never against the version that it replaces.
    problem(await admin.put("/api/v1/policies/q", json={"version": 1, "policy": evening}), 409)
    changed = await admin.put("/api/v1/policies/p", json={"version": 1, "policy": policy(hours=NIGHT, name="X")})
    assert changed.status_code == 200, changed.text


@pytest.mark.parametrize("id", ["preview", "vaka:care"])
async def test_vakas_own_names_are_not_for_others(town: Api, admin: httpx.AsyncClient, id: str) -> None:
    answer = await admin.post("/api/v1/policies", json={"id": id, "tenant": "west", "policy": policy()})
    problem(answer, 422, "id")


async def test_an_id_is_taken_once(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "policies", id="p", unit="north", policy=policy())
    answer = await admin.post("/api/v1/policies", json={"id": "p", "unit": "south", "policy": policy()})
    problem(answer, 409)
    assert (await got(admin, "policies/p"))["unit"] == "north"


async def test_a_unit_sees_its_own_and_those_of_all_units_and_changes_its_own(
    town: Api, admin: httpx.AsyncClient
) -> None:
    await made(admin, "policies", id="all", tenant="west", policy=policy())
    await made(admin, "policies", id="north", unit="north", policy=policy())
    await made(admin, "policies", id="south", unit="south", policy=policy())
    await made(admin, "policies", id="east", tenant="east", policy=policy())
    boss = await town.client("manager", "west", "north")
    assert await ids(boss, "policies") == ["all", "north"]
    body = {"version": 1, "policy": policy(name="X")}
    assert (await boss.put("/api/v1/policies/north", json=body)).status_code == 200
    problem(await boss.put("/api/v1/policies/all", json=body), 403)
    for other in ("south", "east"):
        problem(await boss.put(f"/api/v1/policies/{other}", json=body), 404)
        problem(await boss.get(f"/api/v1/policies/{other}/versions"), 404)
        problem(await boss.delete(f"/api/v1/policies/{other}"), 404)
    assert (await made(boss, "policies", id="mine", policy=policy(priorities=[1])))["unit"] == "north"
    problem(await boss.post("/api/v1/policies", json={"unit": "south", "policy": policy()}), 422, "unit")


# Who would be told.


async def test_the_preview_without_any_policy_is_vakas_own_ladder(town: Api, admin: httpx.AsyncClient) -> None:
    await town.staff("anna")
    # Whether somebody is signed in is asked in real time.
    await town.execute("UPDATE sessions SET expires_at = now() + interval '1 hour'")
    await made(admin, "webhooks", id="hook", tenant="west", receiver="alarm_centre", url="http://127.0.0.1:9/")
    preview = await got(admin, "policies/preview", resident="north-1", technology="social_alarm")
    assert (preview["policy"], preview["version"], preview["priority"]) == ("vaka:care", 1, 1)
    assert (preview["kind"], preview["unit"], preview["at"]) == ("social_alarm", "north", "2026-03-02T12:00:00Z")
    anna = {"channel": "console", "receiver": "anna", "owner": "staff", "owner_id": "anna", "name": "Test Anna"}
    centre = {"channel": "webhook", "receiver": "hook", "owner": "alarm_centre", "owner_id": "west", "name": None}
    assert [(r["after_seconds"], r["rung"], r["round"], r["told"]) for r in preview["rungs"]] == [
        (0, 1, 0, [anna]),
        (180, 2, 0, [anna]),
        (360, 3, 0, [centre]),
        (660, 3, 1, [anna, centre]),
    ]


async def test_the_preview_says_which_policy_holds_by_time_and_technology(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "policies", id="always", unit="north", policy=policy())
    await made(admin, "policies", id="night", unit="north", policy=policy(hours=NIGHT, at_person_seconds=600))
    await made(admin, "policies", id="locks", unit="north", policy=policy(technologies=["lock"]))

    async def holds(technology: str, at: str) -> tuple[str, list[str]]:
        found = await got(admin, "policies/preview", resident="north-1", technology=technology, at=at)
        return found["policy"], sorted(found["also_fit"])

    assert await holds("social_alarm", "2026-03-02T20:59:00Z") == ("always", [])
    assert await holds("social_alarm", "2026-03-02T21:00:00Z") == ("night", ["always"])
    assert await holds("lock", "2026-03-02T21:00:00Z") == ("locks", ["always", "night"])
    found = await got(admin, "policies/preview", unit="south", technology="lock")
    assert found["policy"] == "vaka:care"
    found = await got(admin, "policies/preview", unit="north", technology="other", kind="battery_low", priority=3)
    assert found["policy"] == "vaka:technical"


async def test_the_preview_knows_who_is_planned_to_work_then(town: Api, admin: httpx.AsyncClient) -> None:
    """Anna works until 13:00 and Bo from then on; both can be reached by SMS."""
    for name, start, end in (("anna", "2026-03-02T06:00:00Z", "2026-03-02T13:00:00Z"),
                             ("bo", "2026-03-02T13:00:00Z", "2026-03-02T21:00:00Z")):  # fmt: skip
        await made(admin, "staff", id=name, tenant="west", unit="north", username=name, name=name.title(),
                   role="staff", password="x" * 12)  # fmt: skip
        await town.execute(
            "INSERT INTO contact_points (id, tenant, owner, owner_id, channel, address, rank, created_at, created_by)"
            " VALUES (%s, 'west', 'staff', %s, 'email', '{}', 1, now(), 'x')",
            (f"{name}-mail", name),
        )
        await town.execute(
            'INSERT INTO duty_shifts (id, tenant, staff, units, "from", "to", created_at, created_by)'
            " VALUES (%s, 'west', %s, '{north}', %s, %s, %s, 'x')",
            (f"{name}-shift", name, start, end, "2026-03-01T00:00:00Z"),
        )
    await town.execute("INSERT INTO channel_providers VALUES ('west', 'email', '{}', '2026-03-01T00:00:00Z', 'x')")
    await town.execute(
        "INSERT INTO duty_planned VALUES ('west', '{north}', NULL, '2026-03-02T06:00:00Z', '2026-03-02T21:00:00Z')"
    )
    await made(admin, "policies", id="p", unit="north", policy=policy())
    preview = await got(
        admin, "policies/preview", resident="north-1", technology="social_alarm", at="2026-03-02T12:59:00Z"
    )
    told = [sorted(each["receiver"] for each in rung["told"]) for rung in preview["rungs"]]
    assert told == [["anna-mail"], ["bo-mail"], ["anna-mail", "bo-mail"], ["anna-mail", "bo-mail"]]
    assert preview["rungs"][0]["told"][0]["name"] == "Anna"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "technology"),
        ({"technology": "lock"}, "resident"),
        ({"technology": "lock", "resident": "nobody"}, "resident"),
        ({"technology": "lock", "unit": "nowhere"}, "unit"),
        ({"technology": "lock", "resident": "north-1", "unit": "south"}, "unit"),
        ({"technology": "magic", "unit": "north"}, "technology"),
        ({"technology": "lock", "unit": "north", "priority": 9}, "priority"),
        ({"technology": "lock", "unit": "north", "at": "noon"}, "at"),
    ],
)
async def test_a_preview_of_what_is_not_there(
    town: Api, admin: httpx.AsyncClient, query: dict[str, Any], field: str
) -> None:
    problem(await admin.get("/api/v1/policies/preview", params=query), 422, field)


async def test_a_preview_is_for_ones_own(town: Api) -> None:
    stranger = await town.client("manager", "east")
    answer = await stranger.get("/api/v1/policies/preview", params={"resident": "north-1", "technology": "lock"})
    problem(answer, 422, "resident")
