"""What each product says about a resident's day: one function a product, all reading the same diary.

They agree with each other because the diary is one: nobody moves at home while out, and the bed is empty when the
bathroom sees motion. Misfortunes are drawn here, with the probabilities below, per resident and day or per dose.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from math import cos, pi, sin
from random import Random

from events import messages as m
from simulators.diary import Diary, Span, wall
from simulators.municipality import Resident
from simulators.products import BED, BUTTON, CAMERA, DISPENSER, DOOR, GPS, LOCK, MOTION, Product

PRESS, CANCELLED, FALL, TRIAL = 0.04, 0.2, 0.004, 1 / 30
DOSE_LATE, DOSE_MISSED, JAM = 0.04, 0.015, 0.002
CHECK_FAILED, DENIED, AJAR = 0.01, 0.01, 0.005

GIVES_UP_AFTER = timedelta(hours=2)
"""When a dispenser says that a dose was missed."""

MOTION_EVERY = 6.5
"""Minutes between motions of somebody awake at home, on average."""

POSITION_EVERY = timedelta(minutes=5)

Sensing = Callable[[Resident, Diary, Random], Iterator[m.Message]]


def _moment(span: Span, random: Random) -> datetime:
    return span.start + (span.end - span.start) * random.random()


def _seconds(random: Random, shortest: float, longest: float) -> timedelta:
    return timedelta(seconds=random.uniform(shortest, longest))


def button(resident: Resident, diary: Diary, random: Random) -> Iterator[m.Message]:
    """A press now and then, some of them taken back; a fall once in a long while; a monthly trial."""
    pressed, fell, tried = (_moment(diary.awake, random) for _ in range(3))
    worn_out_of_reach = diary.out(pressed)
    if random.random() < PRESS and not worn_out_of_reach:
        yield m.AlarmPressed(at=pressed)
        if random.random() < CANCELLED:
            yield m.AlarmCancelled(at=pressed + _seconds(random, 10, 60))
    if random.random() < FALL and not diary.out(fell):
        yield m.FallDetected(at=fell, confidence=round(random.uniform(55, 99)))
    if random.random() < TRIAL and not diary.out(tried):
        yield m.TestAlarm(at=tried)


def bed(resident: Resident, diary: Diary, random: Random) -> Iterator[m.Message]:
    for visit in diary.toilet:
        yield m.BedLeft(at=visit.start)
        yield m.BedEntered(at=visit.end)
    yield m.BedLeft(at=diary.awake.start)
    yield m.BedEntered(at=diary.awake.end)


def door(resident: Resident, diary: Diary, random: Random) -> Iterator[m.Message]:
    """Opens and closes when the resident goes and comes, and when staff do."""
    for outing in diary.outings:
        yield from _through(outing.start - timedelta(seconds=20), random)
        yield from _through(outing.end, random)
    for visit in diary.visits:
        yield from _through(visit.start + timedelta(seconds=10), random)
        yield from _through(visit.end - timedelta(seconds=30), random)


def _through(opened: datetime, random: Random) -> Iterator[m.Message]:
    yield m.DoorOpened(at=opened, door="ytterdörr")
    yield m.DoorClosed(at=opened + _seconds(random, 4, 15), door="ytterdörr")


def motion(resident: Resident, diary: Diary, random: Random) -> Iterator[m.Message]:
    """Every few minutes in some room while somebody is up at home, and in the bathroom at night."""
    for visit in diary.toilet:
        yield m.Motion(at=visit.start + (visit.end - visit.start) / 2, room="badrum")
    moved = diary.awake.start + _seconds(random, 20, 90)
    while moved < diary.awake.end:
        outing = diary.out(moved)
        if outing is not None:
            moved = outing.end
        yield m.Motion(at=moved, room=_room(diary, moved, random))
        moved += timedelta(minutes=max(0.5, random.expovariate(1 / MOTION_EVERY)))


def _room(diary: Diary, moved: datetime, random: Random) -> str:
    if any(moved in meal for meal in diary.meals):
        return "kök"
    return random.choices(("vardagsrum", "kök", "hall", "badrum", "sovrum"), weights=(10, 4, 3, 3, 2))[0]


def gps(resident: Resident, diary: Diary, random: Random) -> Iterator[m.Message]:
    """A walk out and back, a position every five minutes; the watch can be pressed outdoors as well."""
    for outing in diary.outings:
        direction, reach = random.uniform(0, 2 * pi), random.uniform(0.002, 0.015)
        at = outing.start
        while at < outing.end:
            distance = reach * sin(pi * ((at - outing.start) / (outing.end - outing.start)))
            yield _position(resident, at, distance * sin(direction), distance * cos(direction), random)
            at += POSITION_EVERY
        if random.random() < PRESS / 4:
            yield m.AlarmPressed(at=_moment(outing, random))


def _position(resident: Resident, at: datetime, north: float, east: float, random: Random) -> m.Position:
    latitude, longitude = resident.home
    return m.Position(
        at=at,
        latitude=round(latitude + north, 5),
        longitude=round(longitude + east, 5),
        accuracy_m=round(random.uniform(3, 25), 1),
    )


def dispenser(resident: Resident, diary: Diary, random: Random) -> Iterator[m.Message]:
    """Every dose is offered on time, and mostly taken soon; now and then late, rarely not at all."""
    local_day = diary.local_day
    for at in resident.dose_times:
        offered = wall(local_day, at, diary.timezone) + _seconds(random, 0, 20)
        yield from _dose(diary, offered, f"{at:%H:%M}", random)
    left = len(resident.dose_times) * (14 - local_day.toordinal() % 14)
    if left <= 2 * len(resident.dose_times):
        yield m.RefillLow(at=diary.awake.start, doses_left=left)
    if random.random() < JAM:
        yield m.DispenserJammed(at=_moment(diary.awake, random))


def _dose(diary: Diary, offered: datetime, dose: str, random: Random) -> Iterator[m.Message]:
    yield m.DoseDispensed(at=offered, dose=dose)
    luck, delay = random.random(), timedelta(minutes=min(40, 1 + random.expovariate(1 / 6)))
    if luck < DOSE_MISSED:
        yield m.DoseMissed(at=offered + GIVES_UP_AFTER, dose=dose)
        return
    if luck < DOSE_MISSED + DOSE_LATE:
        delay = timedelta(minutes=random.uniform(45, 115))
    taken = min(offered + delay, diary.awake.end - timedelta(minutes=1))
    outing = diary.out(taken)
    yield m.DoseTaken(at=taken if outing is None else outing.end + _seconds(random, 60, 300), dose=dose)


def camera(resident: Resident, diary: Diary, random: Random) -> Iterator[m.Message]:
    for at in resident.supervision_times:
        looked = wall(diary.local_day, at, diary.timezone) + _seconds(random, 0, 120)
        if random.random() < CHECK_FAILED:
            yield m.CheckFailed(at=looked, reason="ingen bild")
        else:
            yield m.CheckDone(at=looked)


def lock(resident: Resident, diary: Diary, random: Random) -> Iterator[m.Message]:
    """Staff come and go; once in a while somebody without the right tries, or the door stays open."""
    by = resident.visited_by
    for visit in diary.visits:
        yield m.Unlocked(at=visit.start, user=by, method="app")
        if random.random() < AJAR:
            yield m.DoorAjar(at=visit.start + timedelta(minutes=3))
        yield m.Locked(at=visit.end, user=by, method="app")
    if random.random() < DENIED:
        yield m.UnlockDenied(at=_moment(diary.awake, random), method="kod")


SENSING: dict[Product, Sensing] = {
    BUTTON: button,
    BED: bed,
    DOOR: door,
    MOTION: motion,
    GPS: gps,
    DISPENSER: dispenser,
    CAMERA: camera,
    LOCK: lock,
}
