"""Relatives: tied to residents, they see the alarms that they were told of and nothing else."""

from datetime import timedelta

import httpx
import pytest

from tests.support.api import NOON, Api, got, ids, made, problem

pytestmark = pytest.mark.anyio


async def tell(api: Api, alarm: str, receiver: str, channel: str = "console", owner: str | None = None) -> None:
    """As the escalator and the notifier would have."""
    await api.execute(
        "INSERT INTO notifications (id, alarm, rung, round, priority, channel, receiver, created_at, next_attempt_at,"
        " owner, owner_id) VALUES (%s, %s, 1, 0, 1, %s, %s, %s, %s, %s, %s)",
        (f"{alarm}-{receiver}", alarm, channel, receiver, NOON, NOON, owner and "staff", owner),
    )


@pytest.fixture
async def rita(town: Api, admin: httpx.AsyncClient) -> httpx.AsyncClient:
    """A relative of `north-1`, who is signed in. There are alarms in both units."""
    browser = await town.staff("rita", role="relative", unit=None)
    await made(admin, "relatives", id="tie", resident="north-1", staff="rita")
    for minute, (id, unit) in enumerate((("a-1", "north"), ("a-2", "north"), ("a-3", "south"))):
        await town.alarm(id, unit=unit, minute=minute)
    return browser


async def test_a_relative_sees_what_they_were_told_of(town: Api, rita: httpx.AsyncClient) -> None:
    assert await ids(rita, "relative-alarms") == []
    await tell(town, "a-1", "rita")
    await tell(town, "a-2", "point-1", channel="sms", owner="rita")
    await tell(town, "a-3", "rita")
    assert await ids(rita, "relative-alarms") == ["a-2", "a-1"]
    page = await got(rita, "relative-alarms", limit=1)
    assert await ids(rita, "relative-alarms", cursor=page["next"]) == ["a-1"]
    assert await got(rita, "relative-alarms/a-1") == {
        "id": "a-1",
        "resident": "north-1",
        "resident_name": "Test North",
        "kind": "social_alarm",
        "priority": 1,
        "state": "open",
        "version": 1,
        "opened_at": "2026-03-02T12:00:00Z",
        "accepted_at": None,
        "accepted_by_name": None,
        "at_person_at": None,
        "closed_at": None,
        "position": None,
    }
    problem(await rita.get("/api/v1/relative-alarms/a-3"), 404)


async def test_where_somebody_is_belongs_to_it(town: Api, rita: httpx.AsyncClient) -> None:
    await tell(town, "a-1", "rita")
    detail = '{"latitude": 57.7, "longitude": 11.9, "position_at": "2026-03-02T12:00:00Z", "note": "not for them"}'
    await town.execute("UPDATE alarms SET detail = %s WHERE id = 'a-1'", (detail,))
    position = (await got(rita, "relative-alarms/a-1"))["position"]
    assert position == {"latitude": 57.7, "longitude": 11.9, "at": "2026-03-02T12:00:00Z"}


async def test_a_relative_takes_an_alarm_and_is_there(town: Api, rita: httpx.AsyncClient) -> None:
    await tell(town, "a-1", "rita")
    accepted = await rita.post("/api/v1/relative-alarms/a-1/accept", json={"version": 1})
    assert (accepted.json()["state"], accepted.json()["accepted_by_name"]) == ("accepted", "Test Rita")
    problem(await rita.post("/api/v1/relative-alarms/a-1/accept", json={"version": 1}), 409)
    there = (await rita.post("/api/v1/relative-alarms/a-1/at-person", json={"version": 2})).json()
    assert (there["state"], there["version"]) == ("at_person", 3)
    told = await town.execute("SELECT data->>'alarm' FROM inbox WHERE kind = 'help_accepted'")
    assert told == [("a-1",), ("a-1",)]
    problem(await rita.post("/api/v1/relative-alarms/a-2/accept", json={"version": 1}), 404)
    assert await town.execute("SELECT state FROM alarms WHERE id = 'a-2'") == [("open",)]


async def test_everything_else_is_closed_to_them(town: Api, rita: httpx.AsyncClient) -> None:
    await tell(town, "a-1", "rita")
    for path in (
        "alarms",
        "alarms/a-1",
        "alarms/a-1/journal",
        "residents/north-1",
        "duty?unit=north",
        "staff",
        "stream",
    ):
        problem(await rita.get(f"/api/v1/{path}"), 403)
    for action in ("accept", "resolve", "note"):
        body = {"version": 1, "text": "x", "outcome": "helped"}
        problem(await rita.post(f"/api/v1/alarms/a-1/{action}", json=body), 403)


async def test_who_is_no_relative_any_more_sees_nothing_of_what_was(
    town: Api, admin: httpx.AsyncClient, rita: httpx.AsyncClient
) -> None:
    await tell(town, "a-1", "rita")
    town.clock.advance(timedelta(hours=1))
    ended = (await admin.delete("/api/v1/relatives/tie")).json()
    assert ended["ended_at"] == "2026-03-02T13:00:00Z"
    assert (await admin.delete("/api/v1/relatives/tie")).json() == ended
    assert await ids(rita, "relative-alarms") == []
    problem(await rita.post("/api/v1/relative-alarms/a-1/accept", json={"version": 1}), 404)
    assert await ids(admin, "relatives") == []
    assert await ids(admin, "relatives", ended=True, staff="rita") == ["tie"]
    await made(admin, "relatives", resident="north-1", staff="rita")
    assert await ids(rita, "relative-alarms") == ["a-1"]


async def test_who_can_be_a_relative_of_whom(town: Api, admin: httpx.AsyncClient, rita: httpx.AsyncClient) -> None:
    await town.staff("anna")
    await town.staff("elsewhere", role="relative", tenant="east", unit=None)
    for staff in ("anna", "elsewhere", "nobody"):
        problem(await admin.post("/api/v1/relatives", json={"resident": "north-1", "staff": staff}), 422, "staff")
    problem(await admin.post("/api/v1/relatives", json={"resident": "nobody", "staff": "rita"}), 422, "resident")
    problem(await admin.post("/api/v1/relatives", json={"resident": "north-1", "staff": "rita"}), 409)
    await made(admin, "relatives", resident="north-1", staff=(await _another(town)))
    await admin.delete("/api/v1/staff/rita")
    problem(await admin.post("/api/v1/relatives", json={"resident": "south-1", "staff": "rita"}), 422, "staff")


async def _another(town: Api) -> str:
    await town.staff("ruth", role="relative", unit=None)
    return "ruth"


async def test_a_unit_sees_and_ties_relatives_of_its_own_residents(town: Api, rita: httpx.AsyncClient) -> None:
    north, south = await town.client("manager", "west", "north"), await town.client("manager", "west", "south")
    assert (await ids(north, "relatives"), await ids(south, "relatives")) == (["tie"], [])
    problem(await south.delete("/api/v1/relatives/tie"), 404)
    problem(await south.post("/api/v1/relatives", json={"resident": "north-1", "staff": "rita"}), 422, "resident")
    tie = await made(south, "relatives", resident="south-1", staff="rita")
    assert (tie["resident_name"], tie["staff_name"]) == ("Test South", "Test Rita")
