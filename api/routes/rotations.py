"""Rotations: patterns of duty that come again. What holds already is never rewritten: a change begins now or later."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import Query, Response

from api.callers import Caller
from api.duty_bodies import DutyTime, NewRotation, RotationBody, ShownRotation, shown_rotation
from api.duty_references import check_may_change, known_staff, units_planned_for
from api.fields import AnyId, TenantRef, UnitRef, new_id
from api.lists import BY_ID, BY_NUMBER, Page, Pages, by_id
from api.permissions import Permission, may
from api.problems import conflict, invalid, not_found
from api.routing import Vaka, located, resource
from api.services import Transaction
from events.ids import TenantId
from rules.localtime import instant
from store import registry, rotations
from store.rotations import RotationVersion
from store.select import EVERYTHING

router = resource("duty")

Reader = Annotated[Caller, may(Permission.DUTY_READ)]
Writer = Annotated[Caller, may(Permission.DUTY_WRITE)]

FIRST = 1


@router.get("/rotations", summary="List rotations")
async def list_rotations(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    tenant: TenantRef | None = None,
    unit: UnitRef | None = None,
    ended: Annotated[bool, Query(description="also those that have ended")] = False,
) -> Page[ShownRotation]:
    """Each as it was said last, which may hold from a later time on."""
    async with vaka.read() as connection:
        found = await rotations.rotations(
            connection,
            caller.scope,
            tenant=tenant,
            unit=unit,
            not_ended_at=None if ended else vaka.now(),
            after=pages.after(BY_ID),
            limit=pages.fetch,
        )
    return pages.page([shown_rotation(version) for version in found], by_id)


@router.get("/rotations/{id}", summary="A rotation")
async def get_rotation(id: AnyId, caller: Reader, vaka: Vaka) -> ShownRotation:
    async with vaka.read() as connection:
        found = await rotations.rotation(connection, caller.scope, id)
    if found is None:
        raise not_found("rotation", id)
    return shown_rotation(found)


@router.get("/rotations/{id}/versions", summary="What a rotation has been")
async def list_versions(id: AnyId, caller: Reader, vaka: Vaka, pages: Pages) -> Page[ShownRotation]:
    """The newest first. Each holds from its `from` on, until one with a higher number does."""
    async with vaka.read() as connection:
        if await rotations.rotation(connection, caller.scope, id) is None:
            raise not_found("rotation", id)
        found = await rotations.versions(connection, caller.scope, id, after=pages.after(BY_NUMBER), limit=pages.fetch)
    return pages.page([shown_rotation(version) for version in found], lambda version: (version.version,))


@router.post("/rotations", status_code=201, summary="Plan a rotation")
async def add_rotation(body: NewRotation, caller: Writer, vaka: Vaka, response: Response) -> ShownRotation:
    async with vaka.change() as change:
        new = await _version(change, caller, body, body.id or new_id(), body.tenant, FIRST)
        if not await rotations.add_rotation(change.connection, new):
            raise conflict(f"there is a rotation {new.id!r} already")
    located(response, "duty/rotations", new.id)
    return shown_rotation(new)


@router.put("/rotations/{id}", summary="Change a rotation")
async def change_rotation(id: AnyId, body: RotationBody, caller: Writer, vaka: Vaka) -> ShownRotation:
    """The body is the rotation as a whole, as it is to be from `from` on; until then it stays as it was."""
    async with vaka.change() as change:
        old = await _locked(change, caller, id)
        new = await _version(change, caller, body, id, old.tenant, old.version + 1)
        await rotations.add_version(change.connection, new)
    return shown_rotation(new)


@router.delete("/rotations/{id}", summary="End a rotation")
async def end_rotation(
    id: AnyId,
    caller: Writer,
    vaka: Vaka,
    start: Annotated[DutyTime | None, Query(alias="from", description="from when on it plans nothing; now")] = None,
) -> ShownRotation:
    async with vaka.change() as change:
        old = await _locked(change, caller, id)
        if old.pattern is None and old.start <= change.now:
            return shown_rotation(old)
        ended = replace(
            old,
            version=old.version + 1,
            start=_from(start, change.now),
            pattern=None,
            created_at=change.now,
            created_by=caller.id,
        )
        await rotations.add_version(change.connection, ended)
    return shown_rotation(ended)


async def _locked(change: Transaction, caller: Caller, id: str) -> RotationVersion:
    found = await rotations.rotation(change.connection, caller.scope, id, lock=True)
    if found is None:
        raise not_found("rotation", id)
    check_may_change(caller, found.units)
    return found


async def _version(
    change: Transaction, caller: Caller, body: RotationBody, id: str, tenant: TenantId | None, version: int
) -> RotationVersion:
    owner, units = await units_planned_for(change.connection, caller, tenant, body.units)
    people = {staff for team in body.teams for staff in team}
    await known_staff(change.connection, owner, people, body.skill, field="teams")
    zone = await registry.tenant(change.connection, EVERYTHING, owner)
    assert zone is not None
    begins = max(change.now, instant(body.first_day, 0, zone.timezone))
    return RotationVersion(
        id=id,
        tenant=owner,
        version=version,
        start=_from(body.start, change.now) if body.start is not None else begins,
        name=body.name,
        units=units,
        skill=body.skill,
        pattern=body.pattern,
        created_at=change.now,
        created_by=caller.id,
    )


def _from(start: datetime | None, now: datetime) -> datetime:
    if start is not None and start < now:
        raise invalid("from", "is past: what was planned until now stays as it was", start.isoformat())
    return start or now
