"""What a body refers to must be there, and be the caller's: what is not theirs is unknown to them."""

from datetime import datetime

from api.callers import Caller
from api.problems import invalid
from events.ids import DeviceId, ResidentId, TenantId, UnitId
from store import devices, registry
from store.devices import Device
from store.pool import Connection
from store.registry import Resident, Unit
from store.select import Scope

UNKNOWN = "is not known"


async def tenant_of(connection: Connection, caller: Caller, tenant: TenantId | None) -> TenantId:
    """The tenant of something new: the one that was given, or else the caller's own."""
    wanted = tenant or caller.tenant
    if wanted is None:
        raise invalid("tenant", "is needed, as the caller belongs to no tenant")
    if await registry.tenant(connection, caller.scope, wanted) is None:
        raise invalid("tenant", UNKNOWN, wanted)
    return wanted


async def unit_of(
    connection: Connection, caller: Caller, tenant: TenantId | None, unit: UnitId | None
) -> tuple[TenantId | None, UnitId | None]:
    """Tenant and unit of something new that may have either: as given, or else the caller's own."""
    wanted = unit or caller.unit
    if wanted is not None:
        found = await known_unit(connection, caller.scope, wanted)
        check_tenant(tenant, found.tenant)
        return found.tenant, found.id
    if tenant is None and caller.tenant is None:
        return None, None
    return await tenant_of(connection, caller, tenant), None


async def known_unit(connection: Connection, scope: Scope, unit: UnitId, *, field: str = "unit") -> Unit:
    found = await registry.unit(connection, scope, unit)
    if found is None:
        raise invalid(field, UNKNOWN, unit)
    return found


async def known_resident(
    connection: Connection, scope: Scope, resident: ResidentId, *, lock: bool = False, field: str = "resident"
) -> Resident:
    """Somebody who has not left."""
    found = await registry.resident(connection, scope, resident, lock=lock)
    if found is None:
        raise invalid(field, UNKNOWN, resident)
    if found.left_at is not None:
        raise invalid(field, f"has left, at {found.left_at.isoformat()}", resident)
    return found


async def known_device(
    connection: Connection, caller: Caller, now: datetime, device: DeviceId, *, lock: bool = False
) -> Device:
    found = await devices.device(connection, caller.scope, now, device, lock=lock)
    if found is None:
        raise invalid("device", UNKNOWN, device)
    return found


def check_tenant(given: TenantId | None, actual: TenantId) -> None:
    if given is not None and given != actual:
        raise invalid("tenant", f"is not the one that the rest belongs to, {actual!r}", given)
