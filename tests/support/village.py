"""A small municipality in the database: two units, a few residents with obviously invented names, one device each."""

from datetime import datetime
from typing import Any

from events.control import DeviceChanged, PlanChanged, ResidentChanged, TenantChanged
from events.ids import DeviceId, ResidentId, TenantId, UnitId
from events.kinds import Technology
from store import assignments, devices, inbox, plans, registry
from store.pool import Connection

TENANT = TenantId("prov")
UNIT = UnitId("prov-norr")
OTHER_UNIT = UnitId("prov-soder")


async def found(connection: Connection, now: datetime) -> None:
    """The tenant and its units."""
    await registry.add_tenant(connection, registry.Tenant(TENANT, "Provköping", "Europe/Stockholm", now))
    await inbox.put(connection, TenantChanged(tenant=TENANT, timezone="Europe/Stockholm"), now)
    for unit, name in ((UNIT, "Norr"), (OTHER_UNIT, "Söder")):
        await registry.add_unit(connection, registry.Unit(unit, TENANT, name, now))


async def move_in(connection: Connection, resident: str, now: datetime, unit: UnitId = UNIT) -> ResidentId:
    id = ResidentId(resident)
    row = registry.Resident(
        id, TENANT, unit, f"Testa {resident.title()}", None, 1940, "ordinary", "Provvägen 1", "Ring på.", now
    )
    await registry.add_resident(connection, row)
    await inbox.put(connection, ResidentChanged(resident=id, tenant=TENANT, unit=unit), now)
    return id


async def lend(
    connection: Connection,
    device: str,
    technology: Technology,
    resident: ResidentId | None,
    now: datetime,
) -> DeviceId:
    """Registers a device, and lends it to the resident from now on, if there is one."""
    id = DeviceId(device)
    await devices.add_device(connection, devices.Device(id, TENANT, technology, None, None, None, now))
    await inbox.put(connection, DeviceChanged(device=id, tenant=TENANT, technology=technology), now)
    if resident is not None:
        lending = assignments.Assignment(f"{device}-1", TENANT, id, resident, now, None, now, technology)
        await assignments.add_assignment(connection, lending)
        await inbox.put(connection, lending.told(), now)
    return id


async def plan(connection: Connection, resident: ResidentId, wanted: dict[str, Any], now: datetime) -> None:
    version = await plans.add_plan(connection, TENANT, resident, wanted, now, "test")
    change = PlanChanged(resident=resident, version=version, timezone="Europe/Stockholm", plan=wanted)
    await inbox.put(connection, change, now)
