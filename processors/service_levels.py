"""How soon alarms are answered, for Prometheus: follows the journal, and looks at what nobody has answered."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge, Histogram

from processors.polling import keep_polling
from rules.decisions import Priority
from rules.service_levels import Measure
from store.journal import last_seq
from store.pool import Pool
from store.service_levels import happened, overdue

EVERY_SECONDS = 5.0


class ServiceLevelMetrics:
    """With a bucket at each of the targets that come with Vaka. What has no unit has an empty one here."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["unit", "priority"]
        self.times = {
            Measure.ACCEPT: Histogram(
                "vaka_alarm_accept_seconds",
                "From when an alarm was opened until somebody accepted it.",
                labels,
                buckets=(15, 30, 60, 180, 600, 1800),
                registry=registry,
            ),
            Measure.PERSON: Histogram(
                "vaka_alarm_person_seconds",
                "From when an alarm was opened until somebody was at the person.",
                labels,
                buckets=(300, 900, 1800, 2700, 5400),
                registry=registry,
            ),
            Measure.RESOLVE: Histogram(
                "vaka_alarm_resolve_seconds",
                "From when an alarm was opened until it was resolved.",
                labels,
                buckets=(900, 1800, 3600, 7200, 14400, 43200),
                registry=registry,
            ),
        }
        self.overdue = Gauge(
            "vaka_alarms_overdue",
            "Unresolved alarms that are past the longest of their targets.",
            ["measure", "priority"],
            registry=registry,
        )


class ServiceLevelMeter:
    """Counts what happens from its first step on. `now` is Vaka's clock."""

    def __init__(self, pool: Pool, now: Callable[[], datetime], metrics: ServiceLevelMetrics) -> None:
        self._pool = pool
        self._now = now
        self._metrics = metrics
        self._seen: int | None = None

    async def run(self, stop: asyncio.Event, seconds: float = EVERY_SECONDS) -> None:
        await keep_polling(self.step, "service levels", stop, seconds)

    async def step(self) -> None:
        async with self._pool.connection() as connection:
            newest = await last_seq(connection)
            new = await happened(connection, self._seen, newest) if self._seen is not None else []
            late = await overdue(connection, self._now())
        for what in new:
            times = self._metrics.times[what.measure].labels(unit=what.unit or "", priority=what.priority)
            times.observe(what.seconds)
        self._seen = newest
        for measure in Measure:
            for priority in Priority:
                count = late.get((measure, int(priority)), 0)
                self._metrics.overdue.labels(measure=measure, priority=int(priority)).set(count)
