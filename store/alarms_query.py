"""Looking at alarms, as staff see them: with the resident's name, address and instructions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from events.ids import AlarmId, DeviceId, ResidentId, TenantId, UnitId
from rules.alarm_lifecycle import State
from store.pool import Connection
from store.select import Scope, Select

Outcome = Literal["helped", "false_alarm", "no_action_needed", "ambulance", "other"]

ALARM_COLUMNS = """
a.id, a.tenant, a.unit, u.name AS unit_name, a.resident, r.name AS resident_name, a.shared_with,
o.name AS shared_with_name, r.address, r.instructions, a.device, a.kind, a.priority, a.state, a.version, a.count,
a.reason, a.detail, a.opened_at, a.occurred_at, a.accepted_at, a.accepted_by, s.name AS accepted_by_name,
a.at_person_at, a.closed_at, a.outcome, a.rung, a.round, a.escalate_at, a.forwarded_to, a.forwarded_at, a.policy,
a.policy_version, a.overdue_at, a.declined, a.helpers
"""
ALARM_JOINS = """
LEFT JOIN residents r ON r.id = a.resident LEFT JOIN residents o ON o.id = a.shared_with
LEFT JOIN units u ON u.id = a.unit LEFT JOIN staff s ON s.id = a.accepted_by
"""
ALARMS = f"SELECT {ALARM_COLUMNS} FROM alarms a {ALARM_JOINS}"  # noqa: S608
OF_TECHNOLOGY = "a.device IN (SELECT id FROM devices WHERE technology = %s)"

AlarmKey = tuple[datetime, str]
"""Where a page ends: `opened_at` and id of its last alarm."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a person must act on. `rung` and `round` say how far it has escalated, `escalate_at` when it goes on.

    `policy` and `policy_version` are what it escalates by, null until somebody was told. `overdue_at`: it is accepted,
    but nobody was at the person by then. `declined` and `helpers`: staff ids of who has said no, and of who has joined.
    The fields stand in the order of ALARM_COLUMNS.
    """

    id: AlarmId
    tenant: TenantId
    unit: UnitId | None
    unit_name: str | None
    resident: ResidentId | None
    resident_name: str | None
    shared_with: ResidentId | None
    shared_with_name: str | None
    address: str | None
    instructions: str | None
    device: DeviceId | None
    kind: str
    priority: int
    state: State
    version: int
    count: int
    reason: str
    detail: dict[str, Any]
    opened_at: datetime
    occurred_at: datetime
    accepted_at: datetime | None
    accepted_by: str | None
    accepted_by_name: str | None
    at_person_at: datetime | None
    closed_at: datetime | None
    outcome: Outcome | None
    rung: int
    round: int
    escalate_at: datetime | None
    forwarded_to: str | None
    forwarded_at: datetime | None
    policy: str | None
    policy_version: int | None
    overdue_at: datetime | None
    declined: list[str]
    helpers: list[str]


async def alarms(
    connection: Connection,
    scope: Scope,
    *,
    tenant: TenantId | None = None,
    unit: UnitId | None = None,
    resident: ResidentId | None = None,
    device: DeviceId | None = None,
    kind: str | None = None,
    technology: str | None = None,
    states: list[State] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    after: AlarmKey | None = None,
    limit: int = 100,
) -> list[Alarm]:
    """Newest first; `start` and `end` are about `opened_at`."""
    select = (
        _alarms(scope)
        .where("a.tenant = %s", tenant)
        .where("a.unit = %s", unit)
        .where("(a.resident = %s OR a.shared_with = %s)", resident, resident)
        .where("a.device = %s", device)
        .where("a.kind = %s", kind)
        .where(OF_TECHNOLOGY, technology)
        .where("a.state = ANY(%s)", states)
        .where("a.opened_at >= %s", start)
        .where("a.opened_at < %s", end)
        .after("(a.opened_at, a.id) < (%s, %s)", after)
    )
    return await select.then("ORDER BY a.opened_at DESC, a.id DESC").rows(connection, limit)


async def alarm(connection: Connection, scope: Scope, id: AlarmId) -> Alarm | None:
    return await _alarms(scope).where("a.id = %s", id).one(connection)


def _alarms(scope: Scope) -> Select[Alarm]:
    return Select(Alarm, ALARMS).where("a.tenant = %s", scope.tenant).where("a.unit = %s", scope.unit)
