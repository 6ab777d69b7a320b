"""Exceptions: who is away, who stands in, who swaps, and when a rotation pauses."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import Query, Response

from api.callers import Caller
from api.duty_bodies import NewException, ShownException
from api.duty_references import check_is_there, check_may_change, known_staff
from api.fields import AnyId, From, StaffRef, TenantRef, To, UnitRef, new_id
from api.lists import BY_TIME, Page, Pages
from api.permissions import Permission, may
from api.problems import ProblemError, conflict, invalid, not_found
from api.references import UNKNOWN, tenant_of
from api.routing import Vaka, located, resource
from store import duty_exceptions, rotations
from store.duty_exceptions import ExceptionKind, RecordedException
from store.people import staff_by_id
from store.pool import Connection
from store.select import Scope

router = resource("duty")

Reader = Annotated[Caller, may(Permission.DUTY_READ)]
Writer = Annotated[Caller, may(Permission.DUTY_WRITE)]

NEEDED: dict[ExceptionKind, tuple[str, ...]] = {
    "absence": ("staff",),
    "substitution": ("staff", "instead", "to"),
    "swap": ("staff", "instead", "to", "back"),
    "pause": ("rotation", "to"),
}
ALLOWED: dict[ExceptionKind, tuple[str, ...]] = {
    "absence": ("instead", "to"),
    "substitution": ("rotation",),
    "swap": ("rotation",),
    "pause": (),
}
"""What each kind says besides its id, tenant, beginning and note."""


@router.get("/exceptions", summary="List exceptions")
async def list_exceptions(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    tenant: TenantRef | None = None,
    unit: UnitRef | None = None,
    staff: StaffRef | None = None,
    kind: ExceptionKind | None = None,
    start: From = None,
    end: To = None,
    withdrawn: Annotated[bool, Query(description="also those that were withdrawn")] = False,
) -> Page[ShownException]:
    """The one that begins last first; those that hold between `from` and `to`, or partly so."""
    async with vaka.read() as connection:
        found = await duty_exceptions.exceptions(
            connection,
            caller.scope,
            tenant=tenant,
            unit=unit,
            staff=staff,
            kind=kind,
            start=start,
            end=end,
            withdrawn=withdrawn,
            after=pages.after(BY_TIME),
            limit=pages.fetch,
        )
    return pages.page([ShownException.model_validate(row) for row in found], lambda each: (each.start, each.id))


@router.get("/exceptions/{id}", summary="An exception")
async def get_exception(id: AnyId, caller: Reader, vaka: Vaka) -> ShownException:
    async with vaka.read() as connection:
        found = await duty_exceptions.exception(connection, caller.scope, id)
    if found is None:
        raise not_found("exception", id)
    return ShownException.model_validate(found)


@router.post("/exceptions", status_code=201, summary="Say what is otherwise than planned")
async def add_exception(body: NewException, caller: Writer, vaka: Vaka, response: Response) -> ShownException:
    """A later one is on top of what the earlier ones made; who is absent is on no duty, whatever else was agreed."""
    _check_fields(body)
    async with vaka.change() as change:
        connection = change.connection
        tenant = await tenant_of(connection, caller, body.tenant)
        start = body.start or change.now
        _check_times(body, start, change.now)
        new = RecordedException(
            id=body.id or new_id(),
            tenant=tenant,
            kind=body.kind,
            staff=body.staff,
            instead=body.instead,
            rotation=body.rotation,
            start=start,
            end=body.end,
            back_start=body.back.start if body.back is not None else None,
            back_end=body.back.end if body.back is not None else None,
            note=body.note,
            created_at=change.now,
            created_by=caller.id,
        )
        await _check_known(connection, new)
        await _check_theirs(connection, caller, new)
        await _check_there(connection, new)
        if not await duty_exceptions.add_exception(connection, new):
            raise conflict(f"there is an exception {new.id!r} already")
    located(response, "duty/exceptions", new.id)
    return ShownException.model_validate(new)


@router.delete("/exceptions/{id}", summary="Withdraw an exception")
async def withdraw_exception(id: AnyId, caller: Writer, vaka: Vaka) -> ShownException:
    """From now on it is as planned again; until now it stood."""
    async with vaka.change() as change:
        old = await duty_exceptions.exception(change.connection, caller.scope, id, lock=True)
        if old is None:
            raise not_found("exception", id)
        if old.withdrawn_at is not None:
            return ShownException.model_validate(old)
        await _check_theirs(change.connection, caller, old)
        await duty_exceptions.withdraw(change.connection, id, change.now, caller.id)
    return ShownException.model_validate(replace(old, withdrawn_at=change.now, withdrawn_by=caller.id))


def _check_fields(body: NewException) -> None:
    given = {name for name in ("staff", "instead", "rotation", "end", "back") if getattr(body, name) is not None}
    given = {"to" if name == "end" else name for name in given}
    for name in NEEDED[body.kind]:
        if name not in given:
            raise invalid(name, f"is needed for {body.kind}")
    if wrong := sorted(given - {*NEEDED[body.kind], *ALLOWED[body.kind]}):
        raise invalid(wrong[0], f"says nothing of {body.kind}")
    if body.instead is not None and body.instead == body.staff:
        raise invalid("instead", "is the same person", body.instead)


def _check_times(body: NewException, start: datetime, now: datetime) -> None:
    if body.end is not None and body.end <= max(start, now):
        raise invalid("to", "is not after the beginning and now", body.end.isoformat())
    if body.back is not None and body.back.end <= max(body.back.start, now):
        raise invalid("back.to", "is not after the beginning and now", body.back.end.isoformat())


async def _check_known(connection: Connection, new: RecordedException) -> None:
    scope = Scope(new.tenant)
    if new.rotation is not None and await rotations.rotation(connection, scope, new.rotation) is None:
        raise invalid("rotation", UNKNOWN, new.rotation)
    for field, staff in (("staff", new.staff), ("instead", new.instead)):
        if staff is not None:
            await known_staff(connection, new.tenant, [staff], field=field)


async def _check_theirs(connection: Connection, caller: Caller, exception: RecordedException) -> None:
    """Who has one unit says this of its people, and of rotations that work for it alone."""
    if caller.unit is None:
        return
    people = [staff for staff in (exception.staff, exception.instead) if staff is not None]
    found = await staff_by_id(connection, Scope(exception.tenant), people)
    if people and not any(person.unit == caller.unit for person in found):
        raise ProblemError(403, "neither of them belongs to your unit")
    if exception.kind == "pause" and exception.rotation is not None:
        rotation = await rotations.rotation(connection, Scope(exception.tenant), exception.rotation)
        check_may_change(caller, rotation.units if rotation is not None else [])


async def _check_there(connection: Connection, new: RecordedException) -> None:
    """Who is to work for the other is not away."""
    if new.instead is not None:
        await check_is_there(connection, new.tenant, new.instead, new.start, new.end, "instead")
    if new.staff is not None and new.back_start is not None:
        await check_is_there(connection, new.tenant, new.staff, new.back_start, new.back_end, "staff")
