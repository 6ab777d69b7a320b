"""Runs the backtests that people asked for, and once a day the check that replay gives what the live run gave.

Each in a process of its own with low priority, one at a time: a year of a unit keeps a core busy for a minute, and
nobody who presses a button may wait for that. The process writes its progress and its report itself; here it is only
started and watched.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from processors.backtest_metrics import BacktestMetrics
from processors.replay_check import is_due
from processors.stepping import keep_stepping
from store.backtests import CHANNEL, fail_backtest, take_backtest
from store.pool import Pool
from store.replay_check import last_check

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
BETWEEN_CHECKS_SECONDS = 600.0
"""Real seconds until the first check, and before one that was tried is tried again, whatever became of it."""


class Backtester:
    """`command`: the program for what is to be run, with its arguments; it finds the database by `environment`."""

    def __init__(
        self,
        pool: Pool,
        now: Callable[[], datetime],
        command: Callable[..., Sequence[str]],
        environment: Mapping[str, str],
        metrics: BacktestMetrics,
    ) -> None:
        self._pool = pool
        self._now = now
        self._command = command
        self._environment = environment
        self._metrics = metrics
        self._check_after = 0.0

    async def run(self, database_url: str, stop: asyncio.Event) -> None:
        # A Vaka that has just begun has better things to do.
        self._check_after = asyncio.get_running_loop().time() + BETWEEN_CHECKS_SECONDS
        await keep_stepping(lambda: self.step(stop), database_url, CHANNEL, stop)

    async def step(self, stop: asyncio.Event) -> float | None:
        """Runs all that waits."""
        while not stop.is_set():
            async with self._pool.connection() as connection:
                taken = await take_backtest(connection)
            if taken is None:
                break
            await self._run_one(*taken, stop)
        await self._check(stop)
        return None

    async def _run_one(self, id: str, attempt: int, stop: asyncio.Event) -> None:
        if attempt > MAX_ATTEMPTS:
            await self._fail(id, f"it was begun {MAX_ATTEMPTS} times and never came to its end")
            return
        why = await self._run_program(stop, "--job", id)
        if why is not None:
            log.error("backtest %s failed: %s", id, why)
            await self._fail(id, why)

    async def _check(self, stop: asyncio.Event) -> None:
        clock = asyncio.get_running_loop().time
        if stop.is_set() or clock() < self._check_after:
            return
        async with self._pool.connection() as connection:
            due = await is_due(connection, self._now())
        if due:
            self._check_after = clock() + BETWEEN_CHECKS_SECONDS
            why = await self._run_program(stop, "--check")
            if why is not None:
                log.error("replay could not be checked: %s", why)
        async with self._pool.connection() as connection:
            self._metrics.checked(await last_check(connection))

    async def _run_program(self, stop: asyncio.Event, *which: str) -> str | None:
        """Why it failed; None when it came to its end, or was stopped with everything else."""
        process = await asyncio.create_subprocess_exec(
            *self._command(*which),
            env=dict(self._environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        ending = asyncio.create_task(process.communicate())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([ending, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not ending.done():
                # A backtest's lease runs out, and whoever is there then begins it anew.
                process.terminate()
        _, said = await ending
        if stop.is_set() or not process.returncode:
            return None
        return said.decode(errors="replace").strip().rpartition("\n")[2] or f"it ended with {process.returncode}"

    async def _fail(self, id: str, why: str) -> None:
        self._metrics.failed.inc()
        async with self._pool.connection() as connection:
            await fail_backtest(connection, id, why[:1000], self._now())
