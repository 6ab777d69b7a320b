"""Indicators: what they are, and their figures for a period, without what would tell of too few persons."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel

from api.callers import Caller
from api.dimensions import dimensions
from api.fields import AnyId, Day, TenantRef
from api.files import FILES, Decimal, Form, file
from api.permissions import Permission, may
from api.problems import invalid, not_found
from api.references import tenant_of
from api.routing import Vaka, resource
from events.ids import TenantId
from rules.suppression import DEPTH
from store.indicators.definition import Indicator, indicators
from store.indicators.figures import DIMENSIONS
from store.indicators.report import Report, meanings, named_rows, report, report_columns, rows

router = resource("indicators")

Reader = Annotated[Caller, may(Permission.INDICATORS_READ)]

LONGEST = timedelta(days=5 * 366)


class Words(BaseModel):
    """The same in Swedish and English."""

    sv: str
    en: str


class ShownIndicator(BaseModel):
    """What an indicator is. A figure names the `version` of the definition that it was made by."""

    id: str
    version: int
    name: Words
    question: Words
    numerator: Words
    denominator: Words
    source: Words
    caveat: Words
    counts: str


class Indicators(BaseModel):
    """All of them."""

    items: list[ShownIndicator]
    next: None = None


class ShownFigure(BaseModel):
    """Of the persons with these values in common: `part` of a `whole`. `hidden`: they are too few to be told of."""

    series: str
    unit: str | None = None
    sex: str | None = None
    age_group: str | None = None
    housing: str | None = None
    persons: int | None
    part: int | None
    whole: int | None
    share: float | None
    hidden: bool


class Figures(BaseModel):
    """The figures of what was stored `as_of` then. Of fewer persons than `smallest_cell` nothing is told."""

    indicator: ShownIndicator
    tenant: TenantId
    first_day: date
    last_day: date
    by: list[str]
    as_of: datetime
    smallest_cell: int
    items: list[ShownFigure]
    next: None = None


@router.get("", summary="List indicators")
async def list_indicators(caller: Reader) -> Indicators:
    return Indicators(items=[_shown(indicator) for indicator in indicators().values()])


@router.get(
    "/{id}",
    summary="The figures of an indicator",
    response_model=Figures,
    response_model_exclude_unset=True,
    responses=FILES,
)
async def get_figures(
    id: AnyId,
    caller: Reader,
    vaka: Vaka,
    first_day: Annotated[Day, Query(alias="from", description="first day, local to the tenant")],
    last_day: Annotated[Day, Query(alias="to", description="last day, included")],
    by: Annotated[str, Query(description=f"at most {DEPTH} of {', '.join(DIMENSIONS)}")] = "",
    tenant: TenantRef | None = None,
    format: Form = "json",
    decimal: Decimal = "point",
) -> Any:
    """All rows at once, sorted by series and by what is asked for in `by`. `tenant` is the caller's unless given."""
    indicator = indicators().get(id)
    if indicator is None:
        raise not_found("indicator", id)
    if last_day < first_day:
        raise invalid("to", "is before `from`", last_day.isoformat())
    if last_day - first_day >= LONGEST:
        raise invalid("to", f"is more than {LONGEST.days} days from `from`", last_day.isoformat())
    asked = dimensions(by, DIMENSIONS)
    if len(asked) > DEPTH:
        raise invalid("by", f"is more than {DEPTH} dimensions", by[:200])
    async with vaka.read() as connection:
        whose = await tenant_of(connection, caller, tenant)
        made = await report(connection, indicator, whose, first_day, last_day, asked, unit=caller.unit)
    if format != "json":
        return file(indicator.id, report_columns(asked), named_rows(made), format, decimal, meanings(made))
    return _figures(made, vaka.now())


def _shown(indicator: Indicator) -> ShownIndicator:
    return ShownIndicator.model_validate(indicator, from_attributes=True)


def _figures(made: Report, now: datetime) -> Figures:
    return Figures(
        indicator=_shown(made.indicator),
        tenant=made.tenant,
        first_day=made.first,
        last_day=made.last,
        by=list(made.by),
        as_of=now,
        smallest_cell=made.smallest_cell,
        items=[ShownFigure(**row) for row in rows(made)],
    )
