"""The loop that owns the log, on the real database and broker."""

from collections.abc import AsyncIterator
from datetime import timedelta

import psycopg
import pytest

from events.address import MqttServer
from events.ids import ResidentId, resident_key
from events.kinds import Technology
from store.pool import Connection, Pool
from tests.support import village
from tests.support.engine import START, RunningEngine, running_engine
from tests.support.rows import row, rows
from vaka.clock import ManualClock

pytestmark = pytest.mark.anyio

INACTIVITY = {"inactivity": {"limits": [{"minutes": 60}]}}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
async def home(pool: Pool, clock: ManualClock) -> ResidentId:
    """Anna has a button and a motion sensor; the button `loose` is with nobody."""
    async with pool.connection() as connection:
        await village.found(connection, clock())
        anna = await village.move_in(connection, "anna", clock())
        await village.lend(connection, "button", Technology.SOCIAL_ALARM, anna, clock())
        await village.lend(connection, "motion", Technology.PASSIVE_ALARM, anna, clock())
        await village.lend(connection, "loose", Technology.SOCIAL_ALARM, None, clock())
    return anna


@pytest.fixture
async def engine(
    database_url: str, mqtt_server: MqttServer, clock: ManualClock, home: ResidentId
) -> AsyncIterator[RunningEngine]:
    async with running_engine(database_url, mqtt_server, clock) as running:
        yield running


