"""Calls a step when there is something to do: woken by the database, by time, or by itself.

A step does all that is due and says when it wants to be called again. It survives everything: while the database is
away, or a step fails, it is called again after a growing delay, for whoever keeps watch must not stop.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

import aiomqtt

from processors.backoff import Backoff
from store.failures import DATABASE_DOWN
from store.listen import listen

log = logging.getLogger(__name__)

Step = Callable[[], Awaitable[float | None]]
"""Does what is due; returns real seconds until there is more, or None when nothing is planned."""

POLL_SECONDS = 5.0
"""A step is called at least this often: a waking can get lost together with a connection."""

# Something is due but in another process's hands: it is looked at again soon, but not at once.
LEAST_SECONDS = 0.05
_SERVER_AWAY = (*DATABASE_DOWN, aiomqtt.MqttError)
_BACKOFF = Backoff(timedelta(seconds=0.1), timedelta(seconds=5))


async def keep_stepping(
    step: Step,
    database_url: str,
    channel: str,
    stop: asyncio.Event,
    wake: asyncio.Event | None = None,
    poll_seconds: float = POLL_SECONDS,
) -> None:
    """Calls `step` until `stop`: now, at every NOTIFY on `channel`, when `wake` is set, and when it asked to be."""
    wake = wake or asyncio.Event()
    listener = asyncio.create_task(_listen(database_url, channel, wake))
    failures = 0
    try:
        while not stop.is_set():
            wake.clear()
            try:
                wanted = await step()
                failures = 0
                seconds = poll_seconds if wanted is None else min(max(wanted, LEAST_SECONDS), poll_seconds)
            except Exception as error:
                failures += 1
                # A server that is away is one line; for anything else somebody must read where it went wrong.
                trace = None if isinstance(error, _SERVER_AWAY) else error
                log.error("step of %s failed, %d in a row: %s", channel, failures, error, exc_info=trace)
                seconds = _BACKOFF.delay(failures).total_seconds()
            await wait_for_any(wake, stop, timeout=seconds)
    finally:
        listener.cancel()
        await asyncio.wait([listener])


async def _listen(database_url: str, channel: str, wake: asyncio.Event) -> None:
    failures = 0
    while True:
        try:
            async for _ in listen(database_url, channel):
                failures = 0
                wake.set()
        except Exception as error:
            failures += 1
            log.warning("listening on %s ended: %s", channel, error)
        await asyncio.sleep(_BACKOFF.delay(failures or 1).total_seconds())


async def wait_for_any(*events: asyncio.Event, timeout: float) -> None:
    """Until one of `events` is set, at most `timeout` seconds."""
    tasks = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
