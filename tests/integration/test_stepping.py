"""What calls a step: the database, time, the step itself; and that it goes on after a failure."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from processors.stepping import Step, keep_stepping
from store.pool import connect

pytestmark = pytest.mark.anyio

NEVER = 1000.0
NOWHERE = "postgresql:///vaka?host=/nowhere"


class Steps:
    """A step that counts its calls, and does each time what the next of `results` says."""

    def __init__(self, *results: float | Exception | None) -> None:
        self.results = list(results)
        self.calls: asyncio.Queue[int] = asyncio.Queue()
        self.count = 0

    async def __call__(self) -> float | None:
        self.count += 1
        self.calls.put_nowait(self.count)
        result = self.results.pop(0) if self.results else None
        if isinstance(result, Exception):
            raise result
        return result


@asynccontextmanager
async def stepping(
    step: Step, database_url: str, poll: float = NEVER, wake: asyncio.Event | None = None
) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(keep_stepping(step, database_url, "vaka_test", stop, wake, poll))
    yield
    stop.set()
    await running


async def reach(steps: Steps, count: int, meanwhile: Callable[[], object] = lambda: None) -> None:
    while await steps.calls.get() < count:
        meanwhile()


async def test_it_is_called_at_once_and_at_every_notify(database_url: str) -> None:
    steps = Steps()
    async with stepping(steps, database_url), await connect(database_url, autocommit=True) as connection:
        await reach(steps, 2)  # At once, and when listening has begun.
        for count in (3, 4):
            await connection.execute("NOTIFY vaka_test")
            await reach(steps, count)


async def test_it_is_called_again_when_it_asked_to_be(database_url: str) -> None:
    steps = Steps(-1.0, 0.0, -5.0, 0.0)
    async with stepping(steps, database_url):
        await reach(steps, 5)


async def test_it_is_called_when_the_waking_was_lost() -> None:
    steps = Steps()
    async with stepping(steps, NOWHERE, poll=0.0):
        await reach(steps, 5)


async def test_it_can_wake_itself() -> None:
    steps, wake = Steps(), asyncio.Event()
    async with stepping(steps, NOWHERE, wake=wake):
        await reach(steps, 3, wake.set)


@pytest.mark.parametrize("error", [ValueError("a bug"), OSError("no network")])
async def test_a_failure_does_not_end_it(error: Exception) -> None:
    steps = Steps(error, error)
    async with stepping(steps, NOWHERE, poll=0.0):
        await reach(steps, 3)


async def test_it_stops_while_nothing_is_to_be_done(database_url: str) -> None:
    steps = Steps()
    async with stepping(steps, database_url):
        await reach(steps, 2)
