"""Service levels: how soon alarms were answered, against the targets that held; and the targets themselves."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any

import msgspec
from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.callers import Caller
from api.dimensions import dimensions
from api.fields import AnyId, Body, Day, TenantRef, UnitRef, new_id
from api.lists import BY_TIME, Page, Pages
from api.permissions import Permission, may
from api.problems import conflict, invalid, not_found
from api.references import tenant_of, unit_of
from api.routing import Vaka, located, resource
from events.ids import TenantId, UnitId
from events.kinds import Technology
from rules.service_levels import MOST_TARGETS, Measure, Target, TargetsError, checked
from store import service_level_targets as stored
from store.service_level_targets import TargetVersion
from store.service_levels import DEFAULT_BY, DIMENSIONS, ServiceLevels, service_levels

router = resource("service-levels")

Reader = Annotated[Caller, may(Permission.SERVICE_LEVELS_READ)]
Writer = Annotated[Caller, may(Permission.SERVICE_LEVELS_WRITE)]

LONGEST = timedelta(days=400)
Priority = Annotated[int, Query(ge=1, le=4)]


class TargetLevel(BaseModel):
    """So many alarms met the target, and missed it; `reached_share` is met out of both, null without any."""

    model_config = ConfigDict(from_attributes=True)

    within_seconds: int
    share: float
    met: int
    missed: int
    reached_share: float | None


class Level(BaseModel):
    """How long it took, for the alarms for which it has happened."""

    model_config = ConfigDict(from_attributes=True)

    alarms: int
    median_seconds: float | None
    p90_seconds: float | None
    targets: list[TargetLevel]


class ShownLevels(BaseModel):
    """Of all alarms with these values in common, with those of the other fields that were asked for in `by`."""

    model_config = ConfigDict(title="ServiceLevels")

    tenant: str | None = None
    unit: str | None = None
    priority: int | None = None
    technology: Technology | None = None
    day: date | None = None
    alarms: int
    open: int
    withdrawn: int
    accept: Level
    person: Level
    resolve: Level


class TargetBody(Body):
    """This share of the alarms of these priorities shall come so far within so many seconds."""

    measure: Measure
    within_seconds: Annotated[int, Field(ge=1, le=30 * 86400)]
    share: Annotated[float, Field(gt=0, le=1)]
    priorities: Annotated[
        list[Annotated[int, Field(ge=1, le=4)]], Field(default_factory=lambda: [1, 2], min_length=1, max_length=4)
    ]


class NewTargets(Body):
    """Of a unit, or of a tenant for all its units. Null: what lies under them holds again."""

    id: AnyId | None = None
    tenant: TenantRef | None = None
    unit: UnitRef | None = None
    targets: Annotated[list[TargetBody], Field(max_length=MOST_TARGETS)] | None


class ShownTargets(BaseModel):
    """Targets for the alarms that are opened from `created_at` on, until there is a later version."""

    model_config = ConfigDict(title="Targets")

    id: str
    tenant: TenantId
    unit: UnitId | None
    version: int
    targets: list[TargetBody] | None
    created_at: datetime
    created_by: str


@router.get("", summary="How soon alarms were answered", response_model_exclude_unset=True)
async def get_service_levels(
    caller: Reader,
    vaka: Vaka,
    first_day: Annotated[Day, Query(alias="from", description="first day, local to the tenant")],
    last_day: Annotated[Day, Query(alias="to", description="last day, included")],
    by: Annotated[str, Query(description=f"any of {', '.join(DIMENSIONS)}")] = ",".join(DEFAULT_BY),
    tenant: TenantRef | None = None,
    unit: UnitRef | None = None,
    priority: Priority | None = None,
    technology: Technology | None = None,
) -> Page[ShownLevels]:
    """All rows at once, sorted by what is asked for in `by`. Days are those on which alarms were opened."""
    if last_day < first_day:
        raise invalid("to", "is before `from`", last_day.isoformat())
    if last_day - first_day >= LONGEST:
        raise invalid("to", f"is more than {LONGEST.days} days from `from`", last_day.isoformat())
    asked = dimensions(by, DIMENSIONS)
    filters: dict[str, Any] = {"tenant": tenant, "unit": unit, "priority": priority, "technology": technology}
    async with vaka.read() as connection:
        found = await service_levels(
            connection, caller.scope, vaka.now(), first_day=first_day, last_day=last_day, by=asked, **filters
        )
    return Page(items=[_shown(levels, asked) for levels in found], next=None)


def _shown(levels: ServiceLevels, asked: tuple[str, ...]) -> ShownLevels:
    values: dict[str, Any] = {name: getattr(levels, name) for name in (*asked, "alarms", "open", "withdrawn")}
    values |= {measure.value: Level.model_validate(level) for measure, level in levels.measures.items()}
    return ShownLevels(**values)


@router.get("/targets", summary="List targets")
async def list_targets(
    caller: Reader, vaka: Vaka, pages: Pages, tenant: TenantRef | None = None, unit: UnitRef | None = None
) -> Page[ShownTargets]:
    """All versions, the newest first."""
    async with vaka.read() as connection:
        found = await stored.target_versions(
            connection, caller.scope, tenant=tenant, unit=unit, after=pages.after(BY_TIME), limit=pages.fetch
        )
    return pages.page([_shown_targets(version) for version in found], lambda version: (version.created_at, version.id))


@router.get("/targets/{id}", summary="A version of targets")
async def get_targets(id: AnyId, caller: Reader, vaka: Vaka) -> ShownTargets:
    async with vaka.read() as connection:
        found = await stored.target_version(connection, caller.scope, id)
    if found is None:
        raise not_found("version of targets", id)
    return _shown_targets(found)


@router.post("/targets", status_code=201, summary="Set the targets of a tenant or a unit")
async def set_targets(body: NewTargets, caller: Writer, vaka: Vaka, response: Response) -> ShownTargets:
    """They hold for the alarms that are opened from now on."""
    targets = _checked(body.targets)
    id = body.id or new_id()
    async with vaka.change() as change:
        tenant, unit = await unit_of(change.connection, caller, body.tenant, body.unit)
        tenant = tenant or await tenant_of(change.connection, caller, body.tenant)
        made = await stored.add_target_version(change.connection, id, tenant, unit, targets, change.now, caller.id)
        if made is None:
            raise conflict(f"there is a version of targets {id!r} already")
    located(response, "service-levels/targets", id)
    return _shown_targets(made)


def _checked(targets: list[TargetBody] | None) -> tuple[Target, ...] | None:
    if targets is None:
        return None
    given = tuple(msgspec.convert(target.model_dump(), Target, strict=False) for target in targets)
    try:
        return checked(given)
    except TargetsError as error:
        raise invalid("targets", str(error)) from None


def _shown_targets(version: TargetVersion) -> ShownTargets:
    return ShownTargets.model_validate(msgspec.to_builtins(version))
