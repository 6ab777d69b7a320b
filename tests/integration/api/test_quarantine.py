"""Quarantine over the API: what was not understood, and reading it again."""

import httpx
import pytest

from store.quarantine_write import Held, hold
from tests.support.api import NOON, Api, got, ids, problem

pytestmark = pytest.mark.anyio


@pytest.fixture
async def held(town: Api) -> Api:
    """Number 1 is not UTF-8, 2 is of no tenant that is known, 3 is the other tenant's."""
    messages = [
        Held(
            "malformed",
            "not UTF-8",
            "vaka/v1/west/north-button/motion",
            b"\xff\x00",
            "west",
            "north-button",
        ),
        Held("unknown_device", "no device 'x'", "vaka/v1/nowhere/x/motion", '{"at": "åäö"}'.encode(), "nowhere", "x"),
        Held("bad_topic", "too short", "vaka/v1/east", b"", "east"),
    ]
    async with town.pool.connection() as connection:
        await hold(connection, messages, NOON)
    return town


async def test_a_message_is_shown_with_its_bytes(held: Api, admin: httpx.AsyncClient) -> None:
    assert await got(admin, "quarantine/1") == {
        "id": "1",
        "at": "2026-03-02T12:00:00Z",
        "reason": "malformed",
        "detail": "not UTF-8",
        "tenant": "west",
        "device": "north-button",
        "topic": "vaka/v1/west/north-button/motion",
        "payload": "/wA=",
        "text": None,
        "state": "held",
        "replayed_at": None,
    }
    assert (await got(admin, "quarantine/2"))["text"] == '{"at": "åäö"}'


async def test_messages_are_found_newest_first(held: Api, admin: httpx.AsyncClient) -> None:
    assert await ids(admin, "quarantine") == ["3", "2", "1"]
    assert await ids(admin, "quarantine", tenant="nowhere", device="x", state="held") == ["2"]
    assert await ids(admin, "quarantine", **{"from": "2026-03-02T12:00:01Z"}) == []
    first = await got(admin, "quarantine", limit=2)
    assert await ids(admin, "quarantine", cursor=first["next"]) == ["1"]
    for id in ("99", str(2**63 - 1)):
        problem(await admin.get(f"/api/v1/quarantine/{id}"), 404)
    for id in ("x", "-1", str(2**63)):
        problem(await admin.get(f"/api/v1/quarantine/{id}"), 422, "id")


async def test_a_message_is_read_again_once(held: Api, admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/api/v1/quarantine/1/replay")
    assert (answer.status_code, answer.json()["state"]) == (202, "replaying")
    assert (await got(admin, "quarantine/1"))["state"] == "replaying"
    problem(await admin.post("/api/v1/quarantine/1/replay"), 409)
    asked = "SELECT data FROM inbox WHERE kind = 'quarantine_replayed'"
    assert await held.execute(asked) == [({"quarantine": 1},)]
    problem(await admin.post("/api/v1/quarantine/99/replay"), 404)


async def test_messages_are_seen_by_their_tenant(held: Api) -> None:
    operator = await held.client("operator", "west")
    assert await ids(operator, "quarantine") == ["1"]
    problem(await operator.post("/api/v1/quarantine/3/replay"), 404)
    assert await ids(await held.client("operator", "west", "north"), "quarantine") == []
