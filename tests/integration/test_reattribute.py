"""Events and counts after an assignment was corrected, on the real database."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from events.control import AssignmentChanged
from events.ids import DeviceId, ResidentId
from events.kinds import URGENT, Technology
from store import inbox
from store.inbox import Correction
from store.pool import Connection, Pool
from store.reattribute import CALLS, reattribute, reattributions
from store.select import EVERYTHING, Scope
from tests.support import village
from tests.support.rows import row, rows

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = date(2026, 3, 2)
COUNTS = "SELECT resident, unit, kind, day, count FROM usage_daily ORDER BY 1, 2, 3, 4"
OWNERS = "SELECT kind, resident FROM events ORDER BY position"


@pytest.fixture
async def db(pool: Pool) -> AsyncIterator[Connection]:
    """Anna and Berta live in two units; the button, and nothing else, was Anna's from noon on."""
    async with pool.connection() as connection:
        await connection.set_autocommit(True)
        await village.found(connection, NOON)
        await village.move_in(connection, "anna", NOON)
        await village.move_in(connection, "berta", NOON, village.OTHER_UNIT)
        anna = ResidentId("anna")
        await village.lend(connection, "button", Technology.SOCIAL_ALARM, anna, NOON)
        yield connection


async def say(db: Connection, kind: str, resident: str | None, hours: float, *, received: float | None = None) -> None:
    """An event of the button so many hours after noon, as it was attributed and counted when it came."""
    at = NOON + timedelta(hours=hours)
    got = NOON + timedelta(hours=hours if received is None else received)
    await db.execute(
        "INSERT INTO events SELECT count(*), 'r:anna', %s, %s, 'button', %s, %s, %s, NULL, false, '{}' FROM events",
        (kind, village.TENANT, resident, at, got),
    )


async def counted(db: Connection, resident: str, unit: str, kind: str, day: date, count: int) -> None:
    await db.execute(
        "INSERT INTO usage_daily VALUES (%s, %s, %s, 'social_alarm', %s, %s, %s)",
        (village.TENANT, unit, resident, kind, day, count),
    )


async def correct(db: Connection, change: str, *spans: tuple[float, float | None], **values: Any) -> int:
    """Changes the assignments, and applies what the log is told of it."""
    await db.execute(change.encode(), values)
    told = AssignmentChanged(
        assignment="button-1",
        device=DeviceId("button"),
        resident=ResidentId("berta"),
        technology=Technology.SOCIAL_ALARM,
        start=NOON,
    )
    times = [
        (NOON + timedelta(hours=start), NOON + timedelta(hours=end) if end is not None else None)
        for start, end in spans
    ]
    correction = Correction("carl", times)
    item = await inbox.put(db, told, NOON, correction)
    return await reattribute(db, item, correction, told, NOON)


TO_BERTA = "UPDATE assignments SET resident = 'berta'"
DELETED = "DELETE FROM assignments"


async def test_events_and_counts_follow(db: Connection) -> None:
    for hours in (1, 2, 11):  # The last one is after midnight where they live.
        await say(db, "test_alarm", "anna", hours)
    await say(db, "battery", "anna", 3)
    await counted(db, "anna", village.UNIT, "test_alarm", DAY, 5)
    await counted(db, "anna", village.UNIT, "test_alarm", DAY + timedelta(days=1), 1)
    assert await correct(db, TO_BERTA, (0, None)) == 4
    assert {resident for _, resident in await rows(db, OWNERS)} == {"berta"}
    assert await rows(db, COUNTS) == [
        ("anna", village.UNIT, "test_alarm", DAY, 3),
        ("berta", village.OTHER_UNIT, "test_alarm", DAY, 2),
        ("berta", village.OTHER_UNIT, "test_alarm", DAY + timedelta(days=1), 1),
    ]


async def test_a_second_time_nothing_is_moved(db: Connection) -> None:
    await say(db, "test_alarm", "anna", 1)
    await counted(db, "anna", village.UNIT, "test_alarm", DAY, 1)
    assert await correct(db, TO_BERTA, (0, None)) == 1
    assert await correct(db, TO_BERTA, (0, None)) == 0
    assert await rows(db, COUNTS) == [("berta", village.OTHER_UNIT, "test_alarm", DAY, 1)]
    assert await row(db, "SELECT count(*) FROM reattributions") == (1,)


async def test_only_the_time_in_question_is_looked_at(db: Connection) -> None:
    for hours in (1, 5):
        await say(db, "test_alarm", "anna", hours)
    assert await correct(db, TO_BERTA, (4, 6)) == 1
    assert await rows(db, OWNERS) == [("test_alarm", "anna"), ("test_alarm", "berta")]


async def test_what_nobody_had_is_nobodys_and_no_longer_counted(db: Connection) -> None:
    await say(db, "test_alarm", "anna", 1)
    await counted(db, "anna", village.UNIT, "test_alarm", DAY, 1)
    assert await correct(db, DELETED, (0, None)) == 1
    assert await rows(db, OWNERS) == [("test_alarm", None)]
    assert await rows(db, COUNTS) == []


async def test_what_was_nobodys_becomes_the_residents(db: Connection) -> None:
    await say(db, "test_alarm", None, -2)
    await say(db, "test_alarm", None, -9)
    earlier = """UPDATE assignments SET "from" = "from" - interval '3 hours'"""
    assert await correct(db, earlier, (-3, 0)) == 1
    assert await rows(db, OWNERS) == [("test_alarm", "anna"), ("test_alarm", None)]
    assert await rows(db, COUNTS) == [("anna", village.UNIT, "test_alarm", DAY, 1)]


