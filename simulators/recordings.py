"""Two recordings of real homes, read line by line and turned into canonical messages.

Their times are naive, the wall clock of the home. They are read as the wall clock of `timezone`, which should be the
tenant's: it is not where the homes stood, but plans and quiet hours are judged by the tenant's clock, and breakfast
is to be at breakfast time.

`casas`, one line per change: `DATE TIME AREA PLACE STATE ACTIVITY`, separated by blanks.

    ... ON, a light (a place that ends in Light)   used, what = the place: somebody turned a switch
    ... ON, anything else                          motion, room = the place
    ... OFF                                        nothing: the sensor or lamp went off, nobody did anything new
    ... OPEN, CLOSE                                door_opened, door_closed, door = the place

The last column is what a person later said the resident was doing. No sensor knew that, so it is left out.

`ordonez`, two header lines, then one line per stretch of time: `START END LOCATION TYPE PLACE`, separated by tabs.

    Bed, Pressure            bed_entered at the start, bed_left at the end
    Maindoor, Magnetic       door_opened at the start, door_closed at the end
    Seat, Pressure           motion in the room at the start and the end: sitting down and getting up
    any PIR                  motion in the room at the start and the end: that was the last movement it saw
    any other Magnetic       used, what = the location, at the start: a cupboard, the fridge
    Electric, Flush          used, what = the location, at the start: the end is the toaster's doing
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from heapq import heappop, heappush
from pathlib import Path
from zoneinfo import ZoneInfo

from events import messages as m
from events.ids import DeviceId
from simulators.timed import TimedMessage, timed

_HEADERS = ("Start time", "---")

Reader = Callable[[Iterable[str], DeviceId, str], Iterator[TimedMessage]]


class BadLine(ValueError):
    """A line that is not of the recording's format; the text gives its number and content."""

    def __init__(self, number: int, line: str, reason: str) -> None:
        super().__init__(f"line {number}: {reason}: {line.rstrip()[:200]!r}")
        self.number = number


def read_recording(path: Path, form: str, device: DeviceId, timezone: str) -> Iterator[TimedMessage]:
    """The messages of the recording in `path`, by time, as if `device` had sent them; lines are read as needed.

    `form` is a key of FORMATS, `timezone` an IANA name. Raises BadLine when it comes to one, OSError, and KeyError.
    """
    reader = FORMATS[form]
    with path.open(encoding="utf-8", errors="backslashreplace") as lines:
        yield from reader(lines, device, timezone)


def read_casas(lines: Iterable[str], device: DeviceId, timezone: str) -> Iterator[TimedMessage]:
    zone = ZoneInfo(timezone)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            date, time, _, place, state, _ = _columns(line, 6)
            message = _casas_message(_utc(date, time, zone), place, state)
        except ValueError as error:
            raise BadLine(number, line, str(error)) from None
        if message is not None:
            yield timed(device, message)


def _casas_message(at: datetime, place: str, state: str) -> m.Message | None:
    match state:
        case "ON" if place.endswith("Light"):
            return m.Used(at=at, what=place)
        case "ON":
            return m.Motion(at=at, room=place)
        case "OFF":
            return None
        case "OPEN":
            return m.DoorOpened(at=at, door=place)
        case "CLOSE":
            return m.DoorClosed(at=at, door=place)
    raise ValueError(f"{state!r} is no state")


def read_ordonez(lines: Iterable[str], device: DeviceId, timezone: str) -> Iterator[TimedMessage]:
    """Stretches overlap: ends wait until no later line can begin before them."""
    zone = ZoneInfo(timezone)
    waiting: list[tuple[datetime, int, int, TimedMessage]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or (number <= 2 and line.startswith(_HEADERS)):
            continue
        try:
            messages = _ordonez_messages(line, zone)
        except ValueError as error:
            raise BadLine(number, line, str(error)) from None
        while waiting and waiting[0][0] < messages[0].at:
            yield heappop(waiting)[-1]
        for index, message in enumerate(messages):
            heappush(waiting, (message.at, number, index, timed(device, message)))
    while waiting:
        yield heappop(waiting)[-1]


def _ordonez_messages(line: str, zone: ZoneInfo) -> list[m.Message]:
    """One or two messages; the first is at the start."""
    start_date, start_time, end_date, end_time, location, kind, place = _columns(line, 7)
    start, end = _utc(start_date, start_time, zone), _utc(end_date, end_time, zone)
    if end < start:
        raise ValueError("it ends before it starts")
    match location, kind:
        case "Bed", "Pressure":
            return [m.BedEntered(at=start), m.BedLeft(at=end)]
        case "Maindoor", "Magnetic":
            return [m.DoorOpened(at=start, door=location), m.DoorClosed(at=end, door=location)]
        case ("Seat", "Pressure") | (_, "PIR"):
            return [m.Motion(at=at, room=place) for at in dict.fromkeys((start, end))]
        case _, "Magnetic" | "Electric" | "Flush":
            return [m.Used(at=start, what=location)]
    raise ValueError(f"{location!r} with {kind!r} is no sensor of this recording")


def _columns(line: str, count: int) -> list[str]:
    found = line.split()
    if len(found) != count:
        raise ValueError(f"{count} columns expected, not {len(found)}")
    return found


def _utc(date: str, time: str, zone: ZoneInfo) -> datetime:
    local = datetime.fromisoformat(f"{date} {time}")
    if local.tzinfo is not None:
        raise ValueError(f"{date} {time} has an offset")
    return local.replace(tzinfo=zone).astimezone(UTC)


FORMATS: dict[str, Reader] = {"casas": read_casas, "ordonez": read_ordonez}
