"""What a file says of duty: entries, whatever its form, and what is wrong with them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from api.problems import FieldError

MAX_ENTRIES = 20_000
"""Of one file, with all repetitions: a year of shifts of eighty people."""

LONGEST = timedelta(days=35)
"""What is longer is no shift but a rotation, or a mistake."""

FIRST_YEAR, LAST_YEAR = 1990, 2199


@dataclass(frozen=True, slots=True)
class Entry:
    """One shift of all that `people` name. `place`: where the file says it. No units or skill: what the import says."""

    place: str
    uid: str
    people: tuple[str, ...]
    start: datetime
    end: datetime
    units: tuple[str, ...] = ()
    skill: str | None = None


@dataclass(frozen=True, slots=True)
class Wrong:
    """What the file says there cannot be taken."""

    place: str
    uid: str | None
    errors: list[FieldError]


@dataclass(slots=True)
class Read:
    """All of a file. `uids`: everything that it speaks of, also what it says is cancelled, or past."""

    entries: list[Entry] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    uids: set[str] = field(default_factory=set)


def fault_of_times(start: datetime, end: datetime, fields: tuple[str, str]) -> FieldError | None:
    """What is wrong with a shift from `start` to `end`, if anything is."""
    if not (FIRST_YEAR <= start.year <= LAST_YEAR):
        return FieldError(fields[0], f"is not in the years {FIRST_YEAR} to {LAST_YEAR}", start.isoformat())
    if end.astimezone(UTC) <= start.astimezone(UTC):
        return FieldError(fields[1], "is not after the beginning", end.isoformat())
    if end.astimezone(UTC) - start.astimezone(UTC) > LONGEST:
        return FieldError(fields[1], f"is more than {LONGEST.days} days after the beginning", end.isoformat())
    return None
