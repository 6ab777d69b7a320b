"""Who can be reached: from the people and programs of a municipality, and its duty, to those whom rungs name."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Literal, NamedTuple

from events.ids import ResidentId, StaffId, TenantId, UnitId
from rules.contact import Channel, ContactPoint, Owner, Receiver
from rules.duty import Duty, Skill, on_duty, planned
from rules.escalation import AlarmView, Reach, Reachable
from rules.policy import Group, Whom

CARERS = frozenset({"staff", "manager"})
"""The roles that act on a resident's alarm."""

TOLD_ROLES = CARERS | {"operator"}
"""The roles that an alarm can be given to at all."""

RELATIVE = "relative"

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
    """All people and programs of one municipality, and how they can be told.

    `relatives`: of those residents that were asked for.
    """

    tenant: TenantId
    people: tuple[Person, ...]
    webhooks: tuple[Webhook, ...]
    points: tuple[ContactPoint, ...] = ()
    duty: Duty = Duty("UTC")
    relatives: Mapping[ResidentId, tuple[StaffId, ...]] = {}


class _Asked(NamedTuple):
    """What an answer depends on; what it does not is None, so that alarms of a unit share their answers."""

    whom: Whom
    unit: UnitId | None
    resident: ResidentId | None
    forwarded_to: str | None


class Reaching:
    """Who of a municipality can be reached at one moment. Each question is worked out once."""

    def __init__(self, roster: Roster, now: datetime) -> None:
        self._roster = roster
        self._now = now
        self._people = {person.id: person for person in roster.people}
        # In a large municipality nobody walks through everybody for one unit.
        self._order = {person.id: number for number, person in enumerate(roster.people)}
        self._of_unit: dict[UnitId | None, list[Person]] = {}
        for person in roster.people:
            self._of_unit.setdefault(person.unit, []).append(person)
        self._points: dict[tuple[Owner, str], tuple[Receiver, ...]] = {}
        for point in roster.points:
            if point.usable:
                owned = self._points.get((point.owner, point.owner_id), ())
                self._points[point.owner, point.owner_id] = (*owned, point.receiver)
        self._answers: dict[_Asked, tuple[Reachable, ...]] = {}

    def of(self, alarm: AlarmView) -> Reach:
        """For the rungs of this alarm."""
        return partial(self._answer, alarm.unit, alarm.resident, alarm.forwarded_to)

    def _answer(
        self, unit: UnitId | None, resident: ResidentId | None, forwarded_to: str | None, whom: Whom
    ) -> tuple[Reachable, ...]:
        asked = _Asked(
            whom,
            unit,
            resident if whom.who is Group.RELATIVES else None,
            forwarded_to if whom.who is Group.FORWARDED_TO else None,
        )
        if asked not in self._answers:
            self._answers[asked] = self._find(asked)
        return self._answers[asked]

    def _find(self, asked: _Asked) -> tuple[Reachable, ...]:
        whom, own = asked.whom, asked.unit
        unit = UnitId(whom.unit) if whom.unit is not None else own
        match whom.who:
            case Group.ON_DUTY:
                return self._on_duty(unit, whom.skill)
            case Group.UNIT:
                return self._unit(unit, off_duty=whom.off_duty)
            case Group.PERSON:
                return self._tell([StaffId(whom.person or "")])
            case Group.RELATIVES:
                return self._tell(self._roster.relatives.get(asked.resident, ()) if asked.resident else ())
            case Group.ALARM_CENTRE:
                return self._programs(ALARM_CENTRE, None, (Owner.ALARM_CENTRE, self._roster.tenant))
            case Group.OPERATORS:
                return self._tell([person.id for person in self._roster.people if person.role == "operator"])
            case Group.EVERYBODY:
                return self._everybody()
            case Group.FORWARDED_TO:
                return self._forwarded(asked)

    def _on_duty(self, unit: UnitId | None, skill: Skill | None) -> tuple[Reachable, ...]:
        """Where no duty is planned, whoever has signed in to work; an alarm of no unit is everybody's."""
        duty = self._roster.duty
        working = on_duty(duty, unit, self._now, skill) if planned(duty, unit, skill) else ()
        if unit is not None and planned(duty, unit, skill):
            return self._tell(working)
        signed_in = [person.id for person in self._serving(unit) if person.role == "staff" and person.signed_in]
        able = [id for id in signed_in if skill is None or skill in duty.skills.get(id, ())]
        return self._tell(sorted({*working, *able}))

    def _unit(self, unit: UnitId | None, *, off_duty: bool) -> tuple[Reachable, ...]:
        """Staff and managers at work (or all of them), who comes from elsewhere to work there, and the programs."""
        working = set(on_duty(self._roster.duty, unit, self._now))
        people = {id for id in working if id in self._people}
        for person in self._serving(unit):
            if person.role in CARERS and (off_duty or person.signed_in):
                people.add(person.id)
        in_order = sorted(people, key=self._order.__getitem__)
        return self._tell(in_order) + self._programs("unit", unit, *self._places(unit))

    def _serving(self, unit: UnitId | None) -> Iterable[Person]:
        """Those of this unit and those of none; of no unit, all."""
        if unit is None:
            return self._roster.people
        return (*self._of_unit.get(unit, ()), *self._of_unit.get(None, ()))

    def _everybody(self) -> tuple[Reachable, ...]:
        people = [person.id for person in self._roster.people if person.role in CARERS]
        centre = self._programs(ALARM_CENTRE, None, (Owner.ALARM_CENTRE, self._roster.tenant))
        return self._tell(people) + self._programs("unit", None, *self._places(None)) + centre

    def _forwarded(self, asked: _Asked) -> tuple[Reachable, ...]:
        """A unit that an alarm was given to is told as in its own rungs: who is on duty there."""
        kind, _, id = (asked.forwarded_to or "").partition(":")
        if kind == "unit":
            return self._answer(UnitId(id), None, None, Whom(Group.ON_DUTY))
        if kind == "staff":
            return self._tell([StaffId(id)])
        return self._answer(None, None, None, Whom(Group.ALARM_CENTRE)) if kind == ALARM_CENTRE else ()

    def _tell(self, ids: Iterable[StaffId]) -> tuple[Reachable, ...]:
        """Those of these people who can be told at all.

        Carers see the console while they are signed in; operators have a list there that they come back to.
        """
        found = []
        for id in ids:
            person = self._people.get(id)
            if person is None:
                continue
            sees = person.role == "operator" or (person.signed_in and person.role in CARERS)
            always = (Receiver(Channel.CONSOLE, id),) if sees else ()
            points = self._points.get((Owner.STAFF, id), ())
            if always or points:
                found.append(Reachable(id, always, points))
        return tuple(found)

    def _programs(self, receiver: str, unit: UnitId | None, *places: tuple[Owner, str]) -> tuple[Reachable, ...]:
        """The webhooks for such a receiver, each of its own, and the contact points of each of these places."""
        hooks = [w for w in self._roster.webhooks if w.receiver == receiver and _serves(w.unit, unit)]
        told = [Reachable(None, (Receiver(Channel.WEBHOOK, hook.id),)) for hook in hooks]
        return (*told, *(Reachable(None, (), points) for place in places if (points := self._points.get(place))))

    def _places(self, unit: UnitId | None) -> list[tuple[Owner, str]]:
        """The unit itself, or all units that have contact points."""
        if unit is not None:
            return [(Owner.UNIT, unit)]
        return [place for place in self._points if place[0] is Owner.UNIT]


def _serves(own: UnitId | None, unit: UnitId | None) -> bool:
    return own is None or unit is None or own == unit
