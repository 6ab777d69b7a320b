"""Tells the wearer that help is coming: commands to their devices, in the transaction of the accept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from rules.device_feedback import CALLS, TEXTS, VALID
from store.pool import Connection

# The device that called, and whatever else the person has that can speak. Only a device of the canonical form listens
# for commands, and one that is being tried out has no wearer. By its id a command is given once for each alarm.
TELL = """
INSERT INTO device_commands (id, tenant, device, name, data, created_at, next_attempt_at)
SELECT 'help-' || %(alarm)s || '-' || devices.id, devices.tenant, devices.id, types.help_command,
    jsonb_build_object('alarm', %(alarm)s::text, 'language', tenants.language,
        'text', %(texts)s::jsonb ->> tenants.language, 'until', %(until)s::text),
    %(now)s, now()
FROM devices JOIN device_types types ON types.id = devices.type JOIN tenants ON tenants.id = devices.tenant
WHERE devices.tenant = %(tenant)s AND types.help_command IS NOT NULL AND devices.family IS NULL
    AND (devices.testing_until IS NULL OR devices.testing_until <= %(now)s)
    AND (devices.id = %(device)s OR EXISTS (
        SELECT FROM assignments WHERE assignments.device = devices.id
            AND %(resident)s IN (assignments.resident, assignments.shared_with)
            AND assignments."from" <= %(now)s AND (assignments."to" IS NULL OR assignments."to" > %(now)s)))
ON CONFLICT (id) DO NOTHING
"""
WAKE_COMMANDER = "NOTIFY vaka_commands"


async def tell_wearer(connection: Connection, alarm: Mapping[str, Any], now: datetime) -> int:
    """Says it through how many devices; none when nobody has called, or when it was said before."""
    if alarm["kind"] not in CALLS:
        return 0
    values = {name: alarm[name] for name in ("tenant", "device", "resident")}
    values |= {"alarm": alarm["id"], "now": now, "until": (now + VALID).isoformat(), "texts": Jsonb(TEXTS)}
    told = (await connection.execute(TELL, values)).rowcount
    if told:
        await connection.execute(WAKE_COMMANDER)
    return told
