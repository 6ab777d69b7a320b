"""The outbox of device commands: claimed with a lease (real time), published, marked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from psycopg.rows import class_row

from events.ids import DeviceId, TenantId
from store.pool import Connection

CHANNEL = "vaka_commands"
"""NOTIFY channel on which the commander is woken."""

EXPIRE = """
UPDATE device_commands SET state = 'expired', leased_until = NULL
WHERE state = 'due' AND (data->>'until')::timestamptz <= %s AND (leased_until IS NULL OR leased_until <= now())
RETURNING name
"""
CLAIM = """
UPDATE device_commands SET attempts = attempts + 1, leased_until = now() + %s
WHERE id IN (
    SELECT id FROM device_commands
    WHERE state = 'due' AND next_attempt_at <= now() AND (leased_until IS NULL OR leased_until <= now())
    ORDER BY next_attempt_at, id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
)
RETURNING id, tenant, device, name, data, created_at, attempts
"""
MARK_SENT = """
UPDATE device_commands SET state = 'sent', sent_at = %s, leased_until = NULL WHERE id = %s AND state = 'due'
"""
RETRY = """
UPDATE device_commands SET leased_until = NULL, next_attempt_at = now() + %s WHERE id = ANY(%s) AND state = 'due'
"""
WAIT = """
SELECT extract(epoch FROM min(greatest(next_attempt_at, coalesce(leased_until, next_attempt_at))) - now())::float8
FROM device_commands WHERE state = 'due'
"""


class Command(NamedTuple):
    """Something that a device is to do. `data`: the fields of the command."""

    id: str
    tenant: TenantId
    device: DeviceId
    name: str
    data: dict[str, Any]
    created_at: datetime
    attempts: int


async def expire(connection: Connection, now: datetime) -> list[str]:
    """What is pointless from a time on that has come is not sent any more; returns the name of each command."""
    return [row[0] for row in await (await connection.execute(EXPIRE, (now,))).fetchall()]


async def claim(connection: Connection, *, limit: int, lease: timedelta) -> list[Command]:
    """Takes up to `limit` due commands for the time of `lease`."""
    async with connection.cursor(row_factory=class_row(Command)) as cursor:
        return await (await cursor.execute(CLAIM, (lease, limit))).fetchall()


async def mark_sent(connection: Connection, command: str, now: datetime) -> None:
    await connection.execute(MARK_SENT, (now, command))


async def retry_later(connection: Connection, commands: Sequence[str], delay: timedelta) -> None:
    """They are tried again after `delay` of real time."""
    await connection.execute(RETRY, (delay, list(commands)))


async def seconds_to_next(connection: Connection) -> float | None:
    """Real seconds until something can be claimed: negative when it is overdue, None when nothing is due."""
    row = await (await connection.execute(WAIT)).fetchone()
    return row[0] if row is not None else None
