"""The escalator: for every alarm whose time has come, load, advance, save."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from events.ids import TenantId, UnitId
from processors.reach_metrics import ReachMetrics
from processors.stepping import POLL_SECONDS, keep_stepping
from rules.escalation import AlarmView, EscalationReason, Reach, advance, policy_for
from rules.reach import reach
from store.escalation import CHANNEL, Climb, due_alarms, next_due, rosters, save
from store.pool import Connection, Pool

BATCH = 500
"""Alarms of one transaction: it holds the journal's lock at its end, and nobody should wait long for that."""


class Escalator:
    """Several may run at once: an alarm that one has in hand is skipped by the others.

    `now` is Vaka's clock and `speed` how fast it runs, in its seconds for each real one.
    """

    def __init__(self, pool: Pool, now: Callable[[], datetime], metrics: ReachMetrics, *, speed: float = 1.0) -> None:
        self._pool = pool
        self._now = now
        self._metrics = metrics
        self._speed = speed

    async def step(self) -> datetime | None:
        """Tells the next rung of every alarm that is due; returns when the next one is (None: none is waiting)."""
        now = self._now()
        while await self._advance_batch(now):
            pass
        async with self._pool.connection() as connection:
            return await next_due(connection)

    async def run(self, database_url: str, stop: asyncio.Event, poll_seconds: float = POLL_SECONDS) -> None:
        """Steps until `stop`; survives a database that goes away and comes back."""
        await keep_stepping(self._step_and_wait, database_url, CHANNEL, stop, poll_seconds=poll_seconds)

    async def _step_and_wait(self) -> float | None:
        due = await self.step()
        return None if due is None else (due - self._now()).total_seconds() / self._speed

    async def _advance_batch(self, now: datetime) -> int:
        async with self._pool.connection() as connection:
            alarms = await due_alarms(connection, now, BATCH)
            if not alarms:
                return 0
            saved = await save(connection, await _decide(connection, alarms, now), now)
        for climb in saved:
            self._count(climb)
        return len(alarms)

    def _count(self, climb: Climb) -> None:
        if climb.advance.reason is EscalationReason.REACHED_NOBODY:
            self._metrics.unreached.inc()
        elif climb.advance.tell:
            self._metrics.escalations.labels(rung=climb.advance.rung).inc()


async def _decide(connection: Connection, alarms: list[AlarmView], now: datetime) -> list[Climb]:
    """Alarms of the same unit reach the same people, so that is worked out once for all of them."""
    directory = await rosters(connection, {alarm.tenant for alarm in alarms})
    reaches: dict[tuple[TenantId, UnitId | None, str | None], Reach] = {}
    climbs = []
    for alarm in alarms:
        place = (alarm.tenant, alarm.unit, alarm.forwarded_to)
        if place not in reaches:
            reaches[place] = reach(directory[alarm.tenant], alarm.unit, alarm.forwarded_to)
        climbs.append(Climb(alarm, advance(alarm, policy_for(alarm), reaches[place], now)))
    return climbs
