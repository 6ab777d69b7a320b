"""What routes need from outside: the database, the clocks, the hub of the stream."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry

from api.applied import Applied
from api.health import Health
from api.hub import Hub
from api.metrics import ApiMetrics
from api.sign_in import FailedSignIns, Passwords
from events.control import Control
from store.inbox import Correction, put, put_many
from store.pool import Connection, Pool


@dataclass
class Transaction:
    """Changes that are committed together; `now` is read once for all of them."""

    connection: Connection
    now: datetime
    told: list[int] = field(default_factory=list)
    expect: Callable[[int], None] = lambda item: None

    async def tell(self, control: Control, correction: Correction | None = None) -> int:
        """Lets rules know, through the inbox; the id of the entry there."""
        item = await put(self.connection, control, self.now, correction)
        self._note(item)
        return item

    async def tell_all(self, controls: Sequence[Control]) -> None:
        """As `tell`, for many at once."""
        for item in await put_many(self.connection, controls, self.now):
            self._note(item)

    def _note(self, item: int) -> None:
        self.expect(item)
        self.told.append(item)


@dataclass
class Services:
    """`now` is the clock of rules and people, `wall` real time, for sessions and tokens."""

    pool: Pool
    now: Callable[[], datetime]
    wall: Callable[[], datetime]
    health: Health
    registry: CollectorRegistry
    metrics: ApiMetrics
    hub: Hub
    applied: Applied
    passwords: Passwords
    failed_sign_ins: FailedSignIns
    session_length: timedelta

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        async with self.pool.connection() as connection:
            yield connection

    @asynccontextmanager
    async def change(self) -> AsyncIterator[Transaction]:
        """A transaction, committed at the end of the block; then, what was told has been applied."""
        told: list[int] = []
        try:
            async with self.pool.connection() as connection:
                yield Transaction(connection, self.now(), told, self.applied.expect)
            await self.applied.settle(told)
        finally:
            self.applied.forget(told)
