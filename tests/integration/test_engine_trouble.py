"""The loop when the inbox holds much, or something that nobody can use, and when it fails between two batches."""

from collections.abc import AsyncIterator, Iterable, Sequence

import psycopg
import pytest

from events.address import MqttServer
from events.delivery import Delivery, Rejected
from events.kinds import Technology
from store.pool import Connection, Pool
from tests.support import village
from tests.support.engine import START, RunningEngine, running_engine
from tests.support.rows import row, rows
from vaka.clock import ManualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.connection() as connection:
        await connection.set_autocommit(True)
        yield connection


@pytest.fixture
async def engine(database_url: str, mqtt_server: MqttServer, db: Connection) -> AsyncIterator[RunningEngine]:
    """Anna has a button."""
    async with db.transaction():
        await village.found(db, START)
        anna = await village.move_in(db, "anna", START)
        await village.lend(db, "button", Technology.SOCIAL_ALARM, anna, START)
    async with running_engine(database_url, mqtt_server, ManualClock(START)) as running:
        yield running


@pytest.mark.parametrize("kind", ["nonsense", "ticked", "plan_changed"])
async def test_what_nobody_can_use_is_answered_and_blames_no_message(
    engine: RunningEngine, db: Connection, kind: str
) -> None:
    async with db.transaction():
        bo = await village.move_in(db, "bo", START)
        await db.execute("INSERT INTO inbox (kind, data, created_at) VALUES (%s, '[]', now())", (kind,))
        await village.lend(db, "new", Technology.SOCIAL_ALARM, bo, START)
    for number in range(5):
        await engine.publish("vaka/v1/prov/button/motion", f'{{"at": "2026-03-02T06:00:0{number}Z"}}'.encode())
    await engine.say("new", "alarm_pressed")
    assert await rows(db, "SELECT * FROM quarantine") == []
    assert await row(db, "SELECT count(*) FROM events WHERE kind = 'motion'") == (5,)
    assert await rows(db, "SELECT resident FROM alarms") == [("bo",)]
    assert await rows(db, "SELECT kind FROM inbox WHERE result ? 'error' AND applied_at IS NOT NULL") == [(kind,)]
    assert await row(db, "SELECT count(*) FROM inbox WHERE applied_at IS NULL") == (0,)


async def test_all_that_waits_is_applied_without_a_pause(engine: RunningEngine, db: Connection) -> None:
    """More than one batch can take: the loop knows that there may be more."""
    loop, told = engine.engine, engine.engine.after_commit
    after_commits: list[tuple[int, bool]] = []

    def note() -> None:
        after_commits.append((len(loop.directory.residents), loop.has_inbox_news))
        told()

    loop.after_commit = note
    async with db.transaction():
        for number in range(250):
            await village.move_in(db, f"resident-{number}", START)
    await engine.until(lambda: len(loop.directory.residents) == 251)
    assert {news for residents, news in after_commits if 1 < residents < 251} == {True}
    assert await row(db, "SELECT count(*) FROM inbox WHERE applied_at IS NULL") == (0,)


async def test_what_is_acknowledged_is_not_taken_and_acknowledged_again(
    engine: RunningEngine, db: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker may use the packet id for another message by then, and would forget that one."""

    acknowledged: list[bytes] = []
    acknowledge = engine.source.acknowledge

    def note(deliveries: Iterable[Delivery], refused: Sequence[tuple[Delivery, Rejected]]) -> None:
        done = list(deliveries)
        acknowledged.extend(delivery.payload for delivery in done if delivery.content)
        acknowledge(done, refused)

    async def fail(*_: object) -> None:
        if acknowledged:
            raise psycopg.OperationalError("the database went away while a snapshot was saved")

    monkeypatch.setattr(engine.source, "acknowledge", note)
    monkeypatch.setattr(engine.engine._snapshotter, "save_some", fail)
    payloads = [f'{{"at": "2026-03-02T06:00:0{number}Z"}}'.encode() for number in range(2)]
    for payload in payloads:
        await engine.publish("vaka/v1/prov/button/motion", payload)
        await engine.until(lambda payload=payload: payload in acknowledged)  # type: ignore[misc]
    assert acknowledged == payloads
    assert await row(db, "SELECT count(*) FROM events WHERE kind = 'motion'") == (2,)
