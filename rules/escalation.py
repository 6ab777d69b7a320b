"""Escalation: who is told of an alarm next, and when, until a person accepts it.

A policy is a ladder of rungs. Each has a time, counted from when the ladder began, and groups of receivers. A rung
that reaches nobody gives way to the next at once. After the last rung everybody on the ladder is told again, time
after time. The alarm carries how far it has come and when it goes on; `advance` is the step between two of those.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from events.ids import AlarmId, TenantId, UnitId, derived_id
from rules.alarm_lifecycle import State
from rules.contact import Receiver
from rules.decisions import Priority


class Group(StrEnum):
    """Whom a rung names; `rules.reach` finds the receivers."""

    FORWARDED_TO = "forwarded_to"
    UNIT_STAFF = "unit_staff"
    UNIT_EVERYBODY = "unit_everybody"
    ALARM_CENTRE = "alarm_centre"
    OPERATORS = "operators"


Reach = Mapping[Group, tuple[Receiver, ...]]
"""Who can be reached now; a group that is missing reaches nobody."""


class Rung(Struct, frozen=True):
    """`after`: when it is due, counted from the beginning of the ladder."""

    after: timedelta
    groups: tuple[Group, ...]


class Policy(Struct, frozen=True):
    """`rungs` in order of time; `repeat`: after the last one everybody is told again this often."""

    rungs: tuple[Rung, ...]
    repeat: timedelta


CARE_LADDER = Policy(
    rungs=(
        Rung(timedelta(0), (Group.UNIT_STAFF,)),
        Rung(timedelta(minutes=3), (Group.UNIT_EVERYBODY,)),
        Rung(timedelta(minutes=6), (Group.ALARM_CENTRE,)),
    ),
    repeat=timedelta(minutes=5),
)
TECHNICAL_LADDER = Policy(rungs=(Rung(timedelta(0), (Group.OPERATORS,)),), repeat=timedelta(hours=24))
"""Nobody is woken for a flat battery: operators find it in their list, and once more each day."""


class AlarmView(Struct, frozen=True, kw_only=True):
    """What escalation needs to know of an alarm.

    `rung`: how many rungs have been told (0 before the first). `round` rises with every repeat and every forwarding,
    and never goes back. `began_at`: when this ladder began. `escalate_at`: when it goes on (None: it does not).
    """

    id: AlarmId
    tenant: TenantId
    unit: UnitId | None
    priority: int
    state: State
    version: int
    rung: int
    round: int
    began_at: datetime
    escalate_at: datetime | None
    forwarded_to: str | None = None


class EscalationReason(StrEnum):
    RUNG_DUE = "rung_due"
    EARLIER_RUNG_REACHED_NOBODY = "earlier_rung_reached_nobody"
    NOBODY_ACCEPTED = "nobody_accepted"
    REACHED_NOBODY = "reached_nobody"
    NOT_DUE = "not_due"
    NOT_OPEN = "not_open"


class Advance(NamedTuple):
    """What to save on the alarm, and whom to tell."""

    rung: int
    round: int
    next_at: datetime | None
    tell: tuple[Receiver, ...]
    reason: EscalationReason


def policy_for(alarm: AlarmView) -> Policy:
    """Care ladder for life and care, technical ladder below; a forwarded alarm begins with whom it was given to."""
    policy = ladder(alarm.priority)
    return policy if alarm.forwarded_to is None else _forwarded(policy)


def ladder(priority: int) -> Policy:
    return CARE_LADDER if priority <= Priority.CARE else TECHNICAL_LADDER


def _forwarded(policy: Policy) -> Policy:
    """The receiver takes the place of the first rung; a ladder of only one keeps it for when it would repeat."""
    later = policy.rungs[1:] or (Rung(policy.repeat, policy.rungs[0].groups),)
    return Policy((Rung(timedelta(0), (Group.FORWARDED_TO,)), *later), policy.repeat)


def advance(alarm: AlarmView, policy: Policy, reach: Reach, now: datetime) -> Advance:
    """The next rung of `alarm` that is due at `now` and reaches somebody, or that nobody is reached, or nothing.

    It goes one rung at a time: after a standstill the rungs that were missed come one by one, each due at once.
    """
    if alarm.state is not State.OPEN:
        return Advance(alarm.rung, alarm.round, None, (), EscalationReason.NOT_OPEN)
    if alarm.escalate_at is None or alarm.escalate_at > now:
        return Advance(alarm.rung, alarm.round, alarm.escalate_at, (), EscalationReason.NOT_DUE)
    if alarm.rung >= len(policy.rungs):
        return _repeat(alarm, policy, reach, now)
    return _climb(alarm, policy, reach, now)


def _climb(alarm: AlarmView, policy: Policy, reach: Reach, now: datetime) -> Advance:
    for rung in range(alarm.rung + 1, len(policy.rungs) + 1):
        tell = _receivers(policy.rungs[rung - 1], reach)
        if tell:
            skipped = rung > alarm.rung + 1
            reason = EscalationReason.EARLIER_RUNG_REACHED_NOBODY if skipped else EscalationReason.RUNG_DUE
            return Advance(rung, alarm.round, _next_at(alarm, policy, rung, now), tell, reason)
    return Advance(len(policy.rungs), alarm.round, now + policy.repeat, (), EscalationReason.REACHED_NOBODY)


def _repeat(alarm: AlarmView, policy: Policy, reach: Reach, now: datetime) -> Advance:
    tell = tuple(dict.fromkeys(receiver for rung in policy.rungs for receiver in _receivers(rung, reach)))
    reason = EscalationReason.NOBODY_ACCEPTED if tell else EscalationReason.REACHED_NOBODY
    return Advance(len(policy.rungs), alarm.round + 1, now + policy.repeat, tell, reason)


def _receivers(rung: Rung, reach: Reach) -> tuple[Receiver, ...]:
    return tuple(dict.fromkeys(receiver for group in rung.groups for receiver in reach.get(group, ())))


def _next_at(alarm: AlarmView, policy: Policy, rung: int, now: datetime) -> datetime:
    """Rungs keep the times of the ladder, even after one that came early; only the repeat counts from the telling."""
    if rung < len(policy.rungs):
        return alarm.began_at + policy.rungs[rung].after
    return now + policy.repeat


def notification_id(alarm: AlarmId, round: int, rung: int, receiver: Receiver) -> str:
    """The same telling has the same id, however often it is decided."""
    return derived_id(alarm, round, rung, receiver.channel, receiver.id)
