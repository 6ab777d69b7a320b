"""Staff: people with an account."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import AfterValidator, Field, StringConstraints

from api.callers import Caller
from api.fields import Body, Name, StaffRef, TenantRef, UnitRef, new_id, unchanged
from api.lists import BY_ID, Page, Pages, by_id
from api.permissions import Permission, may
from api.problems import conflict, invalid, not_found
from api.references import unit_of
from api.routing import Vaka, located, resource
from api.services import Transaction
from events.ids import StaffId
from rules.duty import Skill
from store import people
from store.people import AliasTaken, Role, Staff

router = resource("staff")

Reader = Annotated[Caller, may(Permission.STAFF_READ)]
Writer = Annotated[Caller, may(Permission.STAFF_WRITE)]

Password = Annotated[str, Field(min_length=8, max_length=200)]
Alias = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(str.lower)
]
Skills = Annotated[list[Skill], Field(max_length=len(Skill))]
Aliases = Annotated[list[Alias], Field(max_length=20)]

NEVER_SIGNED_OUT_BY = frozenset({"skills", "aliases"})


class NewStaff(Body):
    """Somebody who signs in with a username, in any case of letters. Without a unit they work for all of them.

    `aliases`: by which other systems know them, such as an e-mail address or an employee number; for imports of duty.
    """

    id: StaffRef | None = None
    tenant: TenantRef | None = None
    unit: UnitRef | None = None
    username: Name
    name: Name
    role: Role
    password: Password
    skills: Skills = Field(default_factory=list)
    aliases: Aliases = Field(default_factory=list)


class StaffChange(Body):
    """What is to be changed of somebody; anything but skills and aliases signs them out everywhere."""

    unit: UnitRef | None = None
    name: Name = unchanged()
    role: Role = unchanged()
    password: Password = unchanged()
    skills: Skills = unchanged()
    aliases: Aliases = unchanged()


class Reopening(Body):
    """The password of an account that is opened again; the old one is not known to be safe any more."""

    password: Password


@router.get("", summary="List staff")
async def list_staff(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    tenant: TenantRef | None = None,
    unit: UnitRef | None = None,
    skill: Skill | None = None,
    closed: Annotated[bool, Query(description="also those whose account is closed")] = False,
) -> Page[Staff]:
    async with vaka.read() as connection:
        found = await people.staff(
            connection,
            caller.scope,
            tenant=tenant,
            unit=unit,
            skill=skill,
            closed=closed,
            after=pages.after(BY_ID),
            limit=pages.fetch,
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
        new = Staff(
            id=body.id or StaffId(new_id()),
            tenant=tenant,
            unit=unit,
            username=body.username,
            name=body.name,
            role=body.role,
            created_at=change.now,
            skills=_once(body.skills),
            aliases=_once(body.aliases),
        )
        with _aliases_free():
            if not await people.add_staff(change.connection, new, password_hash):
                taken = await people.username_taken(change.connection, new.username)
                raise conflict(f"there is somebody with the {'username' if taken else 'id'} already")
    located(response, "staff", new.id)
    return new


@router.patch("/{id}", summary="Change an account")
async def change_staff(id: StaffRef, body: StaffChange, caller: Writer, vaka: Vaka) -> Staff:
    changes = body.model_dump(exclude_unset=True)
    sign_out = not NEVER_SIGNED_OUT_BY.issuperset(changes)
    password = changes.pop("password", None)
    password_hash = await vaka.passwords.hash(password) if password is not None else None
    changes |= {name: _once(changes[name]) for name in NEVER_SIGNED_OUT_BY & changes.keys()}
    async with vaka.change() as change:
        old = await _locked(change, caller, id)
        if old.closed_at is not None:
            raise conflict("the account is closed: open it again first")
        changed = replace(old, **changes)
        if changed.unit != old.unit:
            _, unit = await unit_of(change.connection, caller, old.tenant, changed.unit)
            changed = replace(changed, unit=unit)
        with _aliases_free():
            await people.change_staff(change.connection, changed, password_hash, sign_out=sign_out)
    return changed


@router.delete("/{id}", summary="Close an account")
async def close_staff(id: StaffRef, caller: Writer, vaka: Vaka) -> Staff:
    """Nobody signs in with it any more, who is signed in is not, and it is on no duty. What it did keeps its name."""
    async with vaka.change() as change:
        old = await _locked(change, caller, id)
        if old.id == caller.id:
            raise conflict("nobody can close their own account")
        if old.closed_at is not None:
            return old
        await people.close_staff(change.connection, id, change.now, caller.id)
    return replace(old, closed_at=change.now, closed_by=caller.id)


@router.post("/{id}/reopen", summary="Open a closed account again")
async def reopen_staff(id: StaffRef, body: Reopening, caller: Writer, vaka: Vaka) -> Staff:
    """For whoever comes back, such as every summer. It has the rights that it had."""
    password_hash = await vaka.passwords.hash(body.password)
    async with vaka.change() as change:
        old = await _locked(change, caller, id)
        if old.closed_at is None:
            raise conflict("the account is open")
        await people.reopen_staff(change.connection, id, password_hash)
    return replace(old, closed_at=None, closed_by=None)


async def _locked(change: Transaction, caller: Caller, id: StaffId) -> Staff:
    found = await people.staff_member(change.connection, caller.scope, id, lock=True)
    if found is None:
        raise not_found("staff member", id)
    return found


def _once(values: list[Any]) -> list[Any]:
    return sorted(set(values))


@contextmanager
def _aliases_free() -> Iterator[None]:
    try:
        yield
    except AliasTaken:
        raise conflict("somebody else has one of the aliases") from None
