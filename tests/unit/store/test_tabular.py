"""Tables as files: what a program and what a spreadsheet gets."""

import io
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest

from store.tabular import to_csv, to_xlsx

COLUMNS = ("unit", "day", "count", "share", "hidden")
ROWS: list[dict[str, Any]] = [
    {"unit": "norr", "day": date(2026, 3, 29), "count": 1200, "share": 0.25, "hidden": False},
    {"unit": 'a "b"; c, d', "day": date(2026, 3, 30), "count": None, "share": None, "hidden": True},
]


def test_for_programs_with_a_point_and_commas_between() -> None:
    assert to_csv(COLUMNS, ROWS) == (
        'unit,day,count,share,hidden\r\nnorr,2026-03-29,1200,0.2500,no\r\n"a ""b""; c, d",2026-03-30,,,yes\r\n'
    )


def test_for_swedish_spreadsheets_with_a_comma_and_semicolons_between() -> None:
    assert to_csv(COLUMNS, ROWS, comma=True) == (
        '\ufeffunit;day;count;share;hidden\r\nnorr;2026-03-29;1200;0,2500;no\r\n"a ""b""; c, d";2026-03-30;;;yes\r\n'
    )


@pytest.mark.parametrize("text", ["=1+1", "+46", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_text_is_carried_out_as_a_formula(text: str) -> None:
    assert to_csv(("a",), [{"a": text}]).splitlines()[1].lstrip('"').startswith("'")
    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx("x", ("a",), [{"a": text}], []))).worksheets[0]
    cell = sheet.cell(2, 1)
    assert (cell.data_type, str(cell.value)[0]) == ("s", "'")


def test_a_workbook_has_numbers_days_and_a_codebook() -> None:
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx("usage", COLUMNS, ROWS, [("share", "part of the whole")])))
    assert book.sheetnames == ["usage", "codebook"]
    table = list(book["usage"].iter_rows(values_only=True))
    assert table[0] == COLUMNS
    assert (table[1][0], table[1][2:]) == ("norr", (1200, 0.25, "no"))
    assert table[1][1] == datetime(2026, 3, 29)  # noqa: DTZ001  A workbook's times have no zone.
    assert table[2][2:] == (None, None, "yes")
    assert list(book["codebook"].iter_rows(values_only=True)) == [("share", "part of the whole")]


def test_the_same_table_gives_the_same_bytes() -> None:
    first = to_xlsx("usage", COLUMNS, ROWS, [("share", "part")])
    assert to_xlsx("usage", COLUMNS, ROWS, [("share", "part")]) == first
    assert b"modified" not in first
