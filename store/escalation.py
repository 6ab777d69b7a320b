"""Escalation in the database: what is due, who could be told, and saving what was decided."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import args_row

from events.ids import AlarmId, ResidentId, TenantId, UnitId
from events.kinds import Technology
from rules.alarm_lifecycle import State
from rules.contact import Receiver
from rules.escalation import Advance, AlarmView, EscalationReason, notification_id
from rules.policy_choice import PolicyVersion, technology_of
from rules.reach import RELATIVE, TOLD_ROLES, Person, Roster, Webhook
from store.contact_points import contact_points
from store.duty import duties, relatives
from store.journal_write import JournalRow, record_many
from store.pool import Connection

CHANNEL = "vaka_alarms"
"""NOTIFY channel on which escalation is woken, by whoever sets an alarm's `escalate_at`."""

ACTOR = "escalator"

VIEW = """
SELECT a.id, a.tenant, a.unit, a.priority, state, version, rung, round, coalesce(overdue_at, forwarded_at, opened_at),
       escalate_at, forwarded_to, kind, devices.technology, resident, accepted_by, overdue_at, asked, declined, policy,
       policy_version
"""
DUE = "SELECT id FROM alarms WHERE escalate_at <= %s ORDER BY priority, escalate_at, id LIMIT %s"
# Not FOR UPDATE: see store.journal_write. An alarm that another escalator has in hand, or has just done, is left to it.
TAKE = f"""
WITH a AS MATERIALIZED (
    SELECT * FROM alarms WHERE id = ANY(string_to_array(%s, ',')) AND escalate_at <= %s
    FOR NO KEY UPDATE SKIP LOCKED
)
{VIEW} FROM a LEFT JOIN devices ON devices.id = a.device ORDER BY a.priority, escalate_at, a.id
"""  # noqa: S608
ONE = f"""
{VIEW} FROM alarms a LEFT JOIN devices ON devices.id = a.device WHERE a.id = %s FOR NO KEY UPDATE OF a
"""
NEXT_DUE = "SELECT min(escalate_at) FROM alarms WHERE escalate_at IS NOT NULL"

# A sign-in holds in real time, whatever the clock that alarms are judged by.
PEOPLE = """
SELECT tenant, id, unit, role, EXISTS (SELECT FROM sessions WHERE sessions.staff = staff.id AND expires_at > now())
FROM staff WHERE tenant = ANY(%s) AND role = ANY(%s) AND closed_at IS NULL ORDER BY id
"""
WEBHOOKS = "SELECT tenant, id, unit, receiver FROM webhooks WHERE tenant = ANY(%s) ORDER BY id"

# Each column is one text, its values parted by commas, which no id and no time holds: to make arrays of thousands of
# values costs more than all the rest. An empty value is null.
SAVE = """
UPDATE alarms SET rung = new.rung, round = new.round, escalate_at = new.next_at, overdue_at = new.overdue_at,
    asked = coalesce(string_to_array(new.asked, ' '), '{}'), policy = new.policy, policy_version = new.policy_version
FROM unnest(string_to_array(%s, ','), string_to_array(%s, ','), string_to_array(%s, ',')::int[],
            string_to_array(%s, ',')::int[], string_to_array(%s, ',')::timestamptz[], string_to_array(%s, ',')::int[],
            string_to_array(%s, ',')::int[], string_to_array(%s, ',', '')::timestamptz[],
            string_to_array(%s, ',', '')::timestamptz[], string_to_array(%s, ','), string_to_array(%s, ','),
            string_to_array(%s, ',')::int[])
    AS new (id, state, old_rung, old_round, old_at, rung, round, next_at, overdue_at, asked, policy, policy_version)
WHERE alarms.id = new.id AND alarms.state = new.state AND alarms.rung = new.old_rung
    AND alarms.round = new.old_round AND alarms.escalate_at = new.old_at
RETURNING alarms.id
"""
ADD_NOTIFICATIONS = """
INSERT INTO notifications (id, alarm, rung, round, priority, channel, receiver, created_at, next_attempt_at)
SELECT id, alarm, rung, round, priority, channel, receiver, %s, now()
FROM unnest(string_to_array(%s, ','), string_to_array(%s, ','), string_to_array(%s, ',')::int[],
            string_to_array(%s, ',')::int[], string_to_array(%s, ',')::int[], string_to_array(%s, ','),
            string_to_array(%s, ','))
    AS new (id, alarm, rung, round, priority, channel, receiver)
ON CONFLICT (id) DO NOTHING
"""
WAKE_NOTIFIER = "NOTIFY vaka_notifications"


class Climb(NamedTuple):
    """An alarm as it was, the policy that it follows, and what was decided for it."""

    alarm: AlarmView
    policy: PolicyVersion
    advance: Advance


async def due_alarms(connection: Connection, now: datetime, limit: int) -> list[AlarmId]:
    """Up to `limit` alarms that are due at `now`, the gravest first."""
    return [row[0] for row in await (await connection.execute(DUE, (now, limit))).fetchall()]


async def take(connection: Connection, alarms: Sequence[AlarmId], now: datetime) -> list[AlarmView]:
    """Those of `alarms` that are still due and in nobody's hands, locked until the transaction ends."""
    async with connection.cursor(row_factory=args_row(_view)) as cursor:
        return await (await cursor.execute(TAKE.encode(), (",".join(alarms), now))).fetchall()


