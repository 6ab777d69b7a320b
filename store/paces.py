"""From when on each lane is free: kept in the database, so that several notifiers together keep to one pace."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from rules.delivery import LONG_AGO
from store.pool import Connection

BEGIN = "INSERT INTO delivery_paces (lane, free_at) SELECT unnest(%s::text[]), %s ON CONFLICT DO NOTHING"
LOCK = "SELECT lane, free_at FROM delivery_paces WHERE lane = ANY(%s) ORDER BY lane FOR UPDATE"
SET = """
UPDATE delivery_paces SET free_at = new.free_at FROM unnest(%s::text[], %s::timestamptz[]) AS new (lane, free_at)
WHERE delivery_paces.lane = new.lane
"""
HOLD = """
INSERT INTO delivery_paces (lane, free_at) VALUES (%s, %s)
ON CONFLICT (lane) DO UPDATE SET free_at = greatest(delivery_paces.free_at, excluded.free_at)
"""
NEXT = """
SELECT min(free_at) FROM delivery_paces p WHERE free_at > %s AND EXISTS (
    SELECT FROM notifications n WHERE n.state = 'due' AND n.merged_into IS NULL AND p.lane IN (n.lane, n.provider))
"""


async def paces(connection: Connection, lanes: Iterable[str]) -> dict[str, datetime]:
    """From when on each of `lanes` is free, locked until the transaction ends."""
    # In one order, so that two that want the same lanes wait for each other only one way.
    wanted = sorted(set(lanes))
    await connection.execute(BEGIN, (wanted, LONG_AGO))
    return dict(await (await connection.execute(LOCK, (wanted,))).fetchall())


async def set_paces(connection: Connection, free_at: Mapping[str, datetime]) -> None:
    await connection.execute(SET, (list(free_at), list(free_at.values())))


async def hold(connection: Connection, lane: str, until: datetime) -> None:
    """The other side wants to be left alone."""
    await connection.execute(HOLD, (lane, until))


async def next_pace(connection: Connection, now: datetime) -> datetime | None:
    """When the first lane that something waits for is free, by Vaka's clock."""
    row = await (await connection.execute(NEXT, (now,))).fetchone()
    return row[0] if row is not None else None
