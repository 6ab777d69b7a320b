"""Needs: how many people a unit must have on duty, and when."""

from dataclasses import replace
from typing import Annotated

from fastapi import Response

from api.callers import Caller
from api.duty_bodies import NewNeed, ShownNeed
from api.fields import AnyId, TenantRef, UnitRef, new_id
from api.lists import BY_ID, Page, Pages, by_id
from api.permissions import Permission, may
from api.problems import conflict, not_found
from api.references import known_unit
from api.routing import Vaka, located, resource
from store import duty_needs
from store.duty_needs import RecordedNeed

router = resource("duty")

Reader = Annotated[Caller, may(Permission.DUTY_READ)]
Writer = Annotated[Caller, may(Permission.DUTY_WRITE)]


@router.get("/needs", summary="List needs")
async def list_needs(
    caller: Reader, vaka: Vaka, pages: Pages, tenant: TenantRef | None = None, unit: UnitRef | None = None
) -> Page[ShownNeed]:
    async with vaka.read() as connection:
        found = await duty_needs.recorded_needs(
            connection, caller.scope, tenant=tenant, unit=unit, after=pages.after(BY_ID), limit=pages.fetch
        )
    return pages.page([ShownNeed.model_validate(row) for row in found], by_id)


@router.get("/needs/{id}", summary="A need")
async def get_need(id: AnyId, caller: Reader, vaka: Vaka) -> ShownNeed:
    async with vaka.read() as connection:
        found = await duty_needs.recorded_need(connection, caller.scope, id)
    if found is None:
        raise not_found("need", id)
    return ShownNeed.model_validate(found)


@router.post("/needs", status_code=201, summary="Say how many are needed")
async def add_need(body: NewNeed, caller: Writer, vaka: Vaka, response: Response) -> ShownNeed:
    async with vaka.change() as change:
        unit = await known_unit(change.connection, caller.scope, body.unit)
        new = RecordedNeed(
            id=body.id or new_id(),
            tenant=unit.tenant,
            unit=unit.id,
            skill=body.skill,
            minimum=body.minimum,
            weekdays=sorted(set(body.weekdays)),
            start=body.start,
            end=body.end,
            created_at=change.now,
            created_by=caller.id,
        )
        if not await duty_needs.add_need(change.connection, new):
            raise conflict(f"there is a need {new.id!r} already")
    located(response, "duty/needs", new.id)
    return ShownNeed.model_validate(new)


@router.delete("/needs/{id}", summary="Remove a need")
async def remove_need(id: AnyId, caller: Writer, vaka: Vaka) -> ShownNeed:
    async with vaka.change() as change:
        old = await duty_needs.recorded_need(change.connection, caller.scope, id)
        if old is None:
            raise not_found("need", id)
        if old.removed_at is not None:
            return ShownNeed.model_validate(old)
        await duty_needs.remove_need(change.connection, id, change.now, caller.id)
    return ShownNeed.model_validate(replace(old, removed_at=change.now, removed_by=caller.id))
