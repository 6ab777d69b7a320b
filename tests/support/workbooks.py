"""Workbooks as spreadsheet programs save them."""

import io
from collections.abc import Sequence

import openpyxl


def workbook(rows: Sequence[Sequence[object]]) -> bytes:
    """XLSX with these rows in its first sheet, and a second sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    book.create_sheet("second").append(["not read"])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
