"""The API on a database of its own, without a server: its clients talk to it in the same process."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from api.app import create_app
from api.health import Problem
from events.ids import TenantId, UnitId
from store.people import Role, create_token
from store.pool import Pool, open_pool
from vaka.clock import ManualClock

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ADDRESS = "http://127.0.0.1"

MakeClient = Callable[..., Awaitable[httpx.AsyncClient]]


@dataclass
class FakeHealth:
    """Says what it is told to say."""

    problems: list[Problem] = field(default_factory=list)

    async def check(self) -> list[Problem]:
        return self.problems


@dataclass
class Api:
    """The application and what stands around it; `client` makes one for a role, `anybody` for nobody."""

    app: FastAPI
    pool: Pool
    clock: ManualClock
    wall: ManualClock
    health: FakeHealth
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    async def token(self, role: str, tenant: str | None = None, unit: str | None = None) -> str:
        async with self.pool.connection() as connection:
            return await create_token(
                connection,
                Role(role),
                TenantId(tenant) if tenant else None,
                UnitId(unit) if unit else None,
                self.wall(),
            )

    async def client(
        self, role: str = "admin", tenant: str | None = None, unit: str | None = None
    ) -> httpx.AsyncClient:
        client = self.anybody()
        client.headers["Authorization"] = f"Bearer {await self.token(role, tenant, unit)}"
        return client

    def anybody(self) -> httpx.AsyncClient:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app, client=("127.0.0.1", 5)), base_url=ADDRESS)
        self.clients.append(client)
        return client

    async def execute(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """For what only others write: alarms, events, usage."""
        async with self.pool.connection() as connection:
            cursor = await connection.execute(statement.encode(), values)
            return await cursor.fetchall() if cursor.description else []


@asynccontextmanager
async def open_api(database_url: str) -> AsyncIterator[Api]:
    async with open_pool(database_url) as pool:
        clock, wall, health = ManualClock(NOON), ManualClock(NOON), FakeHealth()
        app = create_app(
            pool,
            now=clock,
            wall=wall,
            health=health,
            registry=CollectorRegistry(),
            database_url=database_url,
            patience=0,
        )
        api = Api(app, pool, clock, wall, health)
        yield api
        for client in api.clients:
            await client.aclose()
