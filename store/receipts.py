"""Receipts of providers: kept as they come, once each, and applied to what they are about.

A receipt may come before it is known by which reference the provider names a message. So it waits for that here; a
lock on the reference keeps the two from missing each other.
"""

from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from events.ids import AlarmId, TenantId
from rules.contact import Channel
from rules.gateway_reports import Outcome
from store.pool import Connection

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
KEEP = """
INSERT INTO receipts (tenant, channel, reference, outcome, at) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
KEPT = "SELECT outcome FROM receipts WHERE tenant = %s AND channel = %s AND reference = %s ORDER BY at"

# Only what has been tried can be told of; a receipt by our own id may well come before the sending was marked.
_ABOUT = """
about AS (
    SELECT id FROM notifications WHERE tenant = %(tenant)s AND channel = %(channel)s AND attempts > 0
        AND id IN (SELECT id FROM notifications WHERE id = %(reference)s
            UNION SELECT id FROM notifications WHERE reference = %(reference)s)
), all_of AS (SELECT id FROM about UNION SELECT n.id FROM about JOIN notifications n ON n.merged_into = about.id)
"""
_RETURNING = "notifications.id, notifications.alarm, notifications.owner, notifications.owner_id"
# What was reached is not unreached by a receipt that comes late, and what was seen was delivered.
REACHED = f"""
WITH {_ABOUT}, points AS (
    UPDATE contact_points SET last_delivered_at = %(now)s FROM notifications n JOIN about USING (id)
    WHERE contact_points.id = n.receiver
)
UPDATE notifications SET
    state = CASE WHEN state = 'seen' OR %(seen)s THEN 'seen' ELSE 'delivered' END,
    delivered_at = coalesce(delivered_at, %(now)s), sent_at = coalesce(sent_at, %(now)s),
    seen_at = coalesce(seen_at, CASE WHEN %(seen)s THEN %(now)s END), fall_back_at = NULL, leased_until = NULL
FROM all_of WHERE all_of.id = notifications.id
RETURNING {_RETURNING}
"""  # noqa: S608
FAILED = f"""
WITH {_ABOUT}
UPDATE notifications SET state = 'failed', leased_until = NULL,
    receipt = coalesce(receipt, '{{}}') || jsonb_build_object('reason', 'the provider could not deliver it'),
    fall_back_at = CASE WHEN fallback IS NULL AND owner IS NOT NULL THEN %(now)s END
FROM all_of WHERE all_of.id = notifications.id AND state IN ('due', 'sent')
RETURNING {_RETURNING}
"""  # noqa: S608
TEST = """
WITH changed AS (
    UPDATE test_messages t SET state = %(state)s, leased_until = NULL, sent_at = coalesce(sent_at, %(now)s),
        delivered_at = CASE WHEN %(state)s = 'delivered' THEN %(now)s END
    FROM contact_points p
    WHERE p.id = t.contact_point AND p.tenant = %(tenant)s AND p.channel = %(channel)s AND attempts > 0
        AND (t.id = %(reference)s OR t.reference = %(reference)s) AND t.state <> 'delivered'
    RETURNING t.contact_point, t.asked_at
)
UPDATE contact_points SET last_test = %(state)s, last_test_at = %(now)s,
    last_delivered_at = CASE WHEN %(state)s = 'delivered' THEN %(now)s ELSE last_delivered_at END
FROM changed WHERE contact_points.id = changed.contact_point
"""
WAKE_NOTIFIER = "NOTIFY vaka_notifications"


class Told(NamedTuple):
    """A notification that a receipt was about."""

    id: str
    alarm: AlarmId
    owner: str | None
    owner_id: str | None


async def note_receipt(
    connection: Connection, tenant: TenantId, channel: Channel, reference: str, outcome: Outcome, now: datetime
) -> list[Told] | None:
    """What the receipt was about: nothing when that is not known yet, None when the same has been said before."""
    await lock_reference(connection, tenant, channel, reference)
    kept = await connection.execute(KEEP, (tenant, channel, reference, outcome, now))
    return await _apply(connection, tenant, channel, reference, outcome, now) if kept.rowcount else None


async def lock_reference(connection: Connection, tenant: TenantId, channel: Channel, reference: str) -> None:
    """To be taken before the notification is touched: whoever holds this wants that next."""
    await connection.execute(LOCK, ("\x1f".join((tenant, channel, reference)),))


async def catch_up(connection: Connection, tenant: TenantId, channel: Channel, reference: str, now: datetime) -> None:
    """Applies what was said of `reference` before anybody knew what it means. The caller has locked it."""
    said = await (await connection.execute(KEPT, (tenant, channel, reference))).fetchall()
    for (outcome,) in said:
        await _apply(connection, tenant, channel, reference, Outcome(outcome), now)


async def _apply(
    connection: Connection, tenant: TenantId, channel: Channel, reference: str, outcome: Outcome, now: datetime
) -> list[Told]:
    failed = outcome is Outcome.FAILED
    values = {"tenant": tenant, "channel": channel, "reference": reference, "now": now}
    values |= {"seen": outcome is Outcome.ACCEPTED, "state": "failed" if failed else "delivered"}
    async with connection.cursor(row_factory=class_row(Told)) as cursor:
        told = await (await cursor.execute((FAILED if failed else REACHED).encode(), values)).fetchall()
    if not told:
        await connection.execute(TEST, values)
    elif failed:
        await connection.execute(WAKE_NOTIFIER)
    return told
