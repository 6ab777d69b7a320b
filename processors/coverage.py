"""Looks every few minutes whether somebody will be reached during the next day; gaps are told in time to be filled."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Gauge

from events.control import CoverageChanged
from events.ids import TenantId, UnitId
from processors.polling import keep_polling
from processors.pulse import Pulse
from rules.coverage import Gap, GapReason, KnownGap, Outlook, Town, Watched, gaps, settle
from store import coverage
from store.inbox import put_many
from store.pool import Connection, Pool
from store.select import EVERYTHING

EVERY_SECONDS = 300.0
"""Real seconds between two looks, while Vaka's clock runs as fast as real time."""


class CoverageMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.gaps = Gauge(
            "vaka_coverage_gaps",
            "Units that an alarm of the next day would not reach as it should.",
            ["reason"],
            registry=registry,
        )
        self.checked_at = Gauge(
            "vaka_coverage_checked_timestamp_seconds",
            "When coverage was last looked at, by Vaka's clock.",
            registry=registry,
        )


class CoverageChecker:
    """`now` is Vaka's clock and `speed` how fast it runs, in its seconds for each real one."""

    def __init__(
        self, pool: Pool, now: Callable[[], datetime], metrics: CoverageMetrics, *, speed: float = 1.0
    ) -> None:
        self._pool = pool
        self._now = now
        self._metrics = metrics
        self._speed = speed

    async def run(self, stop: asyncio.Event) -> None:
        seconds = max(1.0, EVERY_SECONDS / self._speed)
        pulse = Pulse(self._pool, "coverage", timedelta(seconds=seconds))
        await keep_polling(pulse.after(self.step), "coverage", stop, seconds)

    async def step(self) -> None:
        """Each municipality in a transaction of its own, so that one which cannot be looked at hides no other."""
        now, counts, failures = self._now(), Counter[GapReason](), []
        async with self._pool.connection() as connection:
            watched = await coverage.watched(connection, EVERYTHING, now)
            known = {row.tenant for row in await coverage.known_gaps(connection, EVERYTHING)}
        for tenant in sorted({*known, *(each.tenant for each in watched)}):
            try:
                counts += await self._check(tenant, [each for each in watched if each.tenant == tenant], now)
            except Exception as error:
                failures.append(error)
        for reason in GapReason:
            self._metrics.gaps.labels(reason=reason).set(counts[reason])
        if failures:
            raise failures[0]
        self._metrics.checked_at.set(now.timestamp())

    async def _check(self, tenant: TenantId, watched: list[Watched], now: datetime) -> Counter[GapReason]:
        async with self._pool.connection() as connection:
            if not await coverage.alone(connection):
                rows = await coverage.known_gaps(connection, EVERYTHING, tenant=tenant)
                return Counter(row.reason for row in rows)
            found = await self._find(connection, tenant, watched, now)
            before = await coverage.known_gaps(connection, EVERYTHING, tenant=tenant)
            settled = settle((row.known for row in before), found, now)
            residents = {row.unit: row.residents for row in before} | {each.unit: each.residents for each in watched}
            await coverage.keep_gaps(connection, tenant, settled.known, residents)
            opened = [_told(each, residents, open=True) for each in settled.opened]
            closed = [_told(each, residents, open=False) for each in settled.closed]
            if opened or closed:
                await put_many(connection, [*opened, *closed], now)
        return Counter(each.gap.reason for each in settled.known)

    async def _find(self, connection: Connection, tenant: TenantId, watched: list[Watched], now: datetime) -> list[Gap]:
        if not watched:
            return []
        towns = await coverage.towns(connection, [tenant], now, self._speed)
        # In a thread: it may take a second, and presses are taken by this very loop.
        return await asyncio.to_thread(_gaps, towns[tenant], watched, now)


def _gaps(town: Town, watched: list[Watched], now: datetime) -> list[Gap]:
    outlook = Outlook(town, now)
    return [gap for each in watched for gap in gaps(each.unit, outlook.of(each))]


def _told(known: KnownGap, residents: dict[UnitId, int], *, open: bool) -> CoverageChanged:
    """Known from its beginning to its end by when it was told: a later gap of that kind is another one."""
    gap = known.gap
    assert known.told_at is not None
    return CoverageChanged(
        unit=gap.unit,
        episode=f"{gap.reason} {known.told_at.isoformat()}",
        reason=gap.reason,
        open=open,
        technologies=list(gap.technologies),
        residents=residents[gap.unit],
        start=gap.start,
        end=gap.end,
    )
