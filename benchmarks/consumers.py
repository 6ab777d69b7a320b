"""What is measured end to end: Vaka's engine and the floor, each as a process of its own."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import aiomqtt
import psutil

from benchmarks.servers import Servers
from store.pool import Connection, connect

LAST_POSITION = "SELECT coalesce(max(position), -1) FROM events"


class Running(Protocol):
    """A consumer that runs."""

    process: psutil.Process

    async def stored(self) -> int:
        """How much is committed; its differences are events."""
        ...


@dataclass(frozen=True)
class Consumer:
    """`sessions` are its client ids at the broker; `stored` is a query for its events with ids like that."""

    name: str
    running: Callable[[Servers], AbstractAsyncContextManager[Running]]
    sessions: Sequence[str]
    stored: str

    async def forget(self, servers: Servers) -> None:
        """What the broker has kept for it."""
        host, port = servers.mqtt
        for session in self.sessions:
            async with aiomqtt.Client(
                host, port, identifier=session, protocol=aiomqtt.ProtocolVersion.V5, clean_start=True
            ):
                pass

    async def count(self, connection: Connection, run: str) -> int:
        """The stored events of the messages of this run."""
        row = await (await connection.execute(self.stored.encode(), (f"{run}-%",))).fetchone()
        assert row is not None
        return int(row[0])


class _Floor:
    """It tells by itself what it has stored."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self.process = psutil.Process(child.pid)
        self._child = child
        self._stored = 0

    async def stored(self) -> int:
        return self._stored

    async def follow(self) -> None:
        assert self._child.stdout is not None
        async for line in self._child.stdout:
            self._stored = int(line)


class _Vaka:
    """The database is asked; the few entries that are no events count as well."""

    def __init__(self, child: asyncio.subprocess.Process, connection: Connection) -> None:
        self.process = psutil.Process(child.pid)
        self._connection = connection

    async def stored(self) -> int:
        row = await (await self._connection.execute(LAST_POSITION)).fetchone()
        assert row is not None
        return int(row[0])


@asynccontextmanager
async def _floor(servers: Servers) -> AsyncIterator[Running]:
    address = servers.mqtt
    async with _process(["benchmarks.floor", servers.database_url, address.host, str(address.port)], servers) as child:
        running = _Floor(child)
        following = asyncio.create_task(running.follow())
        try:
            yield running
        finally:
            following.cancel()


@asynccontextmanager
async def _vaka(servers: Servers) -> AsyncIterator[Running]:
    """`vaka engine`: ingest and rules, owner of the log."""
    async with (
        await connect(servers.database_url, autocommit=True) as connection,
        _process(["vaka", "engine"], servers) as child,
    ):
        yield _Vaka(child, connection)


@asynccontextmanager
async def _process(module: Sequence[str], servers: Servers) -> AsyncIterator[asyncio.subprocess.Process]:
    settings = {
        "VAKA_DATA_DIR": str(servers.folder),
        "VAKA_DATABASE_URL": servers.database_url,
        "VAKA_MQTT_URL": f"mqtt://{servers.mqtt}",
        "VAKA_LOG_LEVEL": "error",
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *module, env=os.environ | settings, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        await child.wait()


FLOOR = Consumer("floor", _floor, ("floor",), "SELECT count(*) FROM floor WHERE id LIKE %s")
VAKA = Consumer("Vaka", _vaka, ("vaka-urgent", "vaka-bulk"), "SELECT count(*) FROM events WHERE source_id LIKE %s")
CONSUMERS = (FLOOR, VAKA)
