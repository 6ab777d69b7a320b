"""Looking at notifications: who was told of an alarm, how, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from events.ids import AlarmId, TenantId, UnitId
from store.pool import Connection
from store.select import Scope, Select

NotificationState = Literal["due", "sent", "seen", "failed"]

NOTIFICATIONS = """
SELECT n.id, n.alarm, n.rung, n.round, n.channel, n.receiver, n.state, n.created_at, n.attempts, n.sent_at, n.seen_at,
       n.receipt
FROM notifications n JOIN alarms a ON a.id = n.alarm
"""

NotificationKey = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class Notification:
    """`receiver` is a staff id at the console, and a webhook's id otherwise; `receipt` what the other side answered."""

    id: str
    alarm: AlarmId
    rung: int
    round: int
    channel: str
    receiver: str
    state: NotificationState
    created_at: datetime
    attempts: int
    sent_at: datetime | None
    seen_at: datetime | None
    receipt: dict[str, Any] | None


async def notifications(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    alarm: AlarmId | None = None,
    receiver: str | None = None,
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
        .where("n.state = %s", state)
        .after("(n.created_at, n.id) < (%s, %s)", after)
    )
    return await select.then("ORDER BY n.created_at DESC, n.id DESC").rows(connection, limit)


async def notification(connection: Connection, scope: Scope, id: str) -> Notification | None:
    return await _notifications(scope).where("n.id = %s", id).one(connection)


def _notifications(scope: Scope) -> Select[Notification]:
    select = Select(Notification, NOTIFICATIONS)
    return select.where("a.tenant = %s", scope.tenant).where("a.unit = %s", scope.unit)
