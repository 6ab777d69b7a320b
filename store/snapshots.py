"""States of the rules as they were at some place in the log, so that a start need not replay everything."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from events.ids import Key
from rules import saved
from rules.saved import State
from rules.state import STATE_VERSION
from store.log import PARTITION
from store.pool import Connection

SAVE_STATES = """
INSERT INTO snapshots (key, position, version, state)
SELECT key, position, %(version)s, state
FROM unnest(%(keys)s::text[], %(positions)s::bigint[], %(states)s::bytea[]) AS new (key, position, state)
ON CONFLICT (key) DO UPDATE SET position = excluded.position, version = excluded.version, state = excluded.state
"""
SAVE_MARK = """
INSERT INTO snapshot_mark (partition, position, version, fired_to) VALUES (%s, %s, %s, %s)
ON CONFLICT (partition) DO UPDATE SET position = excluded.position, version = excluded.version,
    fired_to = excluded.fired_to
"""
SAVE_FIRED_TO = "UPDATE snapshot_mark SET fired_to = %s WHERE partition = %s AND version = %s"
LOAD_MARK = "SELECT position, fired_to FROM snapshot_mark WHERE partition = %s AND version = %s"
LOAD_STATES = "SELECT key, state FROM snapshots WHERE version = %s"


class Mark(Struct, frozen=True):
    """Every saved state includes the log at least to `position`: replay begins after it.

    `fired_to`: the latest time to which deadlines of a saved state were fired.
    """

    position: int = -1
    fired_to: datetime | None = None


async def save_states(connection: Connection, states: Sequence[State]) -> None:
    values = {
        "version": STATE_VERSION,
        "keys": [state.key for state in states],
        "positions": [state.position for state in states],
        "states": [saved.encode(state) for state in states],
    }
    await connection.execute(SAVE_STATES, values)


async def save_mark(connection: Connection, mark: Mark) -> None:
    await connection.execute(SAVE_MARK, (PARTITION, mark.position, STATE_VERSION, mark.fired_to))


async def save_fired_to(connection: Connection, fired_to: datetime | None) -> None:
    """Of a snapshot that is not yet whole: replay still begins at the mark before."""
    await connection.execute(SAVE_FIRED_TO, (fired_to, PARTITION, STATE_VERSION))


async def load(connection: Connection) -> tuple[Mark, list[State]]:
    """The last snapshot; nothing, so that all is replayed, when it was written by other rules than these."""
    row = await (await connection.execute(LOAD_MARK, (PARTITION, STATE_VERSION))).fetchone()
    if row is None:
        return Mark(), []
    cursor = await connection.execute(LOAD_STATES, (STATE_VERSION,))
    states = []
    async for key, state in cursor:
        try:
            states.append(saved.decode(Key(key), state))
        except msgspec.DecodeError:
            return Mark(), []
    return Mark(*row), states
