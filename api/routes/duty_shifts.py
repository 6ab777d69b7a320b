"""Single shifts: extra ones, and those that were imported."""

from dataclasses import replace
from typing import Annotated

from fastapi import Query, Response

from api.callers import Caller
from api.duty_bodies import NewShift, ShownShift
from api.duty_entries import LONGEST
from api.duty_references import check_is_there, check_may_change, known_staff, units_planned_for
from api.fields import AnyId, From, StaffRef, TenantRef, To, UnitRef, new_id
from api.lists import BY_TIME, Page, Pages
from api.permissions import Permission, may
from api.problems import conflict, invalid, not_found
from api.routing import Vaka, located, resource
from store import duty_shifts
from store.duty_shifts import SingleShift

router = resource("duty")

Reader = Annotated[Caller, may(Permission.DUTY_READ)]
Writer = Annotated[Caller, may(Permission.DUTY_WRITE)]


@router.get("/shifts", summary="List single shifts")
async def list_shifts(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    tenant: TenantRef | None = None,
    unit: UnitRef | None = None,
    staff: StaffRef | None = None,
    start: From = None,
    end: To = None,
    removed: Annotated[bool, Query(description="also those that were removed")] = False,
) -> Page[ShownShift]:
    """In order of time; those that are worked between `from` and `to`, or partly so."""
    async with vaka.read() as connection:
        found = await duty_shifts.shifts(
            connection,
            caller.scope,
            tenant=tenant,
            unit=unit,
            staff=staff,
            start=start,
            end=end,
            removed=removed,
            after=pages.after(BY_TIME),
            limit=pages.fetch,
        )
    return pages.page([ShownShift.model_validate(row) for row in found], lambda shift: (shift.start, shift.id))


@router.get("/shifts/{id}", summary="A single shift")
async def get_shift(id: AnyId, caller: Reader, vaka: Vaka) -> ShownShift:
    async with vaka.read() as connection:
        found = await duty_shifts.shift(connection, caller.scope, id)
    if found is None:
        raise not_found("shift", id)
    return ShownShift.model_validate(found)


@router.post("/shifts", status_code=201, summary="Plan a single shift")
async def add_shift(body: NewShift, caller: Writer, vaka: Vaka, response: Response) -> ShownShift:
    async with vaka.change() as change:
        connection = change.connection
        tenant, units = await units_planned_for(connection, caller, body.tenant, body.units)
        if body.end <= max(body.start, change.now):
            raise invalid("to", "is not after the beginning and now", body.end.isoformat())
        if body.end - body.start > LONGEST:
            raise invalid("to", f"is more than {LONGEST.days} days after the beginning", body.end.isoformat())
        await known_staff(connection, tenant, [body.staff], body.skill)
        await check_is_there(connection, tenant, body.staff, body.start, body.end, "staff")
        new = SingleShift(
            id=body.id or new_id(),
            tenant=tenant,
            staff=body.staff,
            units=units,
            skill=body.skill,
            start=body.start,
            end=body.end,
            source=None,
            uid=None,
            created_at=change.now,
            created_by=caller.id,
        )
        await duty_shifts.lock(connection, tenant)
        if not await duty_shifts.add_shifts(connection, [new]):
            raise conflict(f"there is a shift {new.id!r} already")
    located(response, "duty/shifts", new.id)
    return ShownShift.model_validate(new)


@router.delete("/shifts/{id}", summary="Remove a single shift")
async def remove_shift(id: AnyId, caller: Writer, vaka: Vaka) -> ShownShift:
    """One that runs ends now; one that is over stays as it was."""
    async with vaka.change() as change:
        seen = await duty_shifts.shift(change.connection, caller.scope, id)
        if seen is None:
            raise not_found("shift", id)
        check_may_change(caller, seen.units)
        await duty_shifts.lock(change.connection, seen.tenant)
        old = await duty_shifts.shift(change.connection, caller.scope, id)
        assert old is not None
        if old.removed_at is not None or old.end <= change.now:
            return ShownShift.model_validate(old)
        await duty_shifts.remove_shifts(change.connection, old.tenant, [id], caller.id, change.now)
    return ShownShift.model_validate(replace(old, removed_at=change.now, removed_by=caller.id))
