"""Who can be reached of those whom a rung names."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from events.ids import AlarmId, ResidentId, StaffId, TenantId, UnitId
from rules.alarm_lifecycle import State
from rules.contact import Channel, ContactPoint, Owner, Receiver
from rules.duty import Duty, Shift, Skill, Use
from rules.escalation import AlarmView, Reachable
from rules.policy import Group, Whom
from rules.reach import Person, Reaching, Roster, Webhook

TENANT, NORTH, SOUTH = TenantId("testby"), UnitId("north"), UnitId("south")
NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALARM = AlarmView(
    id=AlarmId("a"),
    tenant=TENANT,
    unit=NORTH,
    priority=1,
    state=State.OPEN,
    version=1,
    rung=0,
    round=0,
    began_at=NOW,
    escalate_at=NOW,
    resident=ResidentId("anna"),
)


def person(id: str, unit: UnitId | None, role: str = "staff", *, signed_in: bool = True) -> Person:
    return Person(StaffId(id), unit, role, signed_in)


def point(id: str, owner: Owner, owner_id: str, channel: Channel = Channel.SMS, *, usable: bool = True) -> ContactPoint:
    return ContactPoint(id, owner, owner_id, channel, 1, usable)


ROSTER = Roster(
    TENANT,
    people=(
        person("astrid", NORTH),
        person("away", NORTH, signed_in=False),
        person("boss", NORTH, "manager"),
        person("daughter", None, "relative"),
        person("night", None),
        person("nurse", SOUTH),
        person("operator", None, "operator", signed_in=False),
    ),
    webhooks=(
        Webhook("north-hook", NORTH, "unit"),
        Webhook("south-hook", SOUTH, "unit"),
        Webhook("centre", None, "alarm_centre"),
    ),
)


def shift(staff: str, *units: UnitId, skill: Skill | None = None, start: datetime = NOW - HOUR) -> Shift:
    return Shift(f"{staff}-shift", StaffId(staff), units, skill, start, start + 8 * HOUR)


def planning(*shifts: Shift, skills: dict[str, Skill] | None = None, unit: UnitId | None = NORTH) -> Duty:
    known = {StaffId(id): frozenset({skill}) for id, skill in (skills or {}).items()}
    return Duty("Europe/Stockholm", shifts=shifts, skills=known, in_use=frozenset({Use(unit, None)}))


def told(roster: Roster, whom: Whom, alarm: AlarmView = ALARM) -> list[str]:
    """The ids of people, of webhooks and of the contact points of places."""
    found = Reaching(roster, NOW).of(alarm)(whom)
    return [each.staff or (*each.always, *each.points)[0].id for each in found]


CASES = [
    (Whom(Group.ON_DUTY), ["astrid", "night"]),
    (Whom(Group.ON_DUTY, unit="south"), ["night", "nurse"]),
    (Whom(Group.UNIT), ["astrid", "boss", "night", "north-hook"]),
    (Whom(Group.UNIT, unit="south"), ["night", "nurse", "south-hook"]),
    (Whom(Group.PERSON, person="boss"), ["boss"]),
    (Whom(Group.PERSON, person="away"), []),
    (Whom(Group.PERSON, person="nobody"), []),
    (Whom(Group.RELATIVES), []),
    (Whom(Group.ALARM_CENTRE), ["centre"]),
    (Whom(Group.OPERATORS), ["operator"]),
    (Whom(Group.EVERYBODY), ["astrid", "boss", "night", "nurse", "north-hook", "south-hook", "centre"]),
    (Whom(Group.FORWARDED_TO), []),
]


@pytest.mark.parametrize(("whom", "expected"), CASES, ids=str)
def test_where_no_duty_is_planned_it_is_who_has_signed_in(whom: Whom, expected: list[str]) -> None:
    assert told(ROSTER, whom) == expected


def test_an_alarm_of_no_unit_is_everybodys() -> None:
    alarm = replace(ALARM, unit=None)
    assert told(ROSTER, Whom(Group.ON_DUTY), alarm) == ["astrid", "night", "nurse"]
    assert told(ROSTER, Whom(Group.UNIT), alarm) == ["astrid", "boss", "night", "nurse", "north-hook", "south-hook"]


def test_people_are_told_at_the_console_and_programs_by_webhook() -> None:
    reach = Reaching(ROSTER, NOW).of(ALARM)
    assert reach(Whom(Group.ON_DUTY))[0] == Reachable(StaffId("astrid"), (Receiver(Channel.CONSOLE, "astrid"),))
    assert reach(Whom(Group.ALARM_CENTRE)) == (Reachable(None, (Receiver(Channel.WEBHOOK, "centre"),)),)


@pytest.mark.parametrize(
    ("receiver", "expected"),
    [
        ("staff:boss", ["boss"]),
        ("staff:away", []),
        ("staff:nobody", []),
        ("unit:south", ["night", "nurse"]),
        ("alarm_centre", ["centre"]),
    ],
)
def test_forwarded_to(receiver: str, expected: list[str]) -> None:
    assert told(ROSTER, Whom(Group.FORWARDED_TO), replace(ALARM, forwarded_to=receiver)) == expected


# With duty.


def test_where_duty_is_planned_it_is_who_works_and_not_who_has_signed_in() -> None:
    roster = ROSTER._replace(duty=planning(shift("night", NORTH), shift("nurse", NORTH, SOUTH)))
    assert told(roster, Whom(Group.ON_DUTY)) == ["night", "nurse"]
    assert told(roster, Whom(Group.ON_DUTY), replace(ALARM, unit=SOUTH)) == ["night", "nurse"]
    assert told(roster, Whom(Group.UNIT)) == ["astrid", "boss", "night", "nurse", "north-hook"]


def test_a_shift_that_nobody_has_reaches_nobody() -> None:
    assert told(ROSTER._replace(duty=planning()), Whom(Group.ON_DUTY)) == []
    later = planning(shift("astrid", NORTH, start=NOW + HOUR))
    assert told(ROSTER._replace(duty=later), Whom(Group.ON_DUTY)) == []


def test_only_who_works_with_the_skill() -> None:
    duty = planning(
        shift("astrid", NORTH), shift("boss", NORTH), skills={"astrid": Skill.NURSE, "boss": Skill.ASSISTANT}
    )
    roster = ROSTER._replace(duty=duty)
    assert told(roster, Whom(Group.ON_DUTY, skill=Skill.NURSE)) == ["astrid"]
    # Where no duty is planned, whoever has the skill and has signed in.
    free = ROSTER._replace(duty=Duty("Europe/Stockholm", skills={StaffId("nurse"): frozenset({Skill.NURSE})}))
    assert told(free, Whom(Group.ON_DUTY, skill=Skill.NURSE, unit="south")) == ["nurse"]
    assert told(free, Whom(Group.ON_DUTY, skill=Skill.NURSE)) == []


def test_an_alarm_of_no_unit_reaches_who_works_anywhere_and_who_has_signed_in() -> None:
    points = (point("away-sms", Owner.STAFF, "away"),)
    roster = ROSTER._replace(duty=planning(shift("away", SOUTH), unit=SOUTH), points=points)
    assert told(roster, Whom(Group.ON_DUTY), replace(ALARM, unit=None)) == ["astrid", "away", "night", "nurse"]


# With contact points.

POINTS = ROSTER._replace(
    points=(
        point("away-push", Owner.STAFF, "away", Channel.PUSH),
        point("away-sms", Owner.STAFF, "away"),
        point("astrid-old", Owner.STAFF, "astrid", usable=False),
        point("daughter-sms", Owner.STAFF, "daughter"),
        point("operator-mail", Owner.STAFF, "operator", Channel.EMAIL),
        point("north-phone", Owner.UNIT, "north", Channel.VOICE),
        point("centre-scaip", Owner.ALARM_CENTRE, "testby", Channel.SCAIP),
    ),
    relatives={ResidentId("anna"): (StaffId("daughter"),)},
)


def test_who_is_away_is_told_where_they_can_be() -> None:
    (away,) = Reaching(POINTS, NOW).of(ALARM)(Whom(Group.PERSON, person="away"))
    assert away == Reachable(
        StaffId("away"), (), (Receiver(Channel.PUSH, "away-push"), Receiver(Channel.SMS, "away-sms"))
    )


def test_what_is_not_usable_reaches_nobody() -> None:
    (astrid,) = Reaching(POINTS, NOW).of(ALARM)(Whom(Group.PERSON, person="astrid"))
    assert astrid.points == ()


def test_who_is_off_duty_is_left_alone_unless_the_rung_says_so() -> None:
    assert told(POINTS, Whom(Group.UNIT)) == ["astrid", "boss", "night", "north-hook", "north-phone"]
    every = ["astrid", "away", "boss", "night", "north-hook", "north-phone"]
    assert told(POINTS, Whom(Group.UNIT, off_duty=True)) == every


def test_the_last_resort_is_everybody_at_work_or_not() -> None:
    assert told(POINTS, Whom(Group.EVERYBODY)) == [
        *("astrid", "away", "boss", "night", "nurse"),
        *("north-hook", "south-hook", "north-phone", "centre", "centre-scaip"),
    ]


def test_relatives_are_those_of_the_resident_and_see_no_console() -> None:
    reach = Reaching(POINTS, NOW)
    sms = (Receiver(Channel.SMS, "daughter-sms"),)
    assert reach.of(ALARM)(Whom(Group.RELATIVES)) == (Reachable(StaffId("daughter"), (), sms),)
    for other in (ResidentId("bo"), None):
        assert reach.of(replace(ALARM, resident=other))(Whom(Group.RELATIVES)) == ()


def test_operators_have_their_list_and_what_they_gave() -> None:
    (operator,) = Reaching(POINTS, NOW).of(ALARM)(Whom(Group.OPERATORS))
    assert [*operator.always, *operator.points] == [
        Receiver(Channel.CONSOLE, "operator"),
        Receiver(Channel.EMAIL, "operator-mail"),
    ]


def test_the_alarm_centre_is_its_webhooks_and_its_contact_points() -> None:
    assert told(POINTS, Whom(Group.ALARM_CENTRE)) == ["centre", "centre-scaip"]
    assert told(POINTS, Whom(Group.FORWARDED_TO), replace(ALARM, forwarded_to="alarm_centre")) == [
        "centre",
        "centre-scaip",
    ]


def test_who_comes_from_elsewhere_to_work_in_the_unit_is_told_in_the_rosters_order() -> None:
    duty = planning(shift("nurse", NORTH), shift("visitor", SOUTH), unit=NORTH)
    roster = ROSTER._replace(people=(*ROSTER.people, person("visitor", SOUTH), person("a-last", NORTH)), duty=duty)
    assert told(roster, Whom(Group.UNIT)) == ["astrid", "boss", "night", "nurse", "a-last", "north-hook"]


def test_a_unit_is_told_where_it_can_be_and_others_are_not() -> None:
    points = (point("north-phone", Owner.UNIT, "north"), point("south-phone", Owner.UNIT, "south"))
    reach = Reaching(ROSTER._replace(points=points), NOW).of(ALARM)
    assert reach(Whom(Group.UNIT))[-1] == Reachable(None, (), (Receiver(Channel.SMS, "north-phone"),))


def test_who_is_not_known_any_more_keeps_nobody_from_being_told() -> None:
    duty = planning(shift("a-stranger", NORTH), shift("nurse", NORTH))
    assert told(ROSTER._replace(duty=duty), Whom(Group.ON_DUTY)) == ["nurse"]


def test_a_unit_where_nobody_works_is_served_by_those_of_none() -> None:
    assert told(ROSTER, Whom(Group.ON_DUTY, unit="east")) == ["night"]
    of_units = ROSTER._replace(people=tuple(each for each in ROSTER.people if each.unit is not None))
    assert told(of_units, Whom(Group.ON_DUTY)) == ["astrid"]
