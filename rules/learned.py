"""How long a quiet may last for this resident, learned from the quiets before it.

Those that are like this one (begun at about this time of day, after a sign of life from the same place, on the same
kind of day) are counted by likeness, and the line lies where a little more than the longest of a month would be: on two
sides, how long they lasted and at which time of day they ended, of which the earlier holds. So somebody who goes to bed
late is expected up at the usual time, and somebody who goes out early is not expected home when others are in bed.
A margin comes on top, which every false alarm widens and every day narrows a little.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import exp, sqrt
from struct import iter_unpack

from rules.localtime import DAY_MINUTES, instant
from rules.plan import LearnedInactivity, Sensitivity
from rules.profile import (
    KEPT,
    KEPT_DAYS,
    LENGTHS,
    PART_MINUTES,
    PARTS,
    Begun,
    Profile,
    begun,
    days_in,
    has_days,
    kept,
    place,
)

# How alike two quiets are: 1 is the same. Chosen on the homes of benchmarks/inactivity.py, where a third more or less
# of one of them changes the mean time to an alarm by a few hundredths: docs/decisions/0008-learned-inactivity.md.
SAME_PLACE, OTHER_PLACE = 0.35, 0.1
OTHER_KIND_OF_DAY = 0.75
SPREAD_MINUTES = 60
NEAR_PARTS = round(180 / PART_MINUTES)
_LATER = tuple((parts + PARTS // 2) % PARTS - PARTS // 2 for parts in range(PARTS))
"""By how many parts one beginning is later than another, the shorter way round the clock."""

_BY_TIME = tuple(exp(-((parts * PART_MINUTES / SPREAD_MINUTES) ** 2) / 2) for parts in range(PARTS))

PER_DAYS = 30
"""The line lies where one quiet in so many days would be longer."""

LONG_MINUTES = 120
"""Where quiets usually last longer, such as at night, waiting costs more, and a false alarm is accepted sooner."""

FEW_DAYS, FEW_WEIGHT = 7, 0.3
"""A line from less than this is drawn as if it were as much; the weight is that of quiets of an hour."""

MINUTE = timedelta(minutes=1)
SHORTEST_MINUTES = KEPT / MINUTE

MARGIN_MINUTES = 180
STARTING_MARGIN: dict[Sensitivity, float] = {"low": 0.25, "normal": 0.15, "high": 0.1}
ACCEPTED: dict[Sensitivity, float] = {"low": 0.03, "normal": 0.06, "high": 0.12}
"""False alarms a day that the margin makes for. Some days have two, so it makes for less than what is promised."""

FALSE_ALARM = 2_200
"""What one adds to the margin, in 100,000ths; days without take it off again at the rate that is accepted."""

LEAST_MARGIN, WIDEST_MARGIN = 0.06, 150_000
"""The least is some twenty minutes of a night: nobody rises to the minute, and quiets are not kept to the minute."""

OVER = 1.25
"""So far over the line a quiet is believed to be normal: an emergency or an outage must not teach more than that."""

Weighted = list[tuple[float, float]]


def is_ready(profile: Profile, plan: LearnedInactivity) -> bool:
    return has_days(profile.quiets, plan.minimum_days)


def deadline(profile: Profile, plan: LearnedInactivity, since: datetime, source: int, zone: str) -> datetime:
    """When quiet since `since` is too long, within floor and ceiling; by the clock on the wall, as habits are."""
    began = begun(since, source, zone)
    usually = usual(profile.quiets, began)
    due = instant(date.fromordinal(began.day), began.minute + int(usually + _margin(usually, profile, plan)), zone)
    floor, ceiling = timedelta(minutes=plan.floor_minutes), timedelta(minutes=plan.ceiling_minutes)
    return max(since + floor, min(due, since + ceiling))


def learned(
    profile: Profile,
    plan: LearnedInactivity,
    since: datetime,
    until: datetime,
    source: int,
    zone: str,
    raised_at: datetime | None = None,
) -> Profile:
    """`profile` after a quiet that has ended; `raised_at`: when it raised an alarm, if it did."""
    began, ended, margin = begun(since, source, zone), begun(until, source, zone), profile.margin
    lasted: float = (ended.day - began.day) * DAY_MINUTES + ended.minute - began.minute
    if is_ready(profile, plan):
        if began.day > profile.day:
            margin -= round(FALSE_ALARM * ACCEPTED[plan.sensitivity])
        if raised_at is not None:
            margin += FALSE_ALARM
            lasted = min(lasted, (raised_at - since) / MINUTE * OVER)
    margin = max(round(100_000 * (LEAST_MARGIN - STARTING_MARGIN[plan.sensitivity])), min(margin, WIDEST_MARGIN))
    known = profile.quiets if began.day - profile.day <= KEPT_DAYS else b""
    return Profile(kept(known, began, min(lasted, plan.ceiling_minutes)), margin, max(began.day, profile.day))


def usual(quiets: bytes, began: Begun) -> float:
    """Minutes that quiets like this one last at most, or until the time by which they have ended if that is less."""
    lengths: Weighted = []
    endings: Weighted = []
    for minutes, later, alike in _alike(quiets, began):
        if later >= -NEAR_PARTS:
            lengths.append((minutes, alike * _BY_TIME[abs(later)]))
        endings.append((minutes + later * PART_MINUTES, alike * _BY_TIME[max(later, 0)]))
    rare = max(FEW_DAYS, days_in(quiets)) / PER_DAYS * _worth(lengths)
    return min(_reached(lengths, rare), _reached(endings, rare))


def _alike(quiets: bytes, began: Begun) -> Iterator[tuple[float, int, float]]:
    """Each quiet that tells something: its minutes, by how many parts of the day it began later, how alike it is."""
    source, here, now, is_other_kind = began.source, place(began.source), began.part, _days_of_other_kind(began.day)
    for day, part, length, other in iter_unpack("4B", quiets):
        later = _LATER[part - now]
        if later > NEAR_PARTS:
            continue
        minutes = LENGTHS[length]
        if later < -NEAR_PARTS and minutes + later * PART_MINUTES <= SHORTEST_MINUTES:
            continue
        alike = 1.0 if other == source else SAME_PLACE if other >> 6 == here else OTHER_PLACE
        yield minutes, later, alike * OTHER_KIND_OF_DAY if is_other_kind[day] else alike


@lru_cache(maxsize=16)
def _days_of_other_kind(today: int) -> tuple[bool, ...]:
    """By a day's ordinal modulo 256, of the days until `today`: whether only one of the two is at a weekend."""
    days = (today - (today - day) % 256 for day in range(256))
    return tuple(_is_weekend(day) is not _is_weekend(today) for day in days)


