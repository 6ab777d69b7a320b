"""The log: who owns it, what is new, appending to it, reading it back."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct
from psycopg import AsyncCursor, sql
from psycopg.adapt import Dumper
from psycopg.pq import Format

from events.codec import decode_control, decode_message, encode_control
from events.control import CONTROLS, Control
from events.delivery import SAME_EVENT_WITHIN
from events.ids import Key
from events.log import Entry
from store.pool import Connection

PARTITION = 0

LOCK_LOG = "SELECT pg_try_advisory_lock(%s, %s)"
TAKE_LOG = "UPDATE log_owner SET epoch = epoch + 1, owner = %s WHERE partition = %s RETURNING epoch"
# The owner's row is joined with what waits, so that one question answers both.
OPEN_BATCH = """
WITH owner AS (SELECT epoch FROM log_owner WHERE partition = %s AND epoch = %s FOR SHARE)
SELECT waiting.id, waiting.kind, convert_to(waiting.data::text, 'UTF8')
FROM owner LEFT JOIN (SELECT id, kind, data FROM inbox WHERE applied_at IS NULL ORDER BY id LIMIT %s) AS waiting ON true
ORDER BY waiting.id
"""
INBOX_APPLIED = "UPDATE inbox SET applied_at = %s, result = %s WHERE id = %s"
TELL_APPLIED = "SELECT pg_notify('vaka_inbox_applied', %s)"

# A key that was seen longer ago than the limit is a new event: the row is taken over, and RETURNING names it.
# `%b`: an array of 500 keys as text costs the client three times as much.
NEW_KEYS = """
INSERT INTO event_keys AS seen (key, received_at)
SELECT key, %(received_at)s FROM unnest(%(keys)b::bytea[]) AS key
ON CONFLICT (key) DO UPDATE SET received_at = excluded.received_at WHERE seen.received_at < %(before)s
RETURNING key
"""
FORGET_KEYS = """
DELETE FROM event_keys WHERE key IN (SELECT key FROM event_keys WHERE received_at < %s LIMIT %s)
"""
COLUMNS = "position, key, kind, tenant, device, resident, occurred_at, received_at, source_id, history, data"
COPY_EVENTS = f"COPY events ({COLUMNS}) FROM STDIN (FORMAT BINARY)"
EVENT_TYPES = [
    "int8", "text", "text", "text", "text", "text", "timestamptz", "timestamptz", "text", "bool", "jsonb",
]  # fmt: skip
LAST_ENTRY = "SELECT position, received_at FROM events ORDER BY position DESC LIMIT 1"
READ_LOG = """
SELECT position, key, kind, convert_to(data::text, 'UTF8'), occurred_at, received_at, tenant, device, resident
FROM events WHERE position > %s AND NOT history {keys} ORDER BY position
"""
ONE_ENTRY = "SELECT convert_to(data::text, 'UTF8'), device, tenant, kind FROM events WHERE position = %s"

_LOCK_CLASS = 0x766C


class NotOwner(RuntimeError):
    """Another process owns the log: this one must stop writing."""


class InboxItem(Struct, frozen=True):
    """Something that a person changed, waiting to be appended."""

    id: int
    kind: str
    data: bytes


class Appended(Struct, frozen=True, gc=False):
    """An entry with what only the table keeps: the raw payload and the device's own id."""

    entry: Entry
    raw: bytes
    source_id: str | None = None
    history: bool = False


class RawJson(bytes):
    """JSON text that came over the wire and is stored as it is; PostgreSQL checks it."""


class RawJsonDumper(Dumper):
    """Binary jsonb is one version byte before the text."""

    format = Format.BINARY
    oid = 3802

    def dump(self, obj: bytes) -> bytes:
        return b"\x01" + obj


async def take_log(connection: Connection, owner: str) -> int | None:
    """Becomes the owner for as long as this connection lives; the epoch, or None while another one is."""
    cursor = await connection.execute(LOCK_LOG, (_LOCK_CLASS, PARTITION))
    row = await cursor.fetchone()
    if row is None or not row[0]:
        await connection.rollback()
        return None
    cursor = await connection.execute(TAKE_LOG, (owner, PARTITION))
    row = await cursor.fetchone()
    await connection.commit()
    assert row is not None
    return int(row[0])


