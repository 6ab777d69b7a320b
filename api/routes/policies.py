"""Escalation policies: who is told, when, until someone accepts. A change is a new version of one."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import AfterValidator, BaseModel, Field, StrictInt, WithJsonSchema

from api.callers import Caller
from api.fields import MAX_INT, AnyId, Body, TenantRef, UnitRef, new_id
from api.given import checked
from api.json_schema import schema_of
from api.lists import BY_ID, BY_NUMBER, Page, Pages, by_id
from api.permissions import Permission, may
from api.problems import ProblemError, conflict, invalid, not_found
from api.references import tenant_of, unit_of
from api.routing import Vaka, located, resource
from events.ids import StaffId, TenantId, UnitId
from rules import policy as rules_policy
from rules.policy import read_policy, write_policy
from rules.policy_choice import VAKA, PolicyVersion, rival
from rules.reach import RELATIVE, TOLD_ROLES
from store import people, policies, registry
from store.policies import PolicyRow
from store.pool import Connection
from store.select import Scope

router = resource("policies")

Reader = Annotated[Caller, may(Permission.POLICIES_READ)]
Writer = Annotated[Caller, may(Permission.POLICIES_WRITE)]

PREVIEW = "preview"


def _free(id: str) -> str:
    if id == PREVIEW or id.startswith(VAKA):
        raise ValueError(f"is Vaka's own: {PREVIEW!r}, and all that begins with {VAKA!r}")
    return id


PolicyId = Annotated[AnyId, AfterValidator(_free)]
Content = Annotated[dict[str, Any], WithJsonSchema(schema_of(rules_policy.Policy))]


class Policy(BaseModel):
    """One version of a policy; the highest one holds for new alarms. `unit` null: for all units of the tenant.

    `retired_at`: new alarms do not follow it any more.
    """

    id: str
    tenant: TenantId
    unit: UnitId | None
    version: int
    policy: Content
    created_at: datetime
    created_by: str
    retired_at: datetime | None
    retired_by: str | None


class NewPolicy(Body):
    """Without a unit, for all units of the tenant: a unit's own policies come first."""

    id: PolicyId | None = None
    tenant: TenantRef | None = None
    unit: UnitRef | None = None
    policy: Content


class NextVersion(Body):
    """`version` is the one that is to be replaced, so that nobody overwrites what somebody else has just written."""

    version: Annotated[StrictInt, Field(ge=1, le=MAX_INT)]
    policy: Content


@router.get("", summary="List policies")
async def list_policies(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    tenant: TenantRef | None = None,
    unit: UnitRef | None = None,
    retired: Annotated[bool, Query(description="also those that are retired")] = False,
) -> Page[Policy]:
    """The newest version of each. A unit sees its own, and those of all units."""
    async with vaka.read() as connection:
        found = await policies.policies(
            connection,
            caller.scope,
            tenant=tenant,
            unit=unit,
            retired=retired,
            after=pages.after(BY_ID),
            limit=pages.fetch,
        )
    return pages.page([_shown(row) for row in found], by_id)


@router.get("/{id}", summary="A policy")
async def get_policy(id: AnyId, caller: Reader, vaka: Vaka) -> Policy:
    """Its newest version."""
    async with vaka.read() as connection:
        return _shown(await _known(connection, caller.scope, id))


@router.get("/{id}/versions", summary="All versions of a policy")
async def list_versions(id: AnyId, caller: Reader, vaka: Vaka, pages: Pages) -> Page[Policy]:
    """The newest first. Versions stay, also of a policy that is retired: an alarm keeps the one that it follows."""
    async with vaka.read() as connection:
        await _known(connection, caller.scope, id)
        found = await policies.versions(connection, caller.scope, id, after=pages.after(BY_NUMBER), limit=pages.fetch)
    return pages.page([_shown(row) for row in found], lambda policy: (policy.version,))


