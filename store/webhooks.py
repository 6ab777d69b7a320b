"""Webhooks: where a unit, or the alarm centre, is told of alarms by a program."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from events.ids import TenantId, UnitId
from store.pool import Connection
from store.select import Scope, Select

WEBHOOKS = "SELECT id, tenant, unit, receiver, url, created_at FROM webhooks"
ADD_WEBHOOK = """
INSERT INTO webhooks (id, tenant, unit, receiver, url, secret, created_at)
VALUES (%(id)s, %(tenant)s, %(unit)s, %(receiver)s, %(url)s, %(secret)s, %(created_at)s)
ON CONFLICT DO NOTHING
"""
DELETE_WEBHOOK = "DELETE FROM webhooks WHERE id = %s"


@dataclass(frozen=True, slots=True)
class Webhook:
    """`unit` is set when the receiver is a unit. The secret that requests are signed with is never shown again."""

    id: str
    tenant: TenantId
    unit: UnitId | None
    receiver: Literal["unit", "alarm_centre"]
    url: str
    created_at: datetime


async def webhooks(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    after: tuple[str] | None = None,
    limit: int = 100,
) -> list[Webhook]:
    select = _webhooks(scope).where("tenant = %s", tenant).where("unit = %s", unit).after("id > %s", after)
    return await select.then("ORDER BY id").rows(connection, limit)


async def webhook(connection: Connection, scope: Scope, id: str) -> Webhook | None:
    return await _webhooks(scope).where("id = %s", id).one(connection)


def _webhooks(scope: Scope) -> Select[Webhook]:
    return Select(Webhook, WEBHOOKS).where("tenant = %s", scope.tenant).where("unit = %s", scope.unit)


async def add_webhook(connection: Connection, new: Webhook, secret: str) -> bool:
    """False when the id is taken."""
    values = {name: getattr(new, name) for name in Webhook.__slots__} | {"secret": secret}
    return (await connection.execute(ADD_WEBHOOK, values)).rowcount == 1


async def delete_webhook(connection: Connection, id: str) -> None:
    """What was still to be sent there fails, and says that the webhook is gone."""
    await connection.execute(DELETE_WEBHOOK, (id,))