async def lock_view(connection: Connection, alarm: AlarmId) -> AlarmView | None:
    """An alarm as escalation sees it, which goes no further until the transaction ends."""
    async with connection.cursor(row_factory=args_row(_view)) as cursor:
        return await (await cursor.execute(ONE.encode(), (alarm,))).fetchone()


def _view(
    id: AlarmId,
    tenant: TenantId,
    unit: UnitId | None,
    priority: int,
    state: str,
    version: int,
    rung: int,
    round: int,
    began_at: datetime,
    escalate_at: datetime | None,
    forwarded_to: str | None,
    kind: str,
    technology: str | None,
    resident: ResidentId | None,
    accepted_by: str | None,
    overdue_at: datetime | None,
    asked: list[str],
    declined: list[str],
    policy: str | None,
    policy_version: int | None,
) -> AlarmView:
    return AlarmView(
        id=id,
        tenant=tenant,
        unit=unit,
        priority=priority,
        state=State(state),
        version=version,
        rung=rung,
        round=round,
        began_at=began_at,
        escalate_at=escalate_at,
        forwarded_to=forwarded_to,
        kind=kind,
        technology=technology_of(Technology(technology) if technology is not None else None, kind),
        resident=resident,
        accepted_by=accepted_by,
        overdue_at=overdue_at,
        asked=tuple(asked),
        declined=tuple(declined),
        policy=policy,
        policy_version=policy_version,
    )


async def next_due(connection: Connection) -> datetime | None:
    """When the first of all alarms is due; that may be past, while another escalator has it in hand."""
    row = await (await connection.execute(NEXT_DUE)).fetchone()
    return row[0] if row is not None else None


async def rosters(
    connection: Connection, tenants: Iterable[TenantId], now: datetime, until: datetime | None = None
) -> dict[TenantId, Roster]:
    """The people and programs of each of `tenants`, how they can be told, and who is signed in at this moment.

    Duty is read from `now` to `until`, a day later unless given. Relatives are read apart: see `with_relatives`.
    """
    wanted = sorted(set(tenants))
    people: dict[TenantId, list[Person]] = {tenant: [] for tenant in wanted}
    webhooks: dict[TenantId, list[Webhook]] = {tenant: [] for tenant in wanted}
    roles = sorted({*TOLD_ROLES, RELATIVE})
    for tenant, *person in await (await connection.execute(PEOPLE, (wanted, roles))).fetchall():
        people[tenant].append(Person(*person))
    for tenant, *webhook in await (await connection.execute(WEBHOOKS, (wanted,))).fetchall():
        webhooks[tenant].append(Webhook(*webhook))
    points = await contact_points(connection, wanted)
    duty = await duties(connection, wanted, now, until)
    return {
        tenant: Roster(tenant, tuple(people[tenant]), tuple(webhooks[tenant]), points[tenant], duty[tenant])
        for tenant in wanted
        if tenant in duty
    }


async def with_relatives(connection: Connection, roster: Roster, residents: Iterable[ResidentId]) -> Roster:
    """`roster` with the relatives of these residents."""
    return roster._replace(relatives=await relatives(connection, residents))


async def save(connection: Connection, climbs: Sequence[Climb], now: datetime) -> list[Climb]:
    """Writes what was decided, with notifications and journal, where the alarm is still as it was; returns those."""
    values = [
        (
            *(a.id, a.state, a.rung, a.round, a.escalate_at),
            *(to.rung, to.round, to.next_at or "", to.overdue_at or "", " ".join(to.asked), policy.id, policy.version),
        )
        for a, policy, to in climbs
        if a.escalate_at is not None
    ]
    if not values:
        return []
    cursor = await connection.execute(SAVE, _columns(values))
    won = {row[0] for row in await cursor.fetchall()}
    saved = [climb for climb in climbs if climb.alarm.id in won]
    await _notify(connection, saved, now)
    told = [climb for climb in saved if climb.advance.reason is not EscalationReason.NOT_OPEN]
    await record_many(connection, [_journal_row(climb, now) for climb in told])
    return saved


async def _notify(connection: Connection, climbs: Sequence[Climb], now: datetime) -> None:
    rows = [
        (notification_id(a.id, to.round, to.rung, receiver), a.id, to.rung, to.round, a.priority, *receiver)
        for a, _, to in climbs
        for receiver in to.tell
    ]
    if not rows:
        return
    await connection.execute(ADD_NOTIFICATIONS, [now, *_columns(rows)])
    await connection.execute(WAKE_NOTIFIER)


def _columns(rows: Sequence[tuple[object, ...]]) -> list[str]:
    return [",".join(map(str, column)) for column in zip(*rows, strict=True)]


def _journal_row(climb: Climb, now: datetime) -> JournalRow:
    alarm, policy, to = climb
    data = {"rung": to.rung, "round": to.round, "reason": to.reason, "told": [_told(receiver) for receiver in to.tell]}
    data |= {"policy": policy.id, "policy_version": policy.version}
    if to.overdue_at is not None:
        data |= {"overdue_at": to.overdue_at.isoformat(), "accepted_by": alarm.accepted_by}
    return JournalRow(alarm.id, now, ACTOR, "escalated", alarm.version, alarm.state, data)


def _told(receiver: Receiver) -> dict[str, str]:
    return {"channel": receiver.channel, "receiver": receiver.id}
