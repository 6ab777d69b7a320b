"""The journal: entries get their numbers in the order of commit, and readers are woken."""

import asyncio

import pytest
from psycopg.errors import ForeignKeyViolation

from store.journal_write import JournalRow, record, record_many
from store.listen import listen
from store.pool import Pool
from tests.support.alarms import OPENED, add_alarm, add_municipality, journal

pytestmark = pytest.mark.anyio


def row(action: str, alarm: str = "alarm-1") -> JournalRow:
    return JournalRow(alarm, OPENED, "vaka", action, 1, "open", {"n": action, "å": None})


async def test_entries_are_kept_in_their_order(pool: Pool) -> None:
    async with pool.connection() as connection:
        await add_municipality(connection)
        await add_alarm(connection)
        await record_many(connection, [row(str(n)) for n in range(50)])
        await record_many(connection, [])
        await record(connection, *row("last"))
        entries = await journal(connection)
    assert [entry["action"] for entry in entries] == [*map(str, range(50)), "last"]
    assert (entries[0]["at"], entries[0]["actor"], entries[0]["version"], entries[0]["state"], entries[0]["data"]) == (
        OPENED,
        "vaka",
        1,
        "open",
        {"n": "0", "å": None},
    )


async def test_a_number_is_given_only_when_all_before_are_committed(pool: Pool) -> None:
    async with pool.connection() as connection:
        await add_municipality(connection)
        await add_alarm(connection)
    async with pool.connection() as first:
        await record(first, *row("first"))
        async with pool.connection() as second, pool.connection() as watcher:
            pid = second.info.backend_pid
            writing = asyncio.create_task(record(second, *row("second")))
            waiting = "SELECT count(*) FROM pg_locks WHERE pid = %s AND locktype = 'advisory' AND NOT granted"
            while (await (await watcher.execute(waiting, (pid,))).fetchone()) != (1,):
                await watcher.rollback()
            assert await journal(watcher) == []
            await first.commit()
            await writing
            await second.commit()
    async with pool.connection() as connection:
        entries = await journal(connection)
    assert [entry["action"] for entry in entries] == ["first", "second"]


async def test_readers_are_woken(pool: Pool, database_url: str) -> None:
    readers = listen(database_url, "vaka_journal")
    await anext(readers)
    async with pool.connection() as connection:
        await add_municipality(connection)
        await add_alarm(connection)
        await record(connection, *row("opened"))
    await anext(readers)
    await readers.aclose()


async def test_an_entry_of_no_alarm_is_refused(pool: Pool) -> None:
    with pytest.raises(ForeignKeyViolation):
        async with pool.connection() as connection:
            await record(connection, *row("opened", "nowhere"))
