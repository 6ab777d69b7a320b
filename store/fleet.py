"""The fleet: devices with how they are, filtered, sorted and counted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, TypeVar, get_args

from events.devices import LifeCycle
from events.ids import DeviceId, ResidentId, TenantId, UnitId
from events.kinds import Technology
from rules.device_summary import Status
from store.devices import Device
from store.pool import Connection
from store.select import Scope, Select

FLEET = """
SELECT d.id, d.tenant, d.technology, d.name, d.model, a.resident, d.created_at, d.type,
       CASE WHEN d.family IS NOT NULL THEN ARRAY[d.family, d.scope, d.external_id] END AS origin,
       d.hub, d.serial, d.note, d.life_cycle, d.testing_until, a.shared_with, coalesce(to_jsonb(h), '{}') AS health
FROM devices d
LEFT JOIN assignments a ON a.device = d.id AND a."from" <= %s AND (a."to" IS NULL OR a."to" > %s)
LEFT JOIN residents r ON r.id = a.resident
LEFT JOIN device_health h ON h.device = d.id
"""
COUNTS = """
SELECT {columns}, count(*) AS count
FROM devices d
LEFT JOIN assignments a ON a.device = d.id AND a."from" <= %s AND (a."to" IS NULL OR a."to" > %s)
LEFT JOIN residents r ON r.id = a.resident
LEFT JOIN device_health h ON h.device = d.id
"""
STATUS = "coalesce(h.status, 'never_heard')"

Sort = Literal["id", "last_seen", "battery", "battery_days_left"]
_SORTED: dict[Sort, str] = {
    "id": "",
    "last_seen": "coalesce(h.last_seen, 'epoch')",
    "battery": "coalesce(h.battery, 101)",
    "battery_days_left": "coalesce(h.battery_empty_at, '9999-01-01Z')",
}
"""Each from what needs looking at first: never heard, nearly empty. What is not known of a battery comes last."""

Row = TypeVar("Row")

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(9999, 1, 1, tzinfo=UTC)
UNKNOWN_BATTERY = 101.0

Dimension = Literal["status", "technology", "type", "model", "hub", "life_cycle"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
_COLUMNS: dict[Dimension, str] = {name: f"d.{name}" for name in DIMENSIONS} | {"status": STATUS}


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """How a device is. `battery_empty_at`: when it will be, by its trend of [time, percent] pairs."""

    status: Status = Status.NEVER_HEARD
    last_seen: datetime | None = None
    silent_since: datetime | None = None
    battery: float | None = None
    battery_at: datetime | None = None
    battery_empty_at: datetime | None = None
    battery_trend: list[tuple[datetime, float]] = field(default_factory=list)
    signal_quality: float | None = None
    signal_rssi_dbm: float | None = None
    mains: bool | None = None
    tampered: bool | None = None
    faults: list[str] = field(default_factory=list)
    clock_behind_seconds: float | None = None
    tested_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FleetDevice(Device):
    health: DeviceHealth = DeviceHealth()


@dataclass(frozen=True, slots=True)
class Count:
    """So many devices have these values in common; what was not asked for is None."""

    count: int
    status: Status | None = None
    technology: Technology | None = None
    type: str | None = None
    model: str | None = None
    hub: DeviceId | None = None
    life_cycle: LifeCycle | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which devices are asked for; None is not asked.

    `unit` and `resident`: those that have the device now; `resident` is either of a couple. `not_heard_since`: also
    those that never were.
    """

    tenant: TenantId | None = None
    unit: UnitId | None = None
    resident: ResidentId | None = None
    technology: Technology | None = None
    type: str | None = None
    model: str | None = None
    hub: DeviceId | None = None
    life_cycle: LifeCycle | None = None
    status: Status | None = None
    battery_below: float | None = None
    not_heard_since: datetime | None = None


async def fleet(
    connection: Connection,
    scope: Scope,
    now: datetime,
    filters: Filters,
    *,
    sort: Sort = "id",
    after: tuple[object, ...] | None = None,
    limit: int = 100,
) -> list[FleetDevice]:
    """`after` is the `sort_key` of the last device of the page before."""
    order = ", ".join(part for part in (_SORTED[sort], "d.id") if part)
    select = _asked(Select(FleetDevice, FLEET, (now, now)), scope, filters)
    places = "(%s)" if sort == "id" else "(%s, %s)"
    return await select.after(f"({order}) > {places}", after).then(f"ORDER BY {order}").rows(connection, limit)


async def fleet_device(connection: Connection, scope: Scope, now: datetime, id: DeviceId) -> FleetDevice | None:
    select = _asked(Select(FleetDevice, FLEET, (now, now)), scope, Filters())
    return await select.where("d.id = %s", id).one(connection)


def sort_key(device: FleetDevice, sort: Sort) -> tuple[object, ...]:
    health = device.health
    match sort:
        case "last_seen":
            return health.last_seen or LONG_AGO, device.id
        case "battery":
            return UNKNOWN_BATTERY if health.battery is None else health.battery, device.id
        case "battery_days_left":
            return health.battery_empty_at or FAR_AHEAD, device.id
    return (device.id,)


async def counts(
    connection: Connection, scope: Scope, now: datetime, filters: Filters, by: Sequence[Dimension]
) -> list[Count]:
    """How many devices there are of each combination of what is asked for in `by`, in its order."""
    columns = ", ".join(f"{_COLUMNS[name]} AS {name}" for name in by)
    places = ", ".join(str(place) for place, _ in enumerate(by, 1))
    select = _asked(Select(Count, COUNTS.format(columns=columns), (now, now)), scope, filters)
    return await select.then(f"GROUP BY {places} ORDER BY {places}").rows(connection)


def _asked(select: Select[Row], scope: Scope, filters: Filters) -> Select[Row]:
    """A unit sees its residents' devices, and those that are with nobody: it may take one into use."""
    return (
        select.where("d.tenant = %s", scope.tenant)
        .where("(a.resident IS NULL OR r.unit = %s)", scope.unit)
        .where("d.tenant = %s", filters.tenant)
        .where("r.unit = %s", filters.unit)
        .where("(a.resident = %s OR a.shared_with = %s)", filters.resident, filters.resident)
        .where("d.technology = %s", filters.technology)
        .where("d.type = %s", filters.type)
        .where("d.model = %s", filters.model)
        .where("d.hub = %s", filters.hub)
        .where("d.life_cycle = %s", filters.life_cycle)
        .where(f"{STATUS} = %s", filters.status)
        .where("h.battery < %s", filters.battery_below)
        .where("coalesce(h.last_seen, 'epoch') < %s", filters.not_heard_since)
    )
