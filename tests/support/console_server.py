"""The API and the console on a real server and database, in a thread beside a browser that is driven by the test."""

import socket
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

import uvicorn
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from api.app import create_app, end_streams
from api.sign_in import hash_password
from events.ids import Key, ResidentId, StaffId, TenantId, UnitId
from rules.alarm_lifecycle import Action
from rules.decisions import AlarmKind, AnyDecision, Priority, Raise, Reason
from store import people, registry
from store.alarm_actions import Actor, act
from store.alarms import carry_out
from store.pool import Connection, Pool, open_pool
from tests.support.alarms import rows
from tests.support.api import FakeHealth
from vaka.clock import ManualClock, system_clock

Result = TypeVar("Result")

NIGHT = datetime(2026, 1, 15, 2, 12, tzinfo=UTC)
"""03:12 in Stockholm."""

TENANT, UNIT, OTHER_UNIT = TenantId("prov"), UnitId("norr"), UnitId("soder")
PASSWORD = "a password for tests"


class ConsoleServer:
    """Its clock stands still until the test moves it; `stop` and `start` keep the port and the database."""

    def __init__(self, portal: BlockingPortal, pool: Pool, database_url: str) -> None:
        self.clock = ManualClock(NIGHT)
        self.health = FakeHealth()
        self.port = 0
        self._portal = portal
        self._pool = pool
        self._database_url = database_url
        self._running: tuple[FastAPI, uvicorn.Server, Future[None]] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        app = create_app(
            self._pool,
            now=self.clock,
            wall=system_clock,
            health=self.health,
            registry=CollectorRegistry(),
            database_url=self._database_url,
        )
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none", lifespan="on"))
        self._running = (app, server, self._portal.start_task_soon(server.serve, [listening]))

    def stop(self) -> None:
        if self._running is None:
            return
        app, server, serving = self._running
        self._running = None
        self._portal.call(end_streams, app)
        server.should_exit = True
        serving.result()

    def do(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Runs `work` in a transaction of its own."""

        async def in_transaction() -> Result:
            async with self._pool.connection() as connection:
                return await work(connection)

        return self._portal.call(in_transaction)

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        return self.do(lambda connection: rows(connection, query, *values))

    def decide(self, *decisions: AnyDecision) -> None:
        """Carries out what rules would have decided now."""
        self.do(lambda connection: carry_out(connection, decisions, self.clock()))

    def press(self, resident: str, id: str, ago: timedelta = timedelta(0)) -> str:
        """A press of the social alarm, so long ago by the device's clock. Returns `id`."""
        self.decide(raised(id, resident, AlarmKind.SOCIAL_ALARM, Reason.PRESSED, at=self.clock() - ago))
        return id

    def forward(self, alarm: str, unit: UnitId) -> None:
        """The other one of the staff gives an alarm, which nobody has touched yet, to `unit`."""
        to = {"to": unit, "receiver": f"unit:{unit}", "from_unit": UNIT}
        bo = Actor("bo", "Bo Demoström")
        self.do(lambda connection: act(connection, alarm, Action.FORWARD, 1, bo, self.clock(), to))

    def add_resident(self, id: str, name: str, **about: Any) -> None:
        about = {"address": "Provgatan 12, 2 tr", "instructions": "Nyckelskåp vid dörren."} | about
        new = registry.Resident(ResidentId(id), TENANT, UNIT, name, None, None, "ordinary", **about, created_at=NIGHT)
        self.do(lambda connection: registry.add_resident(connection, new))

    def add_staff(self, username: str, name: str, role: people.Role = people.Role.STAFF) -> None:
        new = people.Staff(StaffId(username), TENANT, UNIT, username, name, role, NIGHT)
        self.do(lambda connection: people.add_staff(connection, new, password_hash()))

    def add_municipality(self) -> None:
        tenant = registry.Tenant(TENANT, "Provköping", "Europe/Stockholm", NIGHT)
        self.do(lambda connection: registry.add_tenant(connection, tenant))
        for unit, name in ((UNIT, "Norr"), (OTHER_UNIT, "Söder")):
            self._add_unit(registry.Unit(unit, TENANT, name, NIGHT))

    def _add_unit(self, unit: registry.Unit) -> None:
        self.do(lambda connection: registry.add_unit(connection, unit))


@cache
def password_hash() -> str:
    return hash_password(PASSWORD)


def raised(id: str, resident: str, kind: AlarmKind, reason: Reason, at: datetime, **detail: str) -> Raise:
    """What a rule decides about a resident; a social alarm, a fall and smoke are about life."""
    life = kind in (AlarmKind.SOCIAL_ALARM, AlarmKind.FALL, AlarmKind.SMOKE)
    priority = Priority.LIFE if life else Priority.TECHNICAL if kind is AlarmKind.RULE_FAILED else Priority.CARE
    return Raise(
        id=id,
        key=Key(f"r:{resident}"),
        at=at,
        reason=reason,
        kind=kind,
        priority=priority,
        occurred_at=at,
        detail=detail,
    )


@contextmanager
def console_server(database_url: str) -> Iterator[ConsoleServer]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(open_pool(database_url)) as pool,
    ):
        server = ConsoleServer(portal, pool, database_url)
        server.add_municipality()
        server.start()
        try:
            yield server
        finally:
            server.stop()
