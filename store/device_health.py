"""Writing how devices are, for the fleet's lists: many at a time, and only what has changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString

import msgspec
from psycopg import sql

from rules.device_summary import Summary
from store.pool import Connection

COLUMNS: dict[str, LiteralString] = {
    "device": "text",
    "status": "text",
    "last_seen": "timestamptz",
    "silent_since": "timestamptz",
    "battery": "float8",
    "battery_at": "timestamptz",
    "battery_empty_at": "timestamptz",
    "battery_trend": "jsonb",
    "signal_quality": "float8",
    "signal_rssi_dbm": "float8",
    "mains": "bool",
    "tampered": "bool",
    "faults": "text[]",
    "clock_behind_seconds": "float8",
    "tested_at": "timestamptz",
}
# A device that is no longer registered is left out. What is there already is not written again: after a start all
# states come, and most have not changed.
SAVE = """
INSERT INTO device_health AS old ({names}, updated_at)
SELECT new.*, %(now)s FROM jsonb_to_recordset(%(rows)s::jsonb) AS new ({types}) JOIN devices ON devices.id = new.device
ON CONFLICT (device) DO UPDATE SET ({names}, updated_at) = ({new}, excluded.updated_at)
WHERE ({old}) IS DISTINCT FROM ({new})
"""


def _save() -> sql.Composed:
    names: list[sql.Composable] = [sql.Identifier(name) for name in COLUMNS]
    types = [sql.Identifier(name) + sql.SQL(" ") + sql.SQL(type) for name, type in COLUMNS.items()]
    old, new = (sql.SQL(", ").join([sql.Identifier(table, name) for name in COLUMNS]) for table in ("old", "excluded"))
    joined = {"names": sql.SQL(", ").join(names), "types": sql.SQL(", ").join(types)}
    return sql.SQL(SAVE).format(**joined, old=old, new=new)


async def save_health(connection: Connection, summaries: Sequence[Summary], now: datetime) -> None:
    """Each device at most once. `now` is Vaka's clock."""
    rows = [{name: getattr(summary, name) for name in COLUMNS} for summary in summaries]
    await connection.execute(_save(), {"rows": msgspec.json.encode(rows).decode(), "now": now})
