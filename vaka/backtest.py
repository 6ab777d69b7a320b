"""Backtests as the command and the queue run them: from what was asked to a report on the screen or in the database."""

import csv
import io
import os
import time
from argparse import Namespace
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from processors.backtest import Asked, Finding, Report, backtest
from processors.replay_check import check
from rules.localtime import instant
from rules.plan import PlanError
from store.backtest_query import subjects
from store.backtests import Backtest, finish_backtest, note_progress
from store.backtests import backtest as queued
from store.pool import Connection, connect
from store.select import Scope
from vaka.commands import Refused
from vaka.context import Context
from vaka.progress import counting

LOW_PRIORITY = 10
PROGRESS_SECONDS = 1.0


async def run_asked(context: Context, options: Namespace, plan: dict[str, Any] | None) -> str:
    """The report as text in the format that was asked for."""
    async with await connect(context.database_url) as connection:
        people = await subjects(connection, Scope(), resident=options.resident, unit=options.unit)
        if not people:
            raise Refused(f"nobody is known as {options.resident or options.unit or 'a resident'}")
        zone = people[0].timezone
        start = instant(options.first, 0, zone)
        # What has not come yet is no silence: a day that still runs is judged as far as it has come.
        end = min(instant(options.last + timedelta(days=1), 0, zone), context.now())
        if end <= start:
            raise Refused(f"--from {options.first} is in the future")
        asked = Asked(
            start=start,
            end=end,
            unit=options.unit,
            resident=options.resident,
            plan=plan,
            history=options.history,
        )
        with counting("residents", len(people), quiet=options.quiet) as tell:

            async def on_progress(done: int, total: int) -> None:
                tell(done)

            report = await _report(connection, asked, on_progress)
    return FORMATS[options.format](report)


async def run_job(context: Context, id: str) -> None:
    """Runs a queued backtest and leaves its report in the database. Raises Refused when it cannot be done."""
    os.nice(LOW_PRIORITY)
    async with await connect(context.database_url) as reading, await connect(context.database_url) as telling:
        await telling.set_autocommit(True)
        job = await queued(telling, Scope(), id)
        if job is None:
            raise Refused(f"there is no backtest {id!r}")
        progress = _Telling(telling, id)
        report = await _report(reading, _asked(job), progress.tell)
        await progress.settle()
        await finish_backtest(telling, id, msgspec.json.encode(report).decode(), context.now())


async def run_check(context: Context) -> str:
    """Checks that replay gives what the live run gave, and says what was found."""
    os.nice(LOW_PRIORITY)
    async with await connect(context.database_url) as connection:
        checked = await check(connection, context.now())
    if checked is None:
        return "nothing to check yet, or another process is checking\n"
    return f"{checked.decisions} decisions compared, {checked.differences} differences\n"


def _asked(job: Backtest) -> Asked:
    asked = msgspec.convert(job.asked, Asked)
    return msgspec.structs.replace(asked, tenant=job.tenant)


class _Telling:
    """Notes progress at most once a second: each note renews the lease."""

    def __init__(self, connection: Connection, id: str) -> None:
        self._connection = connection
        self._id = id
        self._last: tuple[int, int] | None = None
        self._told_at = 0.0

    async def tell(self, done: int, total: int) -> None:
        self._last = (done, total)
        if time.monotonic() - self._told_at >= PROGRESS_SECONDS:
            await self.settle()

    async def settle(self) -> None:
        if self._last is not None:
            await note_progress(self._connection, self._id, *self._last)
            self._told_at = time.monotonic()


async def _report(connection: Connection, asked: Asked, on_progress: Callable[[int, int], Awaitable[None]]) -> Report:
    try:
        return await backtest(connection, Scope(asked.tenant), asked, on_progress)
    except PlanError as error:
        raise Refused(f"plan: {error}") from error


def as_text(report: Report) -> str:
    lines = [
        f"{report.residents} residents, {report.entries} entries of their logs, {report.nights} nights of one person",
        "",
        f"{'alarm':<22}{'was':>7}{'would':>7}{'new':>6}{'gone':>6}{'earlier':>9}{'later':>7}  a night (was, would)",
    ]
    for kind, tally in report.kinds.items():
        nights = report.nights or 1
        per_night = f"{tally.was_at_night / nights:.3f}, {tally.would_at_night / nights:.3f}"
        counts = f"{tally.was:>7}{tally.would:>7}{tally.new:>6}{tally.gone:>6}{tally.earlier:>9}{tally.later:>7}"
        lines.append(f"{kind:<22}{counts}  {per_night}")
    lines += ["", *(_sentence(finding) for finding in report.findings)]
    return "\n".join(lines).rstrip() + "\n"


def _sentence(finding: Finding) -> str:
    difference = finding.difference
    moved = f" by {abs(difference.minutes):.0f} min" if difference.minutes is not None else ""
    episode = difference.would or difference.was
    assert episode is not None
    told = f", accepted {_time(finding.reached['accepted_at'])}" if finding.reached else ""
    return (
        f"{_time(difference.at)} {finding.resident} {difference.kind}: {difference.change}{moved}"
        f" ({episode.reason}{told})"
    )


def _time(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC") if at is not None else "by nobody"


COLUMNS = (
    "at",
    "resident",
    "unit",
    "kind",
    "change",
    "was_at",
    "would_at",
    "minutes",
    "night",
    "reason",
    "accepted_at",
)


def as_csv(report: Report) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for finding in report.findings:
        difference = finding.difference
        was, would = difference.was, difference.would
        episode = would or was
        assert episode is not None
        reached = finding.reached or {}
        writer.writerow(
            _cell(value)
            for value in (
                difference.at,
                finding.resident,
                finding.unit,
                difference.kind,
                difference.change,
                was and was.at,
                would and would.at,
                difference.minutes,
                finding.night,
                episode.reason,
                reached.get("accepted_at"),
            )
        )
    return text.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return "" if value is None else str(value)


def as_json(report: Report) -> str:
    return msgspec.json.format(msgspec.json.encode(report)).decode() + "\n"


FORMATS: dict[str, Callable[[Report], str]] = {"text": as_text, "json": as_json, "csv": as_csv}
