"""A whole Vaka as a user starts it: `vaka up`, embedded servers and all, on free ports."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from events.address import Address
from store.people import Role, create_token
from store.pool import connect
from vaka.clock import system_clock
from vaka.embedded.state import read_addresses

START_SECONDS = 60
STOP_SECONDS = 60


@dataclass(frozen=True)
class Up:
    """`ready_seconds`: from the command to the block that it prints once `/readyz` is 200."""

    process: psutil.Process
    http: Address
    devices: Address
    database_url: str
    ready_seconds: float

    async def token(self) -> str:
        """Of somebody who sees all alarms."""
        async with await connect(self.database_url) as connection:
            return await create_token(connection, Role.ADMIN, None, None, system_clock())


@asynccontextmanager
async def running_up(data_dir: Path, broker: str, *options: str) -> AsyncIterator[Up]:
    command = [sys.executable, "-m", "vaka", "up", "--data-dir", str(data_dir), *options]
    started = time.perf_counter()
    child = await asyncio.create_subprocess_exec(
        *command,
        *("--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"),
        env=os.environ | {"VAKA_BROKER": broker, "VAKA_LOG_LEVEL": "error"},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            http = await _printed_address(child)
        yield _up(child.pid, data_dir, http, time.perf_counter() - started)
    finally:
        await _end(child)


async def _printed_address(child: asyncio.subprocess.Process) -> Address:
    assert child.stdout is not None
    async for line in child.stdout:
        if b"http://" in line:
            return Address.parse(urlsplit(line.split()[-1].decode()).netloc)
    raise RuntimeError("vaka up did not start; what it said is above")


def _up(pid: int, data_dir: Path, http: Address, ready_seconds: float) -> Up:
    servers = read_addresses(data_dir)
    assert servers is not None
    devices = Address.parse(servers.device_mqtt)
    return Up(psutil.Process(pid), http, devices, servers.database_url, ready_seconds)


async def _end(child: asyncio.subprocess.Process) -> None:
    """As Ctrl-C does, so that it stops its servers."""
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await child.communicate()
    except TimeoutError:
        child.kill()
        raise
