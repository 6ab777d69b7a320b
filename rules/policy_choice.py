"""Which policy an alarm follows: the most exact one that fits, and never two that are equally exact."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from events.ids import TenantId, UnitId
from events.kinds import Technology
from rules.decisions import AlarmKind, Priority
from rules.localtime import DAY_MINUTES, minutes
from rules.policy import CARE_LADDER, DAYS, TECHNICAL_LADDER, Policy, PolicyHours

WEEK_MINUTES = 7 * DAY_MINUTES


class PolicyVersion(NamedTuple):
    """One version of a policy of a unit (None: of all units of its municipality)."""

    id: str
    version: int
    unit: UnitId | None
    policy: Policy


class Policies(NamedTuple):
    """Those of one municipality that are in force, and by which clock its hours are."""

    tenant: TenantId
    zone: str
    versions: tuple[PolicyVersion, ...]


class Case(NamedTuple):
    """What a policy is chosen by; `unit` and `technology` None: a device that nobody has, no device at all."""

    unit: UnitId | None
    technology: Technology | None
    kind: str
    priority: int


VAKA = "vaka:"
"""What the ids of Vaka's own policies begin with."""

VAKA_CARE = PolicyVersion(f"{VAKA}care", 1, None, CARE_LADDER)
VAKA_TECHNICAL = PolicyVersion(f"{VAKA}technical", 1, None, TECHNICAL_LADDER)
OWN = {version.id: version for version in (VAKA_CARE, VAKA_TECHNICAL)}

TECHNOLOGY_OF: dict[str, Technology] = {
    AlarmKind.SOCIAL_ALARM: Technology.SOCIAL_ALARM,
    AlarmKind.FALL: Technology.SOCIAL_ALARM,
    AlarmKind.SMOKE: Technology.PASSIVE_ALARM,
    AlarmKind.MISSED_DOSE: Technology.MEDICINE,
    AlarmKind.DISPENSER_JAMMED: Technology.MEDICINE,
    AlarmKind.DISPENSER_EMPTY: Technology.MEDICINE,
    AlarmKind.REFILL_LOW: Technology.MEDICINE,
    AlarmKind.TOO_MANY_DOSES: Technology.MEDICINE,
    AlarmKind.INACTIVITY: Technology.PASSIVE_ALARM,
    AlarmKind.SUPERVISION: Technology.SUPERVISION,
    AlarmKind.LOCK_REFUSED: Technology.LOCK,
    AlarmKind.UNPLANNED_OPENING: Technology.LOCK,
    AlarmKind.GEOFENCE: Technology.GPS_ALARM,
    AlarmKind.GPS_SILENT: Technology.GPS_ALARM,
    AlarmKind.LEAK: Technology.PASSIVE_ALARM,
    AlarmKind.WETNESS: Technology.PASSIVE_ALARM,
    AlarmKind.DOOR_OPEN: Technology.PASSIVE_ALARM,
    AlarmKind.NIGHT_WANDERING: Technology.PASSIVE_ALARM,
}
"""Of an alarm that no device raised: something that did not happen belongs to the technology that watches for it."""

USUAL: dict[Technology, tuple[AlarmKind, Priority]] = {
    Technology.SOCIAL_ALARM: (AlarmKind.SOCIAL_ALARM, Priority.LIFE),
    Technology.GPS_ALARM: (AlarmKind.GEOFENCE, Priority.CARE),
    Technology.PASSIVE_ALARM: (AlarmKind.INACTIVITY, Priority.CARE),
    Technology.MEDICINE: (AlarmKind.MISSED_DOSE, Priority.CARE),
    Technology.SUPERVISION: (AlarmKind.SUPERVISION, Priority.CARE),
    Technology.LOCK: (AlarmKind.LOCK_REFUSED, Priority.CARE),
    Technology.OTHER: (AlarmKind.CONDITION, Priority.CARE),
}
"""What an alarm of a technology usually is: for who asks about one that has not happened."""


def choose(policies: Policies, case: Case, began_at: datetime) -> PolicyVersion:
    """The policy of an alarm that began then: of those that fit, the most exact one; Vaka's own when none fits."""
    return at_that_hour(fitting(policies.versions, case), case, began_at, policies.zone)


def fitting(versions: Iterable[PolicyVersion], case: Case) -> tuple[PolicyVersion, ...]:
    """Those that are for such an alarm at some hour, the most exact one first."""
    found = [version for version in versions if _fits(version, case)]
    return tuple(sorted(found, key=lambda version: (exactness(version), version.id), reverse=True))


def at_that_hour(found: Iterable[PolicyVersion], case: Case, began_at: datetime, zone: str) -> PolicyVersion:
    """The first of `fitting` whose hours an alarm began in."""
    own = VAKA_CARE if case.priority <= Priority.CARE else VAKA_TECHNICAL
    return next((version for version in found if in_hours(version, began_at, zone)), own)


def in_hours(version: PolicyVersion, began_at: datetime, zone: str) -> bool:
    hours = version.policy.hours
    return not hours or any(holds(each, began_at, zone) for each in hours)


def _fits(version: PolicyVersion, case: Case) -> bool:
    policy = version.policy
    return (
        version.unit in (None, case.unit)
        and case.priority in policy.priorities
        and (not policy.kinds or case.kind in policy.kinds)
        and (not policy.technologies or case.technology in policy.technologies)
    )


def exactness(version: PolicyVersion) -> tuple[bool, bool, bool, bool, int]:
    """What counts first: a unit, then kinds, then technologies, then hours, then for how few priorities it is."""
    policy = version.policy
    few = -len(set(policy.priorities))
    return version.unit is not None, bool(policy.kinds), bool(policy.technologies), bool(policy.hours), few


def holds(hours: PolicyHours, at: datetime, zone: str) -> bool:
    """By the clock on the wall there, also in the two nights in which it is changed."""
    local = at.astimezone(ZoneInfo(zone))
    minute = local.weekday() * DAY_MINUTES + local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in _spans(hours))


def rival(version: PolicyVersion, others: Iterable[PolicyVersion]) -> PolicyVersion | None:
    """One of `others` that is just as exact and fits some of the same alarms, so that nobody could tell which holds."""
    for other in others:
        alike = other.unit == version.unit and exactness(other) == exactness(version)
        if other.id != version.id and alike and _share(version.policy, other.policy):
            return other
    return None


def _share(one: Policy, other: Policy) -> bool:
    """Two that are just as exact both name kinds or both do not, and so on."""
    named = [(one.priorities, other.priorities), (one.kinds, other.kinds), (one.technologies, other.technologies)]
    if any(mine and not set(mine) & set(theirs) for mine, theirs in named):
        return False
    return not one.hours or any(
        start < to and since < end
        for mine in one.hours
        for start, end in _spans(mine)
        for theirs in other.hours
        for since, to in _spans(theirs)
    )


def _spans(hours: PolicyHours) -> Iterator[tuple[int, int]]:
    """Minutes of the week, from Monday's midnight, from the first until before the second."""
    first, length = minutes(hours.start), (minutes(hours.end) - minutes(hours.start)) % DAY_MINUTES or DAY_MINUTES
    for day in hours.days or DAYS:
        start = DAYS.index(day) * DAY_MINUTES + first
        yield start, min(start + length, WEEK_MINUTES)
        if start + length > WEEK_MINUTES:
            yield 0, start + length - WEEK_MINUTES


def technology_of(device: Technology | None, kind: str) -> Technology | None:
    """What an alarm belongs to: the technology of its device, or else the one that watches for such a thing."""
    return device or TECHNOLOGY_OF.get(kind)
