"""The outbox of notifications: claimed with a lease, sent, marked. Leases and retries are in real time.

A crash between sending and marking lets the lease run out, and the notification is sent again with the same id.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store.journal_write import JournalRow, record_many
from store.pool import Connection

CHANNEL = "vaka_notifications"
"""NOTIFY channel on which the notifier is woken."""

ACTOR = "notifier"

# A repeat that came in the meantime takes over from what has failed: a receiver that comes back after hours is told of
# each alarm once, not once for every five minutes.
GIVE_UP = """
WITH pointless AS (
    SELECT notifications.id,
        CASE WHEN alarms.state IN ('resolved', 'withdrawn') THEN 'alarm is ' || alarms.state ELSE 'told anew' END AS why
    FROM notifications JOIN alarms ON alarms.id = notifications.alarm
    WHERE notifications.state = 'due' AND (leased_until IS NULL OR leased_until <= now())
        AND (alarms.state IN ('resolved', 'withdrawn') OR attempts > 0 AND EXISTS (
            SELECT FROM notifications later
            WHERE later.alarm = notifications.alarm AND later.receiver = notifications.receiver
                AND later.channel = notifications.channel
                AND (later.round, later.rung) > (notifications.round, notifications.rung)))
    FOR NO KEY UPDATE OF notifications SKIP LOCKED
)
UPDATE notifications SET state = 'failed', leased_until = NULL,
    receipt = coalesce(receipt, '{}') || jsonb_build_object('reason', why)
FROM pointless WHERE pointless.id = notifications.id
RETURNING channel
"""
# The alarms are locked before the journal is, as by everybody else.
SHOW_ON_CONSOLE = """
WITH due AS (
    SELECT notifications.id, notifications.alarm, version, alarms.state
    FROM notifications JOIN alarms ON alarms.id = notifications.alarm
    WHERE notifications.state = 'due' AND channel = 'console'
    ORDER BY notifications.priority, next_attempt_at, notifications.id LIMIT %(limit)s
    FOR NO KEY UPDATE OF notifications SKIP LOCKED FOR KEY SHARE OF alarms
)
UPDATE notifications SET state = 'sent', sent_at = %(now)s, attempts = 1
FROM due WHERE due.id = notifications.id
RETURNING notifications.id, receiver, rung, round, created_at, due.alarm, due.version, due.state
"""
# At most `per_receiver` of one receiver, so that one which hangs takes no place from the others. The conditions stand
# twice: between reading and locking another notifier may have claimed the row.
CLAIM = """
WITH ranked AS (
    SELECT id, row_number() OVER (PARTITION BY receiver ORDER BY priority, next_attempt_at, id) AS place
    FROM notifications
    WHERE state = 'due' AND channel = 'webhook' AND next_attempt_at <= now()
        AND (leased_until IS NULL OR leased_until <= now()) AND receiver <> ALL(%(busy)s)
), picked AS (
    SELECT notifications.id FROM notifications JOIN ranked USING (id)
    WHERE place <= %(per_receiver)s AND state = 'due' AND (leased_until IS NULL OR leased_until <= now())
    ORDER BY priority, next_attempt_at, id LIMIT %(limit)s FOR NO KEY UPDATE OF notifications SKIP LOCKED
), claimed AS (
    UPDATE notifications SET attempts = attempts + 1, leased_until = now() + %(lease)s
    FROM picked WHERE picked.id = notifications.id RETURNING notifications.*
)
SELECT claimed.id, claimed.receiver, claimed.rung, claimed.round, claimed.attempts, claimed.created_at,
    webhooks.url, webhooks.secret,
    jsonb_build_object('id', alarms.id, 'kind', alarms.kind, 'priority', alarms.priority, 'state', alarms.state,
        'opened_at', alarms.opened_at, 'resident', alarms.resident, 'unit', alarms.unit, 'tenant', alarms.tenant,
        'device', alarms.device, 'count', alarms.count) AS alarm
