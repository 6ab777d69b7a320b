"""Rows of text from a CSV file or an XLSX workbook, which anybody may have made: sizes first, then values only."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any
from zipfile import BadZipFile, ZipFile

import openpyxl

MAX_ROWS = 5000
MAX_COLUMNS = 50
MAX_CELL = 4000
MAX_UNPACKED = 64 * 1024 * 1024
"""A workbook is a ZIP file: a few kilobytes of it can unpack to any size. A real one of 5,000 rows has about 3 MB."""

MAX_PARTS = 500
ZIP = b"PK\x03\x04"


class Unreadable(ValueError):
    """The file as a whole cannot be used; the text says why."""


def read_rows(content: bytes) -> list[list[str]]:
    """The first sheet, the header first; cells are stripped, and empty rows at the end left out. Raises Unreadable."""
    rows = list(_workbook(content) if content.startswith(ZIP) else _csv(content))
    while rows and not any(rows[-1]):
        rows.pop()
    if len(rows) > MAX_ROWS + 1:
        raise Unreadable(f"there are more than {MAX_ROWS} rows: divide the file")
    if not rows:
        raise Unreadable("the file is empty")
    return rows


def _csv(content: bytes) -> Iterator[list[str]]:
    text = _text(content)
    header = text.partition("\n")[0]
    delimiter = max(";,\t", key=header.count)
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            if number > MAX_ROWS + 1 and any(row):
                raise Unreadable(f"there are more than {MAX_ROWS} rows: divide the file")
            yield _cells(number, row)
    except csv.Error as error:
        raise Unreadable(f"the file is not CSV: {error}") from None


def _text(content: bytes) -> str:
    """UTF-8, with or without a byte order mark; what is not UTF-8 is what spreadsheets of the West wrote before it."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable("the file is UTF-16: save it as CSV UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _workbook(content: bytes) -> Iterator[list[str]]:
    _check_size(content)
    try:
        # Values only: what a formula last gave, never the formula. defusedxml keeps entities out.
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        found = sheet.iter_rows(max_row=MAX_ROWS + 2, max_col=MAX_COLUMNS + 1, values_only=True)
        rows = [_cells(number, [_shown(value) for value in row]) for number, row in enumerate(found, 1)]
    except Unreadable:
        raise
    except Exception as error:
        # Whatever a broken workbook makes its reader stumble over, the file is to blame.
        raise Unreadable(f"the workbook cannot be read: {type(error).__name__}: {error}"[:500]) from None
    yield from rows


def _check_size(content: bytes) -> None:
    """By what the archive announces: no more than that is ever unpacked."""
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (BadZipFile, ValueError, NotImplementedError) as error:
        raise Unreadable(f"the file is not a workbook: {error}") from None
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise Unreadable(f"the workbook unpacks to more than {MAX_UNPACKED // 1024**2} MB or {MAX_PARTS} parts")


def _shown(value: Any) -> str:
    """A cell as a person sees it: a serial number that the sheet takes for a number has no decimals."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _cells(number: int, row: Sequence[str]) -> list[str]:
    cells = [cell.strip() for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    if len(cells) > MAX_COLUMNS:
        raise Unreadable(f"row {number} has more than {MAX_COLUMNS} columns")
    if any(len(cell) > MAX_CELL or "\x00" in cell for cell in cells):
        raise Unreadable(f"row {number} has a cell with more than {MAX_CELL} characters, or with a NUL character")
    return cells
