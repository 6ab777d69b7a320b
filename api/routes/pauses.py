"""Pauses: a resident is away, or a technology out of use, until a set time. What is not watched then must be known."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.callers import Caller
from api.fields import AnyId, Body, ResidentRef, TenantRef, Time, UnitRef, new_id
from api.lists import BY_TIME, Page, Pages
from api.permissions import Permission, may
from api.problems import conflict, invalid, not_found
from api.references import known_resident
from api.routing import Vaka, located, resource
from events.control import PauseChanged
from events.ids import ResidentId, TenantId, UnitId
from events.kinds import Technology
from rules.pauses import PARTS, is_life_critical
from store import pauses

router = resource("pauses")

Reader = Annotated[Caller, may(Permission.PAUSES_READ)]
Writer = Annotated[Caller, may(Permission.PAUSES_WRITE)]

LONGEST = timedelta(days=180)
"""A watch that is off for longer is no pause; the plan is to be changed."""

Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Pause(BaseModel):
    """From a time until before another, or until `ended_at`. No technologies: the resident is away from all of them.

    `life_critical`: while it lasts nobody may notice that this person needs help, unless they call for it.
    """

    model_config = ConfigDict(from_attributes=True)

    id: str
    tenant: TenantId
    unit: UnitId
    resident: ResidentId
    resident_name: str
    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    technologies: list[Technology]
    life_critical: bool
    reason: str | None
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    ended_by: str | None


class NewPause(Body):
    """`from` is now unless given. `reason` is needed when life-critical watching is paused, and that is most of it."""

    id: AnyId | None = None
    resident: ResidentRef
    start: Time | None = Field(default=None, alias="from")
    end: Time = Field(alias="to")
    technologies: Annotated[list[Technology], Field(default_factory=list, max_length=len(PARTS))]
    reason: Why | None = None


@router.get("", summary="List pauses")
async def list_pauses(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    tenant: TenantRef | None = None,
    unit: UnitRef | None = None,
    resident: ResidentRef | None = None,
    life_critical: Annotated[bool | None, Query(description="only those that are, or only those that are not")] = None,
    over: Annotated[bool, Query(description="also those that are over")] = False,
) -> Page[Pause]:
    """The one that begins last first."""
    filters: dict[str, Any] = {"tenant": tenant, "unit": unit, "resident": resident, "life_critical": life_critical}
    async with vaka.read() as connection:
        found = await pauses.pauses(
            connection,
            caller.scope,
            **filters,
            not_over_at=None if over else vaka.now(),
            after=pages.after(BY_TIME),
            limit=pages.fetch,
        )
    return pages.page([Pause.model_validate(row) for row in found], lambda pause: (pause.start, pause.id))


@router.get("/{id}", summary="A pause")
async def get_pause(id: AnyId, caller: Reader, vaka: Vaka) -> Pause:
    async with vaka.read() as connection:
        found = await pauses.pause(connection, caller.scope, id)
    if found is None:
        raise not_found("pause", id)
    return Pause.model_validate(found)


@router.post("", status_code=201, summary="Pause the watch over a resident")
async def add_pause(body: NewPause, caller: Writer, vaka: Vaka, response: Response) -> Pause:
    """It ends by itself. Calls for help, smoke and water are never paused."""
    async with vaka.change() as change:
        resident = await known_resident(change.connection, caller.scope, body.resident)
        new = pauses.Pause(
            id=body.id or new_id(),
            tenant=resident.tenant,
            unit=resident.unit,
            resident=resident.id,
            resident_name=resident.name,
            start=body.start or change.now,
            end=body.end,
            technologies=list(dict.fromkeys(body.technologies)),
            life_critical=is_life_critical(body.technologies),
            reason=body.reason,
            created_at=change.now,
            created_by=caller.id,
        )
        _check(new, change.now)
        if not await pauses.add_pause(change.connection, new):
            raise conflict(f"there is a pause {new.id!r} already")
        await change.tell(_told(new))
    located(response, "pauses", new.id)
    return Pause.model_validate(new)


@router.delete("/{id}", summary="End a pause before its time")
async def end_pause(id: AnyId, caller: Writer, vaka: Vaka) -> Pause:
    """The resident is watched again from now on. One that is over stays as it is."""
    async with vaka.change() as change:
        old = await pauses.pause(change.connection, caller.scope, id, lock=True)
        if old is None:
            raise not_found("pause", id)
        if old.ended_at is not None or old.end <= change.now:
            return Pause.model_validate(old)
        await pauses.end_pause(change.connection, id, change.now, caller.id)
        ended = replace(old, ended_at=change.now, ended_by=caller.id)
        await change.tell(_told(replace(ended, end=change.now)))
    return Pause.model_validate(ended)


def _check(new: pauses.Pause, now: datetime) -> None:
    for technology in new.technologies:
        if technology not in PARTS:
            raise invalid("technologies", "holds one that cannot be paused", technology)
    if new.end <= max(new.start, now):
        raise invalid("to", "is not after the beginning and now", new.end.isoformat())
    if new.end - max(new.start, now) > LONGEST:
        raise invalid("to", f"is more than {LONGEST.days} days after the beginning", new.end.isoformat())
    if new.life_critical and new.reason is None:
        raise invalid("reason", "is needed: life-critical watching is paused")


def _told(pause: pauses.Pause) -> PauseChanged:
    return PauseChanged(
        pause=pause.id, resident=pause.resident, start=pause.start, end=pause.end, technologies=pause.technologies
    )
