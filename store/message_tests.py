"""Test messages: asked for by people or by the clock, one contact point each. They are no notifications of alarms."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from events.ids import TenantId, derived_id
from rules.contact import Channel
from store.contact_points import TestState
from store.pool import Connection
from store.receipts import catch_up, lock_reference
from store.select import Scope, Select

CHANNEL = "vaka_test_messages"
"""NOTIFY channel on which who sends them is woken."""

ROWS = """
SELECT t.id, t.contact_point, t.state, t.asked_at, t.asked_by, t.attempts, t.sent_at, t.delivered_at, t.receipt
FROM test_messages t JOIN contact_points p ON p.id = t.contact_point
"""
ASK = """
INSERT INTO test_messages (id, contact_point, asked_at, asked_by, next_attempt_at)
VALUES (%s, %s, %s, %s, now()) ON CONFLICT DO NOTHING
"""
ASK_ALL = """
WITH points AS (
    SELECT id FROM contact_points WHERE tenant = %(tenant)s AND expired_at IS NULL AND created_at <= %(at)s
), asked AS (
    INSERT INTO test_messages (id, contact_point, asked_at, asked_by, next_attempt_at)
    SELECT %(batch)s || ':' || id, id, %(now)s, 'schedule', now() FROM points ON CONFLICT DO NOTHING
    RETURNING contact_point
)
UPDATE contact_points SET last_test = 'due', last_test_at = %(now)s FROM asked WHERE asked.contact_point = id
"""
NOTED = "UPDATE contact_points SET last_test = %s, last_test_at = %s WHERE id = %s"
WAKE = "NOTIFY vaka_test_messages"

# Whatever tells of an alarm and could go now goes first.
CLAIM = """
WITH busy AS (
    SELECT DISTINCT channel FROM notifications WHERE state = 'due' AND channel <> 'console'
        AND next_attempt_at <= now() AND (leased_until IS NULL OR leased_until <= now())
), picked AS (
    SELECT t.id FROM test_messages t JOIN contact_points p ON p.id = t.contact_point
    WHERE t.state = 'due' AND t.next_attempt_at <= now() AND (t.leased_until IS NULL OR t.leased_until <= now())
        AND p.channel = ANY(%(channels)s) AND p.channel NOT IN (SELECT channel FROM busy)
    ORDER BY t.next_attempt_at, t.id LIMIT %(limit)s FOR NO KEY UPDATE OF t SKIP LOCKED
)
UPDATE test_messages t SET attempts = attempts + 1, leased_until = now() + %(lease)s
FROM picked, contact_points p JOIN tenants ON tenants.id = p.tenant
    LEFT JOIN channel_providers c ON c.tenant = p.tenant AND c.channel = p.channel
WHERE picked.id = t.id AND p.id = t.contact_point
RETURNING t.id, p.id AS contact_point, p.tenant, p.channel, p.address, p.expired_at IS NOT NULL AS expired, c.settings,
    tenants.language, t.attempts
"""
MARK = """
UPDATE test_messages SET state = %(state)s, leased_until = NULL, receipt = %(receipt)s, reference = %(reference)s,
    sent_at = CASE WHEN %(state)s <> 'failed' THEN %(now)s END,
    delivered_at = CASE WHEN %(state)s = 'delivered' THEN %(now)s END
WHERE id = %(id)s AND state = 'due'
"""
REACHED = "UPDATE contact_points SET last_delivered_at = %s WHERE id = %s"
RETRY = """
UPDATE test_messages SET leased_until = NULL, next_attempt_at = now() + %s, receipt = %s WHERE id = %s AND state = 'due'
"""
WAIT = """
SELECT extract(epoch FROM min(greatest(next_attempt_at, coalesce(leased_until, next_attempt_at))) - now())::float8
FROM test_messages WHERE state = 'due'
"""


@dataclass(frozen=True, slots=True)
class MessageTest:
    """`receipt`: what the other side said of the last attempt."""

    id: str
    contact_point: str
    state: TestState
    asked_at: datetime
    asked_by: str
    attempts: int
    sent_at: datetime | None
    delivered_at: datetime | None
    receipt: dict[str, Any] | None


class ClaimedTest(NamedTuple):
    """A test message to be sent; `attempts` counts this one."""

    id: str
    contact_point: str
    tenant: TenantId
    channel: Channel
    address: Mapping[str, Any]
    expired: bool
    settings: Mapping[str, Any] | None
    language: str
    attempts: int


async def message_tests(
    connection: Connection,
    scope: Scope,
    contact_point: str,
    *,
    after: tuple[datetime, str] | None = None,
    limit: int = 100,
) -> list[MessageTest]:
    """Of one contact point, the newest first."""
    select = (
        Select(MessageTest, ROWS)
        .where("p.tenant = %s", scope.tenant)
        .where("t.contact_point = %s", contact_point)
        .after("(t.asked_at, t.id) < (%s, %s)", after)
    )
    return await select.then("ORDER BY t.asked_at DESC, t.id DESC").rows(connection, limit)


async def ask_test(connection: Connection, id: str, contact_point: str, now: datetime, by: str) -> None:
    await connection.execute(ASK, (id, contact_point, now, by))
    await connection.execute(NOTED, ("due", now, contact_point))
    await connection.execute(WAKE)


async def ask_tests(connection: Connection, tenant: TenantId, at: datetime, now: datetime) -> None:
    """All contact points that a tenant had at the time `at` of its schedule. Asked for twice is asked for once."""
    await connection.execute(ASK_ALL, {"tenant": tenant, "at": at, "now": now, "batch": derived_id(tenant, at)})


async def claim_tests(
    connection: Connection, *, channels: list[Channel], limit: int, lease: timedelta
) -> list[ClaimedTest]:
    """Takes up to `limit` for the time of `lease`; none on a channel on which anything waits that is no test."""
    async with connection.cursor(row_factory=class_row(ClaimedTest)) as cursor:
        rows = await (await cursor.execute(CLAIM, {"channels": channels, "limit": limit, "lease": lease})).fetchall()
    return [row._replace(channel=Channel(row.channel)) for row in rows]


async def mark_test(
    connection: Connection,
    test: ClaimedTest,
    state: TestState,
    receipt: Mapping[str, Any],
    now: datetime,
    reference: str | None = None,
) -> None:
    """`sent`, `delivered` or `failed`; the contact point says so as well."""
    if reference is not None:
        await lock_reference(connection, test.tenant, test.channel, reference)
    values = {"id": test.id, "state": state, "receipt": Jsonb(receipt), "reference": reference, "now": now}
    if (await connection.execute(MARK, values)).rowcount:
        await connection.execute(NOTED, (state, now, test.contact_point))
    if state == "delivered":
        await connection.execute(REACHED, (now, test.contact_point))
    if reference is not None:
        await catch_up(connection, test.tenant, test.channel, reference, now)


async def retry_test(connection: Connection, id: str, receipt: Mapping[str, Any], delay: timedelta) -> None:
    """It is tried again after `delay` of real time."""
    await connection.execute(RETRY, (delay, Jsonb(receipt), id))


async def seconds_to_next_test(connection: Connection) -> float | None:
    """Real seconds until one can be claimed, if nothing else is in the way; None when none is due."""
    row = await (await connection.execute(WAIT)).fetchone()
    return row[0] if row is not None else None
