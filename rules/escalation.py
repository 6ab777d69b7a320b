"""Escalation: who is told of an alarm next, and when, until a person accepts it and is with the resident.

A policy is a ladder of rungs. Each has a time, counted from when the ladder began, and names whom to tell. A rung that
reaches nobody gives way to the next at once; the last one, to everybody who can be reached at all. After the last rung
all are told again, time after time. The alarm carries how far it has come and when it goes on; `advance` is the step
between two of those: what it returns is saved where the alarm is still as it was.
"""

from collections.abc import Callable, Iterable, Set
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from events.ids import AlarmId, ResidentId, StaffId, TenantId, UnitId, derived_id
from events.kinds import Technology
from rules.alarm_lifecycle import State
from rules.contact import Channel, Receiver
from rules.decisions import Priority
from rules.policy import Group, Policy, Rung, Whom
from rules.policy_choice import Case


class Reachable(NamedTuple):
    """Somebody, or some program, that can be told now.

    `staff`: who it is, None for a program or a place. `always`: where it is told in any case, its console or webhook.
    `points`: the receivers of its contact points, the preferred one first.
    """

    staff: StaffId | None
    always: tuple[Receiver, ...]
    points: tuple[Receiver, ...] = ()


Reach = Callable[[Whom], tuple[Reachable, ...]]
"""Who can be reached now of those whom a rung names."""

LAST_RESORT = Rung(0, (Whom(Group.EVERYBODY), Whom(Group.OPERATORS)))
"""For life and care, when a ladder ends and reaches nobody."""


class AlarmView(Struct, frozen=True, kw_only=True):
    """What escalation needs to know of an alarm.

    `rung`: how many rungs have been told (0 before the first). `round` rises with every repeat, every forwarding and
    when the ladder begins again, and never goes back. `began_at`: when this ladder began. `escalate_at`: when it goes
    on (None: it does not); of an accepted alarm, when somebody must be at the person. `overdue_at`: when they were not.
    `asked`: the people whom the last rung told; `declined`: those who have said that they cannot. `policy` None: none
    is chosen yet.
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
    kind: str = ""
    technology: Technology | None = None
    resident: ResidentId | None = None
    accepted_by: str | None = None
    overdue_at: datetime | None = None
    asked: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    policy: str | None = None
    policy_version: int | None = None


class EscalationReason(StrEnum):
    RUNG_DUE = "rung_due"
    EARLIER_RUNG_REACHED_NOBODY = "earlier_rung_reached_nobody"
    ALL_DECLINED = "all_declined"
    NOBODY_AT_PERSON = "nobody_at_person"
    NOBODY_ACCEPTED = "nobody_accepted"
    LAST_RESORT = "last_resort"
    NOBODY_ELSE = "nobody_else"
    REACHED_NOBODY = "reached_nobody"
    NOT_DUE = "not_due"
    NOT_OPEN = "not_open"


Why = EscalationReason


class Advance(NamedTuple):
    """What to save on the alarm, and whom to tell. `asked`: the people among them."""

    rung: int
    round: int
    next_at: datetime | None
    tell: tuple[Receiver, ...]
    reason: EscalationReason
    asked: tuple[str, ...] = ()
    overdue_at: datetime | None = None


class _Found(NamedTuple):
    """Who is to be told, and how."""

    tell: tuple[Receiver, ...]
    asked: tuple[str, ...]


NOBODY = _Found((), ())


def case_of(alarm: AlarmView) -> Case:
    """What the alarm's policy is chosen by."""
    return Case(alarm.unit, alarm.technology, alarm.kind, alarm.priority)


def ladder_of(alarm: AlarmView, policy: Policy) -> Policy:
    """The rungs for this alarm: whom it was given to takes the place of the first one.

    A ladder of only one rung keeps that for when it would repeat.
    """
    if alarm.forwarded_to is None:
        return policy
    first = policy.rungs[0]
    later = policy.rungs[1:] or (Rung(policy.repeat_seconds, first.to, first.channels),)
    return replace(policy, rungs=(Rung(0, (Whom(Group.FORWARDED_TO),)), *later))


