"""From decisions of the rules to alarms, in the transaction that appends the entries they were made from.

Rules name episodes; which alarm an episode belongs to is decided here: the unresolved alarm of that resident and
kind, or a new one. Only the owner of the log opens alarms, people and escalation change them by compare-and-set,
so a row lock on the unresolved alarm is all that is needed.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

import msgspec

from events.ids import Key
from rules.decisions import (
    AlarmKind,
    Annotate,
    AnyDecision,
    Failed,
    Priority,
    Proven,
    Raise,
    Remind,
    Withdraw,
    encode_decision,
)
from store.hub_devices import list_devices
from store.journal_write import JournalRow, record_many
from store.pool import Connection
from store.proof import prove

NEW_DECISIONS = """
INSERT INTO decisions (id, key, kind, at, data)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::jsonb[])
ON CONFLICT (id) DO NOTHING RETURNING id
"""
LOCK_UNRESOLVED = """
SELECT alarms.id, alarms.key, alarms.kind, version, state
FROM alarms JOIN unnest(%s::text[], %s::text[]) AS wanted (key, kind) USING (key, kind)
WHERE state IN ('open', 'accepted', 'at_person') ORDER BY alarms.id FOR NO KEY UPDATE OF alarms
"""
COUNT_MORE = """
UPDATE alarms SET count = count + more FROM unnest(%s::text[], %s::int[]) AS new (id, more) WHERE alarms.id = new.id
"""
# Joined by what follows `r:`, `d:` or `u:`, as only that is indexed: it must not slow down with more residents.
OPEN_ALARMS = """
INSERT INTO alarms (id, tenant, unit, resident, device, key, kind, priority, state, count, reason, detail,
                    opened_at, occurred_at, escalate_at, shared_with)
SELECT new.id, coalesce(residents.tenant, devices.tenant, units.tenant), coalesce(residents.unit, units.id),
       residents.id, new.device, new.key, new.kind, new.priority, 'open', new.count, new.reason, new.detail, %(now)s,
       new.occurred_at, %(now)s,
       (SELECT shared_with FROM assignments lent
        WHERE lent.device = new.device AND lent.resident = residents.id AND lent."from" <= %(now)s
        ORDER BY lent."from" DESC LIMIT 1)
FROM unnest(%(ids)s::text[], %(keys)s::text[], %(devices)s::text[], %(kinds)s::text[], %(priorities)s::int[],
            %(counts)s::int[], %(reasons)s::text[], %(details)s::jsonb[], %(times)s::timestamptz[])
    AS new (id, key, device, kind, priority, count, reason, detail, occurred_at)
LEFT JOIN residents ON starts_with(new.key, 'r:') AND residents.id = substr(new.key, 3)
LEFT JOIN devices ON starts_with(new.key, 'd:') AND devices.id = substr(new.key, 3)
LEFT JOIN units ON starts_with(new.key, 'u:') AND units.id = substr(new.key, 3)
"""
SET_ALARM = """
UPDATE decisions SET alarm = new.alarm
FROM unnest(%s::text[], %s::text[]) AS new (id, alarm) WHERE decisions.id = new.id
"""
LOCK_EPISODE = """
SELECT alarms.id, alarms.version, alarms.state,
    (SELECT count(*) FROM decisions d WHERE d.alarm = alarms.id AND d.kind = 'raise')
    - (SELECT count(*) FROM decisions d WHERE d.alarm = alarms.id AND d.kind = 'withdraw')
FROM decisions JOIN alarms ON alarms.id = decisions.alarm WHERE decisions.id = %s FOR NO KEY UPDATE OF alarms
"""
WITHDRAW_ALARM = """
UPDATE alarms SET state = 'withdrawn', version = version + 1, closed_at = %s, escalate_at = NULL WHERE id = %s
"""
LAST_ALARM = """
SELECT id, version, state FROM alarms WHERE key = %s AND kind = %s ORDER BY opened_at DESC, id LIMIT 1
"""
ADD_REMINDERS = """
INSERT INTO device_commands (id, tenant, device, name, data, created_at, next_attempt_at)
SELECT %(id)s || '-' || devices.id, devices.tenant, devices.id, 'remind', %(data)s, %(now)s, now()
FROM assignments JOIN devices ON devices.id = assignments.device
WHERE starts_with(%(key)s, 'r:') AND assignments.resident = substr(%(key)s, 3) AND devices.technology = 'medicine'
    AND assignments."from" <= %(now)s AND (assignments."to" IS NULL OR assignments."to" > %(now)s)
