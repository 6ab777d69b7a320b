"""Rows become shifts: as spreadsheets of Sweden write them, and wrong cells are named by their row and column."""

from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from api import duty_rows
from api.duty_entries import Read
from api.duty_names import SKILLS
from api.duty_rows import COLUMNS, read_duty_rows
from api.spreadsheet import Unreadable
from tests.support.workbooks import workbook

START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 30, tzinfo=UTC)


def read(content: str | bytes, start: datetime = START, end: datetime = END) -> Read:
    raw = content.encode() if isinstance(content, str) else content
    return read_duty_rows(raw, "Europe/Stockholm", start, end)


def times(content: str | bytes) -> list[str]:
    return [f"{entry.start:%m-%d %H:%M} {entry.end:%m-%d %H:%M}" for entry in read(content).entries]


SWEDISH = """\ufeffAnställd;Datum;Börjar;Slutar;Enhet;Kompetens;Kostnadsställe
Anna Prov;2026-03-28;21:00;07:00;North;SSK;100
bert;2026-03-30;7.00;16.00;north, South;;100
;;;;;;
4711;2026-03-31;00:00;24:00;;;
"""


def test_a_list_as_swedish_spreadsheets_write_it() -> None:
    found = read(SWEDISH)
    assert found.wrong == []
    assert [(e.place, e.people, e.units, e.skill) for e in found.entries] == [
        ("row 2", ("Anna Prov",), ("North",), "ssk"),
        ("row 3", ("bert",), ("north", "South"), None),
        ("row 5", ("4711",), (), None),
    ]
    assert times(SWEDISH) == ["03-28 20:00 03-29 05:00", "03-30 05:00 03-30 14:00", "03-30 22:00 03-31 22:00"]
    assert times(SWEDISH.encode("latin-1", "ignore")) == times(SWEDISH)
    assert times(SWEDISH.replace("north, South", "north").replace(";", ",")) == times(SWEDISH)


WHOLE_TIMES = [
    ("2026-03-28 21:00,2026-03-29 07:00", "03-28 20:00 03-29 05:00"),
    ("2026-03-28T21:00,2026-03-29T07:00", "03-28 20:00 03-29 05:00"),
    ("2026-03-28 21:00:00,2026-03-29 07:00:00", "03-28 20:00 03-29 05:00"),
    ("2026-03-28T21:00:00Z,2026-03-29T07:00:00+02:00", "03-28 21:00 03-29 05:00"),
    ("2026-03-29 00:00,2026-03-29 02:30", "03-28 23:00 03-29 01:30"),
    ("2026-03-29 02:30,2026-03-29 07:00", "03-29 01:30 03-29 05:00"),
]


@pytest.mark.parametrize(("cells", "expected"), WHOLE_TIMES)
def test_whole_times(cells: str, expected: str) -> None:
    assert times(f"staff,from,to\nanna,{cells}\n") == [expected]


def test_a_workbook_is_read_as_well() -> None:
    rows = [("Staff", "Date", "From", "To"), ("anna", date(2026, 3, 28), "21:00", time(7))]
    assert times(workbook(rows)) == ["03-28 20:00 03-29 05:00"]


def test_a_row_is_known_again_by_its_id_or_by_what_it_says() -> None:
    rows = "id;staff;date;from;to\n1;anna;2026-03-28;21:00;07:00\n;anna;2026-03-28;21:00;07:00\n"
    one, other = (entry.uid for entry in read(rows).entries)
    assert one == "1"
    (again,) = read("staff;date;from;to\nAnna;2026-03-28;21.00;7:00\n").entries
    assert again.uid == other
    (later,) = read("staff;date;from;to\nanna;2026-03-28;21:00;07:30\n").entries
    assert later.uid != other


def test_what_is_not_worked_in_the_time_is_only_spoken_of() -> None:
    found = read("id;staff;date;from;to\n1;anna;2026-02-28;21:00;23:00\n")
    assert (found.entries, found.uids) == ([], {"1"})


WRONG = [
    ("anna;2026-03-28;;07:00", "from", None),
    (";2026-03-28;21:00;07:00", "staff", None),
    ("anna;28/3;21:00;07:00", "date", "28/3"),
    ("anna;2026-02-30;21:00;07:00", "date", "2026-02-30"),
    ("anna;1026-02-20;21:00;07:00", "date", "1026-02-20"),
    ("anna;2026-03-28;21;07:00", "from", "21"),
    ("anna;2026-03-28;25:00;07:00", "from", "25:00"),
    ("anna;2026-03-28;21:60;07:00", "from", "21:60"),
    ("anna;2026-03-28;21:00;07:00:30", "to", "07:00:30"),
    ("anna;;2026-03-28 21:00;2026-03-28 20:00", "to", "2026-03-28T19:00:00+00:00"),
    ("anna;;2026-03-28 21:00;2026-06-28 20:00", "to", "2026-06-28T18:00:00+00:00"),
    ("anna;;2026-03-28T21:00+99:00;2026-03-28 22:00", "from", "2026-03-28T21:00+99:00"),
    ("anna;;0001-01-01T00:00+14:00;2026-03-28 22:00", "from", "0001-01-01T00:00+14:00"),
    ("anna;;yesterday;today", "from", "yesterday"),
]


@pytest.mark.parametrize(("row", "field", "value"), WRONG, ids=str)
def test_what_is_wrong_with_a_row_is_named(row: str, field: str, value: str | None) -> None:
    (wrong,) = read(f"staff;date;from;to\n{row}\n").wrong
    assert (wrong.place, wrong.errors[0].field, wrong.errors[0].value) == ("row 2", field, value)


UNUSABLE = [
    ("", "empty"),
    ("staff;date;from\n", "column 'to' is needed"),
    ("staff;namn;from;to\n", "column 'staff' is there twice"),
    ("date;from;to\n", "column 'staff' is needed"),
    ('staff;from;to\n"', "not CSV"),
    (b"PK\x03\x04 no workbook", "not a workbook"),
]


@pytest.mark.parametrize(("content", "told"), UNUSABLE)
def test_a_file_that_cannot_be_used_is_refused(content: str | bytes, told: str) -> None:
    with pytest.raises(Unreadable, match=told):
        read(content)


def test_every_column_and_skill_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs/duty.md").read_text(encoding="utf-8")
    names = {name for names in COLUMNS.values() for name in names} | set(SKILLS)
    assert sorted(name for name in names if name not in page) == []


def test_more_shifts_than_anybody_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duty_rows, "MAX_ENTRIES", 1)
    with pytest.raises(Unreadable, match="more than 1 shifts"):
        read("staff;date;from;to\n" + "anna;2026-03-28;21:00;07:00\n" * 2)
