"""What a relative sees and may do: the alarms of their own residents that they were told of; take one, and be there.

Closing an alarm, and everything else, is for those who work: what was done must be documented by them.
"""

from typing import Annotated, Any

from pydantic import Field, StrictInt

from api.callers import Caller
from api.fields import MAX_INT, AlarmRef, Body
from api.lists import BY_TIME, Page, Pages
from api.permissions import Permission, may
from api.problems import conflict, not_found
from api.routing import Vaka, resource
from events.control import HelpAccepted
from events.ids import AlarmId
from rules.alarm_lifecycle import Action
from store.alarm_actions import Acted, Actor, act
from store.inbox import put
from store.relatives import RelativesAlarm, alarm_of_relative, alarms_of_relative

router = resource("relative-alarms")

Relative = Annotated[Caller, may(Permission.RELATIVE_ALARMS)]
FASTER: dict[int | str, dict[str, Any]] = {409: {"description": "Somebody was faster, or it is not possible now"}}


class Version(Body):
    """`version` of the alarm that the person saw."""

    version: Annotated[StrictInt, Field(ge=0, le=MAX_INT)]


@router.get("", summary="List the alarms that I was told of")
async def list_alarms(caller: Relative, vaka: Vaka, pages: Pages) -> Page[RelativesAlarm]:
    """The newest first."""
    async with vaka.read() as connection:
        found = await alarms_of_relative(connection, caller.id, after=pages.after(BY_TIME), limit=pages.fetch)
    return pages.page(found, lambda alarm: (alarm.opened_at, alarm.id))


@router.get("/{id}", summary="An alarm that I was told of")
async def get_alarm(id: AlarmRef, caller: Relative, vaka: Vaka) -> RelativesAlarm:
    async with vaka.read() as connection:
        found = await alarm_of_relative(connection, caller.id, id)
    if found is None:
        raise not_found("alarm", id)
    return found


@router.post("/{id}/accept", summary="I take it", responses=FASTER)
async def accept(id: AlarmRef, body: Version, caller: Relative, vaka: Vaka) -> RelativesAlarm:
    """If nobody is at the person in time, the others are told again, as when somebody of the staff has taken it."""
    return await _do(vaka, caller, id, Action.ACCEPT, body.version)


@router.post("/{id}/at-person", summary="I am with the person", responses=FASTER)
async def at_person(id: AlarmRef, body: Version, caller: Relative, vaka: Vaka) -> RelativesAlarm:
    return await _do(vaka, caller, id, Action.AT_PERSON, body.version)


async def _do(vaka: Vaka, caller: Caller, id: AlarmId, action: Action, version: int) -> RelativesAlarm:
    async with vaka.change() as change:
        if (before := await alarm_of_relative(change.connection, caller.id, id)) is None:
            raise not_found("alarm", id)
        actor = Actor(caller.id, caller.name)
        done = await act(change.connection, id, action, version, actor, change.now, {})
        if not isinstance(done, Acted):
            raise conflict(f"the alarm is {before.state.value} with version {before.version}: look at it again")
        # Whoever accepts does not wait for the log: rules may hear of it a moment later.
        await put(change.connection, HelpAccepted(resident=before.resident, alarm=id), change.now)
        after = await alarm_of_relative(change.connection, caller.id, id)
        assert after is not None
    return after
