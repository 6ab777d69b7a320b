"""Pulses: which parts of Vaka make their turns, and what waits for them. Real time, by the database's clock."""

from datetime import datetime, timedelta
from typing import NamedTuple

from store.log import PARTITION
from store.pool import Connection

BEAT = """
INSERT INTO pulses (part, process, at, rest) VALUES (%s, %s, now(), %s)
ON CONFLICT (part, process) DO UPDATE SET at = excluded.at, rest = excluded.rest
"""
# What processes that are no more have left is not kept for ever.
FORGET = "DELETE FROM pulses WHERE at < now() - interval '1 day'"
# Of several processes of one part one is enough.
SILENCES = """
SELECT part, extract(epoch FROM min(now() - at - rest))::float8 FROM pulses GROUP BY part
UNION ALL
SELECT 'log', extract(epoch FROM now() - status_at)::float8 FROM log_owner
WHERE partition = %s AND status_at IS NOT NULL
"""
# What goes first and is never made to wait: an alarm that is due, and a message of life that may be sent at once.
WAITING = """
SELECT extract(epoch FROM %(now)s - (SELECT min(escalate_at) FROM alarms WHERE escalate_at IS NOT NULL))::float8,
    extract(epoch FROM now() - (
        SELECT min(greatest(next_attempt_at, leased_until)) FROM notifications
        WHERE state = 'due' AND priority = 1))::float8
"""
CLOCK = "SELECT extract(epoch FROM clock_timestamp())::float8"


class Waiting(NamedTuple):
    """Seconds since the first alarm is due for escalation (of Vaka's clock), and the first message of life for sending
    (None: none is planned, negative: not yet)."""

    escalation: float | None
    notification: float | None


async def beat(connection: Connection, part: str, process: str, rest: timedelta) -> None:
    await connection.execute(BEAT, (part, process, rest))


async def forget(connection: Connection) -> None:
    """Of processes that have not been heard of for a day."""
    await connection.execute(FORGET)


async def silences(connection: Connection) -> dict[str, float]:
    """Seconds for which each part has made no turn although it should have; `log`: its owner has said nothing."""
    return dict(await (await connection.execute(SILENCES, (PARTITION,))).fetchall())


async def waiting(connection: Connection, now: datetime) -> Waiting:
    """`now` is Vaka's clock."""
    row = await (await connection.execute(WAITING, {"now": now})).fetchone()
    assert row is not None
    return Waiting(*row)


async def clock_of_database(connection: Connection) -> float:
    """Unix time, as the database has it."""
    row = await (await connection.execute(CLOCK)).fetchone()
    assert row is not None
    return float(row[0])
