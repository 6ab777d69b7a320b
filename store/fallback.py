"""Falling back: notifications that no receipt came for in time, and whom the decision names instead."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from events.ids import AlarmId, TenantId
from rules.contact import Receiver
from rules.delivery import Fallback, Silence
from rules.escalation import notification_id
from store.pool import Connection

# Somebody who accepts at this moment is waited for, so that nobody is told of what has just been taken. Telling goes
# on after an acceptance when the alarm was escalated again since: those notifications are younger than it.
SILENT = """
SELECT n.id, n.alarm, n.tenant, n.rung, n.round, n.priority, n.channel, n.owner, n.owner_id, n.rank, n.receiver,
    a.state IN ('resolved', 'withdrawn') AS closed,
    a.state <> 'open' AND coalesce(a.accepted_at >= n.created_at, false) AS accepted,
    coalesce(a.forwarded_at > n.created_at, false) AS forwarded,
    EXISTS (SELECT FROM notifications o WHERE o.alarm = n.alarm AND o.state IN ('delivered', 'seen')
        AND (o.round, o.rung) >= (n.round, n.rung)
        AND (o.owner = n.owner AND o.owner_id = n.owner_id
            OR o.channel = 'console' AND n.owner = 'staff' AND o.receiver = n.owner_id)) AS reached,
    ARRAY(SELECT o.receiver FROM notifications o
        WHERE o.alarm = n.alarm AND o.round = n.round AND o.rung = n.rung AND o.channel <> 'console') AS told
FROM notifications n JOIN alarms a ON a.id = n.alarm
WHERE n.fall_back_at <= %s ORDER BY n.fall_back_at, n.id LIMIT %s FOR NO KEY UPDATE OF n SKIP LOCKED FOR SHARE OF a
"""
SETTLE = """
UPDATE notifications SET fall_back_at = NULL, fallback = new.reason
FROM unnest(%s::text[], %s::text[]) AS new (id, reason) WHERE notifications.id = new.id
"""
TELL = """
INSERT INTO notifications
    (id, alarm, rung, round, priority, channel, receiver, created_at, next_attempt_at, fallback_of)
SELECT id, alarm, rung, round, priority, channel, receiver, %(now)s, now(), fallback_of
FROM unnest(%(ids)s::text[], %(alarms)s::text[], %(rungs)s::int[], %(rounds)s::int[], %(priorities)s::int[],
            %(channels)s::text[], %(receivers)s::text[], %(fallback_of)s::text[])
    AS new (id, alarm, rung, round, priority, channel, receiver, fallback_of)
ON CONFLICT (id) DO NOTHING
"""
NEXT = "SELECT min(fall_back_at) FROM notifications WHERE fall_back_at IS NOT NULL"


class Silent(NamedTuple):
    """A notification whose time for a receipt is over, or that failed."""

    id: str
    alarm: AlarmId
    tenant: TenantId
    rung: int
    round: int
    priority: int
    channel: str
    owner: str
    owner_id: str
    rank: int
    receiver: str
    closed: bool
    accepted: bool
    forwarded: bool
    reached: bool
    told: list[str]

    @property
    def silence(self) -> Silence:
        return Silence(
            self.rank, self.receiver, self.closed, self.accepted, self.forwarded, self.reached, frozenset(self.told)
        )


async def silent(connection: Connection, now: datetime, limit: int) -> list[Silent]:
    """Up to `limit`, those that have waited longest first, locked until the transaction ends."""
    async with connection.cursor(row_factory=class_row(Silent)) as cursor:
        return await (await cursor.execute(SILENT, (now, limit))).fetchall()


async def save_fallbacks(connection: Connection, decided: Sequence[tuple[Silent, Fallback]], now: datetime) -> None:
    """Notes what was decided, and tells those who were named; who has been told in that rung is told no second time."""
    if not decided:
        return
    settled = [(silent.id, fallback.reason) for silent, fallback in decided]
    await connection.execute(SETTLE, [list(column) for column in zip(*settled, strict=True)])
    rows = [_row(silent, fallback.point.receiver) for silent, fallback in decided if fallback.point is not None]
    if not rows:
        return
    names = ("ids", "alarms", "rungs", "rounds", "priorities", "channels", "receivers", "fallback_of")
    columns = {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    await connection.execute(TELL, {"now": now, **columns})


def _row(silent: Silent, receiver: Receiver) -> tuple[object, ...]:
    id = notification_id(silent.alarm, silent.round, silent.rung, receiver)
    return (id, silent.alarm, silent.rung, silent.round, silent.priority, *receiver, silent.id)


async def next_fallback(connection: Connection) -> datetime | None:
    """When the first of all waits ends, by Vaka's clock."""
    row = await (await connection.execute(NEXT)).fetchone()
    return row[0] if row is not None else None