def advance(alarm: AlarmView, policy: Policy, reach: Reach, now: datetime) -> Advance:
    """The next rung of `alarm` that is due at `now` and reaches somebody, or that nobody is reached, or nothing.

    It goes one rung at a time: after a standstill the rungs that were missed come one by one, each due at once.
    """
    if not _goes_on(alarm, policy):
        return _wait(alarm, None, Why.NOT_OPEN)
    if alarm.escalate_at is None or alarm.escalate_at > now:
        return _wait(alarm, alarm.escalate_at, Why.NOT_DUE)
    if alarm.state is State.ACCEPTED and alarm.overdue_at is None:
        again = replace(alarm, rung=0, round=alarm.round + 1, began_at=alarm.escalate_at, overdue_at=alarm.escalate_at)
        made = _climb(again, policy, reach, now)
        usual = made.reason in (Why.RUNG_DUE, Why.EARLIER_RUNG_REACHED_NOBODY)
        return made._replace(reason=Why.NOBODY_AT_PERSON) if usual else made
    if alarm.rung >= len(policy.rungs):
        return _repeat(alarm, policy, reach, now)
    return _climb(alarm, policy, reach, now)


def _goes_on(alarm: AlarmView, policy: Policy) -> bool:
    """An alarm is let go of when it is accepted, unless its policy wants to hear that somebody is at the person."""
    watched = alarm.state is State.ACCEPTED and policy.at_person_seconds is not None
    return alarm.state is State.OPEN or watched


def after_acceptance(policy: Policy, now: datetime) -> datetime | None:
    """When escalation looks at the alarm again, to see whether somebody is at the person; None for never."""
    return None if policy.at_person_seconds is None else now + timedelta(seconds=policy.at_person_seconds)


def after_refusal(alarm: AlarmView, policy: Policy, by: str, now: datetime) -> datetime | None:
    """When escalation goes on once `by` has declined: at once if nobody is left of those who were asked.

    On the last rung it waits for the repeat: then everybody is asked again anyhow.
    """
    asking = alarm.state is State.OPEN or alarm.overdue_at is not None
    left = alarm.rung < len(policy.rungs) and asking and not all_declined(alarm.asked, alarm.declined)
    if left and alarm.escalate_at is not None and all_declined(alarm.asked, (*alarm.declined, by)):
        return min(now, alarm.escalate_at)
    return alarm.escalate_at


def all_declined(asked: Iterable[str], declined: Iterable[str]) -> bool:
    """Whether everybody whom the last rung asked has said no; programs and places that it told cannot say anything."""
    people = set(asked)
    return bool(people) and people <= set(declined)


def _wait(alarm: AlarmView, until: datetime | None, reason: EscalationReason) -> Advance:
    return Advance(alarm.rung, alarm.round, until, (), reason, alarm.asked, alarm.overdue_at)


def _climb(alarm: AlarmView, policy: Policy, reach: Reach, now: datetime) -> Advance:
    aside, last = _aside(alarm), len(policy.rungs)
    for number in range(alarm.rung + 1, last + 1):
        rung = policy.rungs[number - 1]
        found = _reached(rung, reach, aside)
        if found.tell:
            reason = _reason(alarm, rung, number, now)
            return _told(alarm, number, alarm.round, _next_at(alarm, policy, number, now), found, reason)
    found, reason = _end(alarm, policy, reach, aside)
    return _told(alarm, last, alarm.round, now + repeat(policy), found, reason)


def _repeat(alarm: AlarmView, policy: Policy, reach: Reach, now: datetime) -> Advance:
    aside = _aside(alarm)
    all_rungs = [_reached(rung, reach, aside) for rung in policy.rungs]
    reason = Why.NOBODY_ACCEPTED
    if not all_rungs[-1].tell:
        end, why = _end(alarm, policy, reach, aside)
        # Those who refused are asked again only when the other rungs have nobody either.
        if why is Why.LAST_RESORT or not any(found.tell for found in all_rungs):
            all_rungs.append(end)
            reason = why
    return _told(alarm, len(policy.rungs), alarm.round + 1, now + repeat(policy), _together(all_rungs), reason)


