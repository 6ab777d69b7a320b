"""What a backtest reads: whose history, their plans then, the log of each person, and what was decided at the time."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from events.codec import decode_control, decode_message
from events.control import CONTROLS
from events.ids import Key, ResidentId, TenantId, UnitId, resident_key
from events.log import Entry
from rules.decisions import AnyDecision, decode_decision
from store.pool import Connection
from store.select import Scope, Select

RESIDENTS = """
SELECT r.id, r.tenant, r.unit, t.timezone, r.name FROM residents r JOIN tenants t ON t.id = r.tenant
"""
PLAN_THEN = """
SELECT version, plan FROM plans WHERE resident = %s AND created_at <= %s ORDER BY version DESC LIMIT 1
"""
LOG_OF = """
SELECT position, key, kind, convert_to(data::text, 'UTF8'), occurred_at, received_at, device
FROM events
WHERE key = ANY(%(keys)s) AND kind = ANY(%(kinds)s) AND NOT history AND received_at >= %(start)s
    AND received_at < %(end)s
ORDER BY position
"""
# What was imported had no `received_at` of its own: it counts as received when it happened.
LOG_AND_HISTORY_OF = """
SELECT row_number() OVER (ORDER BY came, position), key, kind, convert_to(data::text, 'UTF8'), occurred_at, came, device
FROM (SELECT *, CASE WHEN history THEN occurred_at ELSE received_at END AS came FROM events) AS log
WHERE key = ANY(%(keys)s) AND kind = ANY(%(kinds)s) AND came >= %(start)s AND came < %(end)s
ORDER BY came, position
"""
DECIDED = """
SELECT convert_to(data::text, 'UTF8') FROM decisions
WHERE key = %s AND at >= %s AND kind IN ('raise', 'failed', 'withdraw') ORDER BY at, id
"""
REACHED = """
SELECT d.id, a.id, a.state, a.outcome, a.accepted_at, a.at_person_at,
       (SELECT min(n.created_at) FROM notifications n WHERE n.alarm = a.id),
       (SELECT count(*) FROM notifications n WHERE n.alarm = a.id),
       (SELECT max(n.rung) FROM notifications n WHERE n.alarm = a.id)
FROM decisions d JOIN alarms a ON a.id = d.alarm WHERE d.id = ANY(%s)
"""
CHUNK = 5000


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody whose history is judged again."""

    id: ResidentId
    tenant: TenantId
    unit: UnitId
    timezone: str
    name: str

    @property
    def key(self) -> Key:
        return resident_key(self.id)


class Reached(NamedTuple):
    """What became of an alarm. `rung`: how far up the ladder people were told."""

    alarm: str
    state: str
    outcome: str | None
    accepted_at: datetime | None
    at_person_at: datetime | None
    first_told_at: datetime | None
    told: int
    rung: int | None


async def subjects(
    connection: Connection, scope: Scope, *, resident: ResidentId | None = None, unit: UnitId | None = None
) -> list[Subject]:
    select = Select(Subject, RESIDENTS).where("r.tenant = %s", scope.tenant).where("r.unit = %s", scope.unit)
    return await select.where("r.id = %s", resident).where("r.unit = %s", unit).then("ORDER BY r.id").rows(connection)


async def plan_then(connection: Connection, resident: ResidentId, at: datetime) -> tuple[int, dict[str, Any]] | None:
    """Version and text of the plan that a resident had at a time."""
    row = await (await connection.execute(PLAN_THEN, (resident, at))).fetchone()
    return (row[0], row[1]) if row is not None else None


async def log_of(
    connection: Connection,
    keys: Sequence[Key],
    kinds: Sequence[str],
    start: datetime,
    end: datetime,
    *,
    history: bool = False,
) -> AsyncIterator[list[Entry]]:
    """The log of these, in order, in chunks; with what was imported, if asked for.

    One question for many people: their entries lie side by side, and to go through the table for each would take long.
    Imported events lie between the others by when they happened, so then positions are given anew.
    """
    values = {"keys": list(keys), "kinds": list(kinds), "start": start, "end": end}
    async with connection.cursor(name="log_of", binary=True) as cursor:
        await cursor.execute(LOG_AND_HISTORY_OF if history else LOG_OF, values)
        while rows := await cursor.fetchmany(CHUNK):
            yield [
                Entry(
                    position,
                    Key(key),
                    kind,
                    (decode_control if kind in CONTROLS else decode_message)(kind, data),
                    occurred_at,
                    received_at,
                    device=device,
                )
                for position, key, kind, data, occurred_at, received_at, device in rows
            ]


FOR_EVERYBODY = frozenset({"catch_up_began", "catch_up_ended"})


async def decided(connection: Connection, key: Key, start: datetime) -> list[AnyDecision]:
    """What rules decided for one person, from `start` on."""
    cursor = await connection.execute(DECIDED, (key, start))
    return [decode_decision(data) for (data,) in await cursor.fetchall()]


async def reached(connection: Connection, episodes: Sequence[str]) -> dict[str, Reached]:
    """What became of the alarms of these episodes."""
    cursor = await connection.execute(REACHED, (list(episodes),))
    return {row[0]: Reached(*row[1:]) for row in await cursor.fetchall()}
