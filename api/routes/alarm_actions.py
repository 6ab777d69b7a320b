"""What people do with an alarm. Of two who act on the same version one wins, and the other is shown the alarm anew."""

from typing import Annotated, Any

from pydantic import Field, StrictInt, StringConstraints

from api.callers import Caller
from api.fields import MAX_INT, AlarmRef, AnyId, Body, Text
from api.permissions import Permission, may
from api.problems import ProblemError, conflict, invalid, not_found
from api.routing import Vaka, resource
from events.control import HelpAccepted
from events.ids import AlarmId, StaffId, UnitId
from rules.alarm_lifecycle import Action, next_state
from rules.reach import ALARM_CENTRE
from store import people, registry
from store.alarm_actions import Actor, NotAllowed, Stale, UnknownReceiver, act
from store.alarms_query import Alarm, Outcome, alarm
from store.inbox import put
from store.pool import Connection
from store.select import Scope

router = resource("alarms")

Carer = Annotated[Caller, may(Permission.ALARMS_ACT)]
FASTER: dict[int | str, dict[str, Any]] = {409: {"description": "Somebody was faster; `alarm` is how it is now"}}


class Act(Body):
    """`version` of the alarm that the person saw, and a note if they like."""

    version: Annotated[StrictInt, Field(ge=0, le=MAX_INT)]
    note: Text | None = None


class Decline(Body):
    """Why this person cannot; the others read it."""

    version: Annotated[StrictInt, Field(ge=0, le=MAX_INT)]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class Forward(Act):
    """`to` is a unit, somebody of the staff, or `alarm_centre`."""

    to: AnyId


class Note(Body):
    """Something that the others should know."""

    version: Annotated[StrictInt, Field(ge=0, le=MAX_INT)]
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class Resolve(Act):
    """How it ended."""

    outcome: Outcome


@router.post("/{id}/accept", summary="I take it", responses=FASTER)
async def accept(id: AlarmRef, body: Act, caller: Carer, vaka: Vaka) -> Alarm:
    return await _do(vaka, caller, id, Action.ACCEPT, body)


@router.post("/{id}/decline", summary="I cannot take it", responses=FASTER)
async def decline(id: AlarmRef, body: Decline, caller: Carer, vaka: Vaka) -> Alarm:
    """The alarm tells this person no more, unless nobody else is left; once all who were asked have declined, the next
    are told at once."""
    return await _do(vaka, caller, id, Action.DECLINE, body)


@router.post("/{id}/take-over", summary="I take it from who has it", responses=FASTER)
async def take_over(id: AlarmRef, body: Act, caller: Carer, vaka: Vaka) -> Alarm:
    return await _do(vaka, caller, id, Action.TAKE_OVER, body)


@router.post("/{id}/join", summary="I help who has it", responses=FASTER)
async def join(id: AlarmRef, body: Act, caller: Carer, vaka: Vaka) -> Alarm:
    return await _do(vaka, caller, id, Action.JOIN, body)


@router.post("/{id}/at-person", summary="I am with the person", responses=FASTER)
async def at_person(id: AlarmRef, body: Act, caller: Carer, vaka: Vaka) -> Alarm:
    return await _do(vaka, caller, id, Action.AT_PERSON, body)


@router.post("/{id}/forward", summary="Give it to others", responses=FASTER)
async def forward(id: AlarmRef, body: Forward, caller: Carer, vaka: Vaka) -> Alarm:
    """The alarm is open again, and begins anew to tell those who are to take it."""
    return await _do(vaka, caller, id, Action.FORWARD, body)


@router.post("/{id}/note", summary="Write a note", responses=FASTER)
async def note(id: AlarmRef, body: Note, caller: Carer, vaka: Vaka) -> Alarm:
    return await _do(vaka, caller, id, Action.NOTE, body)


@router.post("/{id}/resolve", summary="Close it", responses=FASTER)
async def resolve(id: AlarmRef, body: Resolve, caller: Carer, vaka: Vaka) -> Alarm:
    return await _do(vaka, caller, id, Action.RESOLVE, body)


async def _do(vaka: Vaka, caller: Caller, id: AlarmId, action: Action, body: Act | Note | Decline) -> Alarm:
    """The alarm as it is afterwards, also for who has just given it away."""
    async with vaka.change() as change:
        before = await alarm(change.connection, caller.scope, id)
        if before is None:
            raise not_found("alarm", id)
        data = body.model_dump(exclude={"version"}, exclude_none=True)
        if isinstance(body, Decline):
            data = {"note": body.reason}
        if isinstance(body, Forward):
            data = await _receiver(change.connection, before, body)
        actor = Actor(caller.id, caller.name)
        try:
            done = await act(change.connection, id, action, body.version, actor, change.now, data)
        except UnknownReceiver:
            raise invalid("to", "is nobody who can be given an alarm", data["to"]) from None
        after = await alarm(change.connection, Scope(), id)
        assert after is not None
        if isinstance(done, Stale | NotAllowed):
            raise _refused(done, action, body.version, after)
        if action in (Action.ACCEPT, Action.AT_PERSON) and after.resident is not None:
            # Whoever accepts does not wait for the log: rules may hear of it a moment later.
            await put(change.connection, HelpAccepted(resident=after.resident, alarm=id), change.now)
    return after


async def _receiver(connection: Connection, alarm: Alarm, body: Forward) -> dict[str, Any]:
    """What the journal keeps of forwarding; `from_unit` lets its stream take the alarm off the old unit's pages."""
    data = {**body.model_dump(exclude={"version"}, exclude_none=True), "from_unit": alarm.unit}
    municipality = Scope(alarm.tenant)
    if body.to == ALARM_CENTRE:
        return data | {"receiver": ALARM_CENTRE}
    if await registry.unit(connection, municipality, UnitId(body.to)) is not None:
        return data | {"receiver": f"unit:{body.to}"}
    if await people.staff_member(connection, municipality, StaffId(body.to)) is not None:
        return data | {"receiver": f"staff:{body.to}"}
    raise invalid("to", "is neither a unit nor somebody of the staff, nor alarm_centre", body.to)


def _refused(done: Stale | NotAllowed, action: Action, version: int, alarm: Alarm) -> ProblemError:
    if isinstance(done, Stale):
        return conflict(f"the alarm has version {alarm.version}, not {version}: somebody was faster", alarm=alarm)
    again = action in (Action.DECLINE, Action.JOIN, Action.TAKE_OVER) and next_state(alarm.state, action) is not None
    why = "this person has done so, or has the alarm" if again else f"the alarm is {alarm.state.value}"
    return conflict(f"{action.value} is not possible, {why}", alarm=alarm)
