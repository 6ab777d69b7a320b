"""New versions of plans: what was given for the resident over the defaults of the unit, as the log gets to know it."""

import re
from typing import Any

from api.problems import ProblemError, invalid
from api.services import Transaction
from events.control import PlanChanged
from rules.plan import PlanError, merged, read_plan, write_plan
from store import plans, registry
from store.plans import PlanVersion
from store.registry import Resident
from store.select import Scope

_WITH_VALUE = re.compile(r"(?P<message>.*), value (['\"])(?P<value>.*)\2 - at `(?P<field>[^`]*)`", re.DOTALL)
_WITHOUT = re.compile(r"(?P<field>[a-z0-9_.\[\]]+): (?P<message>.*)", re.DOTALL)


def checked(given: dict[str, Any]) -> dict[str, Any]:
    """The plan in `given` with all that it leaves to defaults of ours; a problem that names the field otherwise."""
    try:
        return write_plan(read_plan(given))
    except PlanError as error:
        raise _refused(error) from None


async def give_plan(change: Transaction, resident: Resident, given: dict[str, Any], by: str) -> PlanVersion:
    """The next version for a resident, who must be locked."""
    defaults = await plans.defaults_of(change.connection, resident.unit)
    return await _new_version(change, resident, checked(merged(defaults, given)), given, by)


async def _new_version(
    change: Transaction, resident: Resident, plan: dict[str, Any], given: dict[str, Any], by: str
) -> PlanVersion:
    tenant = await registry.tenant(change.connection, Scope(), resident.tenant)
    assert tenant is not None
    version = await plans.add_plan(change.connection, tenant.id, resident.id, plan, change.now, by, given)
    await change.tell(PlanChanged(resident=resident.id, version=version, timezone=tenant.timezone, plan=plan))
    id = f"{resident.id}:{version}"
    return PlanVersion(id, resident.id, version, tenant.id, plan, given, change.now, by)


async def no_plan(change: Transaction, resident: Resident, by: str) -> None:
    """Nothing is watched for a resident any more, whatever the unit's defaults are; they must be locked."""
    newest = await plans.newest(change.connection, resident.id)
    if newest is not None and newest.plan:
        await _new_version(change, resident, {}, {}, by)


async def follow_unit(change: Transaction, resident: Resident, by: str) -> None:
    """A new version if the unit's defaults make another plan of what was given for this resident."""
    newest = await plans.newest(change.connection, resident.id)
    given = newest.given if newest is not None else {}
    plan = merged(await plans.defaults_of(change.connection, resident.unit), given)
    if checked(plan) != (newest.plan if newest is not None else {}):
        await give_plan(change, resident, given, by)


def _refused(error: PlanError) -> ProblemError:
    """Takes apart what the rules say: `message, value '...' - at `field``, or `field: message`."""
    found = _WITH_VALUE.fullmatch(str(error)) or _WITHOUT.fullmatch(str(error))
    if found is None:
        return invalid("plan", str(error))
    return invalid(found["field"], found["message"], found.groupdict().get("value"))