@pytest.fixture
async def db(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.connection() as connection:
        await connection.set_autocommit(True)
        yield connection


async def test_a_press_becomes_an_alarm_of_the_resident(engine: RunningEngine, db: Connection) -> None:
    await engine.say("button", "alarm_pressed")
    assert await rows(db, "SELECT kind, resident, unit, priority, state, count FROM alarms") == [
        ("social_alarm", "anna", village.UNIT, 1, "open", 1)
    ]


async def test_further_presses_count_and_a_press_after_the_end_opens_anew(
    engine: RunningEngine, db: Connection
) -> None:
    await engine.say("button", "alarm_pressed")
    await engine.say("button", "alarm_pressed", id="again")
    assert await rows(db, "SELECT count FROM alarms") == [(2,)]
    await db.execute("UPDATE alarms SET state = 'resolved'")
    await engine.say("button", "alarm_pressed", id="later")
    assert await rows(db, "SELECT count, state FROM alarms ORDER BY state") == [(1, "open"), (2, "resolved")]


async def test_a_press_of_a_device_with_nobody_is_an_alarm_too(engine: RunningEngine, db: Connection) -> None:
    await engine.say("loose", "alarm_pressed")
    assert await rows(db, "SELECT tenant, resident, device FROM alarms") == [(village.TENANT, None, "loose")]


async def test_a_press_with_a_clock_of_1970_is_still_the_residents(engine: RunningEngine, db: Connection) -> None:
    await engine.say("button", "alarm_pressed", at=START - timedelta(days=20000))
    assert await rows(db, "SELECT resident FROM alarms") == [("anna",)]


async def test_the_same_event_twice_is_one(engine: RunningEngine, db: Connection) -> None:
    for _ in range(2):
        await engine.say("motion", "motion", room="kitchen")
        await engine.say("motion", "motion", id="7", room="hall")
    assert await row(db, "SELECT count(*) FROM events WHERE kind = 'motion'") == (2,)
    assert await row(db, "SELECT sum(count) FROM usage_daily") == (2,)


async def test_a_day_later_the_same_id_is_a_new_event(
    engine: RunningEngine, db: Connection, clock: ManualClock
) -> None:
    await engine.say("motion", "motion", id="1")
    await engine.advance(hours=24, minutes=1)
    await engine.say("motion", "motion", id="1")
    assert await row(db, "SELECT count(*) FROM events WHERE kind = 'motion'") == (2,)


@pytest.mark.parametrize(
    ("topic", "payload", "reason", "named"),
    [
        ("vaka/v1/prov/button/alarm_pressed", b"{", "malformed", "truncated"),
        ("vaka/v1/prov/button/alarm_pressed", b"\xff\x00", "malformed", "UTF-8"),
        ("vaka/v1/prov/button/sung", b"{}", "unknown_kind", "sung"),
        ("vaka/v1/prov/who/motion", b'{"at": "2026-03-02T06:00:00Z"}', "unknown_device", "who"),
        ("vaka/v1/other/button/motion", b'{"at": "2026-03-02T06:00:00Z"}', "other_tenant", "other"),
        ("vaka/v1/prov/button/motion", b'{"at": "2026-03-03T06:00:01Z"}', "future_time", "2026-03-03"),
        ("vaka/v1/prov/button", b"{}", "bad_topic", "vaka/v1/prov/button"),
        (
            "vaka/v1/prov/button/motion",
            b'{"at": "2026-03-02T06:00:00Z", "x": "\\u0000"}',
            "refused_by_database",
            "\\u0000",
        ),
    ],
)
async def test_what_cannot_be_used_is_held_with_its_reason(
    engine: RunningEngine, db: Connection, topic: str, payload: bytes, reason: str, named: str
) -> None:
    await engine.publish(topic, payload)
    await engine.settle()
    held = await rows(db, "SELECT reason, topic, payload FROM quarantine")
    assert held == [(reason, topic, payload)]
    detail = await row(db, "SELECT detail FROM quarantine")
    assert named in detail[0] or reason == "refused_by_database"
    await engine.say("button", "alarm_pressed")
    assert await row(db, "SELECT count(*) FROM alarms") == (1,)


async def test_one_bad_message_takes_no_other_of_its_batch_along(engine: RunningEngine, db: Connection) -> None:
    for number in range(40):
        text = "\\u0000" if number == 17 else "kitchen"
        payload = f'{{"at": "2026-03-02T06:00:{number:02}Z", "text": "{text}"}}'
        await engine.publish("vaka/v1/prov/motion/motion", payload.encode())
    await engine.settle()
    assert await row(db, "SELECT count(*) FROM events WHERE kind = 'motion'") == (39,)
    assert await rows(db, "SELECT reason FROM quarantine") == [("refused_by_database",)]


async def test_a_change_made_before_a_message_is_used_for_it(
    engine: RunningEngine, db: Connection, clock: ManualClock
) -> None:
    """The API has answered, so the device may speak: the loop looks into the inbox before it judges a batch."""
    async with db.transaction():
        bo = await village.move_in(db, "bo", clock())
        await village.lend(db, "new", Technology.SOCIAL_ALARM, bo, clock())
    await engine.say("new", "alarm_pressed")
    assert await rows(db, "SELECT resident FROM alarms") == [("bo",)]


async def test_deadlines_survive_a_restart(
    database_url: str, mqtt_server: MqttServer, clock: ManualClock, home: ResidentId, db: Connection
) -> None:
    async with running_engine(database_url, mqtt_server, clock) as engine:
        async with db.transaction():
            await village.plan(db, home, INACTIVITY, clock())
        await engine.say("motion", "motion")
        await engine.advance(minutes=59)
    async with running_engine(database_url, mqtt_server, clock) as engine:
        assert await rows(db, "SELECT kind FROM alarms") == []
        await engine.advance(minutes=2)
        assert await rows(db, "SELECT kind, reason FROM alarms") == [("inactivity", "no_activity")]


@pytest.mark.parametrize("text", ['with "quotes"', "two\nlines", r"C:\101\new", "å \u2028 \t"])
async def test_what_was_said_in_any_letters_is_read_again_after_a_restart(
    database_url: str, mqtt_server: MqttServer, clock: ManualClock, home: ResidentId, db: Connection, text: str
) -> None:
    """Escapes of JSON are not those of bytes in PostgreSQL: the log, and what people wrote, come back as they were."""
    named = {"medicine": {"windows": [{"from": "08:00", "to": "09:00", "name": text}]}}
    async with running_engine(database_url, mqtt_server, clock) as engine:
        async with db.transaction():
            await village.plan(db, home, named, clock())
        await engine.say("button", "alarm_pressed", note=text, button=text)
    async with running_engine(database_url, mqtt_server, clock) as engine:
        state = engine.engine.partition.states[resident_key(home)]
        assert state.plan.medicine is not None
        assert state.plan.medicine.windows[0].name == text
        await engine.say("button", "alarm_pressed", note=text)
    assert await rows(db, "SELECT count FROM alarms") == [(2,)]


async def test_a_second_owner_waits_and_the_first_cannot_write_once_it_lost_the_log(
    engine: RunningEngine, db: Connection
) -> None:
    await db.execute("UPDATE log_owner SET epoch = epoch + 1")
    # The loop notices, begins anew from the log, and takes it back: nothing is written under the old epoch.
    await engine.say("button", "alarm_pressed")
    assert await row(db, "SELECT count(*) FROM alarms") == (1,)
    assert await row(db, "SELECT count(*) FROM events WHERE kind = 'alarm_pressed'") == (1,)


async def test_a_database_that_went_away_loses_nothing(engine: RunningEngine, db: Connection) -> None:
    await engine.say("motion", "motion", id="before")
    with pytest.raises(psycopg.OperationalError):
        await db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'vaka'")
    await engine.say("motion", "motion", id="after")
    assert engine.engine.position > 0


async def test_while_the_database_stalls_the_broker_keeps_the_rest(
    database_url: str, mqtt_server: MqttServer, clock: ManualClock, home: ResidentId, db: Connection
) -> None:
    async with running_engine(database_url, mqtt_server, clock, queue_limit=50) as engine:
        async with db.transaction():
            await db.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
            for number in range(1000):
                body = f'{{"at": "{clock().isoformat()}", "id": "{number}"}}'
                await engine.publish("vaka/v1/prov/motion/motion", body.encode())
            # One batch is being written, a bounded queue is read; the rest is the broker's.
            assert engine.source.waiting < 500
        await engine.settle()
    assert await row(db, "SELECT count(*) FROM events WHERE kind = 'motion'") == (1000,)