ON CONFLICT (id) DO NOTHING
"""
WAKE_ESCALATOR = "NOTIFY vaka_alarms"
WAKE_COMMANDER = "NOTIFY vaka_commands"

RULES = "vaka"
"""The actor of what rules do, in the journal."""


async def carry_out(connection: Connection, decisions: Sequence[AnyDecision], now: datetime) -> list[AnyDecision]:
    """Does what was decided; what had been done before, by id, is left out. Returns what was new."""
    if not decisions:
        return []
    new = await _new_decisions(connection, decisions)
    journal: list[JournalRow] = []
    for kind, group in groupby(new, key=type):
        same = list(group)
        if kind is Raise:
            journal += await _raise_all(connection, [d for d in same if isinstance(d, Raise)], now)
            continue
        for decision in same:
            journal += await _carry_out_one(connection, decision, now)
    # The journal's lock is taken after every row lock: who acts on an alarm takes them in that order, too.
    if journal:
        await record_many(connection, journal)
    return new


async def _carry_out_one(connection: Connection, decision: AnyDecision, now: datetime) -> list[JournalRow]:
    match decision:
        case Withdraw():
            return await _withdraw(connection, decision, now)
        case Annotate():
            return await _annotate(connection, decision, now)
        case Remind():
            await _remind(connection, decision, now)
        case Proven():
            await prove(connection, decision.device, now, decision.how)
        case Failed():
            return await _raise_all(connection, [_technical(decision)], now)
    return []


async def _new_decisions(connection: Connection, decisions: Sequence[AnyDecision]) -> list[AnyDecision]:
    first = {decision.id: decision for decision in reversed(decisions)}
    unique = [decision for decision in decisions if first[decision.id] is decision]
    values = (
        [d.id for d in unique],
        [d.key for d in unique],
        [type(d).__name__.lower() for d in unique],
        [d.at for d in unique],
        [encode_decision(d).decode() for d in unique],
    )
    cursor = await connection.execute(NEW_DECISIONS, values)
    new = {row[0] for row in await cursor.fetchall()}
    return [decision for decision in unique if decision.id in new]


async def _raise_all(connection: Connection, raises: Sequence[Raise], now: datetime) -> list[JournalRow]:
    groups: dict[tuple[Key, AlarmKind], list[Raise]] = {}
    for raised in raises:
        groups.setdefault((raised.key, raised.kind), []).append(raised)
    values = ([key for key, _ in groups], [kind for _, kind in groups])
    cursor = await connection.execute(LOCK_UNRESOLVED, values)
    unresolved = {(key, kind): (id, version, state) for id, key, kind, version, state in await cursor.fetchall()}
    fresh = [group for place, group in groups.items() if place not in unresolved]
    await _open(connection, fresh, now)
    await _count(
        connection, {unresolved[place][0]: len(group) for place, group in groups.items() if place in unresolved}
    )
    journal, owners = [], []
    for place, group in groups.items():
        alarm, version, state = unresolved.get(place) or (group[0].id, 1, "open")
        for raised in group:
            action = "opened" if raised.id == alarm else "counted"
            journal.append(JournalRow(alarm, now, RULES, action, version, state, _raise_data(raised)))
            owners.append((raised.id, alarm))
    await connection.execute(SET_ALARM, ([id for id, _ in owners], [alarm for _, alarm in owners]))
    return journal


async def _open(connection: Connection, groups: Iterable[list[Raise]], now: datetime) -> None:
    counts = {group[0].id: len(group) for group in groups}
    firsts = [group[0] for group in groups]
    if not firsts:
        return
    values = {
        "now": now,
        "ids": [r.id for r in firsts],
        "keys": [r.key for r in firsts],
        "devices": [r.device for r in firsts],
        "kinds": [r.kind for r in firsts],
        "priorities": [int(r.priority) for r in firsts],
        "counts": [counts[r.id] for r in firsts],
        "reasons": [r.reason for r in firsts],
        "details": [msgspec.json.encode(r.detail).decode() for r in firsts],
        "times": [r.occurred_at for r in firsts],
    }
    await connection.execute(OPEN_ALARMS, values)
    await list_devices(connection, [r.id for r in firsts if r.kind is AlarmKind.HUB_DOWN])
    await connection.execute(WAKE_ESCALATOR)


async def _count(connection: Connection, more: dict[str, int]) -> None:
    if more:
        await connection.execute(COUNT_MORE, (list(more), list(more.values())))


def _raise_data(raised: Raise) -> dict[str, object]:
    """What the journal says of an episode."""
    return {
        "reason": raised.reason,
        "episode": raised.id,
        "device": raised.device,
        "occurred_at": raised.occurred_at.isoformat(),
        **raised.detail,
    }


async def _withdraw(connection: Connection, decision: Withdraw, now: datetime) -> list[JournalRow]:
    """Closes the alarm when no other episode stands on it; else, and when it is closed already, a note."""
    row = await (await connection.execute(LOCK_EPISODE, (decision.episode,))).fetchone()
    if row is None:
        return []
    alarm, version, state, standing = row
    data = {"reason": decision.reason, "episode": decision.episode, **decision.detail}
    await connection.execute(SET_ALARM, ([decision.id], [alarm]))
    if state in ("resolved", "withdrawn") or standing > 1:
        return [JournalRow(alarm, now, RULES, "annotated", version, state, data)]
    await connection.execute(WITHDRAW_ALARM, (now, alarm))
    return [JournalRow(alarm, now, RULES, "withdrawn", version + 1, "withdrawn", data)]


async def _annotate(connection: Connection, decision: Annotate, now: datetime) -> list[JournalRow]:
    row = await (await connection.execute(LAST_ALARM, (decision.key, decision.kind))).fetchone()
    if row is None:
        return []
    alarm, version, state = row
    data = {"reason": decision.reason, **decision.detail}
    await connection.execute(SET_ALARM, ([decision.id], [alarm]))
    return [JournalRow(alarm, now, RULES, "annotated", version, state, data)]


async def _remind(connection: Connection, decision: Remind, now: datetime) -> None:
    data = {**decision.detail, "until": decision.until.isoformat()}
    values = {"id": decision.id, "key": decision.key, "now": now, "data": msgspec.json.encode(data).decode()}
    await connection.execute(ADD_REMINDERS, values)
    await connection.execute(WAKE_COMMANDER)


def _technical(failed: Failed) -> Raise:
    return Raise(
        id=failed.id,
        key=failed.key,
        at=failed.at,
        reason=failed.reason,
        kind=AlarmKind.RULE_FAILED,
        priority=Priority.TECHNICAL,
        occurred_at=failed.at,
        detail={"rule": failed.detector},
    )
