"""Calendars become shifts: local times, rules and their exceptions; what is hostile or wrong is named by its line."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api import duty_calendar
from api.duty_calendar import read_calendar
from api.duty_entries import Read
from api.spreadsheet import Unreadable
from tests.support.calendars import TEAM, calendar, event

START, END = datetime(2026, 3, 23, tzinfo=UTC), datetime(2026, 4, 6, tzinfo=UTC)


def read(content: bytes, start: datetime = START, end: datetime = END) -> Read:
    return read_calendar(content, "Europe/Stockholm", start, end)


def times(content: bytes, **span: Any) -> list[str]:
    return [f"{entry.start:%m-%d %H:%M} {entry.end:%m-%d %H:%M}" for entry in read(content, **span).entries]


def test_a_calendar_as_planning_systems_write_it() -> None:
    found = read(TEAM.encode())
    assert found.wrong == []
    assert {entry.uid.partition("@")[0] for entry in found.entries} == {"natt-1", "extra-1", "jour-1", "lokal-1"}
    nights = [entry for entry in found.entries if entry.uid.startswith("natt")]
    assert [(f"{e.start:%a %H:%M}", (e.end - e.start) / timedelta(hours=1), e.people) for e in nights] == [
        ("Mon 20:00", 10, ("Anna.Prov@example.org",)),
        ("Sat 20:00", 9, ("Anna.Prov@example.org",)),
        ("Mon 20:00", 9, ("bert.prov@example.org",)),
        ("Thu 19:00", 10, ("Anna.Prov@example.org",)),
        ("Sat 19:00", 10, ("Anna.Prov@example.org",)),
    ]
    others = {e.uid.partition("@")[0]: (f"{e.start:%d %H:%M}", f"{e.end:%d %H:%M}", e.people) for e in found.entries}
    assert others["extra-1"] == ("28 12:00", "28 16:00", ("Anna Prov, bert",))
    assert others["jour-1"] == ("27 23:00", "29 22:00", ("carl",))
    # From 23:00 to half past two on the night on which half past two is skipped.
    assert others["lokal-1"] == ("28 22:00", "29 01:30", ("4711",))
    assert nights[0].place == "line 21"
    assert nights[2].place == "line 33"


def test_only_what_is_worked_in_the_time_is_taken_and_all_is_known_of() -> None:
    content = calendar(*event("a"), *event("b", "DTSTART:20250101T080000Z"))
    assert times(content) == ["03-28 20:00 03-28 22:00"]
    assert read(content).uids == {"a", "b"}
    assert times(content, start=datetime(2026, 3, 28, 22, tzinfo=UTC)) == []
    assert len(times(content, start=datetime(2026, 3, 28, 21, 59, tzinfo=UTC))) == 1
    assert times(content, end=datetime(2026, 3, 28, 20, tzinfo=UTC)) == []


RULES = [
    ("RRULE:FREQ=DAILY;COUNT=3", 3),
    ("RRULE:FREQ=DAILY;UNTIL=20260330T200000Z", 3),
    ("RRULE:FREQ=DAILY;INTERVAL=2", 5),
    ("RRULE:FREQ=MONTHLY;BYDAY=-1SA", 1),
    ("RRULE:FREQ=YEARLY", 1),
    ("RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", 1),
    ("RRULE:FREQ=WEEKLY;UNTIL=99991231T235959Z", 2),
]


@pytest.mark.parametrize(("rule", "count"), RULES)
def test_rules_are_followed_as_far_as_is_asked_for(rule: str, count: int) -> None:
    assert len(times(calendar(*event("a", rule)))) == count


def test_a_series_that_is_cancelled_has_no_shifts_but_is_spoken_of() -> None:
    found = read(calendar(*event("a", "STATUS:CANCELLED", "RRULE:FREQ=DAILY")))
    assert (found.entries, found.uids, found.wrong) == ([], {"a"}, [])


def test_a_time_zone_that_the_file_brings_itself_is_understood() -> None:
    zone = [
        "BEGIN:VTIMEZONE", "TZID:Hemma", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0300",
        "TZOFFSETTO:+0300", "END:STANDARD", "END:VTIMEZONE",
    ]  # fmt: skip
    content = calendar(*zone, *event("a", "DTSTART;TZID=Hemma:20260328T200000"))
    assert times(content) == ["03-28 17:00 03-28 19:00"]


WRONG = [
    (["DTSTART:tomorrow"], "DTSTART", None),
    (["DTSTART;TZID=Nowhere/Town:20260328T200000"], "DTSTART", "Nowhere/Town"),
    (["DTSTART:19000101T200000Z"], "DTSTART", "1900-01-01 20:00:00+00:00"),
    (["DTSTART:20260328T200000Z", "DTSTART:20260329T200000Z"], "DTSTART", None),
    (["DTSTART:20260328T200000Z", "DTEND:20260328T190000Z"], "DTEND", None),
    (["DTSTART:20260328T200000Z", "DTEND:20260328T200000Z"], "DTEND", None),
    (["DTSTART:20260328T200000Z", "DTEND:20260601T200000Z"], "DTEND", "2026-06-01T20:00:00+00:00"),
    (["DURATION:soon"], "DURATION", None),
    (["RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"], "RRULE", None),
    (["RRULE:FREQ=DAILY;UNTIL=never"], "RRULE", None),
    (["EXDATE:never"], "EXDATE", None),
    (["SUMMARY:"], "SUMMARY", None),
    (["ATTENDEE;PARTSTAT=DECLINED:mailto:anna@example.org", "SUMMARY:anna"], "SUMMARY", None),
]


@pytest.mark.parametrize(("lines", "field", "value"), WRONG, ids=str)
def test_what_is_wrong_with_an_event_is_named_and_the_others_are_read(
    lines: list[str], field: str, value: str | None
) -> None:
    found = read(calendar(*event("right"), *event("wrong", *lines)))
    assert [entry.uid for entry in found.entries] == ["right"]
    ((wrong,), (error,)) = found.wrong, found.wrong[0].errors
    assert (wrong.place, wrong.uid, error.field) == ("line 10", "wrong", field)
    assert value is None or error.value == value


def test_an_event_without_a_uid_cannot_be_known_again() -> None:
    found = read(calendar("BEGIN:VEVENT", "DTSTART:20260328T200000Z", "DURATION:PT2H", "SUMMARY:anna", "END:VEVENT"))
    assert [(wrong.uid, wrong.errors[0].field) for wrong in found.wrong] == [(None, "UID")]


def test_one_wrong_part_leaves_out_its_whole_series() -> None:
    moved = event("a", "RECURRENCE-ID:20260329T200000Z", "DTSTART:tomorrow")
    found = read(calendar(*event("a", "RRULE:FREQ=DAILY"), *moved))
    assert (found.entries, len(found.wrong)) == ([], 1)


HOSTILE: list[tuple[bytes, str]] = [
    (b"", "not a whole calendar"),
    (b"\x00\x01\x02", "not a whole calendar"),
    (b"PK\x03\x04 a workbook", "not a whole calendar"),
    (b"BEGIN:VCALENDAR\r\nSUMMARY:\xff\r\nEND:VCALENDAR\r\n", "line 2: is not UTF-8"),
    (b"BEGIN:VCALENDAR\r\n", "not a whole calendar"),
    (b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", "line 1: BEGIN 'VEVENT' is not in one calendar"),
    (calendar() + calendar(), "line 5: BEGIN 'VCALENDAR' is not in one calendar"),
    (calendar("END:VEVENT"), "line 4: END 'VEVENT' ends nothing"),
    (calendar(*["BEGIN:X"] * 10, *["END:X"] * 10), "line 7: BEGIN 'X' is nested too deeply"),
    (calendar("BEGIN:X", *event("a"), "END:X"), "line 5: an event is within 'X'"),
    (calendar(*event("a", "RRULE:FREQ=SECONDLY")), "line 9: RRULE 'FREQ=SECONDLY' repeats otherwise"),
    (calendar(*event("a", "rrule:freq=minutely")), "line 9: RRULE 'freq=minutely' repeats otherwise"),
    (calendar(*event("a", "RRULE:COUNT=5")), "line 9: RRULE 'COUNT=5' repeats otherwise"),
    (calendar(*event("a", "RRULE:FREQ=DAILY;BYHOUR=0,1,2,3")), "has BYHOUR, which no rule of shifts needs"),
    (calendar(*event("a", "RRULE:FREQ=DAILY;INTERVAL=0")), "has a INTERVAL that is not a number from 1 to"),
    (calendar(*event("a", "RRULE:FREQ=DAILY;COUNT=99999999999999")), "has a COUNT that is not a number"),
    (calendar(*event("a", "RRULE:FREQ=DAILY;COUNT=5;BYMONTH=2;BYMONTHDAY=30")), "has COUNT and BYMONTH: say UNTIL"),
    (calendar(*event("a", "RRULE:FREQ=YEARLY;BYDAY=60MO")), "has a BYDAY that is not made of weekdays"),
    (calendar(*event("a", "EXRULE:FREQ=DAILY")), "is of the time before RFC 5545"),
    (calendar("BEGIN:VTIMEZONE", "RRULE:FREQ=DAILY", "END:VTIMEZONE"), "line 5: RRULE 'FREQ=DAILY' repeats otherwise"),
    (calendar(*event("a", "EXDATE:" + "20260328T200000Z," * 2001 + "20260328T200000Z")), "line 9: is longer than"),
    (calendar(*event("a", "SUMMARY:" + "x" * 30_000)), "line 8: is longer than 20000 characters"),
    (calendar(*event("a", "SUMMARY:x", *[" " + "x" * 70] * 1000)), "line 8: is longer than 20000 characters"),
    (calendar(*["BEGIN:VEVENT", "END:VEVENT"] * 5001), "there are more than 5000 events"),
    (b"\r\n" * 200_001, "there are more than 200000 lines"),
]


@pytest.mark.parametrize(("content", "told"), HOSTILE, ids=[told for _, told in HOSTILE])
def test_what_means_no_good_is_refused_before_it_is_read(content: bytes, told: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(content)
    assert told in str(refused.value)


def test_rules_that_must_be_followed_for_long_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duty_calendar, "MAX_STEPS", 3000)
    old = event("a", "DTSTART:20200101T200000Z", "RRULE:FREQ=DAILY")
    assert len(times(calendar(*old))) == 14
    with pytest.raises(Unreadable, match="followed for more than 3000 days"):
        read(calendar(*old, *event("b", "DTSTART:20200101T200000Z", "RRULE:FREQ=DAILY")))


def test_more_shifts_than_anybody_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duty_calendar, "MAX_ENTRIES", 13)
    with pytest.raises(Unreadable, match="more than 13 shifts"):
        read(calendar(*event("a", "DTSTART:20260301T200000Z", "RRULE:FREQ=DAILY")))


WORDS = """
BEGIN:VEVENT END:VEVENT BEGIN:VCALENDAR END:VCALENDAR BEGIN: END UID:a UID:b ;: x DTSTART DTSTART; SUMMARY:anna
DTSTART:20260328T200000Z DTSTART:x DTSTART;TZID=Europe/Stockholm:20260328T210000 DTSTART;VALUE=DATE:20260328
DTEND;TZID=Europe/Stockholm:20260329T023000 DURATION:PT2H DURATION:-PT2H STATUS:CANCELLED RDATE:20260329
RRULE:FREQ=DAILY RRULE:FREQ=WEEKLY;COUNT=2 RRULE:FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO RRULE:FREQ=DAILY;UNTIL=20260401
RRULE:FREQ=DAILY;WKST=XX RRULE:FREQ=YEARLY;BYMONTH=13 EXDATE:20260328T200000Z EXDATE;VALUE=DATE:20260328
RDATE;VALUE=PERIOD:20260329T200000Z/PT2H RECURRENCE-ID:20260328T200000Z
RECURRENCE-ID;RANGE=THISANDFUTURE:20260329T200000Z ATTENDEE:mailto:a ATTENDEE;PARTSTAT=DECLINED:b
"""


@given(st.lists(st.sampled_from(WORDS.split()) | st.text(max_size=20), max_size=25), st.booleans())
@settings(max_examples=150)
def test_whatever_the_lines_are_it_is_read_or_refused(lines: list[str], whole: bool) -> None:
    """Nothing else comes out of it, and every shift has people and a length."""
    inside = event("x", *lines) if whole else tuple(lines)
    try:
        found = read(calendar(*inside))
    except Unreadable:
        return
    for entry in found.entries:
        assert entry.people
        assert entry.start < entry.end
        assert entry.uid in found.uids
