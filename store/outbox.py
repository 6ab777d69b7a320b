"""The outbox of notifications: claimed with a lease, sent, marked. Leases and retries are in real time.

A crash between sending and marking lets the lease run out, and the notification is sent again with the same id.
What was merged into another notification is sent, marked and repeated with that one. `store.outcomes` marks.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from events.ids import AlarmId, TenantId
from rules.contact import Channel
from store.pool import Connection

CHANNEL = "vaka_notifications"
"""NOTIFY channel on which the notifier is woken."""

WINDOW = 200
"""Rows of a channel that one claim looks at; of receivers and providers that have no room it looks at none."""

# A lane that is not free yet: what is not life-critical waits. A retry has already been let through to its receiver.
_PACED = """(priority > 1 AND EXISTS (SELECT FROM delivery_paces p WHERE p.free_at > %(now)s
    AND (p.lane = n.lane AND n.attempts = 0 OR p.lane = n.provider)))"""
_ROOM = """coalesce((%(busy)s::jsonb ->> n.lane)::int, 0) < %(per_receiver)s
    AND coalesce((%(busy)s::jsonb ->> n.provider)::int, 0) < %(per_provider)s"""
_FREE = "state = 'due' AND merged_into IS NULL AND (leased_until IS NULL OR leased_until <= now())"

# No receiver takes more than its room, then no provider, then no channel: one that hangs takes no place from others.
# The conditions stand twice: between reading and locking another notifier may have claimed the row.
CLAIM = f"""
WITH candidates AS (
    SELECT found.* FROM unnest(%(channels)s::text[], %(rooms)s::int[]) AS c (channel, room)
    CROSS JOIN LATERAL (
        SELECT id, n.channel, lane, provider, priority, next_attempt_at, c.room,
            n.channel <> ALL(%(programs)s) AND priority > 1 AND attempts = 0 AS merges
        FROM notifications n
        WHERE n.channel = c.channel AND {_FREE} AND lane IS NOT NULL AND next_attempt_at <= now()
            AND {_ROOM} AND NOT {_PACED}
        ORDER BY priority, next_attempt_at, id LIMIT {WINDOW}
    ) found
), by_receiver AS (
    SELECT *, row_number() OVER (PARTITION BY lane ORDER BY priority, next_attempt_at, id) AS place,
        row_number() OVER (PARTITION BY lane, merges ORDER BY priority, next_attempt_at, id) AS alike
    FROM candidates
), by_provider AS (
    SELECT *, row_number() OVER (PARTITION BY coalesce(provider, lane) ORDER BY priority, next_attempt_at, id) AS seat
    FROM by_receiver
    WHERE place <= %(per_receiver)s - coalesce((%(busy)s::jsonb ->> lane)::int, 0) AND (alike = 1 OR NOT merges)
), by_channel AS (
    SELECT *, row_number() OVER (PARTITION BY channel ORDER BY priority, next_attempt_at, id) AS rank
    FROM by_provider
    WHERE seat <= %(per_provider)s - coalesce((%(busy)s::jsonb ->> provider)::int, 0)
), picked AS (
    SELECT id FROM notifications JOIN by_channel chosen USING (id)
    WHERE chosen.rank <= chosen.room AND {_FREE} FOR NO KEY UPDATE OF notifications SKIP LOCKED
)
UPDATE notifications SET attempts = attempts + 1, leased_until = now() + %(lease)s
FROM picked WHERE picked.id = notifications.id
RETURNING notifications.id, channel, tenant, lane, provider, priority, attempts
"""  # noqa: S608
RELEASE = "UPDATE notifications SET attempts = attempts - 1, leased_until = NULL WHERE id = ANY(%s)"
# Only what was never attempted is merged, into what was never attempted: the other side may take a second attempt for
# a repeat of the first and leave it, with all that came to it meanwhile.
MERGE = f"""
UPDATE notifications SET merged_into = carrier FROM (
    SELECT n.id, c.id AS carrier FROM unnest(%s::text[], %s::text[]) AS c (id, lane)
        JOIN notifications n ON n.lane = c.lane AND n.id <> c.id
    WHERE {_FREE} AND n.attempts = 0 AND n.priority > 1 FOR NO KEY UPDATE OF n SKIP LOCKED
) waiting
WHERE waiting.id = notifications.id
"""  # noqa: S608
# Nothing is sent that is pointless: for a closed alarm, to a person for one that has been accepted since, or again when
# a repeat that came in the meantime takes over: who comes back after hours is told of each alarm once, not once for
# every five minutes.
LOAD = """
SELECT n.id, n.channel, n.receiver, n.tenant, n.alarm, n.priority, n.rung, n.round, n.attempts, n.created_at, n.lane,
    n.provider, n.owner IS NOT NULL AS to_a_point,
    CASE WHEN a.state IN ('resolved', 'withdrawn') THEN 'alarm is ' || a.state
        WHEN n.owner IS NOT NULL AND a.state <> 'open' AND a.accepted_at >= n.created_at THEN 'alarm is accepted'
        WHEN n.attempts > 1 AND EXISTS (
            SELECT FROM notifications o WHERE o.alarm = n.alarm AND o.receiver = n.receiver AND o.channel = n.channel
                AND (o.round, o.rung) > (n.round, n.rung)) THEN 'told anew' END AS pointless,
    CASE WHEN w.id IS NOT NULL THEN jsonb_build_object('url', w.url, 'secret', w.secret)
        WHEN p.expired_at IS NULL THEN p.address END AS address,
    c.settings, t.language,
    (SELECT count(*) FROM notifications m WHERE m.merged_into = n.id) AS merged, a.kind, d.shows,
    CASE WHEN 'name' = ANY(d.shows) THEN r.name END AS name,
    jsonb_build_object('id', a.id, 'kind', a.kind, 'priority', a.priority, 'state', a.state, 'opened_at', a.opened_at,
        'resident', a.resident, 'unit', a.unit, 'tenant', a.tenant, 'device', a.device, 'count', a.count) AS facts
