"""The API on a database of its own, without a server: its clients talk to it in the same process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from argon2 import PasswordHasher
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from api.app import create_app
from api.health import Problem
from api.sign_in import Passwords
from events.ids import TenantId, UnitId
from store.people import Role, create_token
from store.pool import Pool, open_pool
from vaka.clock import ManualClock

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ADDRESS = "http://127.0.0.1"
PASSWORD = "a password for tests"


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

    async def staff(
        self, username: str, role: str = "staff", tenant: str = "west", unit: str | None = "north"
    ) -> httpx.AsyncClient:
        """An account with the id `username`, and a client of a browser that is signed in with it."""
        admin = await self.client()
        await made(
            admin,
            "staff",
            id=username,
            tenant=tenant,
            unit=unit,
            username=username,
            name=f"Test {username.title()}",
            role=role,
            password=PASSWORD,
        )
        browser = self.anybody()
        browser.headers["Origin"] = ADDRESS
        answer = await browser.post("/api/v1/session", json={"username": username, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        return browser

    async def alarm(self, id: str, unit: str = "north", tenant: str = "west", minute: int = 0) -> None:
        """An open social alarm of the unit's resident, as the rules would have raised it."""
        at = NOON + timedelta(minutes=minute)
        place = (tenant, unit, f"{unit}-1", f"{unit}-button", f"r:{id}")
        await self.execute(
            "INSERT INTO alarms (id, tenant, unit, resident, device, key, opened_at, occurred_at, escalate_at, kind,"
            " priority, state, reason)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'social_alarm', 1, 'open', 'pressed')",
            (id, *place, at, at, at),
        )

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
        # A password takes long to check, which is meant, and is not what is tested here.
        app.state.services.passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        api = Api(app, pool, clock, wall, health)
        yield api
        for client in api.clients:
            await client.aclose()


async def made(client: httpx.AsyncClient, resource: str, **fields: Any) -> dict[str, Any]:
    """What was added over the API."""
    answer = await client.post(f"/api/v1/{resource}", json=fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def got(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    """The body of a successful answer."""
    answer = await client.get(f"/api/v1/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ids(client: httpx.AsyncClient, path: str, **query: Any) -> list[str]:
    """The ids of the items of a list's first page."""
    return [item["id"] for item in (await got(client, path, **query))["items"]]


def problem(answer: httpx.Response, status: int, field: str | None = None) -> dict[str, Any]:
    """The problem in `answer`, checked to be one of that status, about that field."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = dict(answer.json())
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    if field is not None:
        assert field in [error["field"] for error in body["errors"]], body
    return body
