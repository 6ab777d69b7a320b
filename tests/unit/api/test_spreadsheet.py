"""Files that people bring: the same table however it was saved, and nothing that could harm."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.spreadsheet import MAX_CELL, MAX_COLUMNS, MAX_ROWS, Unreadable, read_rows
from tests.support.workbooks import workbook

TABLE = [["id", "name"], ["knapp-1", "Åsas; knapp, röd"], ["knapp-2", 'med "citat"']]
CSV = '{0}id{1}name\nknapp-1{1}"Åsas; knapp, röd"\nknapp-2{1}"med ""citat"""\n\n'


def with_sheet(xml: str) -> bytes:
    """A workbook whose first sheet is this XML."""
    old, new = zipfile.ZipFile(io.BytesIO(workbook([["id"]]))), io.BytesIO()
    with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in old.namelist():
            archive.writestr(name, xml if name == "xl/worksheets/sheet1.xml" else old.read(name))
    return new.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(("mark", "encoding"), [("", "utf-8"), ("\ufeff", "utf-8"), ("", "latin-1")])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_table_is_the_same_however_it_is_spelt(delimiter: str, mark: str, encoding: str, end: str) -> None:
    text = CSV.format(mark, delimiter).replace("\n", end)
    assert read_rows(text.encode(encoding)) == TABLE


def test_a_workbook_gives_values_as_a_person_sees_them() -> None:
    rows = read_rows(workbook([["id", "serial", "note"], ["a", 42.0, None], ["b", "0042", 1.5], [None, None, " "]]))
    assert rows == [["id", "serial", "note"], ["a", "42"], ["b", "0042", "1.5"]]


def test_no_formula_is_read() -> None:
    assert read_rows(workbook([["id"], ["=1+1"], ["x"]]))[1] == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        ("id\nå\n".encode("utf-16"), "UTF-16"),
        (b'id\n"open', "not CSV"),
        (b"id\na\x00b", "NUL"),
        (b"id\n" + b"x" * (MAX_CELL + 1), "characters"),
        (b"id\n" + b"x;" * MAX_COLUMNS + b"x;x", "columns"),
        (b"id\n" + b"x\n" * (MAX_ROWS + 1), "rows"),
        (b"PK\x03\x04 no more", "not a workbook"),
        (workbook([["id"], ["x"]])[:-30], "not a workbook"),
        (workbook([["id"], *([["x"]] * (MAX_ROWS + 1))]), "rows"),
        (workbook([["x"] * (MAX_COLUMNS + 1)]), "columns"),
        (with_sheet("<nothing"), "cannot be read"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(content: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read_rows(content)


def test_a_workbook_that_unpacks_to_gigabytes_is_not_unpacked() -> None:
    content = with_sheet("<worksheet>" + " " * (65 * 1024 * 1024))
    assert len(content) < 200_000
    with pytest.raises(Unreadable, match="unpacks to more than"):
        read_rows(content)


def test_entities_are_not_expanded() -> None:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    sheet = '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>{}</t></is></c></row></sheetData>'
    xml = f'<?xml version="1.0"?>{{}}<worksheet xmlns="{space}">{sheet}</worksheet>'
    assert read_rows(with_sheet(xml.format("", "aaaa"))) == [["aaaa"]]
    with pytest.raises(Unreadable, match="cannot be read"):
        read_rows(with_sheet(xml.format(bomb, "&b;")))


def test_a_sheet_that_says_it_is_endless_is_not_walked_through() -> None:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    sheet = f'<worksheet xmlns="{space}"><dimension ref="A1:XFD1048576"/><sheetData>{cells}</sheetData></worksheet>'
    assert read_rows(with_sheet(sheet)) == [["1"]]


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b"PK\x03\x04" + tail))
def test_any_bytes_are_rows_or_refused(content: bytes) -> None:
    try:
        rows = read_rows(content)
    except Unreadable:
        return
    assert rows
    assert all(cell == cell.strip() for row in rows for cell in row)
