"""A log that settles what it is offered when the test says so."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from events.delivery import Delivery, Rejected, Rejection

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


class Log:
    """Stands in for the engine: `offered` is what came, `settle` commits the first that waits."""

    def __init__(self) -> None:
        self.offered: list[Delivery] = []
        self.at_once = True
        self.refuse: Callable[[Delivery], Rejected | None] = lambda delivery: None
        self._waiting: list[Delivery] = []
        self._came = asyncio.Event()

    def offer(self, delivery: Delivery) -> None:
        self.offered.append(delivery)
        self._waiting.append(delivery)
        self._came.set()
        if self.at_once:
            asyncio.get_running_loop().call_soon(self.settle)

    def settle(self) -> None:
        delivery = self._waiting.pop(0)
        unread = next((one for one in delivery.content if isinstance(one, Rejected)), None)
        delivery.token.committed(unread or self.refuse(delivery))

    async def until_offered(self, count: int) -> None:
        while len(self.offered) < count:
            self._came.clear()
            await self._came.wait()


def unknown(delivery: Delivery) -> Rejected:
    return Rejected(Rejection.UNKNOWN_DEVICE, "no device is registered as this")


@pytest.fixture
def log() -> Log:
    return Log()
