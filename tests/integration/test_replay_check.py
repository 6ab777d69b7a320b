"""Live and replay are proven equal: nothing is told while they are, and a difference is an alarm."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from events.address import MqttServer
from events.kinds import Technology
from processors.replay_check import EVERY, check, is_due
from store.pool import Connection, Pool, connect
from store.replay_check import Checked
from tests.support import village
from tests.support.engine import START, RunningEngine, running_engine
from tests.support.rows import row, rows
from vaka.clock import ManualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
async def engine(
    database_url: str, mqtt_server: MqttServer, clock: ManualClock, pool: Pool
) -> AsyncIterator[RunningEngine]:
    async with pool.connection() as connection:
        await village.found(connection, clock())
        anna = await village.move_in(connection, "anna", clock())
        await village.lend(connection, "motion", Technology.PASSIVE_ALARM, anna, clock())
        await village.lend(connection, "button", Technology.SOCIAL_ALARM, anna, clock())
        await village.plan(connection, anna, {"inactivity": {"limits": [{"minutes": 120}]}}, clock())
    async with running_engine(database_url, mqtt_server, clock) as running:
        await running.heed()
        yield running


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Connection]:
    async with await connect(database_url) as connection:
        await connection.set_autocommit(True)
        yield connection


async def save(engine: RunningEngine, db: Connection) -> None:
    """The states are saved, as they are now and then; the loop may be at work on its own connection."""
    loop = engine.engine
    await loop._snapshotter.save_all(db, loop._epoch, loop.partition, loop.position)


async def live(engine: RunningEngine) -> None:
    for hours in (1, 3):
        await engine.say("motion", "motion")
        for _ in range(hours):
            await engine.advance(hours=1)
    await engine.say("button", "alarm_pressed")


async def checked(db: Connection, clock: ManualClock) -> Checked:
    found = await check(db, clock())
    assert found is not None
    return found


async def test_before_anything_is_saved_there_is_nothing_to_check(
    engine: RunningEngine, db: Connection, clock: ManualClock
) -> None:
    assert await is_due(db, clock())
    assert await check(db, clock()) is None


async def test_the_same_log_gives_the_same_decisions(engine: RunningEngine, db: Connection, clock: ManualClock) -> None:
    await live(engine)
    await save(engine, db)
    first = await checked(db, clock)
    assert (first.decisions, first.differences) == (0, 0)
    assert not await is_due(db, clock() + EVERY - timedelta(seconds=1))
    clock.advance(timedelta(minutes=1))
    await live(engine)
    second = await checked(db, clock)
    assert second.decisions >= 2
    assert second.differences == 0
    assert await rows(db, "SELECT id FROM inbox WHERE kind = 'replay_differed'") == []
    assert await is_due(db, clock() + EVERY)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ("DELETE FROM decisions WHERE kind = 'raise' AND at > %s", "only replayed"),
        ('UPDATE decisions SET data = data || \'{"reason": "pressed"}\' WHERE at > %s', "replayed otherwise"),
        (
            "INSERT INTO decisions SELECT 'x' || id, key, kind, at, position, alarm, data || '{\"id\": \"x\"}' "
            "FROM decisions WHERE at > %s LIMIT 1",
            "not replayed",
        ),
    ],
)
async def test_a_difference_is_a_technical_alarm(
    engine: RunningEngine, db: Connection, clock: ManualClock, spoil: str, words: str
) -> None:
    await live(engine)
    await save(engine, db)
    begun = await checked(db, clock)
    clock.advance(timedelta(minutes=1))
    await live(engine)
    await db.execute(spoil.encode(), (begun.since,))
    found = await checked(db, clock)
    assert found.differences >= 1
    await engine.heed()
    (kind, priority, detail) = await row(db, "SELECT kind, priority, detail FROM alarms WHERE kind = 'replay_differs'")
    assert (kind, priority, detail["differences"]) == ("replay_differs", 3, found.differences)
    assert words in detail["first"][0]
    assert (await checked(db, clock)).differences == 0


async def test_other_rules_have_nothing_to_compare_with(
    engine: RunningEngine, db: Connection, clock: ManualClock
) -> None:
    await live(engine)
    await save(engine, db)
    await checked(db, clock)
    await db.execute("UPDATE replay_check_mark SET version = 'older'")
    await db.execute("DELETE FROM decisions")
    found = await checked(db, clock)
    assert (found.is_of_these_rules, found.differences) == (True, 0)


async def test_only_one_checks_at_a_time(
    engine: RunningEngine, db: Connection, database_url: str, clock: ManualClock
) -> None:
    await save(engine, db)
    async with await connect(database_url) as other:
        await other.execute("SELECT pg_advisory_xact_lock(0x7265706c)")
        assert await check(db, clock()) is None