FROM notifications n JOIN alarms a ON a.id = n.alarm JOIN tenants t ON t.id = n.tenant
    LEFT JOIN webhooks w ON n.channel = 'webhook' AND w.id = n.receiver
    LEFT JOIN contact_points p ON p.id = n.receiver AND p.channel = n.channel
    LEFT JOIN channel_providers c ON c.tenant = n.tenant AND c.channel = n.channel
    LEFT JOIN residents r ON r.id = a.resident
    LEFT JOIN LATERAL (SELECT shows FROM message_decisions WHERE unit = a.unit ORDER BY id DESC LIMIT 1) d ON true
WHERE n.id = ANY(%s) ORDER BY n.priority, n.next_attempt_at, n.id
"""
WAIT = f"""
SELECT extract(epoch FROM min(greatest(next_attempt_at, coalesce(leased_until, next_attempt_at))) - now())::float8
FROM notifications n
WHERE state = 'due' AND merged_into IS NULL AND n.channel = ANY(%(channels)s) AND {_ROOM} AND NOT {_PACED}
"""  # noqa: S608


class Ticket(NamedTuple):
    """A claimed notification, before it is known what it says."""

    id: str
    channel: Channel
    tenant: TenantId
    lane: str
    provider: str | None
    priority: int
    attempts: int


class Claimed(NamedTuple):
    """A notification to be sent. `attempts` counts this one; `merged` how many others go with it.

    `address` is None when the target is gone; `settings` of the tenant's provider, None where it has none.
    `pointless`: why it should not be sent after all. `facts`: the alarm, for programs.
    """

    id: str
    channel: Channel
    receiver: str
    tenant: TenantId
    alarm: AlarmId
    priority: int
    rung: int
    round: int
    attempts: int
    created_at: datetime
    lane: str
    provider: str | None
    to_a_point: bool
    pointless: str | None
    address: Mapping[str, Any] | None
    settings: Mapping[str, Any] | None
    language: str
    merged: int
    kind: str
    shows: list[str] | None
    name: str | None
    facts: Mapping[str, Any]


class Room(NamedTuple):
    """How much may be begun: of each channel so many, and of each receiver and provider, less what is `busy` there."""

    channels: Mapping[Channel, int]
    per_receiver: int
    per_provider: int
    busy: Mapping[str, int]

    def values(self) -> dict[str, Any]:
        return {
            "channels": list(self.channels),
            "rooms": list(self.channels.values()),
            "per_receiver": self.per_receiver,
            "per_provider": self.per_provider,
            "busy": Jsonb(dict(self.busy)),
        }


async def claim(
    connection: Connection, room: Room, programs: Sequence[Channel], now: datetime, lease: timedelta
) -> list[Ticket]:
    """Takes what is due for the time of `lease`, the gravest first. Of several for one person only one: see `merge`."""
    values = {**room.values(), "programs": list(programs), "now": now, "lease": lease}
    async with connection.cursor(row_factory=class_row(Ticket)) as cursor:
        tickets = await (await cursor.execute(CLAIM.encode(), values)).fetchall()
    return [ticket._replace(channel=Channel(ticket.channel)) for ticket in tickets]


async def release(connection: Connection, notifications: Sequence[str]) -> None:
    """They were claimed, and it is not their turn yet."""
    await connection.execute(RELEASE, (list(notifications),))


async def merge(connection: Connection, carriers: Sequence[Ticket]) -> None:
    """All that waits for the same receiver goes with the carrier, if it is not life-critical."""
    values = ([carrier.id for carrier in carriers], [carrier.lane for carrier in carriers])
    await connection.execute(MERGE.encode(), values)


async def load(connection: Connection, tickets: Sequence[Ticket]) -> list[Claimed]:
    async with connection.cursor(row_factory=class_row(Claimed)) as cursor:
        rows = await (await cursor.execute(LOAD, ([ticket.id for ticket in tickets],))).fetchall()
    return [row._replace(channel=Channel(row.channel)) for row in rows]


async def seconds_to_next(connection: Connection, room: Room, now: datetime) -> float | None:
    """Real seconds until something can be claimed: negative when it is overdue, None when nothing is due."""
    row = await (await connection.execute(WAIT.encode(), {**room.values(), "now": now})).fetchone()
    return row[0] if row is not None else None
