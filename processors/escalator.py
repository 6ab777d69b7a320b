"""The escalator: for every alarm whose time has come, load, advance, save."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from events.ids import AlarmId
from processors.policies_now import PoliciesNow
from processors.pulse import Pulse
from processors.reach_metrics import ReachMetrics
from processors.stepping import POLL_SECONDS, keep_stepping
from rules.escalation import EscalationReason
from store.escalation import CHANNEL, Climb, due_alarms, next_due, save, take
from store.pool import Pool

BATCH = 1000
"""Alarms of one transaction: it holds the journal's lock at its end, and nobody should wait long for that."""

LOOK = 10 * BATCH
"""Alarms that are read as due at a time."""

AT_ONCE = 2
"""Batches under way: one is decided while the database writes the other."""

LAST_RESORTS = (EscalationReason.LAST_RESORT, EscalationReason.NOBODY_ELSE)


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
        policies = PoliciesNow(now)
        while await self._advance_due(policies, now):
            pass
        async with self._pool.connection() as connection:
            return await next_due(connection)

    async def run(self, database_url: str, stop: asyncio.Event, poll_seconds: float = POLL_SECONDS) -> None:
        """Steps until `stop`; survives a database that goes away and comes back."""
        step = Pulse(self._pool, "escalator").after(self._step_and_wait)
        await keep_stepping(step, database_url, CHANNEL, stop, poll_seconds=poll_seconds)

    async def _step_and_wait(self) -> float | None:
        due = await self.step()
        return None if due is None else (due - self._now()).total_seconds() / self._speed

    async def _advance_due(self, policies: PoliciesNow, now: datetime) -> bool:
        """Whether any was: rungs that were missed come one by one, so some may be due again."""
        async with self._pool.connection() as connection:
            due = await due_alarms(connection, now, LOOK)
        if not due:
            return False
        # The gravest wait for no other batch.
        done = await self._advance_batch(policies, due[:BATCH], now)
        waiting = iter([due[first : first + BATCH] for first in range(BATCH, len(due), BATCH)])
        async with asyncio.TaskGroup() as tasks:
            under_way = [tasks.create_task(self._advance_some(policies, waiting, now)) for _ in range(AT_ONCE)]
        return bool(done) or any(task.result() for task in under_way)

    async def _advance_some(self, policies: PoliciesNow, batches: Iterator[list[AlarmId]], now: datetime) -> int:
        return sum([await self._advance_batch(policies, batch, now) for batch in batches])

    async def _advance_batch(self, policies: PoliciesNow, batch: list[AlarmId], now: datetime) -> int:
        async with self._pool.connection() as connection:
            alarms = await take(connection, batch, now)
            if not alarms:
                return 0
            saved = await save(connection, await policies.decide(connection, alarms), now)
        self._count(saved)
        return len(alarms)

    def _count(self, saved: Sequence[Climb]) -> None:
        reasons = Counter(climb.advance.reason for climb in saved)
        self._metrics.unreached.inc(reasons[EscalationReason.REACHED_NOBODY])
        self._metrics.last_resorts.inc(sum(reasons[reason] for reason in LAST_RESORTS))
        self._metrics.overdue.inc(sum(climb.advance.overdue_at != climb.alarm.overdue_at for climb in saved))
        for rung, told in Counter(climb.advance.rung for climb in saved if climb.advance.tell).items():
            self._metrics.escalations.labels(rung=rung).inc(told)
