"""Calendars as planning systems write them, with invented people."""

from collections.abc import Iterable

TEAM = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Provplan AB//Schema 4.2//SV
CALSCALE:GREGORIAN
X-WR-CALNAME:Nattpatrullen (prov)
BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:natt-1@provplan.example
DTSTAMP:20260301T080000Z
DTSTART;TZID=W. Europe Standard Time:20260323T210000
DTEND;TZID=W. Europe Standard Time:20260324T070000
RRULE:FREQ=WEEKLY;BYDAY=MO,TH,SA
EXDATE;TZID=W. Europe Standard Time:20260326T210000
SUMMARY:Natt A
ATTENDEE;CN="Anna Prov";PARTSTAT=ACCEPTED:mailto:Anna.Prov@example.org
ATTENDEE;CN="Bert Prov";PARTSTAT=DECLINED:mailto:bert.prov@example.org
ATTENDEE;CN=Bil 4;CUTYPE=RESOURCE:mailto:bil4@example.org
END:VEVENT
BEGIN:VEVENT
UID:natt-1@provplan.example
RECURRENCE-ID;TZID=W. Europe Standard Time:20260330T210000
DTSTAMP:20260301T080000Z
DTSTART;TZID=W. Europe Standard Time:20260330T220000
DTEND;TZID=W. Europe Standard Time:20260331T070000
SUMMARY:Natt A\\, sen start
ATTENDEE;CN="Bert Prov":MAILTO:bert.prov@example.org
END:VEVENT
BEGIN:VEVENT
UID:extra-1@provplan.example
DTSTAMP:20260301T080000Z
DTSTART:20260328T120000Z
DURATION:PT4H
SUMMARY:Anna Prov\\, be
 rt
END:VEVENT
BEGIN:VEVENT
UID:jour-1@provplan.example
DTSTAMP:20260301T080000Z
DTSTART;VALUE=DATE:20260328
DTEND;VALUE=DATE:20260330
SUMMARY:carl
END:VEVENT
BEGIN:VEVENT
UID:lokal-1@provplan.example
DTSTAMP:20260301T080000Z
DTSTART:20260328T230000
DTEND:20260329T023000
SUMMARY:4711
END:VEVENT
END:VCALENDAR
"""
"""A night that comes again, with a day left out, one moved to another person, and others of every form of time."""


def calendar(*lines: str) -> bytes:
    """A calendar with these lines between its beginning and its end."""
    return _joined(("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Prov//Prov//SV", *lines, "END:VCALENDAR"))


def event(uid: str, *lines: str) -> tuple[str, ...]:
    """An event on one evening of March, unless `lines` say otherwise."""
    begin = () if any(line.startswith("DTSTART") for line in lines) else ("DTSTART:20260328T200000Z",)
    end = () if any(line.startswith(("DTEND", "DURATION")) for line in lines) else ("DURATION:PT2H",)
    who = () if any(line.startswith(("SUMMARY", "ATTENDEE")) for line in lines) else ("SUMMARY:anna",)
    return ("BEGIN:VEVENT", f"UID:{uid}", *begin, *end, *who, *lines, "END:VEVENT")


def _joined(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()
