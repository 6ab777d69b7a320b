"""Writing the alarm journal: what happened to each alarm, in the order of commit.

Pages follow the journal by its `seq`. A number that is given before, but committed after, another one would be missed
by a reader who has passed it. So writers take a lock before they are given numbers and hold it until they commit.

Who also locks alarms does that first, and with FOR NO KEY UPDATE (as UPDATE does by itself): whoever holds the
journal's lock needs a key-share lock on the alarms that it writes of, which FOR UPDATE would block for ever.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from store.pool import Connection

CHANNEL = "vaka_journal"
"""NOTIFY channel on which readers of the journal are woken."""

# The lock is taken by the first rows that the statement reads, before it gives numbers to those that it writes.
APPEND = """
WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock(0x6a6f7572)),
appended AS (
    INSERT INTO alarm_journal (alarm, at, actor, action, version, state, data)
    SELECT alarm, at, actor, action, version, state, data
    FROM locked, ROWS FROM (json_to_recordset(%s)
        AS (alarm text, at timestamptz, actor text, action text, version int, state text, data jsonb))
        WITH ORDINALITY AS new (alarm, at, actor, action, version, state, data, place)
    ORDER BY place
)
SELECT pg_notify('vaka_journal', '')
"""


class JournalRow(NamedTuple):
    """One change: when (the injected clock), who, what, and the alarm's version and state after it."""

    alarm: str
    at: datetime
    actor: str
    action: str
    version: int
    state: str
    data: Mapping[str, Any]


async def record(
    connection: Connection,
    alarm: str,
    at: datetime,
    actor: str,
    action: str,
    version: int,
    state: str,
    data: Mapping[str, Any],
) -> None:
    """Writes one entry in the caller's transaction, which from here on holds the journal's lock: commit soon."""
    await record_many(connection, [JournalRow(alarm, at, actor, action, version, state, data)])


async def record_many(connection: Connection, rows: Sequence[JournalRow]) -> None:
    """Writes `rows` in their order, as `record` does."""
    if rows:
        entries = msgspec.json.encode([row._asdict() for row in rows])
        await connection.execute(APPEND, (entries.decode(),))
