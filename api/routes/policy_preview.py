"""Who would be told, when, of an alarm that has not happened: a policy can be looked at before it is needed."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel

from api.callers import Caller
from api.fields import ResidentRef, Time, UnitRef
from api.permissions import Permission, may
from api.problems import invalid
from api.references import known_resident, known_unit
from api.routing import Vaka, resource
from events.ids import AlarmId, ResidentId, StaffId, TenantId, UnitId
from events.kinds import Technology
from rules.alarm_lifecycle import State
from rules.contact import Channel, Owner, Receiver
from rules.decisions import AlarmKind, Priority
from rules.escalation import AlarmView, EscalationReason, Reach, case_of
from rules.policy_choice import USUAL, PolicyVersion, choose, fitting, in_hours
from rules.policy_preview import Telling, preview
from rules.reach import Reaching, Roster
from store.escalation import rosters, with_relatives
from store.people import staff_by_id
from store.policies import in_force
from store.pool import Connection
from store.select import Scope

router = resource("policies")

Reader = Annotated[Caller, may(Permission.POLICIES_READ)]

LONGEST = timedelta(days=8)
"""Duty is read so far ahead: to the last rung of any policy, and a day."""


class Told(BaseModel):
    """One receiver. `owner`: `staff`, `unit` or `alarm_centre`; `name` of a member of staff."""

    channel: Channel
    receiver: str
    owner: Owner
    owner_id: str
    name: str | None


class Rung(BaseModel):
    """Some are told together; an empty list is a rung that reaches nobody at all. `round` 1 is the first repeat."""

    at: datetime
    after_seconds: float
    rung: int
    round: int
    reason: EscalationReason
    told: list[Told]


class Preview(BaseModel):
    """`policy` and `version` that hold, and the ids of others that fit but are less exact.

    People are on duty as it is planned for then; who is signed in, and which contact points work, is as it is now.
    """

    policy: str
    version: int
    name: str
    also_fit: list[str]
    at: datetime
    unit: UnitId
    technology: Technology
    kind: AlarmKind
    priority: int
    at_person_seconds: int | None
    rungs: list[Rung]


@router.get("/preview", summary="Who would be told, and when")
async def preview_policy(
    caller: Reader,
    vaka: Vaka,
    technology: Technology,
    resident: ResidentRef | None = None,
    unit: UnitRef | None = None,
    kind: Annotated[AlarmKind | None, Query(description="the usual one of the technology unless given")] = None,
    priority: Annotated[Priority | None, Query(description="that of the usual kind unless given")] = None,
    at: Annotated[Time | None, Query(description="now unless given")] = None,
) -> Preview:
    """Of an alarm of this resident (or of anybody in this unit) and technology that begins at this time."""
    async with vaka.read() as connection:
        tenant, place = await _place(connection, caller, resident, unit)
        alarm = _alarm(tenant, place, resident, technology, kind, priority, at or vaka.now())
        policies = (await in_force(connection, [tenant], vaka.now()))[tenant]
        version = choose(policies, case_of(alarm), alarm.began_at)
        roster = await _roster(connection, alarm)
        steps = list(preview(alarm, version.policy, _reach_at(roster, alarm)))
        names = await _names(connection, roster, steps)
    found = fitting(policies.versions, case_of(alarm))
    others = [each.id for each in found if each != version and in_hours(each, alarm.began_at, policies.zone)]
    return _preview(alarm, version, others, [_rung(alarm, step, names) for step in steps])


async def _place(
    connection: Connection, caller: Caller, resident: ResidentId | None, unit: UnitId | None
) -> tuple[TenantId, UnitId]:
    if resident is not None:
        person = await known_resident(connection, caller.scope, resident)
        if unit is not None and unit != person.unit:
            raise invalid("unit", f"is not the resident's, {person.unit!r}", unit)
        return person.tenant, person.unit
    if unit is None:
        raise invalid("resident", "is needed, or a unit")
    found = await known_unit(connection, caller.scope, unit)
    return found.tenant, found.id


def _alarm(
    tenant: TenantId,
    unit: UnitId,
    resident: ResidentId | None,
    technology: Technology,
    kind: AlarmKind | None,
    priority: Priority | None,
    at: datetime,
) -> AlarmView:
    usual, usual_priority = USUAL[technology]
    return AlarmView(
        id=AlarmId("preview"),
        tenant=tenant,
        unit=unit,
        priority=priority or usual_priority,
        state=State.OPEN,
        version=1,
        rung=0,
        round=0,
        began_at=at,
        escalate_at=at,
        kind=kind or usual,
        technology=technology,
        resident=resident,
    )


async def _roster(connection: Connection, alarm: AlarmView) -> Roster:
    found = await rosters(connection, [alarm.tenant], alarm.began_at, alarm.began_at + LONGEST)
    return await with_relatives(connection, found[alarm.tenant], [alarm.resident] if alarm.resident else [])


def _reach_at(roster: Roster, alarm: AlarmView) -> Callable[[datetime], Reach]:
    return lambda at: Reaching(roster, at).of(alarm)


Names = dict[Receiver, Told]


async def _names(connection: Connection, roster: Roster, steps: Iterable[Telling]) -> Names:
    receivers = {receiver for step in steps for receiver in step.tell}
    owners = {receiver: _owner(roster, receiver) for receiver in receivers}
    ids = [StaffId(id) for owner, id in owners.values() if owner is Owner.STAFF]
    names = {str(person.id): person.name for person in await staff_by_id(connection, Scope(roster.tenant), ids)}
    return {
        receiver: Told(
            channel=receiver.channel,
            receiver=receiver.id,
            owner=owner,
            owner_id=id,
            name=names.get(id) if owner is Owner.STAFF else None,
        )
        for receiver, (owner, id) in owners.items()
    }


def _owner(roster: Roster, receiver: Receiver) -> tuple[Owner, str]:
    if receiver.channel is Channel.CONSOLE:
        return Owner.STAFF, receiver.id
    for point in roster.points:
        if point.receiver == receiver:
            return point.owner, point.owner_id
    (hook,) = (hook for hook in roster.webhooks if hook.id == receiver.id)
    return Owner(hook.receiver), hook.unit or roster.tenant


def _rung(alarm: AlarmView, step: Telling, names: Names) -> Rung:
    return Rung(
        at=step.at,
        after_seconds=(step.at - alarm.began_at).total_seconds(),
        rung=step.rung,
        round=step.round,
        reason=step.reason,
        told=[names[receiver] for receiver in step.tell],
    )


def _preview(alarm: AlarmView, version: PolicyVersion, also_fit: list[str], rungs: list[Rung]) -> Preview:
    assert alarm.unit is not None
    assert alarm.technology is not None
    return Preview(
        policy=version.id,
        version=version.version,
        name=version.policy.name,
        also_fit=also_fit,
        at=alarm.began_at,
        unit=alarm.unit,
        technology=alarm.technology,
        kind=AlarmKind(alarm.kind),
        priority=alarm.priority,
        at_person_seconds=version.policy.at_person_seconds,
        rungs=rungs,
    )
