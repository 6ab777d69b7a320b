"""Escalation in the database: what is due, who could be told, and saving what was decided."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import dict_row

from events.ids import TenantId
from rules.alarm_lifecycle import State
from rules.contact import Receiver
from rules.escalation import Advance, AlarmView, EscalationReason, notification_id
from rules.reach import TOLD_ROLES, Person, Roster, Webhook
from store.journal_write import JournalRow, record_many
from store.pool import Connection

CHANNEL = "vaka_alarms"
"""NOTIFY channel on which escalation is woken, by whoever sets an alarm's `escalate_at`."""

ACTOR = "escalator"

# Not FOR UPDATE: see store.journal_write. An alarm that another escalator has in hand is left to it.
DUE = """
SELECT id, tenant, unit, priority, state, version, rung, round,
       coalesce(forwarded_at, opened_at) AS began_at, escalate_at, forwarded_to
FROM alarms WHERE escalate_at <= %s ORDER BY priority, escalate_at, id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
"""
NEXT_DUE = "SELECT min(escalate_at) FROM alarms WHERE escalate_at IS NOT NULL"

# A sign-in holds in real time, whatever the clock that alarms are judged by.
PEOPLE = """
SELECT tenant, id, unit, role, EXISTS (SELECT FROM sessions WHERE sessions.staff = staff.id AND expires_at > now())
FROM staff WHERE tenant = ANY(%s) AND role = ANY(%s) ORDER BY id
"""
WEBHOOKS = "SELECT tenant, id, unit, receiver FROM webhooks WHERE tenant = ANY(%s) ORDER BY id"

SAVE = """
UPDATE alarms SET rung = new.rung, round = new.round, escalate_at = new.next_at
FROM unnest(%s::text[], %s::text[], %s::int[], %s::int[], %s::timestamptz[], %s::int[], %s::int[], %s::timestamptz[])
    AS new (id, state, old_rung, old_round, old_at, rung, round, next_at)
WHERE alarms.id = new.id AND alarms.state = new.state AND alarms.rung = new.old_rung
    AND alarms.round = new.old_round AND alarms.escalate_at = new.old_at
RETURNING alarms.id
"""
ADD_NOTIFICATIONS = """
INSERT INTO notifications (id, alarm, rung, round, priority, channel, receiver, created_at, next_attempt_at)
SELECT id, alarm, rung, round, priority, channel, receiver, %(now)s, now()
FROM unnest(%(ids)s::text[], %(alarms)s::text[], %(rungs)s::int[], %(rounds)s::int[], %(priorities)s::int[],
            %(channels)s::text[], %(receivers)s::text[])
    AS new (id, alarm, rung, round, priority, channel, receiver)
ON CONFLICT (id) DO NOTHING
"""
WAKE_NOTIFIER = "NOTIFY vaka_notifications"


class Climb(NamedTuple):
    """An alarm as it was, and what was decided for it."""

    alarm: AlarmView
    advance: Advance


async def due_alarms(connection: Connection, now: datetime, limit: int) -> list[AlarmView]:
    """Up to `limit` alarms that are due at `now`, the gravest first, locked until the transaction ends."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(DUE, (now, limit))
        return [AlarmView(**{**row, "state": State(row["state"])}) for row in await cursor.fetchall()]


async def next_due(connection: Connection) -> datetime | None:
    """When the first of all alarms is due; that may be past, while another escalator has it in hand."""
    row = await (await connection.execute(NEXT_DUE)).fetchone()
    return row[0] if row is not None else None


async def rosters(connection: Connection, tenants: Iterable[TenantId]) -> dict[TenantId, Roster]:
    """The people and webhooks of each of `tenants`, with who is signed in at this moment."""
    wanted = sorted(set(tenants))
    people: dict[TenantId, list[Person]] = {tenant: [] for tenant in wanted}
    webhooks: dict[TenantId, list[Webhook]] = {tenant: [] for tenant in wanted}
    for tenant, *person in await (await connection.execute(PEOPLE, (wanted, sorted(TOLD_ROLES)))).fetchall():
        people[tenant].append(Person(*person))
    for tenant, *webhook in await (await connection.execute(WEBHOOKS, (wanted,))).fetchall():
        webhooks[tenant].append(Webhook(*webhook))
    return {tenant: Roster(tuple(people[tenant]), tuple(webhooks[tenant])) for tenant in wanted}


async def save(connection: Connection, climbs: Sequence[Climb], now: datetime) -> list[Climb]:
    """Writes what was decided, with notifications and journal, where the alarm is still as it was; returns those."""
    values = [
        (a.id, a.state, a.rung, a.round, a.escalate_at, to.rung, to.round, to.next_at)
        for a, to in climbs
        if a.escalate_at is not None
    ]
    if not values:
        return []
    cursor = await connection.execute(SAVE, [list(column) for column in zip(*values, strict=True)])
    won = {row[0] for row in await cursor.fetchall()}
    saved = [climb for climb in climbs if climb.alarm.id in won]
    await _notify(connection, saved, now)
    told = [climb for climb in saved if climb.advance.reason is not EscalationReason.NOT_OPEN]
    await record_many(connection, [_journal_row(climb, now) for climb in told])
    return saved


async def _notify(connection: Connection, climbs: Sequence[Climb], now: datetime) -> None:
    rows = [
        (notification_id(a.id, to.round, to.rung, receiver), a.id, to.rung, to.round, a.priority, *receiver)
        for a, to in climbs
        for receiver in to.tell
    ]
    if not rows:
        return
    names = ("ids", "alarms", "rungs", "rounds", "priorities", "channels", "receivers")
    columns = {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    await connection.execute(ADD_NOTIFICATIONS, {"now": now, **columns})
    await connection.execute(WAKE_NOTIFIER)


def _journal_row(climb: Climb, now: datetime) -> JournalRow:
    alarm, to = climb
    told = [_told(receiver) for receiver in to.tell]
    data = {"rung": to.rung, "round": to.round, "reason": to.reason, "told": told}
    return JournalRow(alarm.id, now, ACTOR, "escalated", alarm.version, alarm.state, data)


def _told(receiver: Receiver) -> dict[str, str]:
    return {"channel": receiver.channel, "receiver": receiver.id}
