"""Devices from a list: a CSV file or a workbook, tried out first."""

from typing import Annotated

from fastapi import Query, Request

from api.callers import Caller
from api.device_import import Import, import_devices
from api.device_sheet import COLUMNS
from api.fields import TenantRef
from api.permissions import Permission, may
from api.problems import FieldError, ProblemError, conflict
from api.references import tenant_of
from api.routing import Vaka, resource
from api.spreadsheet import Unreadable
from store.device_import import TakenMeanwhile

router = resource("devices")

MOST_SHOWN = 100
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BODY = {"required": True, "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (CSV, XLSX)}}
DESCRIPTION = f"""The body is the file: CSV (`,` or `;`; UTF-8, or Latin-1) or XLSX (its first sheet), with a header.

Columns, in any order: {", ".join(COLUMNS)}.

A device that is there is changed, another one is added; an empty cell changes nothing. All rows are imported, or none
when one of them is wrong (422, which names row, column and value)."""


@router.post("/import", status_code=200, summary="Import devices from a file", openapi_extra={"requestBody": BODY})
async def import_file(
    request: Request,
    caller: Annotated[Caller, may(Permission.DEVICES_WRITE)],
    vaka: Vaka,
    tenant: TenantRef | None = None,
    dry_run: Annotated[bool, Query(description="only say what each row would do")] = False,
    partly: Annotated[bool, Query(description="import the rows that are right, and leave out the others")] = False,
) -> Import:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (CSV, XLSX):
        error = FieldError("Content-Type", f"must be {CSV} or {XLSX}", kind[:100])
        raise ProblemError(415, f"{error.field} {error.value!r} {error.message}", [error])
    content = await request.body()
    try:
        async with vaka.change() as change:
            owner = await tenant_of(change.connection, caller, tenant)
            done = await import_devices(change, caller, owner, content, dry_run=dry_run, partly=partly)
    except Unreadable as error:
        raise ProblemError(422, str(error), [FieldError("body", str(error))]) from None
    except TakenMeanwhile:
        raise conflict("a device with one of these ids or origins was registered meanwhile: try again") from None
    if not (done.imported or dry_run):
        raise _refused(done)
    return done


def _refused(done: Import) -> ProblemError:
    errors = [
        FieldError(f"row {row.row}: {error.field}", error.message, error.value)
        for row in done.rows
        for error in row.errors
    ]
    return ProblemError(422, f"{done.wrong} of {len(done.rows)} rows are wrong: none was imported", errors[:MOST_SHOWN])
