"""Pauses: what is not watched while a resident is away, or while one technology is out of use, until a set end.

A pause takes parts of the plan away for its time, so its beginning and end are changes of plan: windows that run at
the end are watched from then on, silence counts from there. Calls for help, water, wetness and the dispenser's own
troubles need no plan, so no pause takes them away; nor doors and locks, unless they are named.
"""

from collections.abc import Collection
from datetime import datetime

from msgspec.structs import replace

from events.control import PauseChanged
from events.kinds import Technology
from rules.plan import Plan
from rules.state import Pause

PARTS: dict[Technology, tuple[str, ...]] = {
    Technology.MEDICINE: ("medicine",),
    Technology.PASSIVE_ALARM: ("inactivity", "doors", "night"),
    Technology.GPS_ALARM: ("geofence",),
    Technology.SUPERVISION: ("supervision",),
    Technology.LOCK: ("lock",),
}
"""The parts of a plan that a pause of one technology takes away."""

AWAY = ("medicine", "inactivity", "night", "geofence", "supervision", "conditions")
"""The parts that a pause of everything takes away: an empty home's doors are watched all the same."""

LIFE_CRITICAL = frozenset({"medicine", "inactivity", "night", "geofence"})
"""Parts without which nobody may notice that a person needs help: to pause them needs a reason."""


def parts_of(technologies: Collection[Technology]) -> tuple[str, ...]:
    """What a pause of these technologies takes away; of none named, of everything."""
    if not technologies:
        return AWAY
    return tuple(dict.fromkeys(part for technology in technologies for part in PARTS.get(technology, ())))


def is_life_critical(technologies: Collection[Technology]) -> bool:
    return not LIFE_CRITICAL.isdisjoint(parts_of(technologies))


def changed(pauses: tuple[Pause, ...], change: PauseChanged, now: datetime) -> tuple[Pause, ...]:
    """With the pause as it is now; one that is over is forgotten."""
    others = tuple(pause for pause in pauses if pause.id != change.pause)
    if change.end <= now:
        return others
    return (*others, Pause(change.pause, change.start, change.end, tuple(change.technologies)))


def standing(pauses: tuple[Pause, ...], now: datetime) -> tuple[Pause, ...]:
    """Those that are not over."""
    return tuple(pause for pause in pauses if pause.end > now)


def active(pauses: tuple[Pause, ...], now: datetime) -> tuple[Pause, ...]:
    return tuple(pause for pause in pauses if pause.start <= now < pause.end)


def next_change(pauses: tuple[Pause, ...], now: datetime) -> datetime | None:
    """When the next pause begins or ends."""
    return min((time for pause in pauses for time in (pause.start, pause.end) if time > now), default=None)


def without_paused(plan: Plan, pauses: tuple[Pause, ...], now: datetime) -> Plan:
    """`plan` without the parts that are paused at `now`; itself when none is."""
    paused = {part for pause in active(pauses, now) for part in parts_of(pause.technologies)}
    taken = {part: None for part in paused if getattr(plan, part) is not None}
    return replace(plan, **taken) if taken else plan
