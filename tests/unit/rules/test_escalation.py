"""One step up the ladder: who is told, when it goes on, and why."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from events.ids import AlarmId, TenantId, UnitId
from rules.alarm_lifecycle import State
from rules.contact import Channel, Receiver
from rules.escalation import (
    CARE_LADDER,
    TECHNICAL_LADDER,
    Advance,
    AlarmView,
    EscalationReason,
    Group,
    Reach,
    advance,
    notification_id,
    policy_for,
)

BEGAN = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
ASTRID = Receiver(Channel.CONSOLE, "astrid")
BO = Receiver(Channel.CONSOLE, "bo")
UNIT_HOOK = Receiver(Channel.WEBHOOK, "unit-hook")
CENTRE = Receiver(Channel.WEBHOOK, "centre")
OPERATOR = Receiver(Channel.CONSOLE, "operator")

EVERYBODY: Reach = {
    Group.UNIT_STAFF: (ASTRID,),
    Group.UNIT_EVERYBODY: (ASTRID, BO, UNIT_HOOK),
    Group.ALARM_CENTRE: (CENTRE,),
    Group.OPERATORS: (OPERATOR,),
}
OPEN = AlarmView(
    id=AlarmId("a"),
    tenant=TenantId("t"),
    unit=UnitId("u"),
    priority=1,
    state=State.OPEN,
    version=1,
    rung=0,
    round=0,
    began_at=BEGAN,
    escalate_at=BEGAN,
)


def at(minutes: float) -> datetime:
    return BEGAN + timedelta(minutes=minutes)


def without(*groups: Group) -> Reach:
    return {group: receivers for group, receivers in EVERYBODY.items() if group not in groups}


@dataclass
class Case:
    name: str
    expected: Advance
    now: datetime = BEGAN
    rung: int = 0
    round: int = 0
    due: datetime = BEGAN
    reach: Reach = field(default_factory=lambda: EVERYBODY)


Why = EscalationReason
CASES = [
    Case("first rung at once", Advance(1, 0, at(3), (ASTRID,), Why.RUNG_DUE)),
    Case("second rung after 3", Advance(2, 0, at(6), (ASTRID, BO, UNIT_HOOK), Why.RUNG_DUE), at(3), 1, due=at(3)),
    Case("alarm centre after 6", Advance(3, 0, at(11), (CENTRE,), Why.RUNG_DUE), at(6), 2, due=at(6)),
    Case(
        "everybody again",
        Advance(3, 1, at(16), (ASTRID, BO, UNIT_HOOK, CENTRE), Why.NOBODY_ACCEPTED),
        at(11),
        3,
        due=at(11),
    ),
    Case(
        "and again",
        Advance(3, 8, at(51), (ASTRID, BO, UNIT_HOOK, CENTRE), Why.NOBODY_ACCEPTED),
        at(46),
        3,
        7,
        due=at(46),
    ),
    Case("not yet", Advance(1, 0, at(3), (), Why.NOT_DUE), at(2.9), 1, due=at(3)),
    Case(
        "nobody signed in: next rung at once",
        Advance(2, 0, at(6), (UNIT_HOOK,), Why.EARLIER_RUNG_REACHED_NOBODY),
        reach={Group.UNIT_EVERYBODY: (UNIT_HOOK,), Group.ALARM_CENTRE: (CENTRE,)},
    ),
    Case(
        "nobody in the unit at all: alarm centre at once, then the repeat",
        Advance(3, 0, at(5), (CENTRE,), Why.EARLIER_RUNG_REACHED_NOBODY),
        reach={Group.ALARM_CENTRE: (CENTRE,)},
    ),
    Case(
        "the second rung reaches nobody any more: alarm centre already after 3",
        Advance(3, 0, at(8), (CENTRE,), Why.EARLIER_RUNG_REACHED_NOBODY),
        at(3),
        1,
        due=at(3),
        reach=without(Group.UNIT_EVERYBODY),
    ),
    Case("no alarm centre", Advance(3, 0, at(11), (), Why.REACHED_NOBODY), at(6), 2, due=at(6), reach={}),
    Case("nobody anywhere", Advance(3, 0, at(5), (), Why.REACHED_NOBODY), reach={}),
    Case("still nobody", Advance(3, 1, at(10), (), Why.REACHED_NOBODY), at(5), 3, due=at(5), reach={}),
    Case("found on the repeat", Advance(3, 2, at(15), (ASTRID,), Why.NOBODY_ACCEPTED), at(10), 3, 1, at(10),
         {Group.UNIT_STAFF: (ASTRID,)}),
    Case("after a standstill each rung, one by one", Advance(1, 0, at(3), (ASTRID,), Why.RUNG_DUE), at(60)),
    Case("after a standstill the repeat is not crowded", Advance(3, 0, at(65), (CENTRE,), Why.RUNG_DUE), at(60), 2,
         due=at(6)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_advance(case: Case) -> None:
    alarm = replace(OPEN, rung=case.rung, round=case.round, escalate_at=case.due)
    assert advance(alarm, CARE_LADDER, case.reach, case.now) == case.expected


@pytest.mark.parametrize("state", [state for state in State if state is not State.OPEN])
def test_an_alarm_that_somebody_has_goes_no_further(state: State) -> None:
    alarm = replace(OPEN, state=state, rung=1)
    assert advance(alarm, CARE_LADDER, EVERYBODY, at(60)) == Advance(1, 0, None, (), Why.NOT_OPEN)


def test_who_is_in_two_groups_of_a_rung_is_told_once() -> None:
    reach = {Group.UNIT_STAFF: (ASTRID, ASTRID)}
    assert advance(OPEN, CARE_LADDER, reach, BEGAN).tell == (ASTRID,)


@pytest.mark.parametrize(
    ("priority", "ladder"), [(1, CARE_LADDER), (2, CARE_LADDER), (3, TECHNICAL_LADDER), (4, TECHNICAL_LADDER)]
)
def test_technical_alarms_have_a_ladder_of_their_own(priority: int, ladder: object) -> None:
    assert policy_for(replace(OPEN, priority=priority)) is ladder


def test_operators_are_told_at_once_and_once_a_day() -> None:
    alarm = replace(OPEN, priority=3)
    day = timedelta(hours=24)
    first = advance(alarm, policy_for(alarm), EVERYBODY, BEGAN)
    assert first == Advance(1, 0, BEGAN + day, (OPERATOR,), Why.RUNG_DUE)
    alarm = replace(alarm, rung=1, escalate_at=first.next_at)
    again = advance(alarm, policy_for(alarm), EVERYBODY, BEGAN + day)
    assert again == Advance(1, 1, BEGAN + 2 * day, (OPERATOR,), Why.NOBODY_ACCEPTED)


def test_a_forwarded_alarm_begins_with_its_receiver_and_goes_on_as_usual() -> None:
    alarm = replace(OPEN, forwarded_to="staff:bo", round=2)
    reach = {**EVERYBODY, Group.FORWARDED_TO: (BO,)}
    assert advance(alarm, policy_for(alarm), reach, BEGAN) == Advance(1, 2, at(3), (BO,), Why.RUNG_DUE)
    alarm = replace(alarm, rung=1, escalate_at=at(3))
    assert advance(alarm, policy_for(alarm), reach, at(3)).tell == (ASTRID, BO, UNIT_HOOK)


def test_a_forwarded_technical_alarm_comes_back_to_operators() -> None:
    alarm = replace(OPEN, priority=3, forwarded_to="staff:bo")
    reach = {**EVERYBODY, Group.FORWARDED_TO: (BO,)}
    first = advance(alarm, policy_for(alarm), reach, BEGAN)
    assert (first.tell, first.next_at) == ((BO,), BEGAN + timedelta(hours=24))
    assert advance(alarm, policy_for(alarm), EVERYBODY, BEGAN).tell == (OPERATOR,)


def test_the_id_of_a_notification_depends_on_each_of_its_parts() -> None:
    id = AlarmId("a")
    ids = {
        notification_id(id, 0, 1, ASTRID),
        notification_id(AlarmId("b"), 0, 1, ASTRID),
        notification_id(id, 1, 1, ASTRID),
        notification_id(id, 0, 2, ASTRID),
        notification_id(id, 0, 1, BO),
        notification_id(id, 0, 1, Receiver(Channel.WEBHOOK, "astrid")),
    }
    assert len(ids) == 6
    assert notification_id(id, 0, 1, ASTRID) == notification_id(id, 0, 1, ASTRID)
