"""Homes whose signs of life are known: two recordings of real ones, and invented years with habits of their own."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from msgspec.structs import replace

from events.ids import DeviceId, ResidentId, resident_key
from events.kinds import ACTIVITY
from events.log import Entry
from simulators.diary import Diary, Span, diary_of
from simulators.municipality import Resident, build_municipality
from simulators.products import BED, DISPENSER, DOOR, LOCK, MOTION, Product
from simulators.recordings import read_recording
from simulators.sensing import SENSING
from simulators.timed import TimedMessage, timed

RESIDENT = ResidentId("resident-1")
KEY = resident_key(RESIDENT)
RECORDED_ZONE = "UTC"
"""Their times are the wall clock of a home that nobody knows the zone of, in weeks without a change of clocks."""

ZONE = "Europe/Stockholm"
RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "data"
FILES = {
    "recorded, 30 days": ("al-smarthome-30days.txt", "casas"),
    "recorded, 14 days": ("ordonez-a-sensors.txt", "ordonez"),
}
FIRST_DAY = date(2026, 1, 1)
CHANGE = 180
"""The day of the year from which a life that changes is another one."""


@dataclass(frozen=True)
class Home:
    """`signs`: everything the rules are told, signs of life and what locks say, in order."""

    name: str
    zone: str
    signs: list[Entry]


@dataclass(frozen=True)
class Habits:
    """What differs from the simulators' resident.

    `later`: hours by which all of it is. `naps`: how likely one is after lunch. `evenings`: stretches of up to two and
    a half hours in the evening without a movement, at most so many. `away`: weekdays (0 is Monday) with a long outing.
    `nights`: so many times up in the night, at most. `changes`: from CHANGE on up an hour and a half later, with naps.
    """

    products: tuple[Product, ...]
    later: float = 0
    naps: float = 0
    evenings: int = 0
    away: tuple[int, ...] = ()
    nights: int = 0
    changes: bool = False

    def on(self, day: date) -> "Habits":
        if not self.changes or (day - FIRST_DAY).days < CHANGE:
            return self
        return Habits(self.products, self.later + 1.5, 0.7, self.evenings, self.away, self.nights)


HABITS = {
    "all sensors": Habits((BED, MOTION, DOOR, DISPENSER, LOCK)),
    "naps and television": Habits((MOTION, DOOR), naps=0.6, evenings=2),
    "often out": Habits((MOTION, DOOR, DISPENSER), away=(2, 6), evenings=1),
    "no motion sensor": Habits((BED, DOOR, DISPENSER)),
    "restless nights": Habits((BED, MOTION, DOOR), later=1.5, nights=4, naps=0.3),
    "life changes": Habits((BED, MOTION, DOOR), evenings=1, changes=True),
}


def recorded() -> Iterator[Home]:
    """The recordings that are here."""
    for name, (file, form) in FILES.items():
        path = RECORDINGS / file
        if path.is_file():
            messages = read_recording(path, form, DeviceId("device-1"), RECORDED_ZONE)
            yield Home(name, RECORDED_ZONE, _entries(messages))


def simulated(name: str, seed: int, days: int = 365) -> Home:
    """A year of a resident with the HABITS of this name; the same seed gives the same year."""
    resident = build_municipality(1, seed).residents[0]
    life = (FIRST_DAY + timedelta(days=number) for number in range(days))
    messages = (said for day in life for said in _day(resident, HABITS[name].on(day), day, f"{seed} {name} {day}"))
    return Home(name, ZONE, _entries(messages))


def _entries(messages: Iterable[TimedMessage]) -> list[Entry]:
    said = sorted((m for m in messages if m.kind in ACTIVITY or m.kind in ("locked", "unlocked")), key=lambda m: m.time)
    return [
        Entry(number, KEY, m.kind, m.message, m.time, m.time, device=m.device, resident=RESIDENT)
        for number, m in enumerate(said, start=1)
    ]


def _day(resident: Resident, habits: Habits, day: date, seed: str) -> Iterator[TimedMessage]:
    random = Random(seed)
    diary = _lived(diary_of(resident, day, ZONE, random), habits, random)
    still = list(_still(diary, habits, random))
    for product in habits.products:
        for message in SENSING[product](resident, diary, Random(f"{seed} {product.name}")):
            if product is not MOTION or not any(message.at in span for span in still):
                moved = replace(message, at=message.at + timedelta(hours=habits.later))
                yield timed(DeviceId(product.name), moved)


def _lived(diary: Diary, habits: Habits, random: Random) -> Diary:
    if habits.nights:
        diary = replace(diary, toilet=tuple(_restless(diary, habits.nights, random)))
    if diary.local_day.weekday() in habits.away:
        start = (diary.day.start + timedelta(hours=10, minutes=random.uniform(0, 40))).replace(microsecond=0)
        end = start + timedelta(minutes=round(random.uniform(210, 420)))
        diary = replace(diary, outings=(Span(start, end),), meals=(), visits=())
    return diary


def _restless(diary: Diary, at_most: int, random: Random) -> Iterator[Span]:
    """One to `at_most` times up, each in a part of the night of its own."""
    times = random.randint(1, at_most)
    start = diary.day.start + timedelta(minutes=20)
    part = (diary.awake.start - timedelta(minutes=15) - start) / times
    for number in range(times):
        up = start + part * (number + random.uniform(0.1, 0.7))
        yield Span(up, up + timedelta(minutes=random.uniform(3, 12)))


def _still(diary: Diary, habits: Habits, random: Random) -> Iterator[Span]:
    """When the resident is at home and the motion sensor sees nothing."""
    if random.random() < habits.naps:
        start = diary.day.start + timedelta(hours=13, minutes=random.uniform(0, 60))
        yield Span(start, start + timedelta(minutes=random.uniform(30, 120)))
    start = diary.day.start + timedelta(hours=19, minutes=20)
    for _ in range(habits.evenings):
        start += timedelta(minutes=random.uniform(0, 30))
        end = start + timedelta(minutes=min(150, random.lognormvariate(3.7, 0.6)))
        yield Span(start, end)
        start = end
