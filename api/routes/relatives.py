"""Relatives: which account is a relative of which resident."""

from dataclasses import replace
from typing import Annotated

from fastapi import Query, Response

from api.callers import Caller
from api.fields import AnyId, Body, ResidentRef, StaffRef, TenantRef, new_id
from api.lists import BY_ID, Page, Pages, by_id
from api.permissions import Permission, may
from api.problems import conflict, invalid, not_found
from api.references import UNKNOWN, known_resident
from api.routing import Vaka, located, resource
from store import people, relatives
from store.people import Role
from store.relatives import Tie
from store.select import Scope

router = resource("relatives")

Reader = Annotated[Caller, may(Permission.RELATIVES_READ)]
Writer = Annotated[Caller, may(Permission.RELATIVES_WRITE)]


class NewRelative(Body):
    """`staff` is an account of the role relative."""

    id: AnyId | None = None
    resident: ResidentRef
    staff: StaffRef


@router.get("", summary="List relatives")
async def list_relatives(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    tenant: TenantRef | None = None,
    resident: ResidentRef | None = None,
    staff: StaffRef | None = None,
    ended: Annotated[bool, Query(description="also those who were")] = False,
) -> Page[Tie]:
    async with vaka.read() as connection:
        found = await relatives.ties(
            connection,
            caller.scope,
            tenant=tenant,
            resident=resident,
            staff=staff,
            ended=ended,
            after=pages.after(BY_ID),
            limit=pages.fetch,
        )
    return pages.page(found, by_id)


@router.get("/{id}", summary="A relative")
async def get_relative(id: AnyId, caller: Reader, vaka: Vaka) -> Tie:
    async with vaka.read() as connection:
        found = await relatives.tie(connection, caller.scope, id)
    if found is None:
        raise not_found("relative", id)
    return found


@router.post("", status_code=201, summary="Say who is a relative")
async def add_relative(body: NewRelative, caller: Writer, vaka: Vaka, response: Response) -> Tie:
    """They are told of alarms only where a policy says so, and see only those that they were told of."""
    async with vaka.change() as change:
        resident = await known_resident(change.connection, caller.scope, body.resident)
        person = await people.staff_member(change.connection, Scope(resident.tenant), body.staff)
        if person is None or person.closed_at is not None:
            raise invalid("staff", UNKNOWN if person is None else "has no open account", body.staff)
        if person.role is not Role.RELATIVE:
            raise invalid("staff", f"has the role {person.role.value!r}, not 'relative'", body.staff)
        new = Tie(
            id=body.id or new_id(),
            tenant=resident.tenant,
            unit=resident.unit,
            resident=resident.id,
            resident_name=resident.name,
            staff=person.id,
            staff_name=person.name,
            created_at=change.now,
            created_by=caller.id,
        )
        if not await relatives.add_tie(change.connection, new):
            raise conflict(f"there is a relative {new.id!r} already, or {person.id!r} is one of {resident.id!r}")
    located(response, "relatives", new.id)
    return new


@router.delete("/{id}", summary="Somebody is no relative any more")
async def end_relative(id: AnyId, caller: Writer, vaka: Vaka) -> Tie:
    """They are told of nothing more, and see nothing of what was."""
    async with vaka.change() as change:
        old = await relatives.tie(change.connection, caller.scope, id)
        if old is None:
            raise not_found("relative", id)
        if old.ended_at is not None:
            return old
        await relatives.end_tie(change.connection, id, change.now, caller.id)
    return replace(old, ended_at=change.now, ended_by=caller.id)
