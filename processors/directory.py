"""Who has which device, in memory: changed only when the loop applies a control entry, so it follows the log."""

from bisect import insort
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from events.control import AssignmentChanged, Control, DeviceChanged, ResidentChanged, TenantChanged
from events.devices import Origin
from events.ids import DeviceId, Key, ResidentId, TenantId, UnitId, device_key, resident_key
from events.kinds import Technology


class Device(NamedTuple):
    """What ingest must know of a device; the fields as in DeviceChanged."""

    tenant: TenantId
    technology: Technology
    origin: Origin | None = None
    reads_as: Mapping[str, str] = MappingProxyType({})
    testing_until: datetime | None = None
    life_critical: bool = False


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
        self._by_origin: dict[Origin, DeviceId] = {}
        self._critical: set[Origin] = set()
        self._critical_now: frozenset[Origin] | None = frozenset()

    @property
    def critical(self) -> frozenset[Origin]:
        """Where the life-critical devices of other families than Vaka's own speak; the same object until it changes."""
        if self._critical_now is None:
            self._critical_now = frozenset(self._critical)
        return self._critical_now

    def change(self, change: Control) -> None:
        """Takes over a control entry; those that are not about who has what change nothing."""
        match change:
            case TenantChanged():
                self.zones[change.tenant] = change.timezone
            case ResidentChanged():
                key = resident_key(change.resident)
                self.residents[change.resident] = Resident(change.tenant, change.unit, key)
            case DeviceChanged():
                self._register(change)
            case AssignmentChanged():
                self._lend(change)

    def _register(self, change: DeviceChanged) -> None:
        old = self.devices.get(change.device)
        if old is not None and old.origin is not None and self._by_origin.get(old.origin) == change.device:
            del self._by_origin[old.origin]
        self.devices[change.device] = Device(
            change.tenant,
            Technology(change.technology),
            change.origin,
            change.reads_as,
            change.testing_until,
            change.watch.life_critical,
        )
        if change.origin is not None:
            self._by_origin[change.origin] = change.device
        self._mark_critical(old.origin if old is not None else None, change)

    def _mark_critical(self, before: Origin | None, change: DeviceChanged) -> None:
        wanted = change.origin is not None and change.watch.life_critical
        if before != change.origin and before in self._critical and before not in self._by_origin:
            self._critical.remove(before)
            self._critical_now = None
        if change.origin is not None and wanted != (change.origin in self._critical):
            self._critical ^= {change.origin}
            self._critical_now = None

    def device_of(self, origins: Iterable[Origin]) -> DeviceId | None:
        """The device that is registered under the first of these that any device is registered under."""
        return next((self._by_origin[origin] for origin in origins if origin in self._by_origin), None)

    def _lend(self, change: AssignmentChanged) -> None:
        lendings = self._lendings.setdefault(change.device, [])
        lendings[:] = [lending for lending in lendings if lending.assignment != change.assignment]
        if change.end is not None and change.end <= change.start:
            # An assignment that was a mistake is taken back by making it last no time.
            return
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
