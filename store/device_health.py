"""Writing how devices are, for the fleet's lists: many at a time, and only what has changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from rules.device_summary import Summary
from store.pool import Connection

COLUMNS = {
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
_NAMES = ", ".join(COLUMNS)
_OLD, _NEW = (", ".join(f"{table}.{name}" for name in COLUMNS) for table in ("old", "excluded"))
# A device that is no longer registered is left out. What is there already is not written again: after a start all
# states come, and most have not changed.
SAVE = f"""
INSERT INTO device_health AS old ({_NAMES}, updated_at)
SELECT new.*, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS new ({", ".join(f"{name} {type}" for name, type in COLUMNS.items())})
JOIN devices ON devices.id = new.device
ON CONFLICT (device) DO UPDATE SET ({_NAMES}, updated_at) = ({_NEW}, excluded.updated_at)
WHERE ({_OLD}) IS DISTINCT FROM ({_NEW})
"""


async def save_health(connection: Connection, summaries: Sequence[Summary], now: datetime) -> None:
    """Each device at most once. `now` is Vaka's clock."""
    rows = [{name: getattr(summary, name) for name in COLUMNS} for summary in summaries]
    await connection.execute(SAVE, {"rows": msgspec.json.encode(rows).decode(), "now": now})


def trend_points(trend: Any) -> list[tuple[datetime, float]]:
    """The battery's trend as the table keeps it."""
    return msgspec.convert(trend, list[tuple[datetime, float]])
