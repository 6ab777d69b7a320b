"""The watchdog beside `vaka up`: real processes, ended as meant, ended otherwise, killed and hanging."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from tests.support.webhook_receiver import WebhookReceiver, webhook_receiver
from vaka import guard as module
from vaka.guard import Guard
from vaka.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def operators(monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[WebhookReceiver]:
    """Where watchdogs that are started from here tell; nothing that they see lasts long enough to be told."""
    with webhook_receiver() as receiver:
        monkeypatch.setenv("VAKA_DATABASE_URL", database_url)
        monkeypatch.setenv("VAKA_WATCHDOG_WEBHOOK", receiver.url)
        monkeypatch.setenv("VAKA_STANDSTILL_SECONDS", "1000")
        yield receiver


@asynccontextmanager
async def guarded(folder: Path) -> AsyncIterator[tuple[Guard, psutil.Process]]:
    guard = Guard(Settings(data_dir=folder))
    running = asyncio.create_task(guard.run())
    try:
        yield guard, await watchdog(guard)
    finally:
        running.cancel()
        await asyncio.wait([running])
        await guard.end()


async def watchdog(guard: Guard, but: int | None = None) -> psutil.Process:
    """The guard's watchdog once it has one that is not `but`."""
    while guard.pid in (None, but):  # noqa: ASYNC110 - it is another process that is waited for
        await asyncio.sleep(0)
    return psutil.Process(guard.pid)


async def test_an_end_that_is_meant_is_silent(tmp_path: Path, operators: WebhookReceiver) -> None:
    async with guarded(tmp_path) as (guard, child):
        await guard.end()
        assert not child.is_running()
    assert operators.requests.empty()


async def test_an_end_that_is_not_meant_is_told_first(tmp_path: Path, operators: WebhookReceiver) -> None:
    async with guarded(tmp_path) as (guard, child):
        await guard.abandon()
        assert not child.is_running()
    (request,) = operators.take()
    assert [(notice["part"], notice["news"]) for notice in request.json["notices"]] == [("vaka", "begun")]


async def test_one_that_dies_or_hangs_is_begun_again(
    tmp_path: Path, operators: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.0)
    async with guarded(tmp_path) as (guard, first):
        first.kill()
        second = await watchdog(guard, but=first.pid)
        assert second.is_running()
    monkeypatch.setattr(module, "DEAF_SECONDS", 0.5)
    monkeypatch.setenv("VAKA_STANDSTILL_SECONDS", "0.5")
    guard = Guard(Settings(data_dir=tmp_path, standstill_seconds=0.5))
    running = asyncio.create_task(guard.run())
    hanging = await watchdog(guard)
    hanging.send_signal(signal.SIGSTOP)
    await watchdog(guard, but=hanging.pid)
    assert not hanging.is_running()
    running.cancel()
    await asyncio.wait([running])
    await guard.end()


async def test_nothing_is_left_when_nothing_was_begun(tmp_path: Path) -> None:
    await Guard(Settings(data_dir=tmp_path)).end()
