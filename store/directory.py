"""Who has what, read whole at start for the cache of the log's owner."""

from events.control import AssignmentChanged, DeviceChanged, ResidentChanged, TenantChanged
from store.pool import Connection

ALL_TENANTS = "SELECT id AS tenant, timezone FROM tenants"
ALL_RESIDENTS = "SELECT id AS resident, tenant, unit FROM residents"
ALL_DEVICES = "SELECT id AS device, tenant, technology FROM devices"
ALL_ASSIGNMENTS = """
SELECT assignments.id AS assignment, device, resident, technology, "from" AS start, "to" AS "end"
FROM assignments JOIN devices ON devices.id = device
"""

Change = TenantChanged | ResidentChanged | DeviceChanged | AssignmentChanged


async def everything(connection: Connection) -> list[Change]:
    """All tenants, residents, devices and assignments, in the form in which their changes come over the log."""
    changes: list[Change] = []
    for query, change in (
        (ALL_TENANTS, TenantChanged),
        (ALL_RESIDENTS, ResidentChanged),
        (ALL_DEVICES, DeviceChanged),
        (ALL_ASSIGNMENTS, AssignmentChanged),
    ):
        cursor = await connection.execute(query)
        names = [column.name for column in cursor.description or ()]
        changes += [change(**dict(zip(names, row, strict=True))) for row in await cursor.fetchall()]
    return changes
