"""Coverage ahead of time: will somebody be reached, if an alarm comes during the next day?

Asked for each unit and technology at every moment at which the answer can change, by the same policies, duty and reach
that a real alarm would follow. Who will be on duty is taken to sign in when the shift begins; who is on duty now must
be signed in, or have a contact point. Where no duty is planned nothing is known of later: as it is now, it may stay.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from events.ids import AlarmId, StaffId, TenantId, UnitId
from events.kinds import Technology
from rules.alarm_lifecycle import State
from rules.duty import changes, on_duty, planned
from rules.escalation import LAST_RESORT, AlarmView, Reach, Reachable, means
from rules.localtime import DAY_MINUTES, instant, minutes
from rules.policy import Group, Policy, Rung, Whom
from rules.policy_choice import USUAL, Case, Policies, choose
from rules.reach import CARERS, Reaching, Roster
from rules.staffing import Need, Shortage, shortages

AHEAD = timedelta(hours=24)
LASTING = timedelta(minutes=15)
"""So long nobody may be reached before it is told: people sign out and in when shifts change."""


class GapReason(StrEnum):
    """What is missing; the gravest first."""

    NOBODY_REACHABLE = "nobody_reachable"
    """Nobody at all would be told."""
    ONLY_LAST_RESORT = "only_last_resort"
    """No rung of the policy reaches anybody: everybody would be called, at work or not."""
    NOBODY_ON_DUTY = "nobody_on_duty"
    """The unit plans duty, and nobody works; others would be told."""
    ON_DUTY_UNREACHABLE = "on_duty_unreachable"
    """Some work, and none of them can be told; others would be."""
    BELOW_MINIMUM = "below_minimum"
    """Fewer work than the unit has said that it needs."""


class Town(NamedTuple):
    """All of a municipality that coverage depends on, as it is now. Points whose last test failed are not usable.

    `signed_in_until`: until when people are signed in, by Vaka's clock.
    """

    roster: Roster
    policies: Policies
    needs: tuple[Need, ...] = ()
    signed_in_until: Mapping[StaffId, datetime] = {}


class Watched(Struct, frozen=True):
    """A unit whose residents rely on these technologies; `residents`: how many."""

    tenant: TenantId
    unit: UnitId
    technologies: tuple[Technology, ...]
    residents: int


class Stretch(NamedTuple):
    """From `start` until before `end` the same holds.

    `on_duty`: who works. `reached`: who of all people would be told until somebody accepts, by the policy or as a last
    resort; `programs`: also a program, such as an alarm centre's.
    """

    start: datetime
    end: datetime
    on_duty: tuple[StaffId, ...]
    reached: tuple[StaffId, ...]
    programs: bool
    reason: GapReason | None


class Gap(NamedTuple):
    """Something will be missing for a unit: from `start`, the first time of it until `end`, for these technologies."""

    unit: UnitId
    reason: GapReason
    technologies: tuple[Technology, ...]
    start: datetime
    end: datetime


Forecast = dict[Technology, tuple[Stretch, ...]]
"""What will hold when, by technology."""

_Seen = tuple[tuple[StaffId, ...], tuple[StaffId, ...], bool, GapReason | None]


class Outlook:
    """The day that begins `now`, for one municipality. What many units or technologies share is worked out once."""

    def __init__(self, town: Town, now: datetime) -> None:
        self._town = town
        self._now = now
        self._end = now + AHEAD
        self._reaching: dict[datetime, Reaching] = {}
        self._hours = _hours(town.policies, now, self._end)

    def of(self, watched: Watched) -> Forecast:
        unit, duty = watched.unit, self._town.roster.duty
        times, short = [self._now, self._end], tuple[Shortage, ...]()
        if planned(duty, unit):
            needs = [need for need in self._town.needs if need.unit == unit]
            short = shortages(duty, needs, self._now, self._end)
            times = self._times(unit, short)
        seen: dict[tuple[str, int, datetime], _Seen] = {}
        return {each: self._stretches(unit, each, times, short, seen) for each in watched.technologies}

    def _times(self, unit: UnitId, short: Iterable[Shortage]) -> list[datetime]:
        """Every moment at which an answer can change."""
        edges = {edge for shortage in short for edge in (shortage.start, shortage.end)}
        moments = {*changes(self._town.roster.duty, unit, self._now, self._end), *self._hours, *edges}
        between = sorted(moment for moment in moments if self._now < moment < self._end)
        return [self._now, *between, self._end]

    def _stretches(
        self,
        unit: UnitId,
        technology: Technology,
        times: list[datetime],
        short: tuple[Shortage, ...],
        seen: dict[tuple[str, int, datetime], _Seen],
    ) -> tuple[Stretch, ...]:
        found: list[Stretch] = []
        kind, priority = USUAL[technology]
        for start, end in pairwise(times):
            version = choose(self._town.policies, Case(unit, technology, kind, priority), start)
            place = (version.id, version.version, start)
            if place not in seen:
                seen[place] = self._look(unit, version.policy, start, short)
            if found and found[-1][2:] == seen[place]:
                found[-1] = found[-1]._replace(end=end)
            else:
                found.append(Stretch(start, end, *seen[place]))
        return tuple(found)

    def _look(self, unit: UnitId, policy: Policy, at: datetime, short: tuple[Shortage, ...]) -> _Seen:
        reach = self._reach(unit, at)
        told = _told(policy.rungs, reach)
        reason = self._missing(unit, at, reach, short) if told else GapReason.ONLY_LAST_RESORT
        if not told and not (told := _told([LAST_RESORT], reach)):
            reason = GapReason.NOBODY_REACHABLE
        people = tuple(sorted({each.staff for each in told if each.staff is not None}))
        working = on_duty(self._town.roster.duty, unit, at)
        return working, people, any(each.staff is None for each in told), reason

    def _missing(self, unit: UnitId, at: datetime, reach: Reach, short: tuple[Shortage, ...]) -> GapReason | None:
        """What is not as it should be although somebody would be told."""
        duty = self._town.roster.duty
        if not planned(duty, unit):
            return None
        if not on_duty(duty, unit, at):
            return GapReason.NOBODY_ON_DUTY
        if not reach(Whom(Group.ON_DUTY)):
            return GapReason.ON_DUTY_UNREACHABLE
        return GapReason.BELOW_MINIMUM if any(each.start <= at < each.end for each in short) else None

    def _reach(self, unit: UnitId, at: datetime) -> Reach:
        if at not in self._reaching:
            self._reaching[at] = Reaching(self._roster(at), at)
        return self._reaching[at].of(_alarm(self._town.roster.tenant, unit, at))

    def _roster(self, at: datetime) -> Roster:
        """Who is signed in then: who will be still, and who will begin to work meanwhile."""
        roster, until = self._town.roster, self._town.signed_in_until
        coming = set(on_duty(roster.duty, None, at)) if at > self._now else set()
        people = tuple(
            person._replace(signed_in=until.get(person.id, at) > at or (person.id in coming and person.role in CARERS))
            for person in roster.people
        )
        return roster._replace(people=people)


def _told(rungs: Iterable[Rung], reach: Reach) -> list[Reachable]:
    return [each for rung in rungs for whom in rung.to for each in reach(whom) if means(each, rung.channels)]


def gaps(unit: UnitId, forecast: Forecast) -> tuple[Gap, ...]:
    """What will be missing, the gravest first: of each kind the first time, for all technologies that it concerns."""
    found = []
    for reason in GapReason:
        first = {
            technology: min(same, key=lambda stretch: stretch.start)
            for technology, stretches in forecast.items()
            if (same := [stretch for stretch in stretches if stretch.reason is reason])
        }
        if first:
            start = min(stretch.start for stretch in first.values())
            end = max(stretch.end for stretch in first.values() if stretch.start == start)
            found.append(Gap(unit, reason, tuple(sorted(first)), start, end))
    return tuple(found)


class KnownGap(NamedTuple):
    """A gap, and since when it is known; `told_at`: when operators were told (None: not yet)."""

    gap: Gap
    seen_at: datetime
    told_at: datetime | None = None


class Settled(NamedTuple):
    """What is known after a look, and what of it is to be told: gaps that are new, and those that are no more."""

    known: tuple[KnownGap, ...]
    opened: tuple[KnownGap, ...]
    closed: tuple[KnownGap, ...]


def settle(known: Iterable[KnownGap], found: Iterable[Gap], now: datetime) -> Settled:
    """One that lies ahead is told at once; one that is here already when it has been for LASTING."""
    before = {(each.gap.unit, each.gap.reason): each for each in known}
    kept, opened = [], []
    for gap in found:
        was = before.pop((gap.unit, gap.reason), KnownGap(gap, now))
        each = was._replace(gap=gap)
        if each.told_at is None and (gap.start > now or now - each.seen_at >= LASTING):
            each = each._replace(told_at=now)
            opened.append(each)
        kept.append(each)
    return Settled(tuple(kept), tuple(opened), tuple(each for each in before.values() if each.told_at is not None))


def _hours(policies: Policies, start: datetime, end: datetime) -> frozenset[datetime]:
    """When policies with hours begin and cease to hold: at these local times of any day, as one too many is no harm."""
    found = set()
    first = start.astimezone(ZoneInfo(policies.zone)).date()
    for version in policies.versions:
        for hours in version.policy.hours:
            for time in (hours.start, hours.end):
                found |= {instant(first, day * DAY_MINUTES + minutes(time), policies.zone) for day in range(3)}
    return frozenset(moment for moment in found if start < moment < end)


def _alarm(tenant: TenantId, unit: UnitId, at: datetime) -> AlarmView:
    """One that has just begun, of nobody in particular: relatives are not asked for."""
    return AlarmView(
        id=AlarmId(""),
        tenant=tenant,
        unit=unit,
        priority=1,
        state=State.OPEN,
        version=1,
        rung=0,
        round=0,
        began_at=at,
        escalate_at=at,
    )
