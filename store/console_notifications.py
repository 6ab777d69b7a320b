"""Telling people at the console: an entry in the journal each, which their page's stream shows them."""

from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from store.journal_write import JournalRow, record_many
from store.pool import Connection

ACTOR = "notifier"

# The alarms are locked before the journal is, as by everybody else. Nobody is told of what is closed by now.
SHOW = """
WITH due AS (
    SELECT notifications.id, notifications.alarm, version, alarms.state,
        alarms.state IN ('resolved', 'withdrawn') AS closed
    FROM notifications JOIN alarms ON alarms.id = notifications.alarm
    WHERE notifications.state = 'due' AND merged_into IS NULL AND channel = 'console'
    ORDER BY notifications.priority, next_attempt_at, notifications.id LIMIT %(limit)s
    FOR NO KEY UPDATE OF notifications SKIP LOCKED FOR KEY SHARE OF alarms
)
UPDATE notifications SET state = CASE WHEN closed THEN 'failed' ELSE 'sent' END,
    sent_at = CASE WHEN NOT closed THEN %(now)s END, attempts = 1,
    receipt = CASE WHEN closed THEN jsonb_build_object('reason', 'alarm is ' || due.state) END
FROM due WHERE due.id = notifications.id
RETURNING notifications.id, receiver, rung, round, created_at, due.alarm, due.version, due.state, due.closed
"""


class Shown(NamedTuple):
    """A notification that the console's stream shows from now on, unless the alarm is `closed`."""

    id: str
    receiver: str
    rung: int
    round: int
    created_at: datetime
    alarm: str
    version: int
    state: str
    closed: bool


async def show_on_console(connection: Connection, now: datetime, limit: int) -> list[Shown]:
    """Tells up to `limit` people. Sending and marking are one transaction here, so it happens exactly once."""
    async with connection.cursor(row_factory=class_row(Shown)) as cursor:
        shown = await (await cursor.execute(SHOW, {"now": now, "limit": limit})).fetchall()
    await record_many(connection, [_notified(notification, now) for notification in shown if not notification.closed])
    return shown


def _notified(shown: Shown, now: datetime) -> JournalRow:
    data = {"notification": shown.id, "receiver": shown.receiver, "rung": shown.rung, "round": shown.round}
    return JournalRow(shown.alarm, now, ACTOR, "notified", shown.version, shown.state, data)
