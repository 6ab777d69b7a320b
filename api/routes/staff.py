"""Staff: people with an account."""

from dataclasses import replace
from typing import Annotated

from fastapi import Response
from pydantic import Field

from api.callers import Caller
from api.fields import Body, Name, StaffRef, TenantRef, UnitRef, new_id, unchanged
from api.lists import BY_ID, Page, Pages, by_id
from api.permissions import Permission, may
from api.problems import conflict, invalid, not_found
from api.references import unit_of
from api.routing import Vaka, located, resource
from events.ids import StaffId
from store import people
from store.people import Role, Staff

router = resource("staff")

Reader = Annotated[Caller, may(Permission.STAFF_READ)]
Writer = Annotated[Caller, may(Permission.STAFF_WRITE)]

Password = Annotated[str, Field(min_length=8, max_length=200)]


class NewStaff(Body):
    """Somebody who signs in with a username, in any case of letters. Without a unit they work for all of them."""

    id: StaffRef | None = None
    tenant: TenantRef | None = None
    unit: UnitRef | None = None
    username: Name
    name: Name
    role: Role
    password: Password


class StaffChange(Body):
    """What is to be changed of somebody; it signs them out everywhere."""

    unit: UnitRef | None = None
    name: Name = unchanged()
    role: Role = unchanged()
    password: Password = unchanged()


@router.get("", summary="List staff")
async def list_staff(
    caller: Reader, vaka: Vaka, pages: Pages, tenant: TenantRef | None = None, unit: UnitRef | None = None
) -> Page[Staff]:
    async with vaka.read() as connection:
        found = await people.staff(
            connection, caller.scope, tenant=tenant, unit=unit, after=pages.after(BY_ID), limit=pages.fetch
        )
    return pages.page(found, by_id)


@router.get("/{id}", summary="Somebody of the staff")
async def get_staff(id: StaffRef, caller: Reader, vaka: Vaka) -> Staff:
    async with vaka.read() as connection:
        found = await people.staff_member(connection, caller.scope, id)
    if found is None:
        raise not_found("staff member", id)
    return found


@router.post("", status_code=201, summary="Make an account")
async def add_staff(body: NewStaff, caller: Writer, vaka: Vaka, response: Response) -> Staff:
    password_hash = await vaka.passwords.hash(body.password)
    async with vaka.change() as change:
        tenant, unit = await unit_of(change.connection, caller, body.tenant, body.unit)
        if tenant is None:
            raise invalid("tenant", "is needed, as the caller belongs to no tenant")
        id = body.id or StaffId(new_id())
        new = Staff(id, tenant, unit, body.username, body.name, body.role, change.now)
        if not await people.add_staff(change.connection, new, password_hash):
            taken = await people.username_taken(change.connection, new.username)
            raise conflict(f"there is somebody with the {'username' if taken else 'id'} already")
    located(response, "staff", new.id)
    return new


@router.patch("/{id}", summary="Change an account")
async def change_staff(id: StaffRef, body: StaffChange, caller: Writer, vaka: Vaka) -> Staff:
    changes = body.model_dump(exclude_unset=True)
    password = changes.pop("password", None)
    password_hash = await vaka.passwords.hash(password) if password is not None else None
    async with vaka.change() as change:
        old = await people.staff_member(change.connection, caller.scope, id, lock=True)
        if old is None:
            raise not_found("staff member", id)
        changed = replace(old, **changes)
        if changed.unit != old.unit:
            _, unit = await unit_of(change.connection, caller, old.tenant, changed.unit)
            changed = replace(changed, unit=unit)
        await people.change_staff(change.connection, changed, password_hash)
    return changed
