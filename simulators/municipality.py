"""A virtual municipality: units, staff, and residents with devices. Everything is invented and seeded.

The same seed gives the same resident under the same id, whatever the number of residents: a municipality that
grows keeps the people it has. The first resident has every device, to look at and to test with.
"""

from datetime import time
from math import sqrt
from random import Random
from typing import Literal

from msgspec import Struct

from events.ids import DeviceId, ResidentId, StaffId, TenantId, UnitId
from simulators.names import Sex, invented_address, invented_name
from simulators.products import BED, BUTTON, CAMERA, DISPENSER, DOOR, GPS, LOCK, MOTION, Product

TENANT = TenantId("demo")
TIMEZONE = "Europe/Stockholm"

Housing = Literal["ordinary", "special"]
Role = Literal["staff", "operator", "followup", "manager"]


class Unit(Struct, frozen=True):
    id: UnitId
    name: str


class Device(Struct, frozen=True):
    """One device and what it is; it is with one resident all the time."""

    id: DeviceId
    product: Product


class Resident(Struct, frozen=True):
    """A person who gets care, and the habits that the simulated days follow. Times are local wall-clock times."""

    id: ResidentId
    unit: UnitId
    name: str
    sex: Sex
    birth_year: int
    housing: Housing
    address: str
    instructions: str
    home: tuple[float, float]
    """Latitude and longitude of the door."""
    devices: tuple[Device, ...]
    dose_times: tuple[time, ...] = ()
    supervision_times: tuple[time, ...] = ()
    visit_times: tuple[time, ...] = ()
    visited_by: str = ""
    """User name of the staff member who usually comes."""

    def device(self, product: Product) -> DeviceId | None:
        return next((device.id for device in self.devices if device.product == product), None)


class Staff(Struct, frozen=True):
    """A person who signs in. `unit` is None for those who work for the whole municipality."""

    id: StaffId
    username: str
    name: str
    role: Role
    unit: UnitId | None = None


class Municipality(Struct, frozen=True):
    tenant: TenantId
    name: str
    timezone: str
    units: tuple[Unit, ...]
    staff: tuple[Staff, ...]
    residents: tuple[Resident, ...]


UNITS = {
    "norr": Unit(UnitId("demo-norr"), "Hemtjänst Norr"),
    "soder": Unit(UnitId("demo-soder"), "Hemtjänst Söder"),
    "eken": Unit(UnitId("demo-eken"), "Boendet Eken"),
}

# Of people with large care needs, 81 % had a social alarm in the national survey; the other shares are guesses.
SHARES: dict[tuple[Product, ...], float] = {
    (BUTTON,): 0.81,
    (BED, DOOR, MOTION): 0.45,
    (DISPENSER,): 0.35,
    (GPS,): 0.15,
    (CAMERA,): 0.30,
    (LOCK,): 0.55,
}
_STEPS = tuple(sqrt(prime) for prime in (2, 3, 5, 7, 11, 13))

DOSES = (
    (time(8), time(20)),
    (time(8), time(12), time(18)),
    (time(8), time(12), time(18), time(21)),
)
SUPERVISION = ((time(1, 30),), (time(0, 30), time(4, 30)))
VISITS = ((), (time(8, 30),), (time(8, 30), time(19, 30)), (time(8, 30), time(12, 30), time(19, 30)))

# Out on a lake: no position is anybody's.
_LAKE = (58.30, 14.55)


def build_municipality(residents: int, seed: int) -> Municipality:
    """The municipality `demo` with this many residents; raises ValueError for none or fewer."""
    if residents < 1:
        raise ValueError(f"a municipality has at least one resident, not {residents}")
    return Municipality(
        tenant=TENANT,
        name="Demostad",
        timezone=TIMEZONE,
        units=tuple(UNITS.values()),
        staff=_staff(seed),
        residents=tuple(_resident(seed, index) for index in range(residents)),
    )


def _resident(seed: int, index: int) -> Resident:
    random = Random(f"{seed} resident {index}")
    unit = list(UNITS)[index % len(UNITS)]
    sex: Sex = "female" if random.random() < 0.64 else "male"
    devices = tuple(Device(DeviceId(f"demo-d-{index + 1:04d}-{p.name}"), p) for p in _products(seed, index))
    products = {device.product for device in devices}
    return Resident(
        id=ResidentId(f"demo-r-{index + 1:04d}"),
        unit=UNITS[unit].id,
        name=invented_name(random, sex),
        sex=sex,
        birth_year=random.randint(1928, 1956),
        housing="special" if unit == "eken" else "ordinary",
        address=invented_address(random),
        instructions=_instructions(random, lock=LOCK in products),
        home=(_LAKE[0] + random.uniform(-0.02, 0.02), _LAKE[1] + random.uniform(-0.02, 0.02)),
        devices=devices,
        dose_times=random.choice(DOSES) if DISPENSER in products else (),
        supervision_times=random.choice(SUPERVISION) if CAMERA in products else (),
        visit_times=random.choice(VISITS[1:] if LOCK in products else VISITS),
        visited_by=f"{unit}{random.randint(1, 2)}",
    )


def _products(seed: int, index: int) -> list[Product]:
    """What resident number `index` has. Every share is met within a few people among any first n residents."""
    if index == 0:
        return [product for bundle in SHARES for product in bundle]
    found: list[Product] = []
    for step, (bundle, share) in zip(_STEPS, SHARES.items(), strict=True):
        offset = Random(f"{seed} share {bundle[0].name}").random()
        if (offset + index * step) % 1 < share:
            found += bundle
    return found or [LOCK]


def _instructions(random: Random, *, lock: bool) -> str:
    way_in = "Digitalt lås: öppna i appen" if lock else f"Nyckel {random.randint(1, 99)} i enhetens nyckelskåp"
    on_entry = random.choice(("Ring på och vänta.", "Ropa i hallen, hör dåligt.", "Knacka, katten får inte ut."))
    return f"{way_in}. {on_entry} (Påhittad uppgift.)"


def _staff(seed: int) -> tuple[Staff, ...]:
    random = Random(f"{seed} staff")
    accounts: list[tuple[str, Role, UnitId | None]] = [
        (f"{short}{number}", "staff", unit.id) for short, unit in UNITS.items() for number in (1, 2)
    ]
    accounts += [("operator", "operator", None), ("followup", "followup", None), ("manager", "manager", None)]
    return tuple(
        Staff(StaffId(f"demo-s-{username}"), username, invented_name(random, "female"), role, unit)
        for username, role, unit in accounts
    )
