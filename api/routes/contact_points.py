"""Contact points: where people, units and alarm centres can be told, and whether that works."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import Response
from pydantic import BaseModel, Field, WithJsonSchema

from api.callers import Caller
from api.fields import AnyId, Body, TenantRef, new_id, unchanged
from api.given import checked
from api.json_schema import schema_of
from api.lists import BY_ID, BY_TIME, Page, Pages, by_id
from api.permissions import Permission, may
from api.problems import ProblemError, conflict, invalid, not_found
from api.references import known_unit, tenant_of
from api.routing import Vaka, located, resource
from events.ids import StaffId, TenantId, UnitId
from rules.addresses import ADDRESSES, read_address, shown, written
from rules.contact import Channel, Owner
from store import contact_points, message_tests, people
from store.contact_points import ContactPointRow, TestState, contact_point, contact_point_rows
from store.message_tests import MessageTest
from store.people import Role
from store.pool import Connection

router = resource("contact-points")

Reader = Annotated[Caller, may(Permission.CONTACT_POINTS_READ)]
Writer = Annotated[Caller, may(Permission.CONTACT_POINTS_WRITE)]

OTHERS_TOO = frozenset({Role.MANAGER, Role.ADMIN, Role.AUDITOR})
"""The roles that see more than their own contact points: those of the people whom they answer for."""

Rank = Annotated[int, Field(ge=1, le=100)]
Address = Annotated[
    dict[str, Any], WithJsonSchema({"anyOf": [schema_of(type) for type in dict.fromkeys(ADDRESSES.values())]})
]


class ContactPoint(BaseModel):
    """`rank`: the owner's contact points are tried in rising order. What is secret in `address` is shown as `***`.

    `expired_at`: the other side has said that it is no more. `last_test`: what became of the newest test message.
    """

    id: str
    tenant: TenantId
    owner: Owner
    owner_id: str
    channel: Channel
    address: Address
    rank: int
    created_at: datetime
    created_by: str
    expired_at: datetime | None
    expired_why: str | None
    last_delivered_at: datetime | None
    last_test: TestState | None
    last_test_at: datetime | None


class NewContactPoint(Body):
    """Without an owner it is the caller's own. `owner_id`: of the staff member or unit; not for an alarm centre."""

    id: AnyId | None = None
    tenant: TenantRef | None = None
    owner: Owner = Owner.STAFF
    owner_id: AnyId | None = None
    channel: Channel
    address: Address
    rank: Rank = 1


class ContactPointChange(Body):
    """A new address is tried anew, also where the old one had expired."""

    address: Address = unchanged()
    rank: Rank = unchanged()


@router.get("", summary="List contact points")
async def list_contact_points(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    tenant: TenantRef | None = None,
    owner: Owner | None = None,
    owner_id: AnyId | None = None,
    channel: Channel | None = None,
) -> Page[ContactPoint]:
    """Staff see their own."""
    if caller.role not in OTHERS_TOO:
        owner, owner_id = Owner.STAFF, caller.id
    filters: dict[str, Any] = {"tenant": tenant, "owner": owner, "owner_id": owner_id, "channel": channel}
    async with vaka.read() as connection:
        found = await contact_point_rows(
            connection, caller.scope, **filters, after=pages.after(BY_ID), limit=pages.fetch
        )
    return pages.page([_shown(row) for row in found], by_id)


@router.get("/{id}", summary="A contact point")
async def get_contact_point(id: AnyId, caller: Reader, vaka: Vaka) -> ContactPoint:
    async with vaka.read() as connection:
        return _shown(await _found(connection, caller, id))


@router.post("", status_code=201, summary="Add a contact point")
async def add_contact_point(body: NewContactPoint, caller: Writer, vaka: Vaka, response: Response) -> ContactPoint:
    with checked("address."):
        address = written(read_address(body.channel, body.address))
    async with vaka.change() as change:
        tenant, unit, owner_id = await _owner(change.connection, caller, body)
        new = ContactPointRow(
            id=body.id or new_id(),
            tenant=tenant,
            staff_unit=unit,
            owner=body.owner,
            owner_id=owner_id,
            channel=body.channel,
            address=address,
            rank=body.rank,
            created_at=change.now,
            created_by=caller.id,
        )
        if not await contact_points.add_contact_point(change.connection, new):
            raise conflict(f"there is a contact point {new.id!r} already")
    located(response, "contact-points", new.id)
    return _shown(new)


