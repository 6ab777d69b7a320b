"""Looking at notifications: who was told of an alarm, how, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from events.ids import AlarmId, TenantId, UnitId
from rules.contact import Channel, Owner
from rules.delivery import FallbackReason
from store.pool import Connection
from store.select import Scope, Select

NotificationState = Literal["due", "sent", "delivered", "seen", "failed"]

# Who was told and has done something about the alarm since is in the alarm's journal, and nowhere else.
NOTIFICATIONS = """
SELECT n.id, n.alarm, n.rung, n.round, n.priority, n.channel, n.receiver, n.owner, n.owner_id, n.state, n.created_at,
       n.attempts, n.sent_at, n.delivered_at, n.seen_at,
       (SELECT min(j.at) FROM alarm_journal j WHERE j.alarm = n.alarm AND j.at >= n.created_at
           AND j.actor = CASE WHEN n.channel = 'console' THEN n.receiver WHEN n.owner = 'staff' THEN n.owner_id END
       ) AS acted_at,
       n.fall_back_at, n.fallback, n.fallback_of, n.merged_into, n.receipt
FROM notifications n JOIN alarms a ON a.id = n.alarm
"""

NotificationKey = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class Notification:
    """`receiver` is a staff id at the console, a webhook's id, or a contact point's, which `owner` says whose it is.

    `acted_at`: when whoever it went to first did something about the alarm. `fallback`: what was decided when no
    receipt had come until `fall_back_at`. `fallback_of`: in whose place this one is told. `receipt`: what the other
    side said.
    """

    id: str
    alarm: AlarmId
    rung: int
    round: int
    priority: int
    channel: Channel
    receiver: str
    owner: Owner | None
    owner_id: str | None
    state: NotificationState
    created_at: datetime
    attempts: int
    sent_at: datetime | None
    delivered_at: datetime | None
    seen_at: datetime | None
    acted_at: datetime | None
    fall_back_at: datetime | None
    fallback: FallbackReason | None
    fallback_of: str | None
    merged_into: str | None
    receipt: dict[str, Any] | None


async def notifications(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    alarm: AlarmId | None = None,
    receiver: str | None = None,
    owner_id: str | None = None,
    channel: Channel | None = None,
    state: NotificationState | None = None,
    after: NotificationKey | None = None,
    limit: int = 100,
) -> list[Notification]:
    """Newest first."""
    select = (
        _notifications(scope)
        .where("a.tenant = %s", tenant)
        .where("a.unit = %s", unit)
        .where("n.alarm = %s", alarm)
        .where("n.receiver = %s", receiver)
        .where("n.owner_id = %s", owner_id)
        .where("n.channel = %s", channel)
        .where("n.state = %s", state)
        .after("(n.created_at, n.id) < (%s, %s)", after)
    )
    return await select.then("ORDER BY n.created_at DESC, n.id DESC").rows(connection, limit)


async def notification(connection: Connection, scope: Scope, id: str) -> Notification | None:
    return await _notifications(scope).where("n.id = %s", id).one(connection)


def _notifications(scope: Scope) -> Select[Notification]:
    select = Select(Notification, NOTIFICATIONS)
    return select.where("a.tenant = %s", scope.tenant).where("a.unit = %s", scope.unit)