@router.post("", status_code=201, summary="Add a policy")
async def add_policy(body: NewPolicy, caller: Writer, vaka: Vaka, response: Response) -> Policy:
    """For new alarms, and for those that are forwarded from now on."""
    with checked("policy."):
        policy = read_policy(body.policy)
    async with vaka.change() as change:
        tenant, unit = await unit_of(change.connection, caller, body.tenant, body.unit)
        tenant = tenant or await tenant_of(change.connection, caller, body.tenant)
        id = body.id or new_id()
        row = PolicyRow(id, tenant, unit, 1, write_policy(policy), change.now, caller.id)
        await _check(change.connection, row)
        if not await policies.add_policy(change.connection, row):
            raise conflict(f"there is a policy {id!r} already")
    located(response, "policies", id)
    return _shown(row)


@router.put("/{id}", summary="A new version of a policy")
async def change_policy(id: AnyId, body: NextVersion, caller: Writer, vaka: Vaka) -> Policy:
    """For new alarms; open ones go on with the version that they follow, until they are forwarded."""
    with checked("policy."):
        policy = read_policy(body.policy)
    async with vaka.change() as change:
        old = await _own(change.connection, caller, id)
        if old.version != body.version:
            raise conflict(f"the policy has version {old.version}, not {body.version}: somebody was faster")
        new = replace(
            old, version=old.version + 1, content=write_policy(policy), created_at=change.now, created_by=caller.id
        )
        await _check(change.connection, new)
        await policies.add_version(change.connection, new)
    return _shown(new)


@router.delete("/{id}", status_code=204, summary="Retire a policy")
async def retire_policy(id: AnyId, caller: Writer, vaka: Vaka) -> None:
    """New alarms follow the next that fits. Its versions stay, and open alarms go on with theirs."""
    async with vaka.change() as change:
        await _own(change.connection, caller, id)
        await policies.retire(change.connection, id, change.now, caller.id)


def _shown(row: PolicyRow) -> Policy:
    return Policy(
        id=row.id,
        tenant=row.tenant,
        unit=row.unit,
        version=row.version,
        policy=row.content,
        created_at=row.created_at,
        created_by=row.created_by,
        retired_at=row.retired_at,
        retired_by=row.retired_by,
    )


async def _known(connection: Connection, scope: Scope, id: str) -> PolicyRow:
    found = await policies.policy(connection, scope, id)
    if found is None:
        raise not_found("policy", id)
    return found


async def _own(connection: Connection, caller: Caller, id: str) -> PolicyRow:
    """The newest version, which nobody else changes until the transaction ends; one that the caller may change."""
    found = await _known(connection, caller.scope, id)
    if caller.unit is not None and found.unit != caller.unit:
        raise ProblemError(403, "a policy of all units is not one unit's to change")
    await policies.lock(connection, found.tenant)
    found = await _known(connection, caller.scope, id)
    if found.retired_at is not None:
        raise conflict(f"the policy {id!r} is retired")
    return found


async def _check(connection: Connection, new: PolicyRow) -> None:
    """Whom it names is there, and no other policy fits the same alarms just as exactly."""
    await policies.lock(connection, new.tenant)
    for number, rung in enumerate(new.policy.rungs):
        for place, whom in enumerate(rung.to):
            field = f"policy.rungs[{number}].to[{place}]"
            if whom.unit is not None and not await _has_unit(connection, new.tenant, whom.unit):
                raise invalid(f"{field}.unit", "is not known", whom.unit)
            if whom.person is not None and not await _has_person(connection, new.tenant, whom.person):
                raise invalid(f"{field}.person", "is nobody who can be told of alarms here", whom.person)
    others = [
        PolicyVersion(row.id, row.version, row.unit, row.policy)
        for row in await policies.policies(connection, Scope(new.tenant), limit=MAX_INT)
    ]
    other = rival(PolicyVersion(new.id, new.version, new.unit, new.policy), others)
    if other is not None:
        raise conflict(f"the policy {other.id!r} fits some of the same alarms, and neither is more exact")


async def _has_unit(connection: Connection, tenant: TenantId, unit: str) -> bool:
    return await registry.unit(connection, Scope(tenant), UnitId(unit)) is not None


async def _has_person(connection: Connection, tenant: TenantId, person: str) -> bool:
    found = await people.staff_member(connection, Scope(tenant), StaffId(person))
    return found is not None and found.closed_at is None and found.role in {*TOLD_ROLES, RELATIVE}