@router.patch("/{id}", summary="Change a contact point")
async def change_contact_point(id: AnyId, body: ContactPointChange, caller: Writer, vaka: Vaka) -> ContactPoint:
    async with vaka.change() as change:
        changed = await _found(change.connection, caller, id, lock=True)
        if "rank" in body.model_fields_set:
            changed = replace(changed, rank=body.rank)
        if "address" in body.model_fields_set:
            with checked("address."):
                address = written(read_address(changed.channel, body.address))
            changed = replace(changed, address=address, expired_at=None, expired_why=None)
        await contact_points.change_contact_point(change.connection, changed)
    return _shown(changed)


@router.delete("/{id}", status_code=204, summary="Remove a contact point")
async def delete_contact_point(id: AnyId, caller: Writer, vaka: Vaka) -> None:
    """What was still to be told there is told by the owner's next contact point."""
    async with vaka.change() as change:
        await _found(change.connection, caller, id)
        await contact_points.delete_contact_point(change.connection, id)


@router.post("/{id}/test", status_code=201, summary="Send a test message")
async def test_contact_point(id: AnyId, caller: Writer, vaka: Vaka, response: Response) -> MessageTest:
    """It says that it is one. Alarms go first."""
    async with vaka.change() as change:
        point = await _found(change.connection, caller, id, lock=True)
        if point.last_test == "due":
            raise conflict("a test message is on its way already")
        test = MessageTest(new_id(), id, "due", change.now, caller.id, 0, None, None, None)
        await message_tests.ask_test(change.connection, test.id, id, change.now, caller.id)
    located(response, "contact-points", f"{id}/tests")
    return test


@router.get("/{id}/tests", summary="Test messages to a contact point")
async def list_tests(id: AnyId, caller: Reader, vaka: Vaka, pages: Pages) -> Page[MessageTest]:
    """The newest first."""
    async with vaka.read() as connection:
        await _found(connection, caller, id)
        found = await message_tests.message_tests(
            connection, caller.scope, id, after=pages.after(BY_TIME), limit=pages.fetch
        )
    return pages.page(found, lambda test: (test.asked_at, test.id))


async def _found(connection: Connection, caller: Caller, id: str, *, lock: bool = False) -> ContactPointRow:
    found = await contact_point(connection, caller.scope, id, lock=lock)
    if found is None or (caller.role not in OTHERS_TOO and found.owner_id != caller.id):
        raise not_found("contact point", id)
    return found


async def _owner(connection: Connection, caller: Caller, body: NewContactPoint) -> tuple[TenantId, UnitId | None, str]:
    """Tenant, the person's unit, and id of whom it is for: of those whom the caller may speak for."""
    own = body.owner is Owner.STAFF and body.owner_id in (None, caller.id)
    if caller.role not in OTHERS_TOO and not own:
        raise ProblemError(403, "the caller may only add contact points of their own")
    if body.owner is Owner.ALARM_CENTRE:
        if caller.role is not Role.ADMIN:
            raise ProblemError(403, "only an administrator says how the alarm centre is told")
        tenant = await tenant_of(connection, caller, body.tenant)
        if body.owner_id not in (None, tenant):
            raise invalid("owner_id", "is not given for an alarm centre, it is the tenant's", body.owner_id)
        return tenant, None, tenant
    if body.owner is Owner.UNIT:
        unit = await known_unit(connection, caller.scope, UnitId(body.owner_id or caller.unit or ""))
        return unit.tenant, None, unit.id
    person = await people.staff_member(connection, caller.scope, StaffId(body.owner_id or caller.id))
    if person is None:
        raise invalid("owner_id", "is not known", body.owner_id)
    return person.tenant, person.unit, person.id


def _shown(row: ContactPointRow) -> ContactPoint:
    return ContactPoint(**{**asdict(row), "address": shown(row.channel, row.address)})
