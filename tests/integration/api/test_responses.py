"""Who was asked and did not answer: fair to people, and for managers alone."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.support.api import NOON, Api, got, problem

pytestmark = pytest.mark.anyio


async def told(
    api: Api, staff: str, *, alarm: str = "a1", channel: str = "console", round: int = 0, **after: float
) -> None:
    """A notification of `alarm`, with the seconds after noon at which it was sent, delivered and seen."""
    times = {name: NOON + timedelta(seconds=seconds) for name, seconds in after.items()}
    receiver = staff if channel == "console" else f"point of {staff}"
    owner = None if channel == "console" else "staff"
    await api.execute(
        "INSERT INTO notifications (id, alarm, rung, round, priority, channel, receiver, owner, owner_id, created_at,"
        " next_attempt_at, sent_at, delivered_at, seen_at, state)"
        " VALUES (%s, %s, 1, %s, 1, %s, %s, %s, %s, %s, now(), %s, %s, %s, 'sent')",
        (
            f"{alarm} {staff} {channel} {round}",
            *(alarm, round, channel, receiver, owner, staff if owner else None, NOON),
            *(times.get(name) for name in ("sent", "delivered", "seen")),
        ),
    )


async def act(api: Api, who: httpx.AsyncClient, action: str, seconds: float, version: int = 1, **body: Any) -> None:
    api.clock.time = NOON + timedelta(seconds=seconds)
    answer = await who.post(f"/api/v1/alarms/a1/{action}", json={"version": version, **body})
    assert answer.status_code == 200, answer.text


@pytest.fixture
async def people(town: Api) -> dict[str, httpx.AsyncClient]:
    """Four of the staff of north, and its manager. An alarm was opened at noon, and that is in its journal."""
    await town.alarm("a1")
    await town.execute(
        "INSERT INTO alarm_journal (alarm, at, actor, action, version, state)"
        " VALUES ('a1', %s, 'vaka', 'opened', 1, 'open')",
        (NOON,),
    )
    staff = {name: await town.staff(name) for name in ("astrid", "bo", "cecil", "dora")}
    return {**staff, "manager": await town.client("manager", "west", "north")}


async def answers(people: dict[str, httpx.AsyncClient], **query: Any) -> dict[str, str]:
    items = (await got(people["manager"], "responses", **query))["items"]
    return {item["staff"]: item["answer"] for item in items}


async def test_only_who_was_really_reached_can_fail_to_answer(town: Api, people: dict[str, httpx.AsyncClient]) -> None:
    await told(town, "astrid", seen=5)
    await told(town, "bo", sent=1)
    await told(town, "cecil", channel="sms", sent=1, delivered=20)
    await told(town, "dora", channel="sms", sent=1)
    town.clock.time = NOON + timedelta(seconds=180)
    assert await answers(people) == {"astrid": "waiting", "cecil": "waiting"}
    town.clock.time = NOON + timedelta(seconds=190)
    assert await answers(people) == {"astrid": "not_answered", "cecil": "waiting"}
    town.clock.time = NOON + timedelta(seconds=300)
    assert await answers(people) == {"astrid": "not_answered", "cecil": "not_answered"}
    assert await answers(people, answer="answered") == {}


async def test_who_was_spared_by_another_has_not_failed(town: Api, people: dict[str, httpx.AsyncClient]) -> None:
    await told(town, "astrid", seen=5)
    await told(town, "bo", seen=1)
    await told(town, "cecil", channel="push", delivered=90)
    await act(town, people["astrid"], "accept", 85)
    town.clock.time = NOON + timedelta(hours=1)
    assert await answers(people) == {"astrid": "answered", "bo": "spared", "cecil": "spared"}


async def test_who_let_it_pass_before_another_took_it_has(town: Api, people: dict[str, httpx.AsyncClient]) -> None:
    await told(town, "bo", seen=1)
    await told(town, "cecil", seen=200)
    await act(town, people["astrid"], "accept", 300)
    town.clock.time = NOON + timedelta(hours=1)
    assert await answers(people) == {"bo": "not_answered", "cecil": "spared"}


async def test_who_was_told_again_after_it_was_forwarded_is_judged_anew(
    town: Api, people: dict[str, httpx.AsyncClient]
) -> None:
    await told(town, "bo", seen=1)
    await act(town, people["astrid"], "accept", 20)
    await act(town, people["astrid"], "forward", 40, 2, to="north")
    await told(town, "bo", seen=45, round=1)
    town.clock.time = NOON + timedelta(hours=1)
    assert await answers(people) == {"bo": "not_answered"}
    (item,) = (await got(people["manager"], "responses", staff="bo"))["items"]
    assert (item["told"], item["alarm"], item["name"]) == (2, "a1", "Test Bo")
    assert item["reached_at"] == "2026-03-02T12:00:01Z"


async def test_a_late_answer_and_any_word_is_an_answer(town: Api, people: dict[str, httpx.AsyncClient]) -> None:
    await told(town, "astrid", seen=1)
    await told(town, "bo", seen=1)
    await act(town, people["bo"], "note", 500, text="I cannot leave.")
    await act(town, people["astrid"], "accept", 600, 2)
    assert await answers(people) == {"astrid": "answered", "bo": "answered"}


async def test_counts_by_person(town: Api, people: dict[str, httpx.AsyncClient]) -> None:
    await town.alarm("a2", minute=0)
    for alarm in ("a1", "a2"):
        await told(town, "astrid", alarm=alarm, seen=10)
        await told(town, "bo", alarm=alarm, seen=10)
    await act(town, people["astrid"], "accept", 40)
    town.clock.time = NOON + timedelta(hours=1)
    counted = (await got(people["manager"], "responses/counts"))["items"]
    assert counted == [
        {
            "staff": "astrid", "name": "Test Astrid", "reached": 2, "answered": 1, "not_answered": 1, "spared": 0,
            "waiting": 0, "median_seconds": 30,
        },
        {
            "staff": "bo", "name": "Test Bo", "reached": 2, "answered": 0, "not_answered": 1, "spared": 1,
            "waiting": 0, "median_seconds": None,
        },
    ]  # fmt: skip
    first = await got(people["manager"], "responses", limit=3)
    rest = await got(people["manager"], "responses", limit=3, cursor=first["next"])
    assert len({(item["alarm"], item["staff"]) for item in (*first["items"], *rest["items"])}) == 4
    assert rest["next"] is None
    assert (await got(people["manager"], "responses", alarm="a2", to="2026-03-02T12:00:00Z"))["items"] == []


async def test_nobody_else_sees_it(town: Api, people: dict[str, httpx.AsyncClient]) -> None:
    await told(town, "astrid", seen=5)
    for role in ("staff", "operator", "followup", "auditor", "relative"):
        for path in ("responses", "responses/counts"):
            problem(await (await town.client(role, "west")).get(f"/api/v1/{path}"), 403)
    for tenant, unit in (("west", "south"), ("east", "harbour")):
        assert (await got(await town.client("manager", tenant, unit), "responses"))["items"] == []
        assert (await got(await town.client("manager", tenant, unit), "responses/counts"))["items"] == []
