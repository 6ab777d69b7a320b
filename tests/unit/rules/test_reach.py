"""Who belongs to which group of receivers."""

from events.ids import StaffId, UnitId
from rules.contact import Channel, Receiver
from rules.escalation import Group
from rules.reach import Person, Roster, Webhook, reach

NORTH, SOUTH = UnitId("north"), UnitId("south")


def person(id: str, unit: UnitId | None, role: str = "staff", *, signed_in: bool = True) -> Person:
    return Person(StaffId(id), unit, role, signed_in)


ROSTER = Roster(
    people=(
        person("astrid", NORTH),
        person("away", NORTH, signed_in=False),
        person("boss", NORTH, "manager"),
        person("night", None),
        person("nurse", SOUTH),
        person("operator", None, "operator", signed_in=False),
        person("auditor", NORTH, "auditor"),
    ),
    webhooks=(
        Webhook("north-hook", NORTH, "unit"),
        Webhook("south-hook", SOUTH, "unit"),
        Webhook("centre", None, "alarm_centre"),
    ),
)


def consoles(*ids: str) -> tuple[Receiver, ...]:
    return tuple(Receiver(Channel.CONSOLE, id) for id in ids)


def hooks(*ids: str) -> tuple[Receiver, ...]:
    return tuple(Receiver(Channel.WEBHOOK, id) for id in ids)


def test_an_alarm_of_a_unit() -> None:
    assert reach(ROSTER, NORTH, None) == {
        Group.UNIT_STAFF: consoles("astrid", "night"),
        Group.UNIT_EVERYBODY: consoles("astrid", "boss", "night") + hooks("north-hook"),
        Group.ALARM_CENTRE: hooks("centre"),
        Group.OPERATORS: consoles("operator"),
        Group.FORWARDED_TO: (),
    }


def test_an_alarm_of_no_unit_is_everybodys() -> None:
    groups = reach(ROSTER, None, None)
    assert groups[Group.UNIT_STAFF] == consoles("astrid", "night", "nurse")
    assert groups[Group.UNIT_EVERYBODY] == consoles("astrid", "boss", "night", "nurse") + hooks(
        "north-hook", "south-hook"
    )


def test_forwarded_to_a_person() -> None:
    assert reach(ROSTER, NORTH, "staff:boss")[Group.FORWARDED_TO] == consoles("boss")
    assert reach(ROSTER, NORTH, "staff:away")[Group.FORWARDED_TO] == ()
    assert reach(ROSTER, NORTH, "staff:nobody")[Group.FORWARDED_TO] == ()


def test_forwarded_to_a_unit_or_the_alarm_centre() -> None:
    assert reach(ROSTER, SOUTH, "unit:south")[Group.FORWARDED_TO] == consoles("night", "nurse")
    assert reach(ROSTER, NORTH, "alarm_centre")[Group.FORWARDED_TO] == hooks("centre")
