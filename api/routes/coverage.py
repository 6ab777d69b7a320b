"""Coverage: who would be told of an alarm when during the next day, and what will be missing."""

from asyncio import to_thread
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from api.callers import Caller
from api.fields import TenantRef, UnitRef
from api.lists import BY_ID, CursorId, Page, Pages
from api.permissions import Permission, may
from api.routing import Vaka, resource
from events.ids import StaffId, TenantId, UnitId
from events.kinds import Technology
from rules.coverage import Forecast, GapReason, Outlook, Stretch, Town, Watched
from store import coverage
from store.coverage import GapRow

router = resource("coverage")

Reader = Annotated[Caller, may(Permission.COVERAGE_READ)]

_BY_REASON: msgspec.json.Decoder[tuple[str, str]] = msgspec.json.Decoder(tuple[CursorId, CursorId])


class ShownStretch(BaseModel):
    """From a time until before another the same holds; `reason`: what is missing then, null when nothing is.

    `on_duty`: who works. `reached`: who would be told; `programs`: also a program, such as an alarm centre's.
    """

    model_config = ConfigDict(from_attributes=True, title="Stretch")

    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    on_duty: list[StaffId]
    reached: list[StaffId]
    programs: bool
    reason: GapReason | None


class TechnologyCoverage(BaseModel):
    technology: Technology
    stretches: list[ShownStretch]


class UnitCoverage(BaseModel):
    """The next day of a unit. `residents`: how many of it rely on these technologies."""

    id: UnitId
    tenant: TenantId
    unit: UnitId
    residents: int
    technologies: list[TechnologyCoverage]


class CoverageGap(BaseModel):
    """Known since `seen_at`; `told_at`: when operators were told. From and to: the first time of it."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    tenant: TenantId
    unit: UnitId
    reason: GapReason
    technologies: list[Technology]
    residents: int
    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    seen_at: datetime
    told_at: datetime | None


@router.get("", summary="Who will be reached when")
async def get_coverage(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    tenant: TenantRef | None = None,
    unit: UnitRef | None = None,
    technology: Technology | None = None,
) -> Page[UnitCoverage]:
    """The next 24 hours of each unit whose residents have devices, worked out now."""
    now = vaka.now()
    async with vaka.read() as connection:
        found = await coverage.watched(
            connection,
            caller.scope,
            now,
            tenant=tenant,
            unit=unit,
            technology=technology,
            after=pages.after(BY_ID),
            limit=pages.fetch,
        )
        towns = await coverage.towns(connection, {each.tenant for each in found}, now)
    # In a thread: of many units it may take a second, and others ask meanwhile.
    shown = await to_thread(_units, towns, found, now)
    return pages.page(shown, lambda unit: (unit.id,))


def _units(towns: Mapping[TenantId, Town], found: Sequence[Watched], now: datetime) -> list[UnitCoverage]:
    outlooks = {tenant: Outlook(town, now) for tenant, town in towns.items()}
    return [_unit(each, outlooks[each.tenant].of(each)) for each in found]


def _unit(watched: Watched, forecast: Forecast) -> UnitCoverage:
    return UnitCoverage(
        id=watched.unit,
        tenant=watched.tenant,
        unit=watched.unit,
        residents=watched.residents,
        technologies=[_technology(technology, stretches) for technology, stretches in forecast.items()],
    )


def _technology(technology: Technology, stretches: tuple[Stretch, ...]) -> TechnologyCoverage:
    shown = [ShownStretch.model_validate(stretch) for stretch in stretches]
    return TechnologyCoverage(technology=technology, stretches=shown)


@router.get("/gaps", summary="What will be missing")
async def list_gaps(
    caller: Reader, vaka: Vaka, pages: Pages, tenant: TenantRef | None = None, unit: UnitRef | None = None
) -> Page[CoverageGap]:
    """As of the last look, by unit and kind; each until it is missing no more."""
    async with vaka.read() as connection:
        found = await coverage.known_gaps(
            connection, caller.scope, tenant=tenant, unit=unit, after=pages.after(_BY_REASON), limit=pages.fetch
        )
    return pages.page([_gap(row) for row in found], lambda gap: (gap.unit, gap.reason.value))


def _gap(row: GapRow) -> CoverageGap:
    return CoverageGap.model_validate({"id": f"{row.unit}:{row.reason}", **asdict(row)})