async def test_a_press_with_a_wrong_clock_keeps_whom_it_was_for(db: Connection) -> None:
    """Nobody had the device in 1970, so the press was given to who had it when it came."""
    await say(db, "alarm_pressed", "anna", -400_000, received=1)
    ended = """UPDATE assignments SET "to" = "from" + interval '2 hours'"""
    assert await correct(db, ended, (2, None), (-500_000, 0)) == 0
    assert await rows(db, OWNERS) == [("alarm_pressed", "anna")]


async def test_a_press_with_a_wrong_clock_follows_who_had_the_device_when_it_came(db: Connection) -> None:
    await say(db, "alarm_pressed", "anna", -400_000, received=1)
    await say(db, "test_alarm", None, -400_000, received=1)
    assert await correct(db, TO_BERTA, (0, None)) == 1
    assert await rows(db, OWNERS) == [("alarm_pressed", "berta"), ("test_alarm", None)]


async def test_imported_history_stays(db: Connection) -> None:
    await say(db, "test_alarm", "anna", 1)
    await db.execute("UPDATE events SET history = true")
    assert await correct(db, TO_BERTA, (0, None)) == 0


async def test_the_order_of_the_log_stays(db: Connection) -> None:
    await say(db, "test_alarm", "anna", 1)
    await correct(db, TO_BERTA, (0, None))
    assert await row(db, "SELECT key, resident FROM events") == ("r:anna", "berta")


async def test_counts_of_a_day_on_which_the_resident_moved_are_taken_from_both_units(db: Connection) -> None:
    for hours in (1, 2, 3):
        await say(db, "test_alarm", "anna", hours)
    await counted(db, "anna", village.UNIT, "test_alarm", DAY, 2)
    await counted(db, "anna", village.OTHER_UNIT, "test_alarm", DAY, 4)
    await correct(db, TO_BERTA, (0, None))
    assert await rows(db, COUNTS) == [
        ("anna", village.OTHER_UNIT, "test_alarm", DAY, 3),
        ("berta", village.OTHER_UNIT, "test_alarm", DAY, 3),
    ]


async def test_the_trace_says_who_how_many_and_from_whom_to_whom(db: Connection) -> None:
    for hours in (1, 2):
        await say(db, "test_alarm", "anna", hours)
    await say(db, "test_alarm", None, 3)
    await correct(db, TO_BERTA, (0, None))
    found = await reattributions(db, EVERYTHING, device=DeviceId("button"))
    assert {(t.actor, t.from_resident, t.to_resident, t.events) for t in found} == {
        ("carl", "anna", "berta", 2),
        ("carl", None, "berta", 1),
    }
    (trace,) = [t for t in found if t.from_resident == "anna"]
    assert (trace.at, trace.assignment) == (NOON, "button-1")
    assert (trace.first_at, trace.last_at) == (NOON + timedelta(hours=1), NOON + timedelta(hours=2))
    assert len(await reattributions(db, Scope(village.TENANT, village.OTHER_UNIT))) == 2
    assert len(await reattributions(db, Scope(village.TENANT, village.UNIT))) == 1
    assert await reattributions(db, EVERYTHING, resident=ResidentId("carl")) == []


async def test_the_index_for_calls_is_of_exactly_these_kinds(db: Connection) -> None:
    assert f"kind IN ({', '.join(repr(kind) for kind in sorted(URGENT))})" == CALLS
    (definition,) = await row(db, "SELECT indexdef FROM pg_indexes WHERE indexname = 'events_urgent'")
    assert all(f"'{kind}'" in definition for kind in URGENT)


async def test_a_large_correction_goes_in_steps_that_end(db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when many events have the same time; and it is one trace."""
    monkeypatch.setattr("store.reattribute.AT_ONCE", 2)
    for hours in (1, 1, 1, 1, 2, 3, 4):
        await say(db, "test_alarm", "anna", hours)
    await say(db, "alarm_pressed", "anna", -400_000, received=3.5)
    await counted(db, "anna", village.UNIT, "test_alarm", DAY, 7)
    moved = [await correct(db, TO_BERTA, (0, None))]
    while (rest := await waiting(db)) is not None:
        moved.append(rest)
    assert (sum(moved), max(moved) <= 4, len(moved) > 2) == (8, True, True)
    assert {resident for _, resident in await rows(db, OWNERS)} == {"berta"}
    assert await rows(db, COUNTS) == [
        ("berta", village.OTHER_UNIT, "alarm_pressed", date(1980, 7, 14), 1),
        ("berta", village.OTHER_UNIT, "test_alarm", DAY, 7),
    ]
    assert await rows(db, "SELECT from_resident, to_resident, events FROM reattributions") == [("anna", "berta", 8)]


async def waiting(db: Connection) -> int | None:
    """Applies the rest that was put into the inbox; None when there is none."""
    found = await rows(db, "SELECT id, data FROM inbox WHERE correction->>'continues' IS NOT NULL ORDER BY id")
    if not found:
        return None
    ((item, data),) = found
    correction = await inbox.correction_of(db, item)
    assert correction is not None
    await db.execute("DELETE FROM inbox WHERE id = %s", (item,))
    return await reattribute(db, item, correction, msgspec.convert(data, AssignmentChanged), NOON)
