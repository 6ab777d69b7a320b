"""Who can be reached: from the people and programs of a municipality to the groups that rungs name."""

from typing import Literal, NamedTuple

from events.ids import StaffId, UnitId
from rules.contact import Channel, Receiver
from rules.escalation import Group, Reach

CARERS = frozenset({"staff", "manager"})
"""The roles that act on a resident's alarm."""

TOLD_ROLES = CARERS | {"operator"}
"""The roles that an alarm can be given to at all."""

ALARM_CENTRE = "alarm_centre"


class Person(NamedTuple):
    """Somebody with an account. Without a unit they work for all units of the municipality, as a night patrol does."""

    id: StaffId
    unit: UnitId | None
    role: str
    signed_in: bool


class Webhook(NamedTuple):
    id: str
    unit: UnitId | None
    receiver: Literal["unit", "alarm_centre"]


class Roster(NamedTuple):
    """All people and programs of one municipality."""

    people: tuple[Person, ...]
    webhooks: tuple[Webhook, ...]


def reach(roster: Roster, unit: UnitId | None, forwarded_to: str | None) -> Reach:
    """The receivers of each group for an alarm of `unit`; one without a unit (a device with nobody) is everybody's.

    Carers are reached at the console while they are signed in; operators have a list that they come back to.
    """
    carers = [p for p in roster.people if p.signed_in and p.role in CARERS and _serves(p.unit, unit)]
    centre = tuple(Receiver(Channel.WEBHOOK, w.id) for w in roster.webhooks if w.receiver == ALARM_CENTRE)
    hooks = [w for w in roster.webhooks if w.receiver == "unit" and _serves(w.unit, unit)]
    groups = {
        Group.UNIT_STAFF: _consoles([p for p in carers if p.role == "staff"]),
        Group.UNIT_EVERYBODY: (*_consoles(carers), *(Receiver(Channel.WEBHOOK, w.id) for w in hooks)),
        Group.ALARM_CENTRE: centre,
        Group.OPERATORS: _consoles([p for p in roster.people if p.role == "operator"]),
    }
    return {**groups, Group.FORWARDED_TO: _forwarded(groups, roster, forwarded_to)}


def _serves(own: UnitId | None, unit: UnitId | None) -> bool:
    return own is None or unit is None or own == unit


def _consoles(people: list[Person]) -> tuple[Receiver, ...]:
    return tuple(Receiver(Channel.CONSOLE, person.id) for person in people)


def _forwarded(groups: Reach, roster: Roster, forwarded_to: str | None) -> tuple[Receiver, ...]:
    """A forwarded alarm belongs to the unit that it was given to, so that unit's staff are its unit staff."""
    kind, _, id = (forwarded_to or "").partition(":")
    if kind == "unit":
        return groups[Group.UNIT_STAFF]
    if kind == "staff":
        return _consoles([person for person in roster.people if person.id == id and person.signed_in])
    return groups[Group.ALARM_CENTRE] if kind == ALARM_CENTRE else ()
