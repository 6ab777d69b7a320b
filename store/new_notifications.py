"""What the escalator has written and nobody has looked at yet: it gets its lanes, its owner, and its time limit."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from events.ids import TenantId
from store.pool import Connection

NEW = """
SELECT n.id, n.channel, n.receiver, n.priority, n.created_at, a.tenant, p.owner, p.owner_id, p.rank
FROM notifications n JOIN alarms a ON a.id = n.alarm
    LEFT JOIN contact_points p ON p.id = n.receiver AND p.channel = n.channel
WHERE n.lane IS NULL AND n.state = 'due' AND n.channel <> 'console'
ORDER BY n.priority, n.created_at LIMIT %s FOR NO KEY UPDATE OF n SKIP LOCKED
"""
PREPARE = """
UPDATE notifications SET tenant = new.tenant, lane = new.lane, provider = new.provider, owner = new.owner,
    owner_id = new.owner_id, rank = new.rank, fall_back_at = new.fall_back_at
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::timestamptz[])
    AS new (id, tenant, lane, provider, owner, owner_id, rank, fall_back_at)
WHERE notifications.id = new.id
"""


class New(NamedTuple):
    """Without an owner it goes to a webhook, or to a contact point that is not there any more."""

    id: str
    channel: str
    receiver: str
    priority: int
    created_at: datetime
    tenant: TenantId
    owner: str | None
    owner_id: str | None
    rank: int | None


class Prepared(NamedTuple):
    """`lane` and `provider`: see `rules.delivery`. `fall_back_at` None: nobody else is told in its place."""

    new: New
    lane: str
    provider: str | None
    fall_back_at: datetime | None


async def new_notifications(connection: Connection, limit: int) -> list[New]:
    """The gravest first, locked until the transaction ends."""
    async with connection.cursor(row_factory=class_row(New)) as cursor:
        return await (await cursor.execute(NEW, (limit,))).fetchall()


async def prepare(connection: Connection, prepared: Sequence[Prepared]) -> None:
    rows = [
        (
            row.new.id,
            row.new.tenant,
            row.lane,
            row.provider,
            row.new.owner,
            row.new.owner_id,
            row.new.rank,
            row.fall_back_at,
        )
        for row in prepared
    ]
    if rows:
        await connection.execute(PREPARE, [list(column) for column in zip(*rows, strict=True)])
