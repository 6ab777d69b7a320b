"""A unit's defaults: what is watched for each of its residents, unless their own plan says otherwise."""

from typing import Annotated, Any

from api.callers import Caller
from api.fields import UnitRef
from api.permissions import Permission, may
from api.plan_versions import checked, follow_unit
from api.problems import not_found
from api.routes.plans import PARTS, Parts
from api.routing import Vaka, resource
from store import plans, registry

router = resource("units")

Reader = Annotated[Caller, may(Permission.PLANS_READ)]
Writer = Annotated[Caller, may(Permission.PLANS_WRITE)]


@router.get("/{id}/plan-defaults", summary="A unit's defaults for plans")
async def get_defaults(id: UnitRef, caller: Reader, vaka: Vaka) -> dict[str, Any]:
    """The parts of a plan that its residents have unless their own says otherwise."""
    async with vaka.read() as connection:
        if await registry.unit(connection, caller.scope, id) is None:
            raise not_found("unit", id)
        return await plans.defaults_of(connection, id)


@router.put("/{id}/plan-defaults", summary="Set a unit's defaults for plans")
async def set_defaults(id: UnitRef, body: Parts, caller: Writer, vaka: Vaka) -> dict[str, Any]:
    """In the place of those before. Every resident whose plan becomes another one gets a new version of it."""
    defaults = checked(body.model_dump(include=set(PARTS), exclude_none=True))
    async with vaka.change() as change:
        if await registry.unit(change.connection, caller.scope, id) is None:
            raise not_found("unit", id)
        await plans.set_defaults(change.connection, id, defaults)
        for resident in await plans.residents_of(change.connection, id):
            await follow_unit(change, resident, caller.id)
    return defaults
