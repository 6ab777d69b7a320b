"""Which devices a hub's alarm is about: those that speak through it, directly or through other hubs."""

from collections.abc import Sequence

from store.pool import Connection

MOST_LISTED = 100

# UNION, not UNION ALL: hubs that people have put behind each other must not go round for ever.
LIST_DEVICES = """
WITH RECURSIVE behind (alarm, device) AS (
    SELECT alarms.id, devices.id FROM alarms JOIN devices ON devices.hub = alarms.device
    WHERE alarms.id = ANY(%(alarms)s)
    UNION
    SELECT behind.alarm, devices.id FROM behind JOIN devices ON devices.hub = behind.device
), numbered AS (
    SELECT alarm, id, name, row_number() OVER (PARTITION BY alarm ORDER BY id) AS place
    FROM behind JOIN devices ON devices.id = behind.device AND life_cycle IN ('installed', 'in_use')
), listed AS (
    SELECT alarm, count(*) AS number,
        jsonb_agg(jsonb_build_object('id', id, 'name', name) ORDER BY place) FILTER (WHERE place <= %(most)s) AS devices
    FROM numbered GROUP BY alarm
)
UPDATE alarms SET detail = detail || jsonb_build_object('device_count', number, 'devices', devices)
FROM listed WHERE alarms.id = listed.alarm
"""


async def list_devices(connection: Connection, alarms: Sequence[str]) -> None:
    """Writes on each of these alarms of hubs how many devices are behind it, and which (the first hundred)."""
    if alarms:
        await connection.execute(LIST_DEVICES, {"alarms": list(alarms), "most": MOST_LISTED})
