"""The schema on TimescaleDB: the log is a hypertable, compressed, and answers as plain PostgreSQL does."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from events.ids import DeviceId, ResidentId
from store.events_query import Event, events
from store.migrate import migrate
from store.pool import connect
from store.schema import expected_revisions
from store.select import Scope
from tests.support.timescale import bare_url, timescale_url

__all__ = ["bare_url", "timescale_url"]

START = datetime(2026, 3, 2, 7, tzinfo=UTC)
ADD_EVENT = """
INSERT INTO events (position, key, kind, tenant, device, resident, occurred_at, received_at, data)
VALUES (%s, %s, 'motion', 'west', 'sensor', 'anna', %s, %s, '{"place": "hall"}')
"""
DIMENSIONS = """
SELECT column_name, time_interval FROM timescaledb_information.dimensions WHERE hypertable_name = 'events'
"""
JOBS = "SELECT proc_name FROM timescaledb_information.jobs WHERE hypertable_name = 'events'"
CHUNKS = "SELECT count(*), count(*) FILTER (WHERE is_compressed) FROM timescaledb_information.chunks"


@contextmanager
def changed(url: str) -> Iterator[psycopg.Connection]:
    """A connection that commits at its end; the server in WebAssembly takes only one at a time."""
    with psycopg.connect(url) as connection:
        yield connection


def fill(url: str, days: int = 30) -> None:
    """Six events a day, every tenth of them told a day late."""
    with changed(url) as connection:
        for number in range(days * 6):
            occurred = START + timedelta(hours=4 * number)
            late = timedelta(days=1) if number % 10 == 0 else timedelta()
            connection.execute(ADD_EVENT, (number, "r:anna", occurred, occurred + late))


async def answers(url: str) -> list[list[Event]]:
    async with await connect(url) as connection:
        return [
            await events(connection, Scope(), resident=ResidentId("anna")),
            await events(connection, Scope(), device=DeviceId("sensor"), start=START + timedelta(days=9), limit=5),
            await events(connection, Scope(), kind="motion", after=(START, 100)),
        ]


def test_the_log_is_a_hypertable_that_is_compressed_after_a_week(timescale_url: str) -> None:
    assert set(migrate(timescale_url)) == expected_revisions()
    with changed(timescale_url) as connection:
        assert connection.execute(DIMENSIONS).fetchall() == [("received_at", timedelta(days=7))]
        assert connection.execute(JOBS).fetchall() == [("policy_compression",)]
    assert set(migrate(timescale_url)) == expected_revisions(), "a second time nothing is left to do"


def test_what_the_log_held_before_the_extension_came_is_moved(bare_url: str) -> None:
    migrate(bare_url)
    fill(bare_url)
    with changed(bare_url) as connection:
        connection.execute("CREATE EXTENSION timescaledb")
    migrate(bare_url)
    with changed(bare_url) as connection:
        assert connection.execute(DIMENSIONS).fetchall() == [("received_at", timedelta(days=7))]
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (180,)


@pytest.mark.anyio
async def test_compressed_or_not_the_answers_are_those_of_plain_postgresql(
    timescale_url: str, database_url: str
) -> None:
    migrate(timescale_url)
    for url in (timescale_url, database_url):
        fill(url)
    plain = await answers(database_url)
    assert [len(answer) for answer in plain] == [100, 5, 100]
    assert await answers(timescale_url) == plain
    with changed(timescale_url) as connection:
        connection.execute("SELECT compress_chunk(chunk) FROM show_chunks('events') chunk")
        assert connection.execute(CHUNKS).fetchone() == (5, 5)
    assert await answers(timescale_url) == plain


def test_what_is_compressed_can_still_be_given_to_somebody_else(timescale_url: str) -> None:
    migrate(timescale_url)
    fill(timescale_url)
    with changed(timescale_url) as connection:
        connection.execute("SELECT compress_chunk(chunk) FROM show_chunks('events') chunk")
        connection.execute("UPDATE events SET resident = 'bo' WHERE device = 'sensor' AND occurred_at < %s", (START,))
        moved = connection.execute(
            "UPDATE events SET resident = 'bo' WHERE device = 'sensor' AND occurred_at >= %s",
            (START + timedelta(days=20),),
        )
        assert moved.rowcount == 60
        assert connection.execute("SELECT count(*) FROM events WHERE resident = 'bo'").fetchone() == (60,)
