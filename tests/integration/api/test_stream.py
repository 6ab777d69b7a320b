"""The live stream, over a real server."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from api.app import end_streams
from api.health import Problem
from events.ids import DeviceId
from store.journal_write import record
from store.proof import prove
from tests.support.api import NOON, Api, problem

pytestmark = pytest.mark.anyio


WAIT = 30
"""Seconds for something that must come; so long that it is only used when it does not."""


class Listener:
    """Reads server-sent events."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def event(self) -> dict[str, str] | None:
        """The next event by field, or None at the end."""
        fields: dict[str, str] = {}
        async for line in self._lines:
            if not line and fields:
                return fields
            name, _, value = line.partition(": ")
            fields[name] = value
        return None

    async def next(self, name: str = "alarm") -> dict[str, Any]:
        """The data of the next event of that name, with its `id`."""
        async with asyncio.timeout(WAIT):
            while (event := await self.event()) is not None:
                if event["event"] == name:
                    return {**json.loads(event["data"]), "id": event.get("id")}
        raise AssertionError("the stream ended")


@pytest.fixture
async def server(town: Api) -> AsyncIterator[str]:
    """Address of the town's API, whose pulse is fast."""
    hub = town.app.state.services.hub
    hub.pulse_seconds = hub.retry_seconds = 0.05
    server = uvicorn.Server(uvicorn.Config(town.app, log_config=None, access_log=False, lifespan="on"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        end_streams(town.app)
        server.should_exit = True
        await serving


@asynccontextmanager
async def follow(
    api: Api, server: str, *who: str, token: str | None = None, query: str = "", **headers: str
) -> AsyncIterator[Listener]:
    token = token or await api.token(*(who or ("admin",)))
    headers = {"Authorization": f"Bearer {token}", **headers}
    async with (
        httpx.AsyncClient(base_url=server, headers=headers, timeout=30) as client,
        client.stream("GET", f"/api/v1/stream{query}") as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Listener(response)


async def happened(api: Api, alarm: str, action: str, **data: Any) -> None:
    async with api.pool.connection() as connection:
        await record(connection, alarm, NOON, "vaka", action, 1, "open", data)


async def test_a_change_is_told_with_the_alarm(town: Api, server: str) -> None:
    await town.alarm("a1")
    async with follow(town, server) as listener:
        assert await listener.next("hello") == {"seq": 0, "now": "2026-03-02T12:00:00Z", "id": "0"}
        await happened(town, "a1", "opened", reason="pressed")
        change = await listener.next()
        alarm = (await (await town.client()).get("/api/v1/alarms/a1")).json()
        assert change == {
            "id": "1",
            "seq": 1,
            "at": "2026-03-02T12:00:00Z",
            "actor": "vaka",
            "actor_name": None,
            "action": "opened",
            "data": {"reason": "pressed"},
            "alarm": alarm,
        }


async def test_who_comes_back_misses_nothing_and_hears_nothing_twice(town: Api, server: str) -> None:
    await town.alarm("a1")
    for number in range(4):
        await happened(town, "a1", f"n{number}")
    for query, headers in (("", {"Last-Event-ID": "2"}), ("?last_event_id=2", {})):
        async with follow(town, server, query=query, **headers) as listener:
            assert (await listener.next("hello"))["id"] == "2"
            assert [(await listener.next())["action"] for _ in range(2)] == ["n2", "n3"]
            await happened(town, "a1", f"live{query}")
            if query:
                assert (await listener.next())["action"] == "live"
            assert (await listener.next())["action"] == f"live{query}"


async def test_a_place_that_the_journal_has_not_reached_is_its_end(town: Api, server: str) -> None:
    await town.alarm("a1")
    await happened(town, "a1", "first")
    async with follow(town, server, **{"Last-Event-ID": "999999"}) as listener:
        assert (await listener.next("hello"))["seq"] == 1
        await happened(town, "a1", "second")
        assert (await listener.next())["action"] == "second"


async def test_what_is_no_place_is_refused(town: Api, server: str) -> None:
    client = await town.client()
    for place in ("x", "-1", str(2**63), "1.5"):
        problem(await client.get("/api/v1/stream", headers={"Last-Event-ID": place}), 422, "Last-Event-ID")


async def test_everybody_hears_of_their_own(town: Api, server: str) -> None:
    for alarm, unit, tenant in (("n", "north", "west"), ("s", "south", "west"), ("h", "harbour", "east")):
        await town.alarm(alarm, unit, tenant)
    seen: dict[str, list[str]] = {}
    for who in (("staff", "west", "north"), ("manager", "west"), ("operator", "east"), ("admin",)):
        async with follow(town, server, *who) as listener:
            await listener.next("hello")
            for alarm in ("n", "s", "h"):
                await happened(town, alarm, f"{who[0]} {alarm}")
            await town.execute("UPDATE alarms SET unit = 'harbour', tenant = 'east' WHERE id = 'h'")
            last = {"staff": "n", "manager": "s"}.get(who[0], "h")
            seen[who[0]] = []
            while not seen[who[0]] or seen[who[0]][-1] != last:
                seen[who[0]].append((await listener.next())["alarm"]["id"])
    assert seen == {"staff": ["n"], "manager": ["n", "s"], "operator": ["h"], "admin": ["n", "s", "h"]}


async def test_who_an_alarm_was_forwarded_away_from_hears_it(town: Api, server: str) -> None:
    await town.alarm("a1")
    boss = await town.client("manager", "west", "north")
    async with follow(town, server, "staff", "west", "north") as listener:
        await listener.next("hello")
        await boss.post("/api/v1/alarms/a1/forward", json={"version": 1, "to": "south"})
        await happened(town, "a1", "escalated")
        await town.alarm("a2")
        await happened(town, "a2", "opened")
        changes = [await listener.next() for _ in range(2)]
        assert [(change["action"], change["alarm"]["unit"]) for change in changes] == [
            ("forwarded", "south"),
            ("opened", "north"),
        ]


async def test_the_pulse_says_at_once_whether_vaka_is_well(town: Api, server: str) -> None:
    async with follow(town, server) as listener:
        assert await listener.next("pulse") == {
            "now": "2026-03-02T12:00:00Z",
            "behind": False,
            "detail": None,
            "id": None,
        }
        town.health.problems = [Problem("broker", "the subscription is down"), Problem("log", "behind")]
        pulse = await listener.next("pulse")
        assert (pulse["behind"], pulse["detail"]) == (True, "broker: the subscription is down; log: behind")


async def test_health_that_cannot_be_told_is_not_good_health(
    town: Api, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> list[Problem]:
        raise RuntimeError

    monkeypatch.setattr(town.health, "check", fail)
    async with follow(town, server) as listener:
        async with asyncio.timeout(WAIT):
            while not (pulse := await listener.next("pulse"))["behind"]:
                pass
        assert pulse["detail"] == "health cannot be checked: RuntimeError"


async def test_the_stream_goes_on_over_a_lost_database_connection(
    town: Api, server: str, caplog: pytest.LogCaptureFixture
) -> None:
    await town.alarm("a1")
    async with follow(town, server) as listener:
        await listener.next("hello")
        await town.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await happened(town, "a1", "opened")
        async with asyncio.timeout(WAIT):
            while not (pulse := await listener.next("pulse"))["behind"]:
                pass
        assert pulse["detail"] == "the stream cannot follow alarms"
        assert (await listener.next())["action"] == "opened"
        # A beat may fall between the alarm and the word that the stream follows again.
        async with asyncio.timeout(WAIT):
            while (await listener.next("pulse"))["behind"]:
                pass


async def test_a_revoked_token_ends_the_stream(town: Api, server: str) -> None:
    admin = await town.client()
    made = (await admin.post("/api/v1/tokens", json={"role": "auditor"})).json()
    async with follow(town, server, token=made["token"]) as listener:
        await listener.next("hello")
        await admin.delete(f"/api/v1/tokens/{made['id']}")
        async with asyncio.timeout(WAIT):
            while await listener.event() is not None:
                pass


async def test_many_changes_reach_many_listeners_in_order(town: Api, server: str) -> None:
    await town.alarm("a1")

    async def hear() -> list[int]:
        async with follow(town, server) as listener:
            await listener.next("hello")
            ready.release()
            return [(await listener.next())["seq"] for _ in range(60)]

    ready = asyncio.Semaphore(0)
    listeners = [asyncio.create_task(hear()) for _ in range(5)]
    for _ in listeners:
        await ready.acquire()
    await asyncio.gather(*(happened(town, "a1", "counted") for _ in range(60)))
    heard = await asyncio.gather(*listeners)
    assert all(seqs == sorted(set(seqs)) and len(seqs) == 60 for seqs in heard)


async def test_a_change_is_answered_when_the_log_has_taken_it(town: Api, server: str) -> None:
    """The log is played by the test: it applies the entry, and only then the answer comes."""
    town.app.state.services.applied.__init__(patience=3600)
    admin = await town.client()
    async with follow(town, server) as listener:
        await listener.next("hello")
        asking = asyncio.create_task(
            admin.post("/api/v1/devices", json={"id": "d", "tenant": "west", "technology": "lock"})
        )
        while not (waiting := await town.execute("SELECT id FROM inbox WHERE data->>'device' = 'd'")):
            assert not asking.done()
        assert not asking.done()
        await town.execute("SELECT pg_notify('vaka_inbox_applied', %s)", (str(waiting[0][0]),))
        assert (await asking).status_code == 201


async def test_a_device_is_told_as_it_is_to_who_may_see_it(town: Api, server: str) -> None:
    async with follow(town, server, "operator", "west", "south") as other, follow(town, server) as listener:
        for stream in (other, listener):
            await stream.next("hello")
        for id in ("north-button", "south-button"):
            async with town.pool.connection() as connection:
                await prove(connection, DeviceId(id), NOON, "alarm_pressed")
        told = [await listener.next("device") for _ in range(2)]
        assert [(device["resident"], device["life_cycle"]) for device in told] == [
            ("north-1", "in_use"),
            ("south-1", "in_use"),
        ]
        assert (await other.next("device"))["resident"] == "south-1"