def _is_weekend(day: int) -> bool:
    return day % 7 in (6, 0)


def _worth(lengths: Weighted) -> float:
    """How many quiets over the line are worth it, against a home whose quiets last LONG_MINUTES."""
    weight, total = FEW_WEIGHT, FEW_WEIGHT * SHORTEST_MINUTES
    for minutes, alike in lengths:
        weight += alike
        total += minutes * alike
    return sqrt(total / weight / LONG_MINUTES)


def _reached(quiets: Weighted, rare: float) -> float:
    """The minutes that quiets of the weight `rare` exceed, between two of them in proportion."""
    quiets.sort(reverse=True)
    longer = quiets[0][0] if quiets else SHORTEST_MINUTES
    for minutes, weight in quiets:
        if weight >= rare:
            return max(longer + (minutes - longer) * rare / weight, SHORTEST_MINUTES)
        rare -= weight
        longer = minutes
    return SHORTEST_MINUTES


def _margin(minutes: float, profile: Profile, plan: LearnedInactivity) -> float:
    """Minutes on top. It grows with the root of the length: the end of a night is known better than that is long.

    The longest quiet of the first days is not yet the longest of a month: the fewer are known, the wider it begins.
    """
    start = STARTING_MARGIN[plan.sensitivity] * max(1.0, PER_DAYS / max(days_in(profile.quiets), 1))
    return (start + profile.margin / 100_000) * sqrt(minutes * MARGIN_MINUTES)
