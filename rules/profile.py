"""The quiets of a resident's own days: when each began, after which sign of life, and how long it lasted.

Only quiets of an hour and more are kept, four bytes each, of the last sixty days and at most 240 of them: nothing is
averaged, so there is nothing to train, and what is forgotten is forgotten wholly.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from math import log2
from operator import attrgetter
from typing import Any, NamedTuple
from zlib import crc32
from zoneinfo import ZoneInfo

from msgspec import Struct

from events.log import Entry

HOUR = timedelta(hours=1)
KEPT = HOUR
"""A shorter quiet teaches nothing: there are hundreds of them."""

KEPT_DAYS = 60
KEPT_QUIETS = 240
QUIET_BYTES = 4
FEW_QUIETS = 60

PARTS = 256
"""Beginnings are kept in 256ths of the local day, 5.6 minutes."""

PART_MINUTES = 24 * 60 / PARTS

STEPS = 32
LENGTHS = tuple(60 * 2 ** (code / STEPS) for code in range(256))
"""Minutes by code, in steps of 2 %, from an hour to ten days."""

DOUBTFUL = 256
"""Beside a source: what was heard, or not heard, in this quiet may be the devices' doing; it teaches nothing."""

HOME, DOOR, BED, UP = range(4)
_PLACES = {
    "door_opened": DOOR,
    "door_closed": DOOR,
    "locked": DOOR,
    "unlocked": DOOR,
    "bed_entered": BED,
    "bed_left": UP,
}

_NAMES: dict[str, Callable[[Any], str | None]] = {
    "motion": attrgetter("room"),
    "door_opened": attrgetter("door"),
    "door_closed": attrgetter("door"),
    "used": attrgetter("what"),
}


class Profile(Struct, frozen=True, array_like=True, gc=False):
    """`quiets`: oldest first, each its day (its ordinal modulo 256), its beginning, its length and its source.

    `margin`: what false alarms have added to the margin of the line, and days without one taken off, in 100,000ths.
    `day`: ordinal of the last day from which a quiet was learned.
    """

    quiets: bytes = b""
    margin: int = 0
    day: int = 0


class Begun(NamedTuple):
    """The beginning of a quiet as the resident's clock on the wall tells it."""

    day: int
    """The local day's ordinal."""
    minute: int
    """Of the local day."""
    source: int

    @property
    def part(self) -> int:
        return int(self.minute / PART_MINUTES)


def begun(since: datetime, source: int, zone: str) -> Begun:
    local = since.astimezone(ZoneInfo(zone))
    return Begun(local.toordinal(), local.hour * 60 + local.minute, source % DOUBTFUL)


def source_of(entry: Entry) -> int:
    """Where a sign of life came from, in a byte: two bits for door, bed or elsewhere, six that tell places apart."""
    kind = entry.kind
    named = _NAMES.get(kind)
    name = named(entry.data) if named is not None else None
    return _PLACES.get(kind, HOME) << 6 | crc32(f"{kind} {entry.device} {name}".encode()) & 63


def place(source: int) -> int:
    """HOME, DOOR, BED or UP."""
    return source >> 6


def days_in(quiets: bytes) -> int:
    """From how many days they are."""
    return len(set(quiets[::QUIET_BYTES]))


def has_days(quiets: bytes, days: int) -> bool:
    """Whether they are from at least so many days; the newest of them mostly are."""
    return len(set(quiets[-FEW_QUIETS * QUIET_BYTES :: QUIET_BYTES])) >= days or days_in(quiets) >= days


def kept(quiets: bytes, began: Begun, minutes: float) -> bytes:
    """`quiets` with one more, without those that are too old now or too many."""
    code = min(round(STEPS * log2(max(minutes, 60) / 60)), 255)
    oldest = len(quiets) + QUIET_BYTES - KEPT_QUIETS * QUIET_BYTES
    first = max(oldest, 0)
    while first < len(quiets) and (began.day - quiets[first]) % 256 > KEPT_DAYS:
        first += QUIET_BYTES
    return quiets[first:] + bytes((began.day % 256, began.part, code, began.source))
