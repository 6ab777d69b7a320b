"""How the health of devices is shown over the API."""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from api.device_bodies import ShownDevice
from events.devices import LifeCycle
from events.ids import DeviceId
from events.kinds import Technology
from rules.device_summary import Status
from store.fleet import DeviceHealth, FleetDevice

DAY = timedelta(days=1)


class ShownHealth(BaseModel):
    """How a device is, as of `updated_at`.

    `battery_days_left` comes from its trend. `clock_behind_seconds` is negative for a clock that is ahead. `faults` are
    the codes that the device reported.
    """

    model_config = ConfigDict(from_attributes=True, title="DeviceHealth")

    status: Status
    last_seen: datetime | None
    silent_since: datetime | None
    battery: float | None
    battery_at: datetime | None
    battery_days_left: float | None = None
    signal_quality: float | None
    signal_rssi_dbm: float | None
    mains: bool | None
    tampered: bool | None
    faults: list[str]
    clock_behind_seconds: float | None
    tested_at: datetime | None
    updated_at: datetime | None


class BatteryPoint(BaseModel):
    at: datetime
    percent: float


class HealthWithTrend(ShownHealth):
    """With some earlier values of the battery, the oldest first."""

    model_config = ConfigDict(from_attributes=True, title="DeviceHealthWithTrend")

    battery_trend: list[BatteryPoint] = []


class ShownFleetDevice(ShownDevice):
    """A device and how it is."""

    model_config = ConfigDict(from_attributes=True, title="FleetDevice")

    health: ShownHealth


class DeviceCount(BaseModel):
    """A count, with those of the other fields that were asked for in `by`."""

    model_config = ConfigDict(from_attributes=True)

    status: Status | None = None
    technology: Technology | None = None
    type: str | None = None
    model: str | None = None
    hub: DeviceId | None = None
    life_cycle: LifeCycle | None = None
    count: int


def shown(device: FleetDevice, now: datetime) -> ShownFleetDevice:
    found = ShownFleetDevice.model_validate(device)
    found.health.battery_days_left = _days_left(device.health, now)
    return found


def with_trend(health: DeviceHealth, now: datetime) -> HealthWithTrend:
    plain = ShownHealth.model_validate(health).model_dump()
    points = [BatteryPoint(at=at, percent=percent) for at, percent in health.battery_trend]
    return HealthWithTrend(**{**plain, "battery_days_left": _days_left(health, now), "battery_trend": points})


def _days_left(health: DeviceHealth, now: datetime) -> float | None:
    if health.battery_empty_at is None:
        return None
    return round(max((health.battery_empty_at - now) / DAY, 0.0), 1)
