"""Puts the watchdog together, and keeps it running: beside the `vaka up` that started it, or by itself."""

import asyncio
import contextlib
import os
import signal
import sys
from datetime import timedelta

import httpx

from vaka.clock import system_clock
from vaka.context import API_FILE
from vaka.embedded.state import read_addresses
from vaka.settings import Settings
from vaka.time_pin import clock_of, read_pin
from vaka.watchdog.judge import Patience
from vaka.watchdog.look import LOOK_SECONDS, Lookout, Surroundings
from vaka.watchdog.run import Heartbeat, Watchdog
from vaka.watchdog.tell import EmailPath, Path, StderrPath, WebhookPath

STOP = b"stop\n"
"""What a parent says that ends because it was asked to."""

TURNS = 6
"""So often it looks within the time that a part may stand still."""


async def keep_watch(settings: Settings, *, with_parent: bool) -> None:
    """Until SIGINT or SIGTERM, or until the parent ends; that it was killed is told."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with httpx.AsyncClient(trust_env=False, timeout=LOOK_SECONDS) as http:
        dog = watchdog(settings, http, with_parent=with_parent)
        seconds = settings.standstill_seconds / TURNS
        if not with_parent:
            await dog.run(stop, seconds, after_turn=lambda: None)
            return
        parent = os.getppid()
        hearing = asyncio.create_task(_hear_parent(stop))
        await dog.run(stop, seconds, after_turn=_tell_parent)
        if hearing.done() and not hearing.result():
            await dog.part(f"process {parent}, which ran all of it, ended without having been asked to")
        hearing.cancel()


def watchdog(settings: Settings, http: httpx.AsyncClient, *, with_parent: bool) -> Watchdog:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    patience = Patience(
        timedelta(seconds=settings.standstill_seconds), timedelta(minutes=settings.watchdog_repeat_minutes)
    )
    return Watchdog(
        Lookout(surroundings(settings, with_parent=with_parent), http, system_clock),
        paths(settings, http),
        Heartbeat(http, settings.heartbeat_url, settings.heartbeat_seconds),
        settings.data_dir,
        patience,
        system_clock,
    )


def surroundings(settings: Settings, *, with_parent: bool) -> Surroundings:
    pinned = read_pin(settings.data_dir)
    return Surroundings(
        database_url=lambda: _database_url(settings),
        api_url=lambda: _api_of_parent(settings) if with_parent else settings.watchdog_api,
        folder=settings.data_dir,
        free_mb=settings.watchdog_free_mb,
        now=clock_of(pinned),
        speed=pinned.speed if pinned is not None else 1.0,
        lasting=timedelta(seconds=settings.standstill_seconds),
        catch_up=timedelta(seconds=settings.catch_up_seconds),
    )


def paths(settings: Settings, http: httpx.AsyncClient) -> list[Path]:
    found: list[Path] = [StderrPath()]
    if settings.watchdog_webhook is not None:
        found.append(WebhookPath(http, settings.watchdog_webhook))
    if settings.watchdog_smtp is not None:
        receivers = [receiver.strip() for receiver in (settings.watchdog_email_to or "").split(",")]
        found.append(EmailPath(settings.watchdog_smtp, settings.watchdog_email_from or "", receivers))
    return found


def _database_url(settings: Settings) -> str | None:
    if settings.database_url is not None:
        return settings.database_url
    addresses = read_addresses(settings.data_dir)
    return addresses.database_url if addresses is not None else None


def _api_of_parent(settings: Settings) -> str | None:
    try:
        return f"http://{(settings.data_dir / API_FILE).read_text(encoding='ascii').strip()}"
    except OSError:
        return None


async def _hear_parent(stop: asyncio.Event) -> bool:
    """Whether the parent ended as it was asked to: it says so before its end of the pipe is closed."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    said = await reader.read()
    stop.set()
    return said == STOP


def _tell_parent() -> None:
    """A sign of life after each turn. One that is gone cannot hear it, and is told of elsewhere."""
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), b".")
