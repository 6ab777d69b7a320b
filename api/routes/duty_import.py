"""Shifts from another system: an iCalendar file, CSV or a workbook, tried out first."""

from typing import Annotated

from fastapi import Query, Request
from pydantic import StringConstraints

from api.callers import Caller
from api.duty_bodies import DutyTime
from api.duty_import import AHEAD, DutyImport, Form, Wanted, import_duty
from api.duty_references import units_planned_for
from api.fields import TenantRef, UnitRef
from api.permissions import Permission, may
from api.problems import FieldError, ProblemError, invalid
from api.routing import Vaka, resource
from api.spreadsheet import Unreadable
from rules.duty import Skill

router = resource("duty")

MOST_SHOWN = 100
FORMS: dict[str, Form] = {
    "text/calendar": "calendar",
    "text/csv": "rows",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "rows",
}
BODY = {"required": True, "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in FORMS}}
Source = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}\z")]


@router.post("/import", status_code=200, summary="Import shifts from a file", openapi_extra={"requestBody": BODY})
async def import_file(
    request: Request,
    caller: Annotated[Caller, may(Permission.DUTY_WRITE)],
    vaka: Vaka,
    tenant: TenantRef | None = None,
    unit: Annotated[list[UnitRef] | None, Query(description="for whom, where the file says nothing")] = None,
    skill: Annotated[Skill | None, Query(description="with which skill, where the file says nothing")] = None,
    source: Annotated[Source, Query(description="which system it is from; uids are known by it")] = "import",
    until: Annotated[DutyTime | None, Query(description=f"{AHEAD.days} days ahead unless given")] = None,
    whole: Annotated[bool, Query(description="what the source said before and the file does not is removed")] = False,
    dry_run: Annotated[bool, Query(description="only say what it would do")] = False,
    partly: Annotated[bool, Query(description="import what is right, and leave out the rest")] = False,
) -> DutyImport:
    """What the file says of a uid replaces what stood of it; the past stays. Twice is once."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in FORMS:
        error = FieldError("Content-Type", f"must be one of {', '.join(FORMS)}", kind[:100])
        raise ProblemError(415, f"{error.field} {error.value!r} {error.message}", [error])
    content = await request.body()
    try:
        async with vaka.change() as change:
            owner, units = await units_planned_for(change.connection, caller, tenant, unit or [])
            if until is not None and not change.now < until <= change.now + AHEAD:
                raise invalid("until", f"is not within {AHEAD.days} days from now", until.isoformat())
            wanted = Wanted(FORMS[kind], source, units, skill, until, whole=whole, dry_run=dry_run, partly=partly)
            done = await import_duty(change, caller, owner, content, wanted)
    except Unreadable as error:
        raise ProblemError(422, str(error), [FieldError("body", str(error))]) from None
    if not (done.imported or dry_run):
        raise _refused(done)
    return done


def _refused(done: DutyImport) -> ProblemError:
    errors = [
        FieldError(f"{row.place}: {error.field}", error.message, error.value)
        for row in done.rows
        for error in row.errors
    ]
    return ProblemError(422, f"{done.wrong} entries are wrong: none was imported", errors[:MOST_SHOWN])
