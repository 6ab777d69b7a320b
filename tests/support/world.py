"""A whole Vaka for a story: real database, broker, engine, escalation, API and stream; the clock is set by hand.

The loops of escalation and notification are stepped by the story, so that nothing sleeps and nothing is raced.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import httpx
from msgspec.structs import replace

from events.address import MqttServer
from processors.channels.channel import Sender
from processors.commander import Commander
from processors.delivering import Delivery
from processors.escalator import Escalator
from processors.notifier import Notifier
from processors.reach_metrics import ReachMetrics
from rules.contact import Channel
from store.people import Role, create_token
from store.pool import Pool, open_pool
from tests.support.engine import START, RunningEngine, running_engine
from vaka.clock import Clock, ManualClock
from vaka.context import Context
from vaka.roles import reader, run_api, wording
from vaka.senders import open_senders
from vaka.settings import Settings

PASSWORD = "a password for tests"


class Stream:
    """What `/api/v1/stream` says to one caller."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def next(self, event: str = "alarm") -> dict[str, Any]:
        """The next event of that name; the test's own timeout ends the wait."""
        name = ""
        async for line in self._lines:
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: ") and name == event:
                return dict(json.loads(line.removeprefix("data: ")))
        raise AssertionError("the stream ended")

    async def until(self, action: str) -> dict[str, Any]:
        """The next change of an alarm by that action."""
        while True:
            change = await self.next()
            if change["action"] == action:
                return change


class World:
    """`admin` is a client with an administrator's token; `engine` speaks for devices and moves time."""

    def __init__(
        self,
        context: Context,
        pool: Pool,
        engine: RunningEngine,
        admin: httpx.AsyncClient,
        senders: Mapping[Channel, Sender],
    ) -> None:
        metrics = ReachMetrics(context.registry)
        self.context = context
        self.pool = pool
        self.engine = engine
        self.admin = admin
        self._signed_in: list[httpx.AsyncClient] = []
        self.escalator = Escalator(pool, context.now, metrics)
        delivery = Delivery(pool, context.now, senders, wording(context))
        self.notifier = Notifier(pool, context.now, metrics, delivery)
        self.commander = Commander(pool, context.now, metrics, context.broker)

    async def make(self, resource: str, **fields: Any) -> dict[str, Any]:
        """Adds a resource over the API."""
        answer = await self.admin.post(f"/api/v1/{resource}", json=fields)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.admin.get(f"/api/v1/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def staff(
        self, username: str, unit: str | None, *, role: str = "staff", sign_in: bool = True
    ) -> httpx.AsyncClient:
        """A new member of staff, and a client that is signed in as them."""
        await self.make(
            "staff", tenant="prov", unit=unit, username=username, name=username.title(), role=role, password=PASSWORD
        )
        client = httpx.AsyncClient(
            base_url=self.admin.base_url, headers={"Origin": str(self.admin.base_url).rstrip("/")}, timeout=20
        )
        self._signed_in.append(client)
        if sign_in:
            answer = await client.post("/api/v1/session", json={"username": username, "password": PASSWORD})
            assert answer.is_success, answer.text
        return client

    async def close(self) -> None:
        for client in self._signed_in:
            await client.aclose()

    @asynccontextmanager
    async def stream(self, client: httpx.AsyncClient | None = None, after: int | None = None) -> AsyncIterator[Stream]:
        headers = {"Last-Event-ID": str(after)} if after is not None else {}
        async with (client or self.admin).stream("GET", "/api/v1/stream", headers=headers, timeout=20) as response:
            assert response.status_code == 200
            stream = Stream(response)
            await stream.next("hello")
            yield stream

    async def pass_time(self, **step: float) -> None:
        """Time passes; deadlines fire, then whoever is due is told."""
        await self.engine.advance(**step)
        await self.reach()

    async def reach(self) -> None:
        """One round of escalation, notification and commands."""
        await self.escalator.step()
        await self.notifier.step()
        await self.notifier.finish()
        await self.commander.step()

    @asynccontextmanager
    async def device(self, topic: str) -> AsyncIterator[aiomqtt.Client]:
        """A device that listens for commands."""
        broker = self.context.broker.address
        async with aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
            await client.subscribe(topic, qos=1)
            yield client


@asynccontextmanager
async def whole_world(
    database_url: str, server: MqttServer, settings: Settings, clock: Clock | None = None
) -> AsyncIterator[World]:
    """`clock` None is one that is set by hand, by `pass_time`."""
    clock = clock or ManualClock(START)
    url = f"mqtt://{server.address}"
    context = Context(replace(settings, private_networks="127.0.0.0/8"), database_url, url, clock)
    stop = asyncio.Event()
    async with (
        open_pool(database_url) as pool,
        running_engine(database_url, server, clock, reader=reader(settings)) as engine,
        open_senders(context, pool) as senders,
    ):
        async with pool.connection() as connection:
            token = await create_token(connection, Role.ADMIN, None, None, context.wall())
        with socket.create_server(("127.0.0.1", 0)) as listening:
            serving = asyncio.create_task(run_api(context, pool, stop, listening))
            base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            headers = {"Authorization": f"Bearer {token}"}
            try:
                async with httpx.AsyncClient(base_url=base_url, headers=headers, timeout=20) as admin:
                    world = World(context, pool, engine, admin, senders)
                    try:
                        yield world
                    finally:
                        await world.close()
            finally:
                stop.set()
                await serving
