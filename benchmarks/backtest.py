"""How long it takes to judge a year of a unit again, on one core, with reading it from the database."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from benchmarks.day import MIX, OPENING_MINUTES, SENDERS, ZONE, plan_of
from benchmarks.progress import say
from benchmarks.servers import folder
from benchmarks.table import Table
from processors.backtest import WARM_UP, Asked, Report, backtest
from store.migrate import migrate
from store.pool import Connection, connect
from store.select import Scope
from vaka.embedded.postgres import Postgres

TARGET_SECONDS = 60
EVENTS_A_DAY = 300
START = datetime(2025, 1, 1, tzinfo=UTC)

PEOPLE = """
INSERT INTO tenants (id, name, timezone, created_at) VALUES ('bench', 'Bench', %(zone)s, %(start)s);
INSERT INTO units (id, tenant, name, created_at) VALUES ('bench-unit', 'bench', 'Bench', %(start)s);
INSERT INTO residents (id, tenant, unit, name, created_at)
SELECT 'bench-' || n, 'bench', 'bench-unit', 'Testa ' || n, %(start)s FROM generate_series(1, %(residents)s) AS n;
INSERT INTO plans (resident, version, tenant, plan, given, created_at, created_by)
SELECT id, 1, 'bench', %(plan)s, %(plan)s, %(start)s, 'bench' FROM residents;
"""
# Everybody's events are spread evenly over the day; the kinds are shuffled by a hash, so that every run has the same.
EVENTS = """
INSERT INTO events (position, key, kind, tenant, device, resident, occurred_at, received_at, data)
SELECT row_number() OVER (ORDER BY at, resident), 'r:bench-' || resident, kind, 'bench',
    'bench-' || resident || '-' || (%(senders)s::jsonb ->> kind), 'bench-' || resident, at - interval '700 ms', at,
    jsonb_build_object('at', at - interval '700 ms', 'percent', 70, 'latitude', 59.3, 'longitude', 18.1)
FROM (
    SELECT resident, %(start)s + n * (interval '1 day' / %(a_day)s) AS at,
        (%(kinds)s::text[])[1 + abs(hashint8(n * 131 + resident)) %% 1000] AS kind
    FROM generate_series(1, %(residents)s) AS resident, generate_series(0, %(days)s::int * %(a_day)s::int - 1) AS n
    UNION ALL
    SELECT resident, (timezone(%(zone)s, %(start)s)::date + day + time::time + interval '25 min') AT TIME ZONE %(zone)s,
        'dose_taken'
    FROM generate_series(1, %(residents)s) AS resident, generate_series(0, %(days)s - 1) AS day,
        unnest(%(doses)s::text[]) AS time
    WHERE abs(hashint8(day * 977 + resident)) %% 20 > 0
) AS happened
"""


@dataclass(frozen=True)
class Size:
    residents: int = 50
    days: int = 365


QUICK = Size(residents=2, days=5)


@dataclass(frozen=True)
class Judged:
    """Wall and process seconds of one backtest."""

    report: Report
    seconds: float
    process_seconds: float


def run(size: Size) -> list[Table]:
    with folder() as path:
        database = Postgres(path)
        database.start()
        try:
            migrate(database.url)
            return asyncio.run(_measure(database.url, size))
        finally:
            database.stop()


async def _measure(url: str, size: Size) -> list[Table]:
    async with await connect(url) as connection:
        await _live(connection, size)
        runs = {
            "the plans of the time": await _judge(connection, size, None),
            "another plan for everybody": await _judge(connection, size, plan_of(30)),
        }
    return [_table(runs, size)]


async def _live(connection: Connection, size: Size) -> None:
    kinds = [kind for kind, per_mille in MIX.items() for _ in range(per_mille)]
    doses = [f"{minute // 60:02}:{minute % 60:02}" for minute in OPENING_MINUTES]
    values = {
        "zone": ZONE, "start": START - WARM_UP, "residents": size.residents, "days": size.days + WARM_UP.days,
        "a_day": EVENTS_A_DAY, "kinds": kinds, "doses": doses, "plan": msgspec.json.encode(plan_of(0)).decode(),
        "senders": msgspec.json.encode(SENDERS).decode(),
    }  # fmt: skip
    for statement in PEOPLE.strip().rstrip(";").split(";\n"):
        await connection.execute(statement.encode(), values)
    say("backtest: living a year ...")
    await connection.execute(EVENTS, values)
    await connection.commit()
    await connection.execute("ANALYZE events")
    await connection.commit()


async def _judge(connection: Connection, size: Size, plan: dict[str, object] | None) -> Judged:
    asked = Asked(start=START, end=START + timedelta(days=size.days), unit=None, plan=plan)
    wall, process = time.perf_counter(), time.process_time()
    report = await backtest(connection, Scope(), asked)
    judged = Judged(report, time.perf_counter() - wall, time.process_time() - process)
    say(f"backtest: {report.entries:,} entries in {judged.seconds:.1f} s")
    await connection.commit()
    return judged


def _table(runs: dict[str, Judged], size: Size) -> Table:
    rows = [
        (
            name,
            judged.report.entries,
            judged.seconds,
            judged.process_seconds,
            1e6 * judged.seconds / judged.report.entries,
            TARGET_SECONDS / judged.seconds,
        )
        for name, judged in runs.items()
    ]
    notes = [
        f"{size.residents} residents, {size.days} days and {WARM_UP.days} before them to warm up, {EVENTS_A_DAY} "
        "events a resident and day, of which the rules read those that they have a use for.",
        "The database works on the other core meanwhile. No alarm was recorded, so every alarm is a difference.",
        f"Target: {TARGET_SECONDS} s.",
    ]
    columns = ("judged by", "entries", "s", "CPU s", "µs/entry", "target / s")
    return Table("Backtest of one year of a unit, read from the database", columns, rows, notes)
