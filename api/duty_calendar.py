"""From an iCalendar file to entries of duty. Anybody may have made the file: sizes and rules first, then its dates.

`icalendar` reads it and `recurring_ical_events` repeats what repeats; what could keep them busy for long is refused
before. A shift that repeats begins and ends at the same local times, also on the nights when clocks change.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events  # type: ignore[import-untyped]
from icalendar import Calendar

from api.duty_entries import FIRST_YEAR, LAST_YEAR, MAX_ENTRIES, Entry, Read, Wrong, fault_of_times
from api.duty_lines import check_lines
from api.problems import FieldError
from api.spreadsheet import Unreadable

MAX_STEPS = 2_000_000
"""Days that all rules together may be followed for, from their beginning to the end of the time that is asked for."""

Event = Any
"""An event of the libraries, whose fields may be of any of their types."""

ONE_DAY = timedelta(days=1)
LINE = "X-VAKA-LINE"
TIMES = ("DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "RRULE", "RDATE", "EXDATE")
NO_PERSON = ("ROOM", "RESOURCE")


class _Fault(Exception):
    """Something is wrong with one event."""

    def __init__(self, field: str, message: str, value: object = None) -> None:
        super().__init__(message)
        self.error = FieldError(field, message, str(value)[:200] if value is not None else None)


def read_calendar(content: bytes, zone: str, start: datetime, end: datetime) -> Read:
    """The shifts that are worked between `start` and `end`. `zone` is that of times that name none.

    Raises Unreadable when the file as a whole cannot be used.
    """
    starts = check_lines(content)
    try:
        calendar = Calendar.from_ical(content)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"the file is not a calendar: {error}"[:500]) from None
    events: list[Event] = calendar.walk("VEVENT")
    if len(events) != len(starts):
        raise Unreadable(f"the file has {len(starts)} events, of which {len(events)} can be told apart")
    return _Reading(ZoneInfo(zone), start, end).read(list(zip(starts, events, strict=True)))


class _Reading:
    """One file on its way to entries."""

    def __init__(self, zone: ZoneInfo, start: datetime, end: datetime) -> None:
        self._zone = zone
        self._start = start
        self._end = end
        self._steps = 0
        self._read = Read()

    def read(self, events: list[tuple[int, Event]]) -> Read:
        series: dict[str, list[Event]] = {}
        for line, event in events:
            try:
                uid = self._checked(event)
            except _Fault as fault:
                self._read.wrong.append(Wrong(f"line {line}", _uid(event), [fault.error]))
                continue
            event[LINE] = str(line)
            series.setdefault(uid, []).append(event)
        wrong = {wrong.uid for wrong in self._read.wrong}
        for uid, parts in series.items():
            # Half of a series would be shifts that nobody has planned.
            if uid not in wrong:
                self._expand(uid, parts)
        return self._read

    def _checked(self, event: Event) -> str:
        """The UID of an event whose times and rules can be followed."""
        for name, message in event.errors:
            if name in TIMES:
                raise _Fault(name, str(message))
        uid = _uid(event)
        if uid is None or len(uid) > 500:
            raise _Fault("UID", "is needed, of at most 500 characters", uid)
        self._read.uids.add(uid)
        for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
            self._check_time(event, name)
        if "DTSTART" not in event:
            raise _Fault("DTSTART", "is needed")
        if "DTEND" in event:
            # The library would exchange the two.
            self._check_span(self._utc(event["DTSTART"].dt), self._utc(event["DTEND"].dt))
        self._bound_rule(event)
        return uid

    def _check_time(self, event: Event, name: str) -> None:
        if name not in event:
            return
        found = event[name]
        if isinstance(found, list) or not isinstance(getattr(found, "dt", None), date):
            raise _Fault(name, "must be one time", found)
        if not FIRST_YEAR <= found.dt.year <= LAST_YEAR:
            raise _Fault(name, f"is not in the years {FIRST_YEAR} to {LAST_YEAR}", found.dt)
        zone = found.params.get("TZID")
        if zone is not None and isinstance(found.dt, datetime) and found.dt.tzinfo is None:
            raise _Fault(name, "has a TZID that is not known", zone)

    def _check_span(self, start: datetime, end: datetime) -> None:
        fault = fault_of_times(start, end, ("DTSTART", "DTEND"))
        if fault is not None:
            raise _Fault(fault.field, fault.message, fault.value)

    def _bound_rule(self, event: Event) -> None:
        """A rule without an end is followed as far as is asked for; without days that fit, it would go on for ever."""
        rule = event.get("RRULE")
        if rule is None:
            return
        if isinstance(rule, list):
            raise _Fault("RRULE", "is there more than once")
        first = event["DTSTART"].dt
        last = self._end + 2 * ONE_DAY
        self._steps += max((last.date() - _day(first)).days, 1)
        if self._steps > MAX_STEPS:
            raise Unreadable(f"the rules of the file must be followed for more than {MAX_STEPS} days: divide it")
        until = rule.get("UNTIL", [None])[0]
        if "COUNT" not in rule and (until is None or _day(until) > last.date()):
            rule["UNTIL"] = [_like(first, last)]

    def _expand(self, uid: str, parts: list[Event]) -> None:
        calendar = Calendar()
        for part in parts:
            calendar.add_component(part)
        place = f"line {parts[0][LINE]}"
        try:
            # A day more on both sides, as the library takes a time without a zone for one of UTC.
            found = recurring_ical_events.of(calendar).between(self._start - ONE_DAY, self._end + ONE_DAY)
            entries = [entry for event in found if (entry := self._entry(uid, event)) is not None]
        except _Fault as fault:
            self._read.wrong.append(Wrong(place, uid, [fault.error]))
            return
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            self._read.wrong.append(Wrong(place, uid, [FieldError("RRULE", f"cannot be followed: {error}"[:300])]))
            return
        self._read.entries += [e for e in entries if e.start < self._end and self._start < e.end]
        if len(self._read.entries) > MAX_ENTRIES:
            raise Unreadable(f"there are more than {MAX_ENTRIES} shifts: divide the file, or ask for less time")

    def _entry(self, uid: str, event: Event) -> Entry | None:
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            return None
        start, end = self._utc(event.start), self._utc(event.end)
        self._check_span(start, end)
        people = tuple(_people(event))
        if not people:
            raise _Fault("SUMMARY", "is needed where no ATTENDEE says who works")
        return Entry(f"line {event[LINE]}", uid, people, start, end)

    def _utc(self, time: date) -> datetime:
        """A day begins at its local midnight; a time without a zone is local."""
        if not isinstance(time, datetime):
            time = datetime(time.year, time.month, time.day)  # noqa: DTZ001
        return (time if time.tzinfo is not None else time.replace(tzinfo=self._zone)).astimezone(UTC)


def _uid(event: Event) -> str | None:
    return str(event.get("UID", "")).strip() or None


def _people(event: Event) -> Iterator[str]:
    """The addresses of those who attend and have not declined; without any, what the event is called."""
    attendees = event.get("ATTENDEE", [])
    attendees = attendees if isinstance(attendees, list) else [attendees]
    for attendee in attendees:
        params = attendee.params
        declined = str(params.get("PARTSTAT", "")).upper() == "DECLINED"
        if not declined and str(params.get("CUTYPE", "")).upper() not in NO_PERSON:
            yield re.sub("^mailto:", "", str(attendee).strip(), flags=re.IGNORECASE)
    summary = str(event.get("SUMMARY", "")).strip()
    if not attendees and summary:
        yield summary


def _day(time: date) -> date:
    return time.date() if isinstance(time, datetime) else time


def _like(first: date, last: datetime) -> date:
    """`last` in the form that the rule of an event that begins so must have."""
    if not isinstance(first, datetime):
        return last.date()
    return last if first.tzinfo is not None else last.replace(tzinfo=None)
