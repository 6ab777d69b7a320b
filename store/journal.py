"""Reading the alarm journal: what happened to one alarm, and what has happened to any since a place in it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import args_row

from events.ids import AlarmId
from store.alarms_query import ALARM_COLUMNS, ALARM_JOINS, Alarm
from store.pool import Connection
from store.select import Scope, Select

ENTRIES = """
SELECT j.seq::text AS id, j.seq, j.alarm, j.at, j.actor, coalesce(j.data->>'name', s.name) AS actor_name, j.action,
       j.version, j.state, j.data
FROM alarm_journal j LEFT JOIN staff s ON s.id = j.actor
"""
# Who holds the journal's lock gives the next number and commits before the next one is given, so what has a higher
# number than the last one that was read has not been missed: it was not there yet.
SINCE = f"""
SELECT j.seq, j.at, j.actor, coalesce(j.data->>'name', js.name), j.action, j.data, {ALARM_COLUMNS}
FROM alarm_journal j JOIN alarms a ON a.id = j.alarm LEFT JOIN staff js ON js.id = j.actor {ALARM_JOINS}
WHERE j.seq > %s ORDER BY j.seq LIMIT %s
"""  # noqa: S608
FIELDS = [field.name for field in fields(Alarm)]
LAST_SEQ = "SELECT coalesce(max(seq), 0) FROM alarm_journal"


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One change of an alarm: who did what, and the alarm's version and state after it."""

    id: str
    seq: int
    alarm: AlarmId
    at: datetime
    actor: str
    actor_name: str | None
    action: str
    version: int
    state: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an alarm, with the alarm as it is now."""

    seq: int
    at: datetime
    actor: str
    actor_name: str | None
    action: str
    data: dict[str, Any]
    alarm: Alarm

    def seen_by(self, scope: Scope) -> bool:
        """Who an alarm was forwarded away from sees that, and nothing of it any more."""
        units = (self.alarm.unit, self.data.get("from_unit"))
        return scope.tenant in (None, self.alarm.tenant) and (scope.unit is None or scope.unit in units)


async def journal_of(
    connection: Connection, alarm: AlarmId, *, after: tuple[int] | None = None, limit: int = 100
) -> list[JournalEntry]:
    """In the order in which it happened. Whether the alarm may be seen is the caller's to check."""
    select = Select(JournalEntry, ENTRIES).where("j.alarm = %s", alarm).after("j.seq > %s", after)
    return await select.then("ORDER BY j.seq").rows(connection, limit)


async def journals_of(connection: Connection, alarms: Sequence[AlarmId]) -> dict[AlarmId, list[JournalEntry]]:
    """The whole journal of each, in its order. Whether the alarms may be seen is the caller's to check."""
    select = Select(JournalEntry, ENTRIES).where("j.alarm = ANY(%s)", list(alarms))
    journals: dict[AlarmId, list[JournalEntry]] = {}
    for entry in await select.then("ORDER BY j.alarm, j.seq").rows(connection):
        journals.setdefault(entry.alarm, []).append(entry)
    return journals


async def changes_since(connection: Connection, seq: int, limit: int) -> list[Change]:
    """The next changes of all alarms after `seq`, at most `limit`, in the order of commit."""
    async with connection.cursor(row_factory=args_row(_change)) as cursor:
        return await (await cursor.execute(SINCE.encode(), (seq, limit))).fetchall()


def _change(
    seq: int, at: datetime, actor: str, actor_name: str | None, action: str, data: dict[str, Any], *alarm: Any
) -> Change:
    return Change(
        seq, at, actor, actor_name, action, data, msgspec.convert(dict(zip(FIELDS, alarm, strict=True)), Alarm)
    )


async def last_seq(connection: Connection) -> int:
    row = await (await connection.execute(LAST_SEQ)).fetchone()
    assert row is not None
    return int(row[0])
