"""Plans: what is watched for a resident. A plan is never changed, a new version takes its place."""

import re
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import Response
from msgspec import Meta
from pydantic import BaseModel, WithJsonSchema

from api.callers import Caller
from api.fields import MAX_INT, Body, ResidentRef, TenantRef, UnitRef
from api.json_schema import schema_of
from api.lists import CursorId, Page, Pages
from api.permissions import Permission, may
from api.plan_versions import give_plan
from api.problems import not_found
from api.references import known_resident
from api.routing import Vaka, located, resource
from events.ids import ResidentId, TenantId, is_id
from rules import plan as rules_plan
from store import plans
from store.plans import PlanVersion

router = resource("plans")

Reader = Annotated[Caller, may(Permission.PLANS_READ)]
Writer = Annotated[Caller, may(Permission.PLANS_WRITE)]


Medicine = Annotated[dict[str, Any], WithJsonSchema(schema_of(rules_plan.MedicinePlan))]
Inactivity = Annotated[dict[str, Any], WithJsonSchema(schema_of(rules_plan.InactivityPlan))]
Doors = Annotated[dict[str, Any], WithJsonSchema(schema_of(rules_plan.DoorsPlan))]
Night = Annotated[dict[str, Any], WithJsonSchema(schema_of(rules_plan.NightPlan))]
Supervision = Annotated[dict[str, Any], WithJsonSchema(schema_of(rules_plan.SupervisionPlan))]
Lock = Annotated[dict[str, Any], WithJsonSchema(schema_of(rules_plan.LockPlan))]
Geofence = Annotated[dict[str, Any], WithJsonSchema(schema_of(rules_plan.GeofencePlan))]
Conditions = Annotated[list[dict[str, Any]], WithJsonSchema(schema_of(tuple[rules_plan.Condition, ...]))]
PARTS = rules_plan.Plan.__struct_fields__

BY_RESIDENT: msgspec.json.Decoder[tuple[str, int]] = msgspec.json.Decoder(
    tuple[CursorId, Annotated[int, Meta(ge=1, le=MAX_INT)]]
)


class Parts(Body):
    """What is watched, part by part."""

    medicine: Medicine | None = None
    inactivity: Inactivity | None = None
    doors: Doors | None = None
    night: Night | None = None
    supervision: Supervision | None = None
    lock: Lock | None = None
    geofence: Geofence | None = None
    conditions: Conditions | None = None


class NewPlan(Parts):
    """The next version for a resident, over the defaults of the unit: null for a part that is not to be watched."""

    resident: ResidentRef


class Plan(BaseModel):
    """One version of a resident's plan; the highest one is in force. `id` is RESIDENT:VERSION.

    `given` is what was given for the resident; the rest are defaults of the unit.
    """

    id: str
    resident: ResidentId
    version: int
    tenant: TenantId
    medicine: Medicine | None
    inactivity: Inactivity | None
    doors: Doors | None
    night: Night | None
    supervision: Supervision | None
    lock: Lock | None
    geofence: Geofence | None
    conditions: Conditions | None
    given: dict[str, Any]
    created_at: datetime
    created_by: str


@router.get("", summary="List plans")
async def list_plans(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    tenant: TenantRef | None = None,
    unit: UnitRef | None = None,
    resident: ResidentRef | None = None,
) -> Page[Plan]:
    """By resident, the newest version first."""
    filters: dict[str, Any] = {"tenant": tenant, "unit": unit, "resident": resident}
    async with vaka.read() as connection:
        found = await plans.plans(
            connection, caller.scope, **filters, after=pages.after(BY_RESIDENT), limit=pages.fetch
        )
    return pages.page([_plan(version) for version in found], lambda plan: (plan.resident, plan.version))


@router.get("/{id}", summary="A version of a plan")
async def get_plan(id: str, caller: Reader, vaka: Vaka) -> Plan:
    resident, _, version = id.rpartition(":")
    found = None
    if is_id(resident) and re.fullmatch(r"[0-9]{1,9}", version):
        async with vaka.read() as connection:
            found = await plans.plan(connection, caller.scope, ResidentId(resident), int(version))
    if found is None:
        raise not_found("plan", id[:200])
    return _plan(found)


@router.post("", status_code=201, summary="Give a resident a new plan")
async def add_plan(body: NewPlan, caller: Writer, vaka: Vaka, response: Response) -> Plan:
    given = body.model_dump(include=set(PARTS), exclude_unset=True)
    async with vaka.change() as change:
        resident = await known_resident(change.connection, caller.scope, body.resident, lock=True)
        version = await give_plan(change, resident, given, caller.id)
    located(response, "plans", version.id)
    return _plan(version)


def _plan(version: PlanVersion) -> Plan:
    parts = {name: version.plan.get(name) for name in PARTS}
    return Plan(
        id=version.id,
        resident=version.resident,
        version=version.version,
        tenant=version.tenant,
        given=version.given,
        created_at=version.created_at,
        created_by=version.created_by,
        **parts,
    )
