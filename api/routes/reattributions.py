"""What corrections of assignments have changed: whose events became whose."""

from typing import Annotated

from api.callers import Caller
from api.fields import AnyId, DeviceRef, ResidentRef
from api.lists import BY_NUMBER, Page, Pages
from api.permissions import Permission, may
from api.routing import Vaka, resource
from store import reattribute
from store.reattribute import Reattribution

router = resource("reattributions")


@router.get("", summary="List re-attributions")
async def list_reattributions(
    caller: Annotated[Caller, may(Permission.ASSIGNMENTS_READ)],
    vaka: Vaka,
    pages: Pages,
    device: DeviceRef | None = None,
    assignment: AnyId | None = None,
    resident: ResidentRef | None = None,
) -> Page[Reattribution]:
    """Newest first: who corrected which assignment, and how many events became whose (null: nobody's).

    `resident` has lost or gained events.
    """
    async with vaka.read() as connection:
        found = await reattribute.reattributions(
            connection,
            caller.scope,
            device=device,
            assignment=assignment,
            resident=resident,
            after=pages.after(BY_NUMBER),
            limit=pages.fetch,
        )
    return pages.page(found, lambda trace: (trace.number,))
