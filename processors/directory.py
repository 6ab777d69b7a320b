"""Who has which device, in memory: changed only when the loop applies a control entry, so it follows the log."""

from bisect import insort
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from events.control import AssignmentChanged, Control, DeviceChanged, ResidentChanged, TenantChanged
from events.ids import DeviceId, Key, ResidentId, TenantId, UnitId, device_key, resident_key
from events.kinds import Technology


class Device(NamedTuple):
    tenant: TenantId
    technology: Technology


class Resident(NamedTuple):
    tenant: TenantId
    unit: UnitId
    key: Key


class Lending(NamedTuple):
    """An assignment, sorted by its start. `end` is exclusive; None is until further notice."""

    start: datetime
    assignment: str
    end: datetime | None
    resident: ResidentId


class Directory:
    """Devices, residents and lendings by id."""

    def __init__(self) -> None:
        self.devices: dict[DeviceId, Device] = {}
        self.residents: dict[ResidentId, Resident] = {}
        self.zones: dict[TenantId, str] = {}
        self._lendings: dict[DeviceId, list[Lending]] = {}

    def change(self, change: Control) -> None:
        """Takes over a control entry; those that are not about who has what change nothing."""
        match change:
            case TenantChanged():
                self.zones[change.tenant] = change.timezone
            case ResidentChanged():
                key = resident_key(change.resident)
                self.residents[change.resident] = Resident(change.tenant, change.unit, key)
            case DeviceChanged():
                self.devices[change.device] = Device(change.tenant, Technology(change.technology))
            case AssignmentChanged():
                self._lend(change)

    def _lend(self, change: AssignmentChanged) -> None:
        lendings = self._lendings.setdefault(change.device, [])
        lendings[:] = [lending for lending in lendings if lending.assignment != change.assignment]
        insort(lendings, Lending(change.start, change.assignment, change.end, change.resident))

    def holder(self, device: DeviceId, at: datetime) -> ResidentId | None:
        """Who had the device at that time."""
        for lending in reversed(self._lendings.get(device, ())):
            if lending.start <= at and (lending.end is None or at < lending.end):
                return lending.resident
        return None

    def key(self, device: DeviceId, resident: ResidentId | None) -> Key:
        """What the log orders this device's entry by."""
        if resident is None:
            return device_key(device)
        known = self.residents.get(resident)
        return known.key if known is not None else resident_key(resident)

    def local_day(self, tenant: TenantId, at: datetime) -> date:
        return _local_day(int(at.timestamp()) // 900, self.zones.get(tenant, "UTC"))


@lru_cache(maxsize=65536)
def _local_day(quarter: int, zone: str) -> date:
    """The day of a quarter of an hour: no zone's midnight lies within one, so few of them need working out."""
    return datetime.fromtimestamp(quarter * 900, UTC).astimezone(ZoneInfo(zone)).date()
