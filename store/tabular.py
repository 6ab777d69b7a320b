"""Tables as files that people open: CSV, as programs or as Swedish spreadsheets want it, and workbooks.

The same table gives the same bytes.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import openpyxl

Row = Mapping[str, Any]

BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the beginning of a text."""

_LONG_AGO = datetime(2000, 1, 1)  # noqa: DTZ001  A workbook's times have no zone.


def to_csv(columns: Sequence[str], rows: Iterable[Row], *, comma: bool = False) -> str:
    """RFC 4180: a header, CRLF. None is empty, numbers have a point.

    `comma`: as Excel reads it in Sweden, with semicolons between fields, decimal commas and a byte order mark.
    """
    text = io.StringIO()
    text.write(BYTE_ORDER_MARK if comma else "")
    writer = csv.writer(text, delimiter=";" if comma else ",", lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_text(row[column], comma) for column in columns])
    return text.getvalue()


def to_xlsx(name: str, columns: Sequence[str], rows: Iterable[Row], codebook: Iterable[tuple[str, str]]) -> bytes:
    """A workbook with the table on a sheet `name`, and on another one what each thing in it means."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(name[:31])
    sheet.append(list(columns))
    for row in rows:
        sheet.append([_cell(row[column]) for column in columns])
    meanings = book.create_sheet("codebook")
    for meaning in codebook:
        meanings.append([_cell(text) for text in meaning])
    book.properties.created = book.properties.modified = _LONG_AGO
    file = io.BytesIO()
    book.save(file)
    return _timeless(file)


def _text(value: Any, comma: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4f}".replace(".", "," if comma else ".")
    return _harmless(str(value)) if isinstance(value, str) else str(value)


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | date) or value is None:
        return value
    return _harmless(str(value))


def _harmless(text: str) -> str:
    """A text that a spreadsheet shows, and does not carry out."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _timeless(book: io.BytesIO) -> bytes:
    """The same archive without the moment at which it was made."""
    file = io.BytesIO()
    with ZipFile(book) as made, ZipFile(file, "w", ZIP_DEFLATED) as timeless:
        for part in made.infolist():
            content = made.read(part)
            if part.filename == "docProps/core.xml":
                content = _without_modified(content)
            timeless.writestr(ZipInfo(part.filename), content, ZIP_DEFLATED)
    return file.getvalue()


def _without_modified(core: bytes) -> bytes:
    """openpyxl sets the time of the last change when it saves."""
    before, tag, rest = core.partition(b"<dcterms:modified")
    return before + rest.partition(b"</dcterms:modified>")[2] if tag else core