def _end(alarm: AlarmView, policy: Policy, reach: Reach, aside: Set[str]) -> tuple[_Found, EscalationReason]:
    """When the last rung reaches nobody: everybody else there is; then those who were set aside; then truly nobody."""
    resort = LAST_RESORT if alarm.priority <= Priority.CARE else policy.rungs[-1]
    found = _reached(resort, reach, aside)
    if found.tell:
        return found, Why.LAST_RESORT
    found = _together([_reached(rung, reach, frozenset()) for rung in (*policy.rungs, resort)]) if aside else NOBODY
    return found, Why.NOBODY_ELSE if found.tell else Why.REACHED_NOBODY


def _aside(alarm: AlarmView) -> frozenset[str]:
    """Who is not told again while there are others: who said no, and who accepted but is not there."""
    accepted = (alarm.accepted_by,) if alarm.state is State.ACCEPTED and alarm.accepted_by is not None else ()
    return frozenset((*alarm.declined, *accepted))


def _reached(rung: Rung, reach: Reach, aside: Set[str]) -> _Found:
    people = [each for whom in rung.to for each in reach(whom) if each.staff is None or each.staff not in aside]
    told = [(each, means(each, rung.channels)) for each in people]
    tell = tuple(dict.fromkeys(receiver for _, receivers in told for receiver in receivers))
    asked = tuple(dict.fromkeys(each.staff for each, receivers in told if each.staff is not None and receivers))
    return _Found(tell, asked)


def means(each: Reachable, channels: tuple[Channel, ...]) -> tuple[Receiver, ...]:
    """How somebody is told: the first contact point, or the first of each channel that the rung names.

    Whoever has none of those channels is told by the first point they have, for that is better than not at all; but
    where a rung says the console alone, nobody is called.
    """
    if channels == (Channel.CONSOLE,):
        return each.always
    wanted = tuple(next((p for p in each.points if p.channel is channel), None) for channel in channels)
    chosen = tuple(point for point in wanted if point is not None) or each.points[:1]
    return (*each.always, *chosen)


def _together(found: Iterable[_Found]) -> _Found:
    every = list(found)
    tell = tuple(dict.fromkeys(receiver for each in every for receiver in each.tell))
    return _Found(tell, tuple(dict.fromkeys(person for each in every for person in each.asked)))


def _reason(alarm: AlarmView, rung: Rung, number: int, now: datetime) -> EscalationReason:
    if number > alarm.rung + 1:
        return Why.EARLIER_RUNG_REACHED_NOBODY
    early = now < alarm.began_at + timedelta(seconds=rung.after_seconds)
    return Why.ALL_DECLINED if early and all_declined(alarm.asked, alarm.declined) else Why.RUNG_DUE


def _told(
    alarm: AlarmView, rung: int, round: int, next_at: datetime, found: _Found, reason: EscalationReason
) -> Advance:
    return Advance(rung, round, next_at, found.tell, reason, found.asked, alarm.overdue_at)


def _next_at(alarm: AlarmView, policy: Policy, rung: int, now: datetime) -> datetime:
    """Rungs keep the times of the ladder, even after one that came early; only the repeat counts from the telling."""
    if rung < len(policy.rungs):
        return alarm.began_at + timedelta(seconds=policy.rungs[rung].after_seconds)
    return now + repeat(policy)


def repeat(policy: Policy) -> timedelta:
    return timedelta(seconds=policy.repeat_seconds)


def notification_id(alarm: AlarmId, round: int, rung: int, receiver: Receiver) -> str:
    """The same telling has the same id, however often it is decided."""
    return derived_id(alarm, round, rung, receiver.channel, receiver.id)
