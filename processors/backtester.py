"""Runs the backtests that people asked for, one at a time, each in a process of its own with low priority.

A year of a unit keeps a core busy for a minute, and nobody who presses a button may wait for that. The process writes
its progress and its report itself; here it is only started and watched.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from processors.stepping import keep_stepping
from store.backtests import CHANNEL, fail_backtest, take_backtest
from store.pool import Pool

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3


class Backtester:
    """`command` gives the program that runs the backtest of an id, and its arguments."""

    def __init__(self, pool: Pool, now: Callable[[], datetime], command: Callable[[str], Sequence[str]]) -> None:
        self._pool = pool
        self._now = now
        self._command = command

    async def run(self, database_url: str, stop: asyncio.Event) -> None:
        await keep_stepping(lambda: self._step(stop), database_url, CHANNEL, stop)

    async def _step(self, stop: asyncio.Event) -> float | None:
        while not stop.is_set():
            async with self._pool.connection() as connection:
                taken = await take_backtest(connection)
            if taken is None:
                return None
            await self._run_one(*taken, stop)
        return None

    async def _run_one(self, id: str, attempt: int, stop: asyncio.Event) -> None:
        if attempt > MAX_ATTEMPTS:
            await self._fail(id, f"it was begun {MAX_ATTEMPTS} times and never came to its end")
            return
        process = await asyncio.create_subprocess_exec(
            *self._command(id), stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        ending = asyncio.create_task(process.communicate())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([ending, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not ending.done():
            # Its lease runs out, and whoever is there then begins it anew.
            process.terminate()
            await ending
            return
        _, said = ending.result()
        if process.returncode:
            why = said.decode(errors="replace").strip().rpartition("\n")[2]
            log.error("backtest %s failed: %s", id, why)
            await self._fail(id, why or f"the process ended with {process.returncode}")

    async def _fail(self, id: str, why: str) -> None:
        async with self._pool.connection() as connection:
            await fail_backtest(connection, id, why[:1000], self._now())
