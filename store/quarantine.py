"""Reading the quarantine, and asking for a message in it to be read again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from events.ids import DeviceId, TenantId
from store.pool import Connection
from store.select import Scope, Select

QuarantineState = Literal["held", "replaying", "replayed"]

QUARANTINE = """
SELECT id, at, reason, detail, tenant, device, topic, payload, state, replayed_at FROM quarantine
"""
# Held back from two who ask at the same time: only one of them changes the state.
REPLAY = "UPDATE quarantine SET state = 'replaying' WHERE id = %s AND state = 'held'"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A message that was not understood. `tenant` and `device` are what its topic claimed."""

    id: int
    at: datetime
    reason: str
    detail: str
    tenant: TenantId | None
    device: DeviceId | None
    topic: str
    payload: bytes
    state: QuarantineState
    replayed_at: datetime | None


async def quarantine(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    device: DeviceId | None = None,
    state: QuarantineState | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    after: tuple[int] | None = None,
    limit: int = 100,
) -> list[Quarantined]:
    """Newest first; `start` and `end` are about `at`."""
    select = (
        _quarantine(scope)
        .where("tenant = %s", tenant)
        .where("device = %s", device)
        .where("state = %s", state)
        .where("at >= %s", start)
        .where("at < %s", end)
        .after("id < %s", after)
    )
    return await select.then("ORDER BY id DESC").rows(connection, limit)


async def quarantined(connection: Connection, scope: Scope, id: int) -> Quarantined | None:
    return await _quarantine(scope).where("id = %s", id).one(connection)


def _quarantine(scope: Scope) -> Select[Quarantined]:
    """A message in quarantine belongs to no unit, so who is bound to one sees none."""
    select = Select(Quarantined, QUARANTINE).where("tenant = %s", scope.tenant)
    return select if scope.unit is None else select.where("false")


async def ask_for_replay(connection: Connection, id: int) -> bool:
    """False when somebody has asked already."""
    return (await connection.execute(REPLAY, (id,))).rowcount == 1
