"""One step up the ladder: who is told, when it goes on, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from events.ids import AlarmId, StaffId, TenantId, UnitId
from events.kinds import Technology
from rules.alarm_lifecycle import State
from rules.contact import Channel, Receiver
from rules.escalation import (
    Advance,
    AlarmView,
    EscalationReason,
    Reach,
    Reachable,
    advance,
    after_acceptance,
    after_refusal,
    case_of,
    ladder_of,
    means,
    notification_id,
)
from rules.policy import CARE_LADDER, TECHNICAL_LADDER, Group, Policy, Rung, Whom

BEGAN = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
ASTRID = Receiver(Channel.CONSOLE, "astrid")
BO = Receiver(Channel.CONSOLE, "bo")
CECIL = Receiver(Channel.CONSOLE, "cecil")
UNIT_HOOK = Receiver(Channel.WEBHOOK, "unit-hook")
CENTRE = Receiver(Channel.WEBHOOK, "centre")
OPERATOR = Receiver(Channel.CONSOLE, "operator")

People = Mapping[Group, tuple[Receiver, ...]]

EVERYBODY: People = {
    Group.ON_DUTY: (ASTRID,),
    Group.UNIT: (ASTRID, BO, UNIT_HOOK),
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


def without(*groups: Group) -> People:
    return {group: receivers for group, receivers in EVERYBODY.items() if group not in groups}


def reaching(people: People) -> Reach:
    """At the console, and by webhook for what is no person."""

    def reach(whom: Whom) -> tuple[Reachable, ...]:
        told = people.get(whom.who, ())
        return tuple(Reachable(StaffId(r.id) if r.channel is Channel.CONSOLE else None, (r,)) for r in told)

    return reach


@dataclass
class Case:
    name: str
    expected: Advance
    now: datetime = BEGAN
    rung: int = 0
    round: int = 0
    due: datetime = BEGAN
    reach: People = field(default_factory=lambda: EVERYBODY)


ALL = reaching(EVERYBODY)
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
        reach={Group.UNIT: (UNIT_HOOK,), Group.ALARM_CENTRE: (CENTRE,)},
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
        reach=without(Group.UNIT),
    ),
    Case("no alarm centre, no operator, nobody", Advance(3, 0, at(11), (), Why.REACHED_NOBODY), at(6), 2, due=at(6),
         reach={}),
    Case("no alarm centre: everybody else there is", Advance(3, 0, at(11), (CECIL, OPERATOR), Why.LAST_RESORT), at(6),
         2, due=at(6), reach={**without(Group.ALARM_CENTRE), Group.EVERYBODY: (CECIL,)}),
    Case("and again, with those on the ladder", Advance(3, 1, at(16), (ASTRID, BO, UNIT_HOOK, CECIL, OPERATOR),
         Why.LAST_RESORT), at(11), 3, due=at(11), reach={**without(Group.ALARM_CENTRE), Group.EVERYBODY: (CECIL,)}),
    Case("nobody on the ladder at all: everybody else at once", Advance(3, 0, at(5), (CECIL,), Why.LAST_RESORT),
         reach={Group.EVERYBODY: (CECIL,)}),
    Case("nobody anywhere", Advance(3, 0, at(5), (), Why.REACHED_NOBODY), reach={}),
    Case("still nobody", Advance(3, 1, at(10), (), Why.REACHED_NOBODY), at(5), 3, due=at(5), reach={}),
    Case("found on the repeat", Advance(3, 2, at(15), (ASTRID,), Why.NOBODY_ACCEPTED), at(10), 3, 1, at(10),
         {Group.ON_DUTY: (ASTRID,)}),
    Case("after a standstill each rung, one by one", Advance(1, 0, at(3), (ASTRID,), Why.RUNG_DUE), at(60)),
    Case("after a standstill the repeat is not crowded", Advance(3, 0, at(65), (CENTRE,), Why.RUNG_DUE), at(60), 2,
         due=at(6)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_advance(case: Case) -> None:
    alarm = replace(OPEN, rung=case.rung, round=case.round, escalate_at=case.due)
    made = advance(alarm, CARE_LADDER, reaching(case.reach), case.now)
    assert made._replace(asked=()) == case.expected
    assert made.asked == tuple(receiver.id for receiver in made.tell if receiver.channel is Channel.CONSOLE)


@pytest.mark.parametrize("state", [state for state in State if state is not State.OPEN])
def test_an_alarm_that_somebody_has_goes_no_further(state: State) -> None:
    alarm = replace(OPEN, state=state, rung=1)
    assert advance(alarm, CARE_LADDER, ALL, at(60)) == Advance(1, 0, None, (), Why.NOT_OPEN)


def test_who_is_named_twice_in_a_rung_is_told_once() -> None:
    assert advance(OPEN, CARE_LADDER, reaching({Group.ON_DUTY: (ASTRID, ASTRID)}), BEGAN).tell == (ASTRID,)


def test_operators_are_told_at_once_and_once_a_day() -> None:
    alarm = replace(OPEN, priority=3)
    day = timedelta(hours=24)
    first = advance(alarm, TECHNICAL_LADDER, ALL, BEGAN)
    assert first == Advance(1, 0, BEGAN + day, (OPERATOR,), Why.RUNG_DUE, ("operator",))
    alarm = replace(alarm, rung=1, escalate_at=first.next_at)
    again = advance(alarm, TECHNICAL_LADDER, ALL, BEGAN + day)
    assert again == Advance(1, 1, BEGAN + 2 * day, (OPERATOR,), Why.NOBODY_ACCEPTED, ("operator",))


def test_nobody_else_is_woken_by_a_technical_alarm() -> None:
    reach = reaching({Group.EVERYBODY: (ASTRID,), Group.ALARM_CENTRE: (CENTRE,)})
    made = advance(replace(OPEN, priority=3), TECHNICAL_LADDER, reach, BEGAN)
    assert (made.tell, made.reason) == ((), Why.REACHED_NOBODY)


def test_a_forwarded_alarm_begins_with_its_receiver_and_goes_on_as_usual() -> None:
    alarm = replace(OPEN, forwarded_to="staff:bo", round=2)
    reach = reaching({**EVERYBODY, Group.FORWARDED_TO: (BO,)})
    ladder = ladder_of(alarm, CARE_LADDER)
    assert advance(alarm, ladder, reach, BEGAN) == Advance(1, 2, at(3), (BO,), Why.RUNG_DUE, ("bo",))
    alarm = replace(alarm, rung=1, escalate_at=at(3))
    assert advance(alarm, ladder, reach, at(3)).tell == (ASTRID, BO, UNIT_HOOK)


def test_a_forwarded_technical_alarm_comes_back_to_operators() -> None:
    alarm = replace(OPEN, priority=3, forwarded_to="staff:bo")
    ladder = ladder_of(alarm, TECHNICAL_LADDER)
    first = advance(alarm, ladder, reaching({**EVERYBODY, Group.FORWARDED_TO: (BO,)}), BEGAN)
    assert (first.tell, first.next_at) == ((BO,), BEGAN + timedelta(hours=24))
    assert advance(alarm, ladder, ALL, BEGAN).tell == (OPERATOR,)


def test_who_is_not_forwarded_has_the_ladder_as_it_is() -> None:
    assert ladder_of(OPEN, CARE_LADDER) is CARE_LADDER


def test_a_ladder_of_one_rung_keeps_its_channels_for_the_repeat() -> None:
    policy = replace(CARE_LADDER, rungs=(Rung(60, (Whom(Group.UNIT),), (Channel.SMS,)),), repeat_seconds=300)
    ladder = ladder_of(replace(OPEN, forwarded_to="staff:bo"), policy)
    assert ladder.rungs == (Rung(0, (Whom(Group.FORWARDED_TO),)), Rung(300, (Whom(Group.UNIT),), (Channel.SMS,)))


def test_an_alarm_of_care_ends_with_everybody_as_one_of_life_does() -> None:
    alarm = replace(OPEN, priority=2, rung=2)
    made = advance(alarm, CARE_LADDER, reaching({Group.EVERYBODY: (CECIL,)}), BEGAN)
    assert (made.tell, made.reason) == ((CECIL,), Why.LAST_RESORT)


def test_a_policy_is_chosen_by_whose_alarm_it_is_and_what_it_is_about() -> None:
    alarm = replace(OPEN, technology=Technology.LOCK, kind="lock_refused", priority=2)
    assert case_of(alarm) == (UnitId("u"), Technology.LOCK, "lock_refused", 2)


# Declined.


def test_who_declined_is_not_told_by_the_next_rungs() -> None:
    alarm = replace(OPEN, rung=1, escalate_at=at(3), declined=("astrid",))
    assert advance(alarm, CARE_LADDER, ALL, at(3)).tell == (BO, UNIT_HOOK)
    alarm = replace(alarm, rung=3, escalate_at=at(11))
    assert advance(alarm, CARE_LADDER, ALL, at(11)).tell == (BO, UNIT_HOOK, CENTRE)


def test_a_rung_of_only_those_who_declined_gives_way() -> None:
    made = advance(replace(OPEN, declined=("astrid",)), CARE_LADDER, ALL, BEGAN)
    assert (made.rung, made.tell, made.reason) == (2, (BO, UNIT_HOOK), Why.EARLIER_RUNG_REACHED_NOBODY)


@pytest.mark.parametrize(("rung", "round"), [(0, 0), (2, 0), (3, 1)])
def test_who_declined_is_told_again_only_when_nobody_else_is_left(rung: int, round: int) -> None:
    alarm = replace(OPEN, rung=rung, declined=("astrid", "bo"))
    made = advance(alarm, CARE_LADDER, reaching({Group.ON_DUTY: (ASTRID,), Group.UNIT: (ASTRID, BO)}), BEGAN)
    assert made == Advance(3, round, at(5), (ASTRID, BO), Why.NOBODY_ELSE, ("astrid", "bo"))


def test_before_those_who_declined_come_all_others_of_the_municipality() -> None:
    people = {Group.ON_DUTY: (ASTRID,), Group.EVERYBODY: (ASTRID, CECIL)}
    made = advance(replace(OPEN, declined=("astrid",)), CARE_LADDER, reaching(people), BEGAN)
    assert (made.tell, made.reason) == ((CECIL,), Why.LAST_RESORT)


def test_on_the_repeat_those_who_declined_are_left_alone_while_others_are_there() -> None:
    alarm = replace(OPEN, rung=3, declined=("astrid",))
    made = advance(alarm, CARE_LADDER, reaching({Group.UNIT: (ASTRID, BO)}), BEGAN)
    assert (made.tell, made.reason) == ((BO,), Why.NOBODY_ACCEPTED)


ASKED = replace(OPEN, rung=1, escalate_at=at(3), asked=("astrid", "bo"))


def test_when_all_of_a_rung_have_declined_the_next_comes_at_once() -> None:
    assert after_refusal(ASKED, CARE_LADDER, "astrid", at(1)) == at(3)
    assert after_refusal(replace(ASKED, declined=("astrid",)), CARE_LADDER, "bo", at(1)) == at(1)
    alarm = replace(ASKED, declined=("astrid", "bo"), escalate_at=at(1))
    made = advance(alarm, CARE_LADDER, ALL, at(1))
    assert (made.rung, made.tell, made.reason, made.next_at) == (2, (UNIT_HOOK,), Why.ALL_DECLINED, at(6))


@pytest.mark.parametrize(
    "alarm",
    [
        replace(ASKED, rung=3),
        replace(ASKED, asked=()),
        replace(ASKED, declined=("astrid", "bo")),
        replace(ASKED, state=State.ACCEPTED, accepted_by="cecil"),
    ],
    ids=["on the last rung", "nobody was asked", "it was at once before", "somebody has it"],
)
def test_a_refusal_that_hurries_nothing(alarm: AlarmView) -> None:
    alarm = replace(alarm, declined=(*alarm.declined, "astrid"))
    assert after_refusal(alarm, CARE_LADDER, "bo", at(1)) == at(3)


def test_a_refusal_never_puts_off_what_is_overdue() -> None:
    assert after_refusal(replace(ASKED, declined=("astrid",)), CARE_LADDER, "bo", at(4)) == at(3)


def test_that_all_declined_is_the_reason_only_of_a_rung_that_comes_early() -> None:
    alarm = replace(ASKED, declined=("astrid", "bo"))
    assert advance(alarm, CARE_LADDER, ALL, at(3)).reason is Why.RUNG_DUE
    early = replace(ASKED, declined=("astrid",), escalate_at=at(1))
    assert advance(early, CARE_LADDER, ALL, at(1)).reason is Why.RUNG_DUE


# Accepted, and nobody at the person.

WATCHED = replace(CARE_LADDER, at_person_seconds=30 * 60)
TAKEN = replace(OPEN, state=State.ACCEPTED, accepted_by="astrid", rung=2, escalate_at=at(31))


def test_only_a_policy_that_watches_it_looks_again() -> None:
    assert after_acceptance(CARE_LADDER, at(1)) is None
    assert after_acceptance(WATCHED, at(1)) == at(31)


def test_accepted_but_nobody_there_the_ladder_begins_again_for_the_others() -> None:
    assert advance(TAKEN, WATCHED, ALL, at(30.9)) == Advance(2, 0, at(31), (), Why.NOT_DUE)
    made = advance(TAKEN, WATCHED, ALL, at(31))
    assert made == Advance(2, 1, at(37), (BO, UNIT_HOOK), Why.NOBODY_AT_PERSON, ("bo",), at(31))
    again = replace(TAKEN, rung=2, round=1, began_at=at(31), escalate_at=at(37), overdue_at=at(31), asked=("bo",))
    made = advance(again, WATCHED, ALL, at(37))
    assert made == Advance(3, 1, at(42), (CENTRE,), Why.RUNG_DUE, (), at(31))


def test_the_ladder_begins_again_with_its_first_rung() -> None:
    made = advance(replace(TAKEN, accepted_by="bo"), WATCHED, ALL, at(31))
    assert (made.rung, made.round, made.tell) == (1, 1, (ASTRID,))


def test_who_accepted_an_alarm_that_is_open_again_is_asked_as_the_others_are() -> None:
    assert advance(replace(OPEN, accepted_by="astrid"), CARE_LADDER, ALL, BEGAN).tell == (ASTRID,)


def test_that_nobody_was_there_is_known_while_the_next_rung_waits() -> None:
    alarm = replace(TAKEN, overdue_at=at(31), escalate_at=at(34))
    assert advance(alarm, WATCHED, ALL, at(32)).overdue_at == at(31)


def test_nobody_but_who_accepted_is_left() -> None:
    made = advance(TAKEN, WATCHED, reaching({Group.ON_DUTY: (ASTRID,)}), at(31))
    assert (made.tell, made.reason, made.overdue_at) == ((ASTRID,), Why.NOBODY_ELSE, at(31))


def test_after_a_standstill_the_ladder_counts_from_when_they_should_have_been_there() -> None:
    made = advance(TAKEN, WATCHED, ALL, at(90))
    assert (made.overdue_at, made.next_at) == (at(31), at(37))


def test_the_others_who_all_decline_hurry_it_on() -> None:
    alarm = replace(TAKEN, overdue_at=at(31), began_at=at(31), rung=1, escalate_at=at(34), asked=("bo",))
    assert after_refusal(alarm, WATCHED, "bo", at(32)) == at(32)


# Channels.

PUSH, SMS, SECOND_SMS = Receiver(Channel.PUSH, "p"), Receiver(Channel.SMS, "s"), Receiver(Channel.SMS, "s2")


@pytest.mark.parametrize(
    ("channels", "told"),
    [
        ((), (ASTRID, PUSH)),
        ((Channel.SMS,), (ASTRID, SMS)),
        ((Channel.SMS, Channel.PUSH), (ASTRID, SMS, PUSH)),
        ((Channel.VOICE,), (ASTRID, PUSH)),
        ((Channel.VOICE, Channel.CONSOLE), (ASTRID, PUSH)),
        ((Channel.CONSOLE,), (ASTRID,)),
    ],
)
def test_how_somebody_is_told(channels: tuple[Channel, ...], told: tuple[Receiver, ...]) -> None:
    assert means(Reachable(StaffId("astrid"), (ASTRID,), (PUSH, SMS, SECOND_SMS)), channels) == told


def test_who_has_no_contact_point_is_told_at_the_console_whatever_the_channels() -> None:
    assert means(Reachable(StaffId("astrid"), (ASTRID,)), (Channel.SMS,)) == (ASTRID,)


def test_a_rung_of_the_console_alone_does_not_reach_who_is_not_there() -> None:
    away = Reachable(StaffId("astrid"), (), (SMS,))
    policy = Policy("P", (Rung(0, (Whom(Group.UNIT),), (Channel.CONSOLE,)), Rung(60, (Whom(Group.EVERYBODY),))), 60)
    made = advance(OPEN, policy, lambda whom: (away,), BEGAN)
    assert (made.rung, made.tell, made.asked) == (2, (SMS,), ("astrid",))


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
