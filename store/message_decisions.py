"""What units let messages say that leave the house: every decision is kept, and the newest of a unit holds."""

from dataclasses import dataclass
from datetime import datetime

from events.ids import TenantId, UnitId
from rules.message_text import Shows
from store.pool import Connection
from store.select import Scope, Select

ROWS = "SELECT id, tenant, unit, shows, reason, decided_at, decided_by FROM message_decisions"
ADD = """
INSERT INTO message_decisions (tenant, unit, shows, reason, decided_at, decided_by) VALUES (%s, %s, %s, %s, %s, %s)
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class MessageDecision:
    """Messages about alarms of `unit` show these, and nothing else that says whom or what an alarm is about."""

    id: int
    tenant: TenantId
    unit: UnitId
    shows: list[Shows]
    reason: str
    decided_at: datetime
    decided_by: str


async def message_decisions(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    after: tuple[int] | None = None,
    limit: int = 100,
) -> list[MessageDecision]:
    """The newest first."""
    select = _rows(scope).where("tenant = %s", tenant).where("unit = %s", unit).after("id < %s", after)
    return await select.then("ORDER BY id DESC").rows(connection, limit)


async def message_decision(connection: Connection, scope: Scope, id: int) -> MessageDecision | None:
    return await _rows(scope).where("id = %s", id).one(connection)


def _rows(scope: Scope) -> Select[MessageDecision]:
    return Select(MessageDecision, ROWS).where("tenant = %s", scope.tenant).where("unit = %s", scope.unit)


async def decide(
    connection: Connection, tenant: TenantId, unit: UnitId, shows: list[Shows], reason: str, now: datetime, by: str
) -> MessageDecision:
    cursor = await connection.execute(ADD, (tenant, unit, [str(each) for each in shows], reason, now, by))
    row = await cursor.fetchone()
    assert row is not None
    return MessageDecision(row[0], tenant, unit, shows, reason, now, by)
