"""What is said of duty must be about units and people that the caller may plan for, and who can be told of alarms."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from api.callers import Caller
from api.problems import ProblemError, invalid
from api.references import UNKNOWN, known_unit, tenant_of
from events.ids import StaffId, TenantId, UnitId
from rules.duty import Skill
from rules.reach import TOLD_ROLES
from store import duty_exceptions
from store.people import Staff, staff_by_id
from store.pool import Connection
from store.select import Scope


async def units_planned_for(
    connection: Connection, caller: Caller, tenant: TenantId | None, units: Sequence[UnitId]
) -> tuple[TenantId, list[UnitId]]:
    """The tenant and these units, or all (none), or the caller's own. Who has one unit plans for no other."""
    wanted = sorted(set(units)) or ([caller.unit] if caller.unit is not None else [])
    found = [await known_unit(connection, caller.scope, unit, field="units") for unit in wanted]
    tenants = {unit.tenant for unit in found}
    if len(tenants) > 1 or (tenant is not None and tenants - {tenant}):
        raise invalid("units", "are not all of one tenant, and of the one that was named")
    return (tenants.pop() if tenants else await tenant_of(connection, caller, tenant)), wanted


def check_may_change(caller: Caller, units: Sequence[UnitId]) -> None:
    """Who has one unit sees duty that works for others as well, and does not change it."""
    if caller.unit is not None and list(units) != [caller.unit]:
        raise ProblemError(403, "this works for other units as well: only whoever has all of them may change it")


async def known_staff(
    connection: Connection, tenant: TenantId, ids: Iterable[StaffId], skill: Skill | None = None, field: str = "staff"
) -> dict[StaffId, Staff]:
    """Those people of the tenant, checked to be able to work: with an open account, told of alarms, with the skill."""
    wanted = sorted(set(ids))
    found = {person.id: person for person in await staff_by_id(connection, Scope(tenant), wanted)}
    for id in wanted:
        person = found.get(id)
        if person is None or person.closed_at is not None:
            raise invalid(field, UNKNOWN if person is None else "has no open account", id)
        if person.role not in TOLD_ROLES:
            raise invalid(field, f"has the role {person.role.value!r}, which is told of no alarms", id)
        if skill is not None and skill not in person.skills:
            raise invalid(field, f"has not the skill {skill.value!r}", id)
    return found


async def check_is_there(
    connection: Connection, tenant: TenantId, staff: StaffId, start: datetime, end: datetime | None, field: str
) -> None:
    """Who is absent then cannot be given a shift: they would be on no duty all the same."""
    if await duty_exceptions.is_absent(connection, tenant, staff, start, end):
        raise invalid(field, "is absent in that time", staff)
