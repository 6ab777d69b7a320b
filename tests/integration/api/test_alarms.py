"""Alarms over the API: reading, and what people do with them."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.support.api import NOON, Api, got, ids, problem

pytestmark = pytest.mark.anyio


async def do(client: httpx.AsyncClient, alarm: str, action: str, version: int, **body: Any) -> httpx.Response:
    return await client.post(f"/api/v1/alarms/{alarm}/{action}", json={"version": version, **body})


async def actions(client: httpx.AsyncClient, alarm: str) -> list[str]:
    return [entry["action"] for entry in (await got(client, f"alarms/{alarm}/journal"))["items"]]


async def test_an_alarm_says_who_where_and_what_to_do(town: Api, admin: httpx.AsyncClient) -> None:
    told = {"address": "Provvägen 1", "instructions": "Nyckel hos grannen"}
    await admin.patch("/api/v1/residents/north-1", json=told)
    await town.alarm("a1")
    alarm = await got(await town.staff("anna"), "alarms/a1")
    assert alarm == {
        "id": "a1",
        "tenant": "west",
        "unit": "north",
        "unit_name": "North",
        "resident": "north-1",
        "resident_name": "Test North",
        "shared_with": None,
        "shared_with_name": None,
        **told,
        "device": "north-button",
        "kind": "social_alarm",
        "priority": 1,
        "state": "open",
        "version": 1,
        "count": 1,
        "reason": "pressed",
        "detail": {},
        "opened_at": "2026-03-02T12:00:00Z",
        "occurred_at": "2026-03-02T12:00:00Z",
        "accepted_at": None,
        "accepted_by": None,
        "accepted_by_name": None,
        "at_person_at": None,
        "closed_at": None,
        "outcome": None,
        "rung": 0,
        "round": 0,
        "escalate_at": "2026-03-02T12:00:00Z",
        "forwarded_to": None,
        "forwarded_at": None,
        "policy": None,
        "policy_version": None,
        "overdue_at": None,
        "declined": [],
        "helpers": [],
    }


async def test_alarms_are_found_newest_first(town: Api, admin: httpx.AsyncClient) -> None:
    for minute, unit in enumerate(("north", "south", "north")):
        await town.alarm(f"a{minute}", unit, minute=minute)
    await town.alarm("e", "harbour", "east", minute=9)
    await do(admin, "a1", "accept", 1)
    assert await ids(admin, "alarms") == ["e", "a2", "a1", "a0"]
    assert await ids(admin, "alarms", tenant="west", unit="north") == ["a2", "a0"]
    assert await ids(admin, "alarms", resident="south-1", device="south-button", kind="social_alarm") == ["a1"]
    assert await ids(admin, "alarms", technology="lock") == []
    assert await ids(admin, "alarms", state="accepted") == ["a1"]
    assert await ids(admin, "alarms", state=["accepted", "open"], tenant="west") == ["a2", "a1", "a0"]
    assert await ids(admin, "alarms", **{"from": "2026-03-02T12:01:00Z", "to": "2026-03-02T12:09:00Z"}) == ["a2", "a1"]
    first = await got(admin, "alarms", limit=3)
    assert await ids(admin, "alarms", limit=3, cursor=first["next"]) == ["a0"]
    problem(await admin.get("/api/v1/alarms?state=quiet"), 422, "state.0")
    problem(await admin.get("/api/v1/alarms?from=2026-03-02T12:00:00"), 422, "from")


async def test_alarms_are_seen_by_their_unit_and_tenant(town: Api) -> None:
    await town.alarm("a1")
    for client in (await town.client("staff", "west", "south"), await town.client("admin", "east")):
        assert await ids(client, "alarms") == []
        problem(await client.get("/api/v1/alarms/a1"), 404)
        problem(await client.get("/api/v1/alarms/a1/journal"), 404)
        if client.headers:
            problem(await do(client, "a1", "accept", 1), 404)
    assert (await got(await town.client(), "alarms/a1"))["version"] == 1


async def test_from_accepting_to_the_end_the_journal_names_who(town: Api) -> None:
    await town.alarm("a1")
    anna = await town.staff("anna")
    accepted = (await do(anna, "a1", "accept", 1)).json()
    assert (accepted["state"], accepted["version"], accepted["accepted_by"]) == ("accepted", 2, "anna")
    assert (accepted["accepted_by_name"], accepted["escalate_at"]) == ("Test Anna", None)
    town.clock.advance(timedelta(minutes=7))
    assert (await do(anna, "a1", "at-person", 2)).json()["at_person_at"] == "2026-03-02T12:07:00Z"
    assert (await do(anna, "a1", "note", 3, text="Satt på golvet")).json()["version"] == 4
    resolved = (await do(anna, "a1", "resolve", 4, outcome="helped", note="Oskadd")).json()
    assert (resolved["state"], resolved["outcome"], resolved["closed_at"]) == (
        "resolved",
        "helped",
        "2026-03-02T12:07:00Z",
    )
    entries = (await got(anna, "alarms/a1/journal"))["items"]
    assert [(entry["action"], entry["actor"], entry["actor_name"]) for entry in entries] == [
        (action, "anna", "Test Anna") for action in ("accepted", "at_person", "noted", "resolved")
    ]
    assert entries[2]["data"]["text"] == "Satt på golvet"
    assert entries[3]["data"] == {"outcome": "helped", "note": "Oskadd", "name": "Test Anna"}
    page = await got(anna, "alarms/a1/journal", limit=3)
    assert await ids(anna, "alarms/a1/journal", cursor=page["next"]) == [entries[3]["id"]]


async def test_who_is_slower_is_shown_the_alarm_as_it_is(town: Api) -> None:
    await town.alarm("a1")
    people = [await town.staff(name) for name in ("anna", "bo", "cia")]
    answers = await asyncio.gather(*(do(person, "a1", "accept", 1) for person in people))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    (won,) = (answer.json() for answer in answers if answer.status_code == 200)
    for answer in answers:
        if answer.status_code == 409:
            assert problem(answer, 409)["alarm"] == won
    assert await actions(people[0], "a1") == ["accepted"]


async def test_what_is_not_possible_now_is_refused_with_the_alarm(town: Api, admin: httpx.AsyncClient) -> None:
    await town.alarm("a1")
    await do(admin, "a1", "resolve", 1, outcome="false_alarm")
    answer = problem(await do(admin, "a1", "accept", 2), 409)
    assert (answer["alarm"]["state"], answer["alarm"]["version"]) == ("resolved", 2)
    assert await actions(admin, "a1") == ["resolved"]


async def test_an_alarm_is_forwarded_to_a_unit_a_person_or_the_alarm_centre(town: Api) -> None:
    anna = await town.staff("anna")
    await town.staff("sven", unit="south")
    for number, (to, unit, receiver) in enumerate(
        (("south", "south", "unit:south"), ("sven", "south", "staff:sven"), ("alarm_centre", "north", "alarm_centre"))
    ):
        await town.alarm(id := f"a{number}")
        answer = await do(anna, id, "forward", 1, to=to, note="Kan ni?")
        assert (answer.json()["unit"], answer.json()["forwarded_to"]) == (unit, receiver)
        ((data,),) = await town.execute("SELECT data FROM alarm_journal WHERE alarm = %s", (id,))
        assert data == {
            "to": to,
            "receiver": receiver,
            "from_unit": "north",
            "note": "Kan ni?",
            "name": "Test Anna",
        }
    assert await ids(anna, "alarms") == ["a2"]
    assert await ids(await town.client("staff", "west", "south"), "alarms") == ["a1", "a0"]


async def test_what_is_wrong_with_an_action_is_named(town: Api, admin: httpx.AsyncClient) -> None:
    await town.alarm("a1")
    await town.staff("auditor", role="auditor")
    for action, body, field in (
        ("accept", {}, "version"),
        ("accept", {"version": "1"}, "version"),
        ("accept", {"version": 2**31}, "version"),
        ("accept", {"version": 1, "by": "me"}, "by"),
        ("resolve", {"version": 1}, "outcome"),
        ("resolve", {"version": 1, "outcome": "gone"}, "outcome"),
        ("note", {"version": 1, "text": " "}, "text"),
        ("forward", {"version": 1}, "to"),
        ("forward", {"version": 1, "to": "harbour"}, "to"),
        ("forward", {"version": 1, "to": "auditor"}, "to"),
    ):
        problem(await admin.post(f"/api/v1/alarms/a1/{action}", json=body), 422, field)
    problem(await do(admin, "none", "accept", 1), 404)
    problem(await do(admin, "a1", "withdraw", 1), 404)
    assert (await got(admin, "alarms/a1"))["version"] == 1


async def test_a_person_says_that_they_have_seen_a_notification(town: Api, admin: httpx.AsyncClient) -> None:
    await town.alarm("a1")
    for id, receiver, state in (("n1", "anna", "sent"), ("n2", "bo", "sent"), ("n3", "anna", "failed")):
        await town.execute(
            "INSERT INTO notifications (id, alarm, rung, round, priority, channel, receiver, state, created_at,"
            " next_attempt_at) VALUES (%s, 'a1', 1, 0, 1, 'console', %s, %s, %s, now())",
            (id, receiver, state, NOON),
        )
    anna = await town.staff("anna")
    seen = (await anna.post("/api/v1/notifications/n1/seen")).json()
    assert (seen["state"], seen["seen_at"]) == ("seen", "2026-03-02T12:00:00Z")
    town.clock.advance(timedelta(minutes=1))
    assert (await anna.post("/api/v1/notifications/n1/seen")).json() == seen == await got(admin, "notifications/n1")
    problem(await anna.post("/api/v1/notifications/n2/seen"), 403)
    problem(await anna.post("/api/v1/notifications/n3/seen"), 409)
    problem(await anna.post("/api/v1/notifications/none/seen"), 404)
    assert await ids(anna, "notifications", alarm="a1") == ["n3", "n2", "n1"]
    assert await ids(anna, "notifications", receiver="anna", state="seen") == ["n1"]
    assert await ids(await town.client("staff", "west", "south"), "notifications") == []


async def test_declining_joining_and_taking_over(town: Api) -> None:
    await town.alarm("a1")
    anna, bo, cia = [await town.staff(name) for name in ("anna", "bo", "cia")]
    declined = await do(anna, "a1", "decline", 1, reason="Hos en annan brukare")
    assert (declined.json()["state"], declined.json()["version"], declined.json()["declined"]) == ("open", 2, ["anna"])
    problem(await do(anna, "a1", "decline", 2, reason="Igen"), 409)
    problem(await do(anna, "a1", "decline", 2), 422, "reason")
    problem(await do(bo, "a1", "join", 2), 409)
    await do(bo, "a1", "accept", 2)
    joined = (await do(anna, "a1", "join", 3)).json()
    assert (joined["state"], joined["helpers"], joined["declined"]) == ("accepted", ["anna"], [])
    problem(await do(bo, "a1", "join", 4), 409)
    taken = (await do(cia, "a1", "take-over", 4, note="Jag är närmast")).json()
    assert (taken["state"], taken["accepted_by"], taken["version"]) == ("accepted", "cia", 5)
    problem(await do(cia, "a1", "take-over", 5), 409)
    await do(cia, "a1", "at-person", 5)
    problem(await do(bo, "a1", "take-over", 6), 409)
    assert (await do(bo, "a1", "join", 6)).json()["helpers"] == ["anna", "bo"]
    assert await actions(anna, "a1") == ["declined", "accepted", "joined", "taken_over", "at_person", "joined"]
    entries = (await got(anna, "alarms/a1/journal"))["items"]
    assert entries[0]["data"] == {"note": "Hos en annan brukare", "name": "Test Anna"}
    assert entries[3]["data"] == {"note": "Jag är närmast", "name": "Test Cia", "from": "bo", "from_name": "Test Bo"}


async def test_of_two_who_take_over_at_once_one_wins(town: Api) -> None:
    await town.alarm("a1")
    anna, bo, cia = [await town.staff(name) for name in ("anna", "bo", "cia")]
    await do(anna, "a1", "accept", 1)
    answers = await asyncio.gather(do(bo, "a1", "take-over", 2), do(cia, "a1", "take-over", 2))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert await actions(anna, "a1") == ["accepted", "taken_over"]
