"""How long one step of the escalator takes when very many alarms are due at once.

A municipality in which something has gone wrong for everybody: every alarm is open, and its next rung is due. Each
unit plans its duty and has a policy of its own; people have contact points. A step reads what is due, decides by
policies, duty and reach, and saves alarms, journal and notifications, each batch in a transaction.
"""

import asyncio
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import psutil
from prometheus_client import CollectorRegistry

from benchmarks.progress import say
from benchmarks.servers import folder
from benchmarks.table import Table
from processors.escalator import Escalator
from processors.reach_metrics import ReachMetrics
from rules.policy import Group, Policy, Rung, Whom
from store.migrate import migrate
from store.pool import Connection, Pool, open_pool
from vaka.embedded.postgres import Postgres

TARGET_SECONDS = 1.0
BEGAN = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
RUNGS = {0: "the first rung: who is on duty", 3: "the second rung: the whole unit", 6: "the third rung, on duty again"}
"""By the minute at which all alarms come to it."""


@dataclass(frozen=True)
class Size:
    """`staff` of each unit, of whom `working` are on duty; a third of the rest is signed in."""

    alarms: int = 10_000
    units: int = 100
    staff: int = 15
    working: int = 1
    repetitions: int = 5


QUICK = Size(alarms=40, units=2, staff=3, repetitions=1)


@dataclass(frozen=True)
class Step:
    """`told`: notifications that were written; `seconds` of the wall clock, and of CPU here and in the database."""

    told: int
    seconds: float
    cpu: float
    database_cpu: float


def run(size: Size) -> list[Table]:
    with folder() as path:
        database = Postgres(path)
        try:
            database.start()
            migrate(database.url)
            assert database.pid is not None
            steps = asyncio.run(_measure(database.url, psutil.Process(database.pid), size))
        finally:
            database.stop()
    rows = []
    for name, taken in steps.items():
        ordered = sorted(taken, key=lambda step: step.seconds)
        best, median, worst = ordered[0], ordered[len(ordered) // 2], ordered[-1]
        times = (best.seconds, median.seconds, worst.seconds)
        rows.append((name, median.told, *times, median.cpu, median.database_cpu, TARGET_SECONDS / median.seconds))
    notes = [
        f"{size.alarms:,} open alarms of {size.units} units, all due at once; {size.staff} staff in each unit,"
        f" {size.working} on duty, each with two contact points, a third signed in. {size.repetitions} runs.",
        "Read what is due, decide by policy, duty and reach, save alarms, journal and notifications, commit.",
        "The escalator decides one batch while the database writes another: on two free cores a step takes little more"
        " than the larger of both CPU times, on a busy machine it waits for them.",
        f"Target: a step within {TARGET_SECONDS:.0f} s.",
    ]
    columns = ("all at", "notifications", "best s", "median s", "worst s", "CPU s", "database CPU s", "of the target")
    return [Table("One step of the escalator", columns, rows, notes)]


async def _measure(url: str, server: psutil.Process, size: Size) -> dict[str, list[Step]]:
    steps: dict[str, list[Step]] = {name: [] for name in RUNGS.values()}
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(url))
        async with pool.connection() as connection:
            await _furnish(connection, size)
        for repetition in range(size.repetitions):
            await _clear(pool, size)
            for (name, taken), minutes in zip(steps.items(), (0, 3, 11), strict=True):
                if name == "the repeat":
                    await Escalator(
                        pool, lambda: BEGAN + timedelta(minutes=6), ReachMetrics(CollectorRegistry())
                    ).step()
                taken.append(await _step(pool, server, BEGAN + timedelta(minutes=minutes)))
                say(f"escalator, run {repetition + 1}, {name}: {taken[-1].seconds:.2f} s, {taken[-1].told:,} told")
    return steps


async def _step(pool: Pool, server: psutil.Process, now: datetime) -> Step:
    before, database = await _told(pool), _cpu(server)
    escalator = Escalator(pool, lambda: now, ReachMetrics(CollectorRegistry()))
    cpu, began = time.process_time(), time.perf_counter()
    await escalator.step()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return Step(await _told(pool) - before, seconds, cpu, max(0.0, _cpu(server) - database))


