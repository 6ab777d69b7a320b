"""The API's side of the inbox: what people change and rules must know, in the transaction that changes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from events.codec import control_kind, encode_control
from events.control import Control
from store.pool import Connection
from store.select import Scope, Select

PUT = "INSERT INTO inbox (kind, data, created_at, correction) VALUES (%s, %s, %s, %s) RETURNING id"
CORRECTION = "SELECT correction FROM inbox WHERE id = %s"
WAKE_LOOP = "NOTIFY vaka_inbox"
HISTORY = """
SELECT inbox.id::text, CASE WHEN applied_at IS NULL THEN 'waiting' ELSE 'applied' END AS state, result
FROM inbox JOIN residents ON residents.id = inbox.data->>'resident'
"""


class Correction(Struct, frozen=True):
    """Who changed an assignment, and for which times another person may have had the device than was known.

    A span is from its first time until before its second (None: until further notice). `continues`: the entry of the
    inbox whose correction this is the rest of.
    """

    actor: str
    spans: list[tuple[datetime, datetime | None]]
    continues: int | None = None


@dataclass(frozen=True, slots=True)
class HistoryImport:
    """An import of history. `result` counts the events that were new and those that were known before."""

    id: str
    state: Literal["waiting", "applied"]
    result: dict[str, Any] | None


async def put(connection: Connection, control: Control, now: datetime, correction: Correction | None = None) -> int:
    """Leaves `control` for the owner of the log, who is woken on commit; the id of the inbox entry."""
    corrected = msgspec.json.encode(correction).decode() if correction is not None else None
    values = (control_kind(control), encode_control(control).decode(), now, corrected)
    row = await (await connection.execute(PUT, values)).fetchone()
    await connection.execute(WAKE_LOOP)
    assert row is not None
    return int(row[0])


async def correction_of(connection: Connection, item: int) -> Correction | None:
    row = await (await connection.execute(CORRECTION, (item,))).fetchone()
    return msgspec.convert(row[0], Correction) if row is not None and row[0] is not None else None


async def put_many(connection: Connection, controls: Sequence[Control], now: datetime) -> list[int]:
    """As `put`, in their order."""
    values = [(control_kind(control), encode_control(control).decode(), now, None) for control in controls]
    ids: list[int] = []
    async with connection.cursor() as cursor:
        await cursor.executemany(PUT, values, returning=True)
        async for result in cursor.results():
            row = await result.fetchone()
            assert row is not None
            ids.append(int(row[0]))
    await connection.execute(WAKE_LOOP)
    return ids


async def history_import(connection: Connection, scope: Scope, id: int) -> HistoryImport | None:
    return await (
        Select(HistoryImport, HISTORY)
        .where("inbox.kind = 'history_imported'")
        .where("inbox.id = %s", id)
        .where("residents.tenant = %s", scope.tenant)
        .where("residents.unit = %s", scope.unit)
        .one(connection)
    )
