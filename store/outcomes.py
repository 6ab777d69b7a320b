"""What came of notifications: sent, delivered, seen, failed, to be tried again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from store.contact_points import expire_contact_point
from store.outbox import Claimed
from store.pool import Connection
from store.receipts import catch_up, lock_reference

# A receipt may have been faster than this, and what it said stands. What went out is no longer due, whatever happens.
MARK_SENT = """
UPDATE notifications SET
    state = CASE WHEN state <> 'due' THEN state WHEN %(delivered)s THEN 'delivered' ELSE 'sent' END,
    sent_at = coalesce(sent_at, %(now)s),
    delivered_at = coalesce(delivered_at, CASE WHEN %(delivered)s THEN %(now)s END),
    fall_back_at = CASE WHEN NOT %(delivered)s THEN fall_back_at END, leased_until = NULL,
    reference = CASE WHEN id = %(id)s THEN %(reference)s END, receipt = %(receipt)s
WHERE (id = %(id)s OR merged_into = %(id)s) AND state IN ('due', 'delivered', 'seen')
RETURNING created_at
"""
REACHED = "UPDATE contact_points SET last_delivered_at = %s WHERE id = %s"
# Who else there is must be told at once, unless somebody has been.
MARK_FAILED = """
UPDATE notifications SET state = 'failed', leased_until = NULL, receipt = %(receipt)s,
    fall_back_at = CASE WHEN fallback IS NULL AND owner IS NOT NULL THEN %(now)s END
WHERE (id = %(id)s OR merged_into = %(id)s) AND state = 'due'
"""
# It alone was pointless; what was merged into it is sent by itself.
DROP = """
WITH freed AS (UPDATE notifications SET merged_into = NULL WHERE merged_into = %(id)s AND state = 'due')
UPDATE notifications SET state = 'failed', leased_until = NULL, fall_back_at = NULL,
    receipt = coalesce(receipt, '{}') || jsonb_build_object('reason', %(why)s::text)
WHERE id = %(id)s AND state = 'due'
"""
RETRY = """
UPDATE notifications SET leased_until = NULL, next_attempt_at = now() + %s, receipt = %s WHERE id = %s AND state = 'due'
"""
MARK_SEEN = """
UPDATE notifications SET state = 'seen', seen_at = %(now)s, fall_back_at = NULL, leased_until = NULL
WHERE (id = %(id)s OR merged_into = %(id)s)
    AND CASE WHEN channel = 'console' THEN receiver = %(staff)s AND state = 'sent'
        ELSE (owner = 'unit' OR owner_id = %(staff)s) AND state <> 'seen'
            AND (state <> 'due' OR attempts > 0 OR merged_into IS NOT NULL) END
"""


async def mark_sent(
    connection: Connection,
    notification: Claimed,
    receipt: Mapping[str, Any],
    now: datetime,
    *,
    reference: str | None = None,
    delivered: bool = False,
) -> list[datetime]:
    """`reference`: by which the provider will name it. Returns when each that went with it was created."""
    if reference is not None:
        await lock_reference(connection, notification.tenant, notification.channel, reference)
    values = {"id": notification.id, "receipt": Jsonb(receipt), "now": now}
    values |= {"reference": reference, "delivered": delivered}
    rows = await (await connection.execute(MARK_SENT, values)).fetchall()
    if delivered and notification.to_a_point:
        await connection.execute(REACHED, (now, notification.receiver))
    if reference is not None:
        await catch_up(connection, notification.tenant, notification.channel, reference, now)
    return [row[0] for row in rows]


async def mark_failed(
    connection: Connection, notification: Claimed, receipt: Mapping[str, Any], now: datetime, *, expired: bool = False
) -> None:
    """It is not tried again, and whoever else there is, is told. `expired`: nothing is sent there any more."""
    if expired and notification.to_a_point:
        await expire_contact_point(connection, notification.receiver, "the other side says that it is gone", now)
    values = {"id": notification.id, "receipt": Jsonb(dict(receipt)), "now": now}
    await connection.execute(MARK_FAILED, values)


async def drop(connection: Connection, notification: str, why: str) -> None:
    """It is pointless by now."""
    await connection.execute(DROP, {"id": notification, "why": why})


async def retry_later(connection: Connection, notification: str, receipt: Mapping[str, Any], delay: timedelta) -> None:
    """It is tried again after `delay` of real time."""
    await connection.execute(RETRY, (delay, Jsonb(receipt), notification))


async def mark_seen(connection: Connection, notification: str, staff: str, now: datetime) -> bool:
    """`staff` has opened it. False when it is not theirs, not sent yet, or seen already."""
    return (await connection.execute(MARK_SEEN, {"id": notification, "staff": staff, "now": now})).rowcount > 0
