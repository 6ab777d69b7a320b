"""Escalation policies as data: whom each rung tells, when, and what keeps a policy from ending in silence.

A policy is never changed, a new version takes its place. `rules.policy_choice` says which one an alarm
follows, `rules.escalation` goes up its rungs, `rules.reach` finds the people.
"""

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from events.kinds import Technology
from rules.contact import Channel
from rules.decisions import AlarmKind, Priority
from rules.duty import Skill
from rules.given import GivenError, read
from rules.localtime import TimeOfDay

LONGEST_FOR_LIFE = 3600
"""Seconds: the last rung of a policy for life comes at the latest so long after the beginning, and so do repeats."""


class Group(StrEnum):
    """Whom a rung can name."""

    ON_DUTY = "on_duty"
    UNIT = "unit"
    PERSON = "person"
    RELATIVES = "relatives"
    ALARM_CENTRE = "alarm_centre"
    OPERATORS = "operators"
    EVERYBODY = "everybody"
    FORWARDED_TO = "forwarded_to"


Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]*$", max_length=100)]
Seconds = Annotated[int, Meta(ge=60, le=7 * 24 * 3600)]


class Whom(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One of those whom a rung tells."""

    who: Group
    skill: Skill | None = None
    """With `on_duty`: only those who work with this skill."""
    unit: Id | None = None
    """With `on_duty` and `unit`: of another unit than the alarm's."""
    person: Id | None = None
    """With `person`: a member of staff, at work or not."""
    off_duty: bool = False
    """With `unit`: also who is not at work, if they can be reached."""


class Rung(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who is told together."""

    after_seconds: Annotated[int, Meta(ge=0, le=7 * 24 * 3600)]
    """When, counted from the beginning of the ladder."""
    to: Annotated[tuple[Whom, ...], Meta(min_length=1, max_length=20)]
    channels: Annotated[tuple[Channel, ...], Meta(max_length=9)] = ()
    """By which channels people are told beside the console; the first of their contact points unless given."""


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class PolicyHours(
    Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"start": "from", "end": "to"}
):
    """From one local time to another, on the days on which it begins; `to` at or before `from` means the next day."""

    start: TimeOfDay
    end: TimeOfDay
    days: Annotated[tuple[Day, ...], Meta(max_length=7)] = ()
    """Every day unless given."""


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is told, when, until someone accepts; and for which alarms."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    rungs: Annotated[tuple[Rung, ...], Meta(min_length=1, max_length=20)]
    """In the order of time."""
    repeat_seconds: Seconds
    """After the last rung everybody is told again this often."""
    at_person_seconds: Seconds | None = None
    """Accepted, but nobody at the person within this: the others are told. Null: whoever accepts is trusted."""
    technologies: Annotated[tuple[Technology, ...], Meta(max_length=7)] = ()
    """Of these only; of any unless given."""
    kinds: Annotated[tuple[AlarmKind, ...], Meta(max_length=100)] = ()
    """Of these only; of any unless given."""
    priorities: Annotated[tuple[Literal[1, 2, 3, 4], ...], Meta(min_length=1, max_length=4)] = (1, 2)
    """Of these only. Life and care unless given: nobody is woken for a flat battery by mistake."""
    hours: Annotated[tuple[PolicyHours, ...], Meta(max_length=20)] = ()
    """When an alarm must begin for this policy to hold; at any time unless given."""


CARE_LADDER = Policy(
    name="Care",
    rungs=(
        Rung(0, (Whom(Group.ON_DUTY),)),
        Rung(180, (Whom(Group.UNIT),)),
        Rung(360, (Whom(Group.ALARM_CENTRE),)),
    ),
    repeat_seconds=300,
)
TECHNICAL_LADDER = Policy(
    name="Technical",
    rungs=(Rung(0, (Whom(Group.OPERATORS),), (Channel.CONSOLE,)),),
    repeat_seconds=24 * 3600,
    priorities=(3, 4),
)
"""Nobody is woken for a flat battery: operators find it in their list, and once more each day."""

LAST_RESORT: dict[bool, frozenset[Group]] = {
    True: frozenset({Group.ALARM_CENTRE, Group.EVERYBODY}),
    False: frozenset({Group.ALARM_CENTRE, Group.EVERYBODY, Group.OPERATORS}),
}
"""What a policy must end in, by whether it is for life or care: somebody who is not only there by a shift."""


def read_policy(data: dict[str, Any]) -> Policy:
    """The policy in `data`; raises GivenError."""
    policy = read(Policy, data)
    for number, rung in enumerate(policy.rungs):
        for place, whom in enumerate(rung.to):
            _check_whom(f"rungs[{number}].to[{place}]", whom)
    _check_times(policy)
    _check_end(policy)
    return policy


def write_policy(policy: Policy) -> dict[str, Any]:
    """`policy` as plain data, as it is stored and shown: later defaults change no old policy."""
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(policy))
    return data


def for_care(policy: Policy) -> bool:
    """Whether it is for any alarm that a resident may suffer from."""
    return any(priority <= Priority.CARE for priority in policy.priorities)


def _check_whom(field: str, whom: Whom) -> None:
    if (whom.who is Group.PERSON) != (whom.person is not None):
        raise GivenError(f"{field}.person", f"is needed with 'person' and only there, not with {whom.who}", whom.person)
    if whom.unit is not None and whom.who not in (Group.ON_DUTY, Group.UNIT):
        raise GivenError(f"{field}.unit", f"does not go with {whom.who}", whom.unit)
    if whom.skill is not None and whom.who is not Group.ON_DUTY:
        raise GivenError(f"{field}.skill", f"does not go with {whom.who}", whom.skill)
    if whom.off_duty and whom.who is not Group.UNIT:
        raise GivenError(f"{field}.off_duty", f"does not go with {whom.who}", whom.off_duty)


def _check_times(policy: Policy) -> None:
    first, last = policy.rungs[0].after_seconds, policy.rungs[-1].after_seconds
    if first > 0 and for_care(policy):
        raise GivenError("rungs[0].after_seconds", "must be 0 for life and care: the first are told at once", first)
    for number, (rung, following) in enumerate(pairwise(policy.rungs), 1):
        if following.after_seconds <= rung.after_seconds:
            message = f"must be more than {rung.after_seconds} of the rung before"
            raise GivenError(f"rungs[{number}].after_seconds", message, following.after_seconds)
    if Priority.LIFE not in policy.priorities:
        return
    times = {f"rungs[{len(policy.rungs) - 1}].after_seconds": last, "repeat_seconds": policy.repeat_seconds}
    for field, value in times.items():
        if value > LONGEST_FOR_LIFE:
            raise GivenError(field, f"must be at most {LONGEST_FOR_LIFE} in a policy for life (priority 1)", value)


def _check_end(policy: Policy) -> None:
    field, last = f"rungs[{len(policy.rungs) - 1}]", policy.rungs[-1]
    resorts = LAST_RESORT[for_care(policy)]
    named = [whom.who.value for whom in last.to]
    if not resorts.intersection(named):
        message = f"must name a last resort, one of {', '.join(sorted(resorts))}"
        raise GivenError(f"{field}.to", message, ", ".join(named))
    if last.channels:
        message = "must not be given in the last rung: a last resort takes any way there is"
        raise GivenError(f"{field}.channels", message, ", ".join(last.channels))
