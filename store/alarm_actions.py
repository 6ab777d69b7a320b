"""What people do with alarms: compare-and-set on id, version and state, so that of two at once exactly one wins."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import sql
from psycopg.rows import dict_row

from events.ids import AlarmId
from rules.alarm_lifecycle import DONE, PEOPLES_ACTIONS, Action, Hands, State, may_do, next_state
from rules.escalation import after_acceptance, after_refusal, ladder_of
from rules.reach import ALARM_CENTRE, TOLD_ROLES
from store.device_feedback import tell_wearer
from store.escalation import lock_view
from store.journal_write import record
from store.policies import policy_of
from store.pool import Connection

AlarmRow = dict[str, Any]
"""A row of `alarms`, by column name."""

CURRENT = "SELECT * FROM alarms WHERE id = %s"
ACT = """
UPDATE alarms SET version = version + 1, state = %(to)s {}
WHERE id = %(alarm)s AND version = %(version)s AND state = %(state)s
RETURNING *
"""

# Who goes straight to the person, or settles it at once, has accepted thereby. A forwarded alarm is as if it had just
# been raised for its receiver: what was is in the journal.
CHANGES = {
    Action.ACCEPT: """, escalate_at = %(escalate_at)s, policy = %(policy)s, policy_version = %(policy_version)s,
        accepted_at = %(now)s, accepted_by = %(actor)s, declined = array_remove(declined, %(actor)s)""",
    Action.DECLINE: ", escalate_at = %(escalate_at)s, declined = array_append(declined, %(actor)s)",
    Action.TAKE_OVER: """, escalate_at = %(escalate_at)s, overdue_at = NULL,
        accepted_at = %(now)s, accepted_by = %(actor)s, helpers = array_remove(helpers, %(actor)s),
        declined = array_remove(declined, %(actor)s)""",
    Action.JOIN: """, helpers = array_append(helpers, %(actor)s), declined = array_remove(declined, %(actor)s)""",
    Action.AT_PERSON: """, escalate_at = NULL, overdue_at = NULL, at_person_at = %(now)s,
        accepted_at = coalesce(accepted_at, %(now)s), accepted_by = coalesce(accepted_by, %(actor)s)""",
    Action.FORWARD: """, escalate_at = %(now)s, rung = 0, round = round + 1,
        unit = %(unit)s, forwarded_to = %(receiver)s, forwarded_at = %(now)s, policy = NULL, policy_version = NULL,
        overdue_at = NULL, asked = '{}', declined = '{}', helpers = '{}',
        accepted_at = NULL, accepted_by = NULL, at_person_at = NULL""",
    Action.NOTE: "",
    Action.RESOLVE: """, escalate_at = NULL, overdue_at = NULL, closed_at = %(now)s, outcome = %(outcome)s,
        accepted_at = coalesce(accepted_at, %(now)s), accepted_by = coalesce(accepted_by, %(actor)s)""",
}
STATEMENTS = {action: sql.SQL(ACT).format(sql.SQL(change)) for action, change in CHANGES.items()}

ESCALATION_GOES_ON = (Action.ACCEPT, Action.TAKE_OVER, Action.DECLINE)

NAME = "SELECT name FROM staff WHERE id = %s"
UNIT_OF_UNIT = "SELECT id FROM units WHERE id = %(id)s AND tenant = %(tenant)s"
UNIT_OF_STAFF = """
SELECT coalesce(unit, %(unit)s) FROM staff
WHERE id = %(id)s AND tenant = %(tenant)s AND role = ANY(%(roles)s) AND closed_at IS NULL
"""
WAKE_ESCALATOR = "NOTIFY vaka_alarms"


class Actor(NamedTuple):
    """Who acts: `id` of the staff member (or token), and the name that the journal keeps."""

    id: str
    name: str


class Acted(NamedTuple):
    """It was done; the alarm as it is now."""

    alarm: AlarmRow


class Stale(NamedTuple):
    """Somebody was faster; the alarm as it is now."""

    alarm: AlarmRow


class NotAllowed(NamedTuple):
    """The alarm is as the caller knew it, and that cannot be done in its state."""

    alarm: AlarmRow


class UnknownReceiver(ValueError):
    """An alarm was to be forwarded to somebody whom its municipality does not have."""


async def act(
    connection: Connection,
    alarm_id: str,
    action: Action,
    version: int,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any],
) -> Acted | Stale | NotAllowed | None:
    """Does `action` on the alarm if it still has `version`; None when there is no such alarm. The caller commits.

    `data` goes into the journal. Two of its fields mean something: `outcome` of a resolve (text, optional), and
    `receiver` of a forward (`unit:ID`, `staff:ID` or `alarm_centre`; raises UnknownReceiver for any other).
    Whether the actor may see this alarm is the caller's to check.
    """
    alarm = await _current(connection, alarm_id)
    if alarm is None:
        return None
    if alarm["version"] != version:
        return Stale(alarm)
    state = State(alarm["state"])
    to = _after(alarm, state, action, actor.id)
    if to is None:
        return NotAllowed(alarm)
    values = {"alarm": alarm_id, "version": version, "state": state, "to": to, "now": now, "actor": actor.id}
    values |= {"outcome": data.get("outcome"), "receiver": data.get("receiver"), "unit": alarm["unit"]}
    if action is Action.FORWARD:
        values["unit"] = await _receiving_unit(connection, alarm, str(data.get("receiver")))
    if action in ESCALATION_GOES_ON:
        values |= await _escalation(connection, alarm_id, action, actor.id, now)
    changed = await _change(connection, action, values)
    if changed is None:
        return await _beaten(connection, alarm_id)
    if action in (*ESCALATION_GOES_ON, Action.FORWARD) and changed["escalate_at"] is not None:
        await connection.execute(WAKE_ESCALATOR)
    if action is Action.ACCEPT:
        await tell_wearer(connection, changed, now)
    entry = {**data, "name": actor.name, **await _before(connection, action, alarm)}
    await record(connection, alarm_id, now, actor.id, DONE[action], changed["version"], changed["state"], entry)
    return Acted(changed)


def _after(alarm: AlarmRow, state: State, action: Action, actor: str) -> State | None:
    hands = Hands(alarm["accepted_by"], alarm["helpers"], alarm["declined"])
    allowed = action in PEOPLES_ACTIONS and may_do(action, actor, hands)
    return next_state(state, action) if allowed else None


async def _escalation(
    connection: Connection, alarm_id: str, action: Action, actor: str, now: datetime
) -> dict[str, object]:
    """When escalation looks at the alarm again, by the policy that it follows."""
    view = await lock_view(connection, AlarmId(alarm_id))
    assert view is not None
    version = await policy_of(connection, view, now)
    ladder = ladder_of(view, version.policy)
    refused = action is Action.DECLINE
    goes_on = after_refusal(view, ladder, actor, now) if refused else after_acceptance(ladder, now)
    return {"escalate_at": goes_on, "policy": version.id, "policy_version": version.version}


async def _before(connection: Connection, action: Action, alarm: AlarmRow) -> dict[str, Any]:
    """What the journal keeps of how it was."""
    if action is Action.FORWARD:
        return {"from_unit": alarm["unit"]}
    if action is Action.TAKE_OVER:
        row = await (await connection.execute(NAME, (alarm["accepted_by"],))).fetchone()
        return {"from": alarm["accepted_by"], "from_name": row[0] if row is not None else None}
    return {}


async def _current(connection: Connection, alarm_id: str) -> AlarmRow | None:
    async with connection.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(CURRENT, (alarm_id,))).fetchone()


async def _change(connection: Connection, action: Action, values: dict[str, Any]) -> AlarmRow | None:
    async with connection.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(STATEMENTS[action], values)).fetchone()


async def _beaten(connection: Connection, alarm_id: str) -> Stale | None:
    alarm = await _current(connection, alarm_id)
    return Stale(alarm) if alarm is not None else None


async def _receiving_unit(connection: Connection, alarm: AlarmRow, receiver: str) -> str | None:
    """The unit that has the alarm from now on, so that who receives it can see it."""
    unit: str | None = alarm["unit"]
    if receiver == ALARM_CENTRE:
        return unit
    kind, _, id = receiver.partition(":")
    queries = {"unit": UNIT_OF_UNIT, "staff": UNIT_OF_STAFF}
    if kind in queries:
        values = {"id": id, "tenant": alarm["tenant"], "unit": unit, "roles": sorted(TOLD_ROLES)}
        row = await (await connection.execute(queries[kind], values)).fetchone()
        if row is not None:
            (unit,) = row
            return unit
    raise UnknownReceiver(f"receiver {receiver[:100]!r} is not unit:ID, staff:ID or alarm_centre here")
