"""From rows of a CSV file or a workbook to entries of duty: one shift of one person in each row below the header."""

import re
from collections import Counter
from datetime import UTC, date, datetime

from api.duty_entries import MAX_ENTRIES, Entry, Read, Wrong, fault_of_times
from api.problems import FieldError
from api.spreadsheet import Unreadable, read_rows
from events.ids import derived_id
from rules.localtime import DAY_MINUTES, instant

COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id", "uid", "passid"),
    "staff": ("staff", "personal", "namn", "anställd", "medarbetare"),
    "date": ("date", "datum", "dag"),
    "from": ("from", "start", "från", "börjar"),
    "to": ("to", "end", "till", "slut", "slutar"),
    "unit": ("unit", "enhet", "grupp"),
    "skill": ("skill", "kompetens", "roll"),
}
"""The columns, each by the names that it may have; `staff`, `from` and `to` must be there."""

_NAMES = {name: column for column, names in COLUMNS.items() for name in names}
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(r"([0-9]{1,2})[:.]([0-9]{2})(?:[:.]00(?:\.0+)?)?")
MIDNIGHT = "00:00:00"


def read_duty_rows(content: bytes, zone: str, start: datetime, end: datetime) -> Read:
    """The shifts that are worked between `start` and `end`; times of day are those of `zone`.

    Raises Unreadable when the file as a whole cannot be used.
    """
    rows = read_rows(content)
    header = _header(rows[0])
    read = Read()
    for number, row in enumerate(rows[1:], 2):
        cells = {column: cell for column, cell in zip(header, row, strict=False) if column and cell}
        if not cells:
            continue
        _read_row(read, f"row {number}", cells, zone, (start, end))
    if len(read.entries) > MAX_ENTRIES:
        raise Unreadable(f"there are more than {MAX_ENTRIES} shifts: divide the file")
    return read


def _header(names: list[str]) -> list[str | None]:
    """Which column each one is; what is not known is left out, as other systems export much that is not needed."""
    header = [_NAMES.get(name.strip().lower()) for name in names]
    twice = [column for column, count in Counter(header).items() if column and count > 1]
    if twice:
        raise Unreadable(f"column {twice[0]!r} is there twice ({', '.join(COLUMNS[twice[0]])})")
    for column in ("staff", "from", "to"):
        if column not in header:
            raise Unreadable(f"column {column!r} is needed ({', '.join(COLUMNS[column])})")
    return header


def _read_row(read: Read, place: str, cells: dict[str, str], zone: str, span: tuple[datetime, datetime]) -> None:
    try:
        entry = _entry(place, cells, zone)
    except _Fault as fault:
        read.wrong.append(Wrong(place, cells.get("id"), [fault.error]))
        return
    read.uids.add(entry.uid)
    if entry.start < span[1] and span[0] < entry.end:
        read.entries.append(entry)


class _Fault(Exception):
    """Something is wrong with a cell."""

    def __init__(self, field: str, message: str, value: str | None = None) -> None:
        super().__init__(message)
        self.error = FieldError(field, message, value[:200] if value is not None else None)


def _entry(place: str, cells: dict[str, str], zone: str) -> Entry:
    for column in ("staff", "from", "to"):
        if column not in cells:
            raise _Fault(column, "is needed")
    start, end = _times(cells, zone)
    fault = fault_of_times(start, end, ("from", "to"))
    if fault is not None:
        raise _Fault(fault.field, fault.message, str(fault.value))
    units = tuple(part for part in re.split(r"\s*[,|]\s*", cells.get("unit", "")) if part)
    skill = cells.get("skill")
    # A row without an id is known again by what it says, so that importing it twice is importing it once.
    uid = cells.get("id") or derived_id(cells["staff"].lower(), start, end, *sorted(units), skill)
    return Entry(place, uid[:500], (cells["staff"],), start, end, units, skill.lower() if skill else None)


def _times(cells: dict[str, str], zone: str) -> tuple[datetime, datetime]:
    """From `date` and two times of day, of which the second may be on the next day; or from two whole times."""
    if "date" not in cells:
        return _moment("from", cells["from"], zone), _moment("to", cells["to"], zone)
    day = _day("date", cells["date"].removesuffix(MIDNIGHT).strip())
    first, last = _minute("from", cells["from"]), _minute("to", cells["to"])
    if last <= first:
        last += DAY_MINUTES
    return instant(day, first, zone), instant(day, last, zone)


def _moment(field: str, text: str, zone: str) -> datetime:
    """`2026-03-02 21:00`, local; or with an offset, where the file knows better."""
    if re.search(r"(Z|[+-][0-9]{2}:?[0-9]{2})$", text[10:]):
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            raise _Fault(field, "is not a time such as 2026-03-02 21:00", text) from None
    day, _, time = text.replace("T", " ").partition(" ")
    return instant(_day(field, day), _minute(field, time.strip()), zone)


def _day(field: str, text: str) -> date:
    found = _DAY.fullmatch(text)
    try:
        if found is not None and 1990 <= int(found[1]) <= 2199:
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        pass
    raise _Fault(field, "is not a day such as 2026-03-02", text)


def _minute(field: str, text: str) -> int:
    """Minutes since midnight; 24:00 is the end of the day."""
    found = _TIME.fullmatch(text)
    minute = int(found[1]) * 60 + int(found[2]) if found is not None and int(found[2]) < 60 else DAY_MINUTES + 1
    if minute > DAY_MINUTES:
        raise _Fault(field, "is not a time of day such as 21:00", text)
    return minute