FROM claimed JOIN alarms ON alarms.id = claimed.alarm LEFT JOIN webhooks ON webhooks.id = claimed.receiver
ORDER BY claimed.priority, claimed.next_attempt_at, claimed.id
"""
MARK_SENT = """
UPDATE notifications SET state = 'sent', sent_at = %s, leased_until = NULL, receipt = %s WHERE id = %s AND state = 'due'
"""
MARK_FAILED = (
    "UPDATE notifications SET state = 'failed', leased_until = NULL, receipt = %s WHERE id = %s AND state = 'due'"
)
RETRY = """
UPDATE notifications SET leased_until = NULL, next_attempt_at = now() + %s, receipt = %s WHERE id = %s AND state = 'due'
"""
MARK_SEEN = """
UPDATE notifications SET state = 'seen', seen_at = %s
WHERE id = %s AND receiver = %s AND channel = 'console' AND state = 'sent'
"""
WAIT = """
SELECT extract(epoch FROM min(greatest(next_attempt_at, coalesce(leased_until, next_attempt_at))) - now())::float8
FROM notifications WHERE state = 'due' AND receiver <> ALL(%s)
"""


class Shown(NamedTuple):
    """A notification that the console's stream shows from now on."""

    id: str
    receiver: str
    rung: int
    round: int
    created_at: datetime
    alarm: str
    version: int
    state: str


class Claimed(NamedTuple):
    """A notification to be sent. `url` and `secret` are None when the webhook is gone; `attempts` counts this one."""

    id: str
    receiver: str
    rung: int
    round: int
    attempts: int
    created_at: datetime
    url: str | None
    secret: str | None
    alarm: Mapping[str, Any]


async def give_up_pointless(connection: Connection) -> list[str]:
    """What is still due for a closed alarm, or was told anew, fails with the reason; returns the channel of each."""
    return [row[0] for row in await (await connection.execute(GIVE_UP)).fetchall()]


async def show_on_console(connection: Connection, now: datetime, limit: int) -> list[Shown]:
    """Tells up to `limit` people at the console: a journal entry each, which their page's stream shows them.

    Sending and marking are one transaction here, so it happens exactly once.
    """
    async with connection.cursor(row_factory=class_row(Shown)) as cursor:
        shown = await (await cursor.execute(SHOW_ON_CONSOLE, {"now": now, "limit": limit})).fetchall()
    await record_many(connection, [_notified(notification, now) for notification in shown])
    return shown


def _notified(shown: Shown, now: datetime) -> JournalRow:
    data = {"notification": shown.id, "receiver": shown.receiver, "rung": shown.rung, "round": shown.round}
    return JournalRow(shown.alarm, now, ACTOR, "notified", shown.version, shown.state, data)


async def claim(
    connection: Connection, *, limit: int, per_receiver: int, busy: list[str], lease: timedelta
) -> list[Claimed]:
    """Takes up to `limit` due webhook notifications for the time of `lease`, none of a receiver in `busy`."""
    values = {"limit": limit, "per_receiver": per_receiver, "busy": busy, "lease": lease}
    async with connection.cursor(row_factory=class_row(Claimed)) as cursor:
        return await (await cursor.execute(CLAIM, values)).fetchall()


async def mark_sent(connection: Connection, notification: str, receipt: Mapping[str, Any], now: datetime) -> None:
    await connection.execute(MARK_SENT, (now, Jsonb(receipt), notification))


async def mark_failed(connection: Connection, notification: str, receipt: Mapping[str, Any]) -> None:
    """It is not tried again."""
    await connection.execute(MARK_FAILED, (Jsonb(receipt), notification))


async def retry_later(connection: Connection, notification: str, receipt: Mapping[str, Any], delay: timedelta) -> None:
    """It is tried again after `delay` of real time."""
    await connection.execute(RETRY, (delay, Jsonb(receipt), notification))


async def mark_seen(connection: Connection, notification: str, staff: str, now: datetime) -> bool:
    """The page of `staff` has shown it. False when it is not theirs, not sent yet, or seen already."""
    return (await connection.execute(MARK_SEEN, (now, notification, staff))).rowcount == 1


async def seconds_to_next(connection: Connection, busy: list[str]) -> float | None:
    """Real seconds until something can be claimed: negative when it is overdue, None when nothing is due."""
    row = await (await connection.execute(WAIT, (busy,))).fetchone()
    return row[0] if row is not None else None
