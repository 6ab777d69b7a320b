"""Answers that are files for people: CSV and workbooks in place of JSON."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

from fastapi import Query, Response

from store.codebook import codebook
from store.tabular import Row, to_csv, to_xlsx

Form = Annotated[Literal["json", "csv", "xlsx"], Query(description="csv and xlsx give all rows at once")]
Decimal = Annotated[Literal["point", "comma"], Query(description="of csv: comma is for Swedish spreadsheets, with `;`")]

CSV = "text/csv; charset=utf-8; header=present"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind.partition(";")[0]: {"schema": {"type": "string"}} for kind in (CSV, XLSX)}}
}
"""For `responses` of a route that answers with files as well."""


def file(
    name: str,
    columns: Sequence[str],
    rows: Iterable[Row],
    form: Literal["csv", "xlsx"],
    decimal: Literal["point", "comma"],
    meanings: Iterable[tuple[str, str]] = (),
) -> Response:
    """`name` of the file and its sheet. `meanings` come before those of the columns in a workbook's codebook."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    if form == "csv":
        return Response(to_csv(columns, rows, comma=decimal == "comma"), headers=headers, media_type=CSV)
    return Response(to_xlsx(name, columns, rows, [*meanings, *codebook(columns)]), headers=headers, media_type=XLSX)
