"""Usage: how often each technology was used."""

from datetime import date
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel

from api.callers import Caller
from api.dimensions import dimensions
from api.fields import AnyId, Day, ResidentRef, TenantRef, UnitRef
from api.files import FILES, Decimal, Form, file
from api.lists import Page, Pages, key_of
from api.permissions import Permission, may
from api.routing import Vaka, resource
from events.kinds import Technology
from store import usage_query
from store.usage_query import DEFAULT_BY, DIMENSIONS, usage_columns

router = resource("usage")

Reader = Annotated[Caller, may(Permission.USAGE_READ)]


class Usage(BaseModel):
    """A count, with those of the other fields that were asked for in `by`."""

    tenant: str | None = None
    unit: str | None = None
    resident: str | None = None
    technology: str | None = None
    kind: str | None = None
    day: date | None = None
    count: int


@router.get(
    "",
    summary="Count use",
    response_model=Page[Usage],
    response_model_exclude_unset=True,
    responses=FILES,
)
async def get_usage(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    first_day: Annotated[Day | None, Query(alias="from", description="first day, local to the resident")] = None,
    last_day: Annotated[Day | None, Query(alias="to", description="last day, included")] = None,
    by: Annotated[str, Query(description=f"any of {', '.join(DIMENSIONS)}")] = ",".join(DEFAULT_BY),
    tenant: TenantRef | None = None,
    unit: UnitRef | None = None,
    resident: ResidentRef | None = None,
    technology: Technology | None = None,
    kind: AnyId | None = None,
    format: Form = "json",
    decimal: Decimal = "point",
) -> Any:
    """Sorted by what is asked for in `by`, so that the same question gives the same bytes.

    In a file all rows come at once, without pages: a header, then the columns of `by` in a fixed order, and `count`.
    """
    asked = dimensions(by, DIMENSIONS)
    filters: dict[str, Any] = {
        "first_day": first_day,
        "last_day": last_day,
        "tenant": tenant,
        "unit": unit,
        "resident": resident,
        "technology": technology,
        "kind": kind,
    }
    async with vaka.read() as connection:
        if format != "json":
            rows = await usage_query.usage(connection, caller.scope, by=asked, **filters)
            return file("usage", usage_columns(asked), rows, format, decimal)
        after = pages.after(key_of(date if dimension == "day" else str for dimension in asked))
        rows = await usage_query.usage(connection, caller.scope, by=asked, **filters, after=after, limit=pages.fetch)
    return pages.page([Usage(**row) for row in rows], lambda row: tuple(getattr(row, d) for d in asked))
