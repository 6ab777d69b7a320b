"""The fleet: which devices are silent, failing or low on battery, and how many there are of which kind."""

from typing import Annotated, Any

from fastapi import Depends, Query
from msgspec.json import Decoder

from api.callers import Caller
from api.fields import AnyId, DeviceRef, Name, ResidentRef, TenantRef, Time, UnitRef
from api.fleet_bodies import DeviceCount, HealthWithTrend, ShownFleetDevice, shown, with_trend
from api.lists import BY_ID, BY_PERCENT, BY_TIME, Page, Pages
from api.permissions import Permission, may
from api.problems import invalid, not_found
from api.routing import Vaka, resource
from events.devices import LifeCycle
from events.kinds import Technology
from rules.device_summary import Status
from store import fleet
from store.fleet import DIMENSIONS, Dimension, Filters, Sort, sort_key

router = resource("devices")

Reader = Annotated[Caller, may(Permission.DEVICES_READ)]
_KEYS: dict[Sort, Decoder[tuple[Any, ...]]] = {
    "id": BY_ID,
    "last_seen": BY_TIME,
    "battery": BY_PERCENT,
    "battery_days_left": BY_TIME,
}


def _filters(
    tenant: TenantRef | None = None,
    unit: UnitRef | None = None,
    resident: ResidentRef | None = None,
    technology: Technology | None = None,
    type: AnyId | None = None,
    model: Name | None = None,
    hub: DeviceRef | None = None,
    life_cycle: LifeCycle | None = None,
    status: Status | None = None,
    battery_below: Annotated[float | None, Query(ge=0, le=100, description="percent")] = None,
    not_heard_since: Annotated[Time | None, Query(description="last heard before this time, or never")] = None,
) -> Filters:
    return Filters(
        tenant, unit, resident, technology, type, model, hub, life_cycle, status, battery_below, not_heard_since
    )


Asked = Annotated[Filters, Depends(_filters)]


@router.get("", summary="List devices")
async def list_devices(
    caller: Reader, vaka: Vaka, pages: Pages, filters: Asked, sort: Sort = "id"
) -> Page[ShownFleetDevice]:
    """With `unit` or `resident`: those that they have now; `resident` is either of a couple.

    Sorted by time of the last message, the longest silent first; by battery, the emptiest first.
    """
    now = vaka.now()
    after = pages.after(_KEYS[sort])
    async with vaka.read() as connection:
        found = await fleet.fleet(connection, caller.scope, now, filters, sort=sort, after=after, limit=pages.fetch)
    part = pages.page(found, lambda device: sort_key(device, sort))
    return Page(items=[shown(device, now) for device in part.items], next=part.next)


@router.get("/counts", summary="Count devices", response_model=Page[DeviceCount], response_model_exclude_unset=True)
async def count_devices(
    caller: Reader,
    vaka: Vaka,
    filters: Asked,
    by: Annotated[str, Query(description=f"any of {', '.join(DIMENSIONS)}")] = "status",
) -> Page[DeviceCount]:
    """How many devices there are, each time of the same values in `by`, sorted by them; all in one page."""
    asked = _dimensions(by)
    async with vaka.read() as connection:
        found = await fleet.counts(connection, caller.scope, vaka.now(), filters, asked)
    items = [DeviceCount(**{name: getattr(row, name) for name in (*asked, "count")}) for row in found]
    return Page(items=items, next=None)


@router.get("/{id}/health", summary="How a device is")
async def get_health(id: DeviceRef, caller: Reader, vaka: Vaka) -> HealthWithTrend:
    """With some earlier values of its battery."""
    now = vaka.now()
    async with vaka.read() as connection:
        found = await fleet.fleet_device(connection, caller.scope, now, id)
    if found is None:
        raise not_found("device", id)
    return with_trend(found.health, now)


def _dimensions(by: str) -> tuple[Dimension, ...]:
    names = [name for name in by.split(",") if name]
    if not names or any(name not in DIMENSIONS for name in names):
        raise invalid("by", f"is not made of {', '.join(DIMENSIONS)}", by[:200])
    return tuple(dimension for dimension in DIMENSIONS if dimension in names)
