"""What is kept of quiets: four bytes each, and how they tell places apart."""

from datetime import UTC, datetime, timedelta

import pytest

from events.ids import DeviceId
from events.log import Entry
from events.messages import BedEntered, BedLeft, DoorClosed, DoorOpened, Locked, Message, Motion, Used
from rules.profile import (
    BED,
    DOOR,
    HOME,
    KEPT_QUIETS,
    LENGTHS,
    PARTS,
    QUIET_BYTES,
    UP,
    Begun,
    begun,
    days_in,
    kept,
    place,
    source_of,
)
from tests.support.home import KEY

AT = datetime(2026, 3, 2, 21, 30, tzinfo=UTC)


def sign(kind: str, data: Message, device: str = "device-1") -> Entry:
    return Entry(1, KEY, kind, data, AT, AT, device=DeviceId(device))


SIGNS = {
    "motion": (sign("motion", Motion(at=AT, room="kök")), HOME),
    "used": (sign("used", Used(at=AT, what="spis")), HOME),
    "door_opened": (sign("door_opened", DoorOpened(at=AT)), DOOR),
    "door_closed": (sign("door_closed", DoorClosed(at=AT)), DOOR),
    "locked": (sign("locked", Locked(at=AT)), DOOR),
    "bed_entered": (sign("bed_entered", BedEntered(at=AT)), BED),
    "bed_left": (sign("bed_left", BedLeft(at=AT)), UP),
}


@pytest.mark.parametrize(("entry", "expected"), SIGNS.values(), ids=SIGNS)
def test_the_place_of_a_sign_of_life(entry: Entry, expected: int) -> None:
    assert place(source_of(entry)) == expected


def test_signs_of_different_kinds_rooms_and_devices_are_told_apart() -> None:
    entries = [entry for entry, _ in SIGNS.values()]
    entries.append(sign("motion", Motion(at=AT, room="hall")))
    entries.append(sign("motion", Motion(at=AT, room="kök"), "device-2"))
    assert len({source_of(entry) for entry in entries}) == len(entries)
    assert all(0 <= source_of(entry) < 256 for entry in entries)


def test_the_same_sign_is_the_same_source_later() -> None:
    later = Entry(2, KEY, "motion", Motion(at=AT, room="kök"), AT, AT + timedelta(days=1), device=DeviceId("device-1"))
    assert source_of(later) == source_of(SIGNS["motion"][0])


BEGINNINGS = {
    "winter": (AT, "Europe/Stockholm", (2026, 3, 2), 22 * 60 + 30),
    "summer, the day after": (AT.replace(month=7, hour=22), "Europe/Stockholm", (2026, 7, 3), 30),
    "far away": (AT, "America/St_Johns", (2026, 3, 2), 18 * 60),
}


@pytest.mark.parametrize(("since", "zone", "day", "minute"), BEGINNINGS.values(), ids=BEGINNINGS)
def test_a_beginning_is_told_by_the_clock_on_the_wall(
    since: datetime, zone: str, day: tuple[int, int, int], minute: int
) -> None:
    assert begun(since, 7, zone) == Begun(datetime(*day, tzinfo=UTC).toordinal(), minute, 7)


def test_parts_cover_the_day() -> None:
    assert [Begun(1, minute, 0).part for minute in (0, 5, 6, 720, 1439)] == [0, 0, 1, 128, PARTS - 1]


@pytest.mark.parametrize("minutes", [60, 61, 90, 239, 600, 1440, 10_080])
def test_a_length_is_kept_to_one_or_two_in_a_hundred(minutes: float) -> None:
    (_, _, code, _) = kept(b"", Begun(1, 0, 0), minutes)
    assert LENGTHS[code] == pytest.approx(minutes, rel=0.012)


def test_what_is_too_long_or_too_short_for_a_byte_is_its_highest_or_lowest() -> None:
    assert kept(b"", Begun(1, 0, 0), 1_000_000)[2] == 255
    assert kept(b"", Begun(1, 0, 0), 3)[2] == 0


def test_sixty_days_are_kept() -> None:
    quiets = b""
    for day in range(100, 200):
        quiets = kept(quiets, Begun(day, 0, 0), 60)
    assert quiets[::QUIET_BYTES] == bytes(range(139, 200))
    assert days_in(quiets) == 61


def test_the_last_ones_are_kept() -> None:
    quiets = b""
    for number in range(300):
        quiets = kept(quiets, Begun(100, 0, number % 256), 60)
    assert len(quiets) == KEPT_QUIETS * QUIET_BYTES
    assert quiets[3::QUIET_BYTES] == bytes(number % 256 for number in range(60, 300))
    assert days_in(quiets) == 1
