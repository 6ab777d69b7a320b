"""What would happen: whom a policy would tell, and when, as long as nobody does anything."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from rules.contact import Receiver
from rules.escalation import AlarmView, EscalationReason, Reach, advance, ladder_of
from rules.policy import Policy


class Telling(NamedTuple):
    """Some are told together; nobody, if `tell` is empty. `round` 1 is the first repeat."""

    at: datetime
    rung: int
    round: int
    reason: EscalationReason
    tell: tuple[Receiver, ...]


def preview(alarm: AlarmView, policy: Policy, reach_at: Callable[[datetime], Reach]) -> Iterator[Telling]:
    """The ladder of an alarm that has just begun, to its first repeat. `reach_at`: who can be reached at a moment."""
    ladder = ladder_of(alarm, policy)
    first_round, now = alarm.round, alarm.began_at
    while alarm.round == first_round:
        made = advance(replace(alarm, escalate_at=now), ladder, reach_at(now), now)
        yield Telling(now, made.rung, made.round - first_round, made.reason, made.tell)
        if made.next_at is None:
            return
        alarm = replace(alarm, rung=made.rung, round=made.round, asked=made.asked)
        now = max(now, made.next_at)
