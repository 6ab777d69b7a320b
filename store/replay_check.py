"""What the check that replay gives what the live run gave stands on: states as they were saved, and decisions since."""

from datetime import datetime
from typing import Any, NamedTuple

from events.ids import Key
from rules import health, saved
from rules.decisions import AnyDecision, decode_decision
from rules.saved import State
from rules.state import STATE_VERSION
from rules.step import DETECTORS
from store.log import PARTITION, last_entry
from store.pool import Connection

RULES = f"{STATE_VERSION} " + " ".join(
    f"{name}:{version}"
    for name, version in [*((one.name, one.version) for one in DETECTORS), (health.NAME, health.VERSION)]
)
"""Which rules these are: others may give other decisions."""

LOCK = "SELECT pg_try_advisory_xact_lock(0x7265706c)"
FORGET = "DELETE FROM replay_check_states"
# Saved states are whole at every moment, as a process may be killed at any and begin from them.
COPY_STATES = "INSERT INTO replay_check_states (key, state) SELECT key, state FROM snapshots WHERE version = %s"
SAVED_MARK = "SELECT position, fired_to FROM snapshot_mark WHERE partition = %s AND version = %s"
NOTE = """
INSERT INTO replay_check_mark (partition, version, position, fired_to, since, checked_at, decisions, differences)
VALUES (%(partition)s, %(version)s, %(position)s, %(fired_to)s, %(since)s, %(now)s, %(decisions)s, %(differences)s)
ON CONFLICT (partition) DO UPDATE SET version = excluded.version, position = excluded.position,
    fired_to = excluded.fired_to, since = excluded.since, checked_at = excluded.checked_at,
    decisions = excluded.decisions, differences = excluded.differences
"""
MARK = """
SELECT version, position, fired_to, since, checked_at, decisions, differences FROM replay_check_mark
WHERE partition = %s
"""
STATES = "SELECT key, state FROM replay_check_states"
DECIDED = "SELECT convert_to(data::text, 'UTF8') FROM decisions WHERE at > %s AND at <= %s ORDER BY at, id"


class Checked(NamedTuple):
    """The last check, and where the next one begins: after `position`, comparing what was decided after `since`."""

    version: str
    position: int
    fired_to: datetime | None
    since: datetime
    checked_at: datetime
    decisions: int
    differences: int

    @property
    def is_of_these_rules(self) -> bool:
        return self.version == RULES


async def alone(connection: Connection) -> bool:
    """Whether nobody else checks; so it stays until the transaction ends."""
    row = await (await connection.execute(LOCK)).fetchone()
    return bool(row is not None and row[0])


async def last_check(connection: Connection) -> Checked | None:
    row = await (await connection.execute(MARK, (PARTITION,))).fetchone()
    return Checked(*row) if row is not None else None


async def states(connection: Connection) -> list[State]:
    """What the next check begins with. Raises msgspec.DecodeError when other rules saved them."""
    cursor = await connection.execute(STATES)
    return [saved.decode(Key(key), state) async for key, state in cursor]


async def decided(connection: Connection, after: datetime, until: datetime) -> list[AnyDecision]:
    """What the live run decided after a time, until another one."""
    cursor = await connection.execute(DECIDED, (after, until))
    return [decode_decision(data) for (data,) in await cursor.fetchall()]


async def begin_anew(connection: Connection, now: datetime, decisions: int = 0, differences: int = 0) -> None:
    """Notes the result of a check, and lets the next one begin with the states that are saved now."""
    saved_mark = await (await connection.execute(SAVED_MARK, (PARTITION, STATE_VERSION))).fetchone()
    if saved_mark is None:
        return
    position, since = await last_entry(connection)
    await connection.execute(FORGET)
    await connection.execute(COPY_STATES, (STATE_VERSION,))
    values: dict[str, Any] = {
        "partition": PARTITION,
        "version": RULES,
        "position": saved_mark[0],
        "fired_to": saved_mark[1],
        "since": max(filter(None, (since, saved_mark[1])), default=now),
        "now": now,
        "decisions": decisions,
        "differences": differences,
    }
    assert position >= saved_mark[0]
    await connection.execute(NOTE, values)
