"""Who has what: read whole at start for the cache of the log's owner, and one device when it has changed."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from events.control import AssignmentChanged, DeviceChanged, ResidentChanged, TenantChanged
from events.ids import DeviceId
from store.pool import Connection

ALL_TENANTS = "SELECT id AS tenant, timezone FROM tenants"
ALL_RESIDENTS = "SELECT id AS resident, tenant, unit FROM residents"
ALL_DEVICES = """
SELECT devices.id AS device, devices.tenant, devices.technology, hub, life_cycle, testing_until, types.reads_as,
       CASE WHEN family IS NOT NULL THEN ARRAY[family, scope, external_id] END AS origin,
       CASE WHEN types.id IS NOT NULL THEN
           jsonb_build_array(silent_after_minutes, battery_low, battery_well, life_critical) END AS watch
FROM devices LEFT JOIN device_types types ON types.id = devices.type
"""
ALL_ASSIGNMENTS = """
SELECT assignments.id AS assignment, device, resident, technology, "from" AS start, "to" AS "end", shared_with
FROM assignments JOIN devices ON devices.id = device
"""
OF_SOME = f"{ALL_DEVICES} WHERE devices.id = ANY(%s) ORDER BY devices.id"
OF_TYPE = f"{ALL_DEVICES} WHERE devices.type = %s ORDER BY devices.id"

Change = TenantChanged | ResidentChanged | DeviceChanged | AssignmentChanged
Kind = TypeVar("Kind", TenantChanged, ResidentChanged, DeviceChanged, AssignmentChanged)


async def everything(connection: Connection) -> list[Change]:
    """All tenants, residents, devices and assignments, in the form in which their changes come over the log."""
    return [
        *await _read(connection, TenantChanged, ALL_TENANTS),
        *await _read(connection, ResidentChanged, ALL_RESIDENTS),
        *await _read(connection, DeviceChanged, ALL_DEVICES),
        *await _read(connection, AssignmentChanged, ALL_ASSIGNMENTS),
    ]


async def device_changed(connection: Connection, device: DeviceId) -> DeviceChanged:
    """What the log is told when this device was changed."""
    (change,) = await devices_changed(connection, [device])
    return change


async def devices_changed(connection: Connection, devices: Sequence[DeviceId]) -> list[DeviceChanged]:
    """What the log is told when these devices were changed."""
    return await _read(connection, DeviceChanged, OF_SOME, list(devices))


async def devices_of_type(connection: Connection, type: str) -> list[DeviceChanged]:
    """What the log is told when this type was changed."""
    return await _read(connection, DeviceChanged, OF_TYPE, type)


async def _read(connection: Connection, change: type[Kind], query: str, *values: object) -> list[Kind]:
    cursor = await connection.execute(query.encode(), values)
    # In a pipeline the columns are known only when the rows are there.
    rows = await cursor.fetchall()
    names = [column.name for column in cursor.description or ()]
    return [msgspec.convert(_given(names, row), change) for row in rows]


def _given(names: list[str], row: tuple[Any, ...]) -> dict[str, Any]:
    """Without what is null, so that the defaults stand in one place."""
    return {name: value for name, value in zip(names, row, strict=True) if value is not None}