async def open_batch(connection: Connection, epoch: int, limit: int = 100) -> list[InboxItem]:
    """First thing in every transaction: still the owner? And what people changed meanwhile. Raises NotOwner."""
    rows = await (await connection.execute(OPEN_BATCH, (PARTITION, epoch, limit))).fetchall()
    if not rows:
        raise NotOwner(f"the log of partition {PARTITION} has a newer owner than epoch {epoch}")
    return [InboxItem(*row) for row in rows if row[0] is not None]


async def inbox_applied(connection: Connection, item: int, at: datetime, result: dict[str, Any] | None) -> None:
    data = msgspec.json.encode(result).decode() if result is not None else None
    await connection.execute(INBOX_APPLIED, (at, data, item))
    await connection.execute(TELL_APPLIED, (str(item),))


async def new_keys(
    connection: Connection,
    keys: Sequence[bytes],
    received_at: datetime,
    *,
    within: timedelta = SAME_EVENT_WITHIN,
    forever: bool = False,
) -> set[bytes]:
    """Those of `keys` (each given once) that were not seen in the time `within` before; all are noted as seen now.

    `forever`: noted so that they never become new again, for imported history.
    """
    if not keys:
        return set()
    values = {
        "keys": list(keys),
        "received_at": "infinity" if forever else received_at,
        "before": received_at - within,
    }
    cursor = await connection.execute(NEW_KEYS, values)
    return {row[0] for row in await cursor.fetchall()}


async def forget_keys(connection: Connection, now: datetime, limit: int = 10_000) -> int:
    """Deletes keys that can no longer make an event a repeated one; returns how many."""
    cursor = await connection.execute(FORGET_KEYS, (now - 2 * SAME_EVENT_WITHIN, limit))
    return cursor.rowcount


async def append(connection: Connection, rows: Sequence[Appended]) -> None:
    async with connection.cursor() as cursor:
        cursor.adapters.register_dumper(RawJson, RawJsonDumper)
        await _copy_rows(cursor, rows)


async def _copy_rows(cursor: AsyncCursor[Any], rows: Sequence[Appended]) -> None:
    async with cursor.copy(COPY_EVENTS) as copy:
        copy.set_types(EVENT_TYPES)
        for row in rows:
            e = row.entry
            who = (e.tenant, e.device, e.resident)
            times = (e.occurred_at, e.received_at)
            await copy.write_row((e.position, e.key, e.kind, *who, *times, row.source_id, row.history, row.raw))


def control_row(entry: Entry) -> Appended:
    assert isinstance(entry.data, Control)
    return Appended(entry, encode_control(entry.data))


async def last_entry(connection: Connection) -> tuple[int, datetime | None]:
    """Position and `received_at` of the log's end; -1 and None when it is empty."""
    row = await (await connection.execute(LAST_ENTRY)).fetchone()
    return (row[0], row[1]) if row is not None else (-1, None)


async def read_log(connection: Connection, after: int, keys: Sequence[Key] | None = None) -> AsyncIterator[Entry]:
    """Entries after a position, in order, streamed; of some keys only, when given (add `` for what concerns all)."""
    where = sql.SQL("AND key = ANY(%s)") if keys is not None else sql.SQL("")
    query = sql.SQL(READ_LOG).format(keys=where)
    values: tuple[Any, ...] = (after,) if keys is None else (after, list(keys))
    async with connection.cursor(name="read_log") as cursor:
        cursor.itersize = 5000
        await cursor.execute(query, values)
        async for row in cursor:
            yield _entry(*row)


def _entry(
    position: int, key: str, kind: str, data: bytes, occurred_at: datetime, received_at: datetime, *who: Any
) -> Entry:
    decoded = decode_control(kind, data) if kind in CONTROLS else decode_message(kind, data)
    return Entry(position, Key(key), kind, decoded, occurred_at, received_at, *who)
