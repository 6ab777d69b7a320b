"""The lines of an iCalendar file, looked at before anything is read from them: how many, how long, and which rules."""

import re
from collections.abc import Iterator

from api.spreadsheet import Unreadable

MAX_LINES = 200_000
MAX_LINE = 20_000
MAX_EVENTS = 5_000
MAX_TIMES = 2_000
"""Values of one EXDATE or RDATE line."""

MAX_DEPTH = 4
MAX_COUNT = 10_000

FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
PARTS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"})
NOT_WITH_COUNT = frozenset({"BYMONTHDAY", "BYMONTH", "BYSETPOS"})
"""With these there may be no day that fits, and the rule would be followed to the end of the calendar."""

# Not splitlines: other characters that end a line elsewhere may stand in a text here.
_NEWLINE = re.compile(r"\r?\n")
_BYDAY = re.compile(r"(?:[+-]?[1-5])?(?:MO|TU|WE|TH|FR|SA|SU)(?:,(?:[+-]?[1-5])?(?:MO|TU|WE|TH|FR|SA|SU))*", re.I)


def check_lines(content: bytes) -> list[int]:
    """The numbers of the lines on which events begin. Raises Unreadable, which names line, field and value."""
    starts: list[int] = []
    inside: list[str] = []
    calendars = 0
    for number, line in _unfolded(_text(content)):
        name, _, value = line.partition(":")
        name = name.partition(";")[0].upper()
        if name == "BEGIN":
            inside.append(value.strip().upper())
            calendars += inside == ["VCALENDAR"]
            if inside[-1] == "VEVENT":
                starts.append(number)
            _check_nesting(number, inside, calendars, len(starts))
        elif name == "END":
            if not inside or inside.pop() != value.strip().upper():
                raise Unreadable(f"line {number}: END {value[:50]!r} ends nothing that was begun")
        elif name in ("RRULE", "EXRULE"):
            _check_rule(number, name, value, inside)
        elif name in ("EXDATE", "RDATE") and value.count(",") >= MAX_TIMES:
            raise Unreadable(f"line {number}: {name} has more than {MAX_TIMES} times")
    if inside or not calendars:
        raise Unreadable("the file is not a whole calendar: it does not begin or end as one (VCALENDAR)")
    return starts


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"line {line}: is not UTF-8") from None


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Each content line with the number of its first line in the file."""
    number, line = 0, ""
    for count, physical in enumerate(_NEWLINE.split(text), 1):
        if count > MAX_LINES:
            raise Unreadable(f"there are more than {MAX_LINES} lines: divide the file")
        if physical[:1] in (" ", "\t"):
            line += physical[1:]
            if len(line) > MAX_LINE:
                raise Unreadable(f"line {number}: is longer than {MAX_LINE} characters")
            continue
        if line:
            yield number, line
        number, line = count, physical
        if len(line) > MAX_LINE:
            raise Unreadable(f"line {number}: is longer than {MAX_LINE} characters")
    if line:
        yield number, line


def _check_nesting(number: int, inside: list[str], calendars: int, events: int) -> None:
    if inside[0] != "VCALENDAR" or calendars > 1:
        raise Unreadable(f"line {number}: BEGIN {inside[-1][:50]!r} is not in one calendar")
    if len(inside) > MAX_DEPTH:
        raise Unreadable(f"line {number}: BEGIN {inside[-1][:50]!r} is nested too deeply")
    if inside[-1] == "VEVENT" and len(inside) != 2:
        raise Unreadable(f"line {number}: an event is within {inside[-2][:50]!r}")
    if events > MAX_EVENTS:
        raise Unreadable(f"line {number}: there are more than {MAX_EVENTS} events: divide the file")


def _check_rule(number: int, name: str, value: str, inside: list[str]) -> None:
    place = f"line {number}: {name} {value[:100]!r}"
    if name == "EXRULE":
        raise Unreadable(f"{place} is of the time before RFC 5545: give the days that are left out as EXDATE")
    parts = dict(part.upper().strip().split("=", 1) for part in value.split(";") if "=" in part)
    if unknown := sorted(parts.keys() - PARTS):
        raise Unreadable(f"{place} has {unknown[0][:50]}, which no rule of shifts needs")
    if parts.get("FREQ") not in (FREQUENCIES if "VEVENT" in inside else {"YEARLY"}):
        raise Unreadable(f"{place} repeats otherwise than every day, week, month or year")
    for part in ("INTERVAL", "COUNT"):
        if part in parts and not (
            parts[part].isascii() and parts[part].isdigit() and 1 <= int(parts[part][:9]) <= MAX_COUNT
        ):
            raise Unreadable(f"{place} has a {part} that is not a number from 1 to {MAX_COUNT}")
    if "BYDAY" in parts and not _BYDAY.fullmatch(parts["BYDAY"]):
        raise Unreadable(f"{place} has a BYDAY that is not made of weekdays")
    if "COUNT" in parts and (mixed := sorted(parts.keys() & NOT_WITH_COUNT)):
        raise Unreadable(f"{place} has COUNT and {mixed[0]}: say UNTIL instead of COUNT")