def _cpu(server: psutil.Process) -> float:
    """Seconds of CPU of all processes of the server that are there; its connections stay open meanwhile."""
    seconds = 0.0
    for process in server.children():
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system
    return seconds


async def _told(pool: Pool) -> int:
    async with pool.connection() as connection:
        row = await (await connection.execute("SELECT count(*) FROM notifications")).fetchone()
        assert row is not None
        return int(row[0])


FURNISH = """
INSERT INTO tenants VALUES ('town', 'Town', 'Europe/Stockholm', %(began)s);
INSERT INTO units SELECT 'u' || u, 'town', 'Unit ' || u, %(began)s FROM generate_series(1, %(units)s) AS u;
INSERT INTO staff (id, tenant, unit, username, name, role, password_hash, created_at)
SELECT 's' || u || '-' || n, 'town', 'u' || u, 's' || u || '-' || n, 'Test', 'staff', '', %(began)s
FROM generate_series(1, %(units)s) AS u, generate_series(1, %(staff)s) AS n;
INSERT INTO sessions SELECT sha256(id::bytea), id, now(), now() + interval '1 day'
FROM staff WHERE right(id, 1) IN ('1', '4', '7');
INSERT INTO channel_providers VALUES ('town', 'sms', '{}', %(began)s, 'benchmark');
INSERT INTO contact_points (id, tenant, owner, owner_id, channel, address, rank, created_at, created_by)
SELECT id || '-' || channel, 'town', 'staff', id, channel, '{}', rank, %(began)s, 'benchmark'
FROM staff, (VALUES ('push', 1), ('sms', 2)) AS ways (channel, rank);
INSERT INTO duty_shifts (id, tenant, staff, units, "from", "to", created_at, created_by)
SELECT 'shift-' || staff.id, 'town', staff.id, ARRAY[unit], %(began)s - interval '2 h', %(began)s + interval '6 h',
    %(began)s - interval '1 day', 'benchmark'
FROM staff WHERE split_part(id, '-', 2)::int <= %(working)s;
INSERT INTO duty_planned
SELECT 'town', ARRAY[id], NULL, %(began)s - interval '2 h', %(began)s + interval '6 h' FROM units;
INSERT INTO policies (id, tenant, unit, created_at) SELECT 'p' || id, 'town', id, %(began)s FROM units;
INSERT INTO policy_versions SELECT 'p' || id, 1, %(policy)s::jsonb, %(began)s, 'benchmark' FROM units;
"""
CLEAR = "TRUNCATE notifications, alarm_journal, alarms, decisions CASCADE"
ALARMS = """
INSERT INTO alarms (id, tenant, unit, device, key, kind, priority, state, reason, opened_at, occurred_at, escalate_at)
SELECT md5(n::text), 'town', 'u' || (n %% %(units)s + 1), 'device-' || n, 'r:' || n, 'inactivity', 2, 'open',
    'no_activity', %(began)s, %(began)s, %(began)s
FROM generate_series(1, %(alarms)s) AS n
"""
POLICY = Policy(
    name="Unit",
    rungs=(
        Rung(0, (Whom(Group.ON_DUTY),)),
        Rung(180, (Whom(Group.UNIT),)),
        Rung(360, (Whom(Group.ALARM_CENTRE), Whom(Group.ON_DUTY))),
    ),
    repeat_seconds=300,
)


async def _furnish(connection: Connection, size: Size) -> None:
    values = {"began": BEGAN, "units": size.units, "staff": size.staff, "working": size.working}
    values["policy"] = msgspec.json.encode(POLICY).decode()
    for statement in FURNISH.split(";\n"):
        if statement.strip():
            await connection.execute(statement.encode(), values)


async def _clear(pool: Pool, size: Size) -> None:
    async with pool.connection() as connection:
        await connection.execute(CLEAR)
        await connection.execute(ALARMS, {"began": BEGAN, "alarms": size.alarms, "units": size.units})
    async with pool.connection() as connection:
        await connection.set_autocommit(True)
        await connection.execute("VACUUM ANALYZE alarms, notifications, alarm_journal")
        await connection.set_autocommit(False)
