"""A person's history judged again: by the same plan nothing differs, by another one what would have."""

from argparse import Namespace
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from events.address import MqttServer
from events.ids import ResidentId
from events.kinds import Technology
from processors.backtest import Asked, Report, backtest
from rules.backtest import Change
from rules.decisions import AlarmKind
from rules.plan import PlanError
from rules.policy import Group, Whom
from store.pool import Pool
from store.select import Scope
from tests.support import village
from tests.support.engine import START, RunningEngine, running_engine
from vaka.backtest import run_asked
from vaka.clock import ManualClock
from vaka.commands import Refused
from vaka.context import Context
from vaka.settings import Settings

pytestmark = pytest.mark.anyio

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
ANNA = ResidentId("anna")


def limit(minutes: int) -> dict[str, Any]:
    return {"inactivity": {"limits": [{"minutes": minutes}]}}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
async def engine(
    database_url: str, mqtt_server: MqttServer, clock: ManualClock, pool: Pool
) -> AsyncIterator[RunningEngine]:
    """Anna has a motion sensor and three hours; Bo a motion sensor and no plan."""
    async with pool.connection() as connection:
        await village.found(connection, clock())
        for name in ("anna", "bo"):
            resident = await village.move_in(connection, name, clock())
            await village.lend(connection, f"motion-{name}", Technology.PASSIVE_ALARM, resident, clock())
        await village.plan(connection, ANNA, limit(180), clock())
    async with running_engine(database_url, mqtt_server, clock) as running:
        await running.heed()
        yield running


async def live(engine: RunningEngine, *quiet: int) -> None:
    """Anna moves, is quiet for so many hours, moves again, and so on. Bo moves whenever she does."""
    for hours in quiet:
        await engine.say("motion-anna", "motion")
        await engine.say("motion-bo", "motion")
        for _ in range(hours):
            await engine.advance(hours=1)
    await engine.say("motion-anna", "motion")


async def judged(pool: Pool, clock: ManualClock, **asked: Any) -> Report:
    async with pool.connection() as connection:
        return await backtest(connection, Scope(), Asked(start=START, end=clock() + SECOND, **asked))


async def test_the_same_rules_and_plans_give_what_happened(
    engine: RunningEngine, pool: Pool, clock: ManualClock
) -> None:
    await live(engine, 2, 4, 1, 5)
    report = await judged(pool, clock)
    assert report.findings == []
    assert (report.residents, report.kinds[AlarmKind.INACTIVITY].was) == (2, 2)
    assert report.kinds[AlarmKind.INACTIVITY].would == 2


async def test_a_plan_that_changed_on_the_way_is_followed(
    engine: RunningEngine, pool: Pool, clock: ManualClock
) -> None:
    await live(engine, 4)
    async with pool.connection() as connection:
        await village.plan(connection, ANNA, limit(30), clock())
    await engine.heed()
    await live(engine, 1, 1)
    report = await judged(pool, clock)
    assert report.findings == []
    assert report.kinds[AlarmKind.INACTIVITY].would == 3


async def test_a_longer_limit_comes_later_or_not_at_all(engine: RunningEngine, pool: Pool, clock: ManualClock) -> None:
    await live(engine, 4, 1, 6)
    report = await judged(pool, clock, plan=limit(300), resident=ANNA)
    (gone, later) = report.findings
    assert (gone.difference.change, later.difference.change) == (Change.GONE, Change.LATER)
    assert (later.difference.minutes, later.resident, later.unit) == (120, ANNA, village.UNIT)
    assert gone.reached is not None
    assert gone.reached["state"] == "open"
    assert later.would_reach[0].to == (Whom(Group.ON_DUTY),)
    assert later.policy == ("vaka:care", 1)
    assert later.would_reach[0].at == later.difference.at
    assert report.kinds[AlarmKind.INACTIVITY].would == 1


async def test_a_shorter_limit_comes_earlier_and_more_often_also_for_who_had_no_plan(
    engine: RunningEngine, pool: Pool, clock: ManualClock
) -> None:
    await live(engine, 4, 2)
    report = await judged(pool, clock, plan=limit(90))
    told = [(finding.resident, finding.difference.change) for finding in report.findings]
    assert told.count((ANNA, Change.EARLIER)) == 1
    assert told.count((ANNA, Change.NEW)) == 1
    assert told.count((ResidentId("bo"), Change.NEW)) >= 2
    assert report.kinds[AlarmKind.INACTIVITY].was == 1


async def test_only_the_asked_time_is_judged(engine: RunningEngine, pool: Pool, clock: ManualClock) -> None:
    await live(engine, 4, 1, 4)
    async with pool.connection() as connection:
        asked = Asked(start=START + 5 * HOUR, end=clock(), plan=limit(90))
        report = await backtest(connection, Scope(), asked)
    assert all(finding.difference.at >= asked.start for finding in report.findings)
    assert report.kinds[AlarmKind.INACTIVITY].was == 1


async def test_a_plan_that_is_none_is_refused(engine: RunningEngine, pool: Pool, clock: ManualClock) -> None:
    with pytest.raises(PlanError, match="minutes"):
        await judged(pool, clock, plan={"inactivity": {"limits": [{"minutes": 0}]}})


async def test_imported_history_can_be_judged_before_anything_happened_here(
    engine: RunningEngine, pool: Pool, clock: ManualClock
) -> None:
    day = START - timedelta(days=10)
    async with pool.connection() as connection:
        await connection.execute(
            """
            INSERT INTO events (position, key, kind, tenant, device, resident, occurred_at, received_at, history, data)
            SELECT 1000000 + n, 'r:anna', 'motion', 'prov', 'motion-anna', 'anna', %s::timestamptz + n * interval '4 h',
                %s, true, '{"at": "2026-01-01T00:00:00Z"}' FROM generate_series(0, 5) AS n
            """,
            (day, START),
        )
    async with pool.connection() as connection:
        asked = Asked(start=day, end=day + 20 * HOUR, plan=limit(180), resident=ANNA)
        (never_heard,) = (await backtest(connection, Scope(), asked)).findings
        report = await backtest(connection, Scope(), msgspec.structs.replace(asked, history=True))
    assert never_heard.difference.at == day + 3 * HOUR
    assert [finding.difference.at for finding in report.findings] == [day + n * 4 * HOUR + 3 * HOUR for n in range(5)]


async def test_a_day_that_still_runs_is_judged_as_far_as_it_has_come(
    engine: RunningEngine, database_url: str, clock: ManualClock, tmp_path: Path
) -> None:
    """By the same plan nothing differs, though silence until midnight would be an alarm."""
    await live(engine, 1)
    clock.advance(timedelta(seconds=1))
    context = Context(Settings(data_dir=tmp_path), database_url, None, clock)
    options = Namespace(
        resident="anna", unit=None, first=START.date(), last=START.date(), history=False, quiet=True, format="csv"
    )
    (header, *differences) = (await run_asked(context, options, None)).splitlines()
    assert (header[:11], differences) == ("at,resident", [])
    options.first = options.last = START.date() + timedelta(days=1)
    with pytest.raises(Refused, match="future"):
        await run_asked(context, options, None)
