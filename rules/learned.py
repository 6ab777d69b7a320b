"""How long a quiet may last for this resident, learned from the quiets before it.

Those that are like this one (begun at about this time of day, after a sign of life from the same place, on the same
kind of day) are counted by likeness, and the line lies where a little more than the longest of a month would be: on two
sides, how long they lasted and at which time of day they ended, of which the earlier holds. So somebody who goes to bed
late is expected up at the usual time, and somebody who goes out early is not expected home when others are in bed.
A margin comes on top, which every false alarm widens and every day narrows a little.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from math import exp, sqrt
from struct import iter_unpack

from rules.localtime import instant
from rules.plan import LearnedInactivity, Sensitivity
from rules.profile import (
    KEPT,
    KEPT_DAYS,
    LENGTHS,
    PART_MINUTES,
    PARTS,
    QUIET_BYTES,
    Begun,
    Profile,
    begun,
    kept,
    place,
)

# How alike two quiets are: 1 is the same. Chosen on the homes of benchmarks/inactivity.py, where half or twice as much
# changes the time to an alarm by a few hundredths.
SAME_PLACE, OTHER_PLACE = 0.35, 0.1
OTHER_KIND_OF_DAY = 0.75
SPREAD_MINUTES = 60
NEAR_MINUTES = 180
_BY_TIME = tuple(exp(-((parts * PART_MINUTES / SPREAD_MINUTES) ** 2) / 2) for parts in range(PARTS))

PER_DAYS = 30
"""The line lies where one quiet in so many days would be longer."""

LONG_MINUTES = 120
"""Where quiets usually last longer, such as at night, waiting costs more, and a false alarm is accepted sooner."""

FEW_DAYS = 7
SHORTEST_MINUTES = KEPT / timedelta(minutes=1)

MARGIN_MINUTES = 180
STARTING_MARGIN: dict[Sensitivity, float] = {"low": 0.25, "normal": 0.15, "high": 0.05}
ACCEPTED: dict[Sensitivity, float] = {"low": 0.035, "normal": 0.07, "high": 0.14}
"""False alarms a day."""

FALSE_ALARM = 2_200
"""What one adds to the margin, in 100,000ths; days without take it off again at the rate that is accepted."""

LOWEST_MARGIN, HIGHEST_MARGIN = -30_000, 150_000

OVER = 1.25
"""So far over the line a quiet is believed to be normal: an emergency or an outage must not teach more than that."""

Weighted = list[tuple[float, float]]


def is_ready(profile: Profile, plan: LearnedInactivity) -> bool:
    return profile.days >= plan.minimum_days


def deadline(profile: Profile, plan: LearnedInactivity, since: datetime, source: int, zone: str) -> datetime:
    """When quiet since `since` is too long: by usual lengths or usual times of ending, within floor and ceiling."""
    began = begun(since, source, zone)
    lasts, ends = (_with_margin(minutes, profile, plan) for minutes in usual(profile.quiets, began))
    ended = instant(date.fromordinal(began.day), began.minute + int(ends), zone)
    due = min(since + timedelta(minutes=int(lasts)), ended, since + timedelta(minutes=plan.ceiling_minutes))
    return max(due, since + timedelta(minutes=plan.floor_minutes))


def learned(
    profile: Profile, plan: LearnedInactivity, since: datetime, until: datetime, source: int, zone: str
) -> Profile:
    """`profile` after a quiet that has ended."""
    began, minutes, margin = begun(since, source, zone), (until - since) / timedelta(minutes=1), profile.margin
    if is_ready(profile, plan):
        if began.day > profile.day:
            margin -= round(FALSE_ALARM * ACCEPTED[plan.sensitivity])
        line = (deadline(profile, plan, since, source, zone) - since) / timedelta(minutes=1)
        if minutes >= line:
            margin += FALSE_ALARM
            minutes = min(minutes, line * OVER)
    margin = max(LOWEST_MARGIN, min(margin, HIGHEST_MARGIN))
    known = profile.quiets if began.day - profile.day <= KEPT_DAYS else b""
    return Profile(kept(known, began, minutes), margin, max(began.day, profile.day))


def usual(quiets: bytes, began: Begun) -> tuple[float, float]:
    """Minutes from the beginning: as long as such quiets last at most, and until the time by which they have ended."""
    lengths: Weighted = []
    endings: Weighted = []
    for minutes, later, alike in _alike(quiets, began):
        parts = abs(later)
        if parts * PART_MINUTES <= NEAR_MINUTES:
            lengths.append((minutes, alike * _BY_TIME[parts]))
        left = minutes + later * PART_MINUTES
        if left > 0:
            endings.append((left, alike * _BY_TIME[max(later, 0)]))
    rare = max(FEW_DAYS, len(set(quiets[::QUIET_BYTES]))) / PER_DAYS * _worth(lengths)
    return _reached(lengths, rare), _reached(endings, rare)


def _alike(quiets: bytes, began: Begun) -> Iterator[tuple[float, int, float]]:
    """Of each quiet its minutes, how much later it began (in parts of the day), and how alike place and day are."""
    here, now, weekend = place(began.source), began.part, _is_weekend(began.day)
    for day, part, length, source in iter_unpack("4B", quiets):
        alike = 1.0 if source == began.source else SAME_PLACE if place(source) == here else OTHER_PLACE
        if _is_weekend(began.day - (began.day - day) % 256) != weekend:
            alike *= OTHER_KIND_OF_DAY
        yield LENGTHS[length], (part - now + PARTS // 2) % PARTS - PARTS // 2, alike


def _is_weekend(day: int) -> bool:
    return day % 7 in (6, 0)


def _worth(lengths: Weighted) -> float:
    """How many quiets over the line are worth it, against a home whose quiets last LONG_MINUTES."""
    weight = 0.3 + sum(weight for _, weight in lengths)
    mean = (0.3 * SHORTEST_MINUTES + sum(minutes * weight for minutes, weight in lengths)) / weight
    return sqrt(mean / LONG_MINUTES)


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


def _with_margin(minutes: float, profile: Profile, plan: LearnedInactivity) -> float:
    """It grows with the root of the length: the end of a night is known better than its length makes believe."""
    margin = STARTING_MARGIN[plan.sensitivity] + profile.margin / 100_000
    return minutes + margin * sqrt(minutes * MARGIN_MINUTES)
