"""A device's own clock: how far it is off by what the device says, and when things really happened.

Transmission only makes a message look older than it is, so of several messages the one that came soonest tells most.
What was kept back and sent later comes with all kinds of ages; a clock that is off is off by the same each time. So a
clock is measured by what agrees, and anything that came sooner disproves what was measured.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from msgspec import Struct

UNNOTICED = timedelta(seconds=30)
"""A slow radio network takes some seconds, and no rule counts in less than a minute: so much changes nothing."""

STEADY = timedelta(minutes=1)
"""Samples of one clock agree to within this; the ages of what was kept back do not."""

WRONG = timedelta(minutes=5)
"""If nothing comes sooner than this, and no two samples agree, the clock cannot be relied on."""

UNSET = datetime(2025, 1, 1, tzinfo=UTC)
"""Nothing that a device tells of is older than Vaka: a clock without power begins in 1970, or when it was made."""

SAMPLES, ENOUGH = 5, 3
SPACING = timedelta(hours=3)
"""What a device kept back and sends in one go is late, not a wrong clock: so much of it counts as one sample."""

SENT_BEFORE = timedelta(milliseconds=1)
"""What is corrected happened at least so long before it was received: so its times alone tell that it was."""


class TimeSource(StrEnum):
    """Where the time comes from at which something happened: the device (or its network), or see `judged`."""

    DEVICE = "device"
    CORRECTED = "corrected"
    RECEIVED = "received"


class Clock(Struct, frozen=True, array_like=True, gc=False):
    """How many seconds ago some of the device's messages were by its own clock; the last one is the newest."""

    samples: tuple[float, ...] = ()
    next_at: datetime | None = None

    @property
    def behind(self) -> timedelta | None:
        """How far behind ours it is (negative: ahead); None before there is enough to tell."""
        return timedelta(seconds=min(self.samples)) if len(self.samples) >= ENOUGH else None

    @property
    def is_steady(self) -> bool:
        """Whether enough samples agree with the one that came soonest, and the newest is among them."""
        soonest = min(self.samples, default=0)
        agree = [sample - soonest <= STEADY.total_seconds() for sample in self.samples]
        return sum(agree) >= ENOUGH and agree[-1]

    @property
    def is_doubtful(self) -> bool:
        """Whether the newest sample is old, so that whatever comes sooner shows that it was only late."""
        return bool(self.samples) and self.samples[-1] > UNNOTICED.total_seconds()


def sampled(clock: Clock, at: datetime, received: datetime) -> Clock:
    """After a message of which the device said that it is from `at`, if there is no sample of late.

    One that comes with its time right shows that a clock which was off has been set.
    """
    if clock.next_at is not None and received < clock.next_at:
        return clock
    age = _seconds(received - at)
    is_set = abs(age) <= UNNOTICED.total_seconds() and clock.behind is not None and abs(clock.behind) > UNNOTICED
    earlier = () if is_set else clock.samples[1 - SAMPLES :]
    return Clock((*earlier, age), received + SPACING)


def disproved(clock: Clock, at: datetime, received: datetime) -> Clock:
    """After any message while the newest sample is doubtful: the one that came soonest takes its place."""
    if not clock.is_doubtful:
        return clock
    age = _seconds(received - at)
    return Clock((*clock.samples[:-1], age), clock.next_at) if age < clock.samples[-1] else clock


def judged(clock: Clock, at: datetime, received: datetime) -> datetime:
    """When it happened, of which a device with this clock says that it was `at`.

    Corrected by what is measured, if that agrees; the time of receiving, if the clock is off and nothing agrees.
    """
    age = received - at
    if abs(age) <= UNNOTICED:
        return at
    clock = disproved(clock, at, received)
    behind = clock.behind
    if behind is not None and abs(behind) > UNNOTICED and clock.is_steady:
        age -= behind
        is_possible = -UNNOTICED <= age <= received - UNSET
        return received - max(age, SENT_BEFORE) if is_possible else received
    is_wandering = behind is not None and not -UNNOTICED <= behind <= WRONG
    return received if age < -UNNOTICED or at < UNSET or is_wandering else at


def source(at: datetime, occurred: datetime, received: datetime) -> TimeSource:
    """What `judged` made of `at`."""
    if occurred == at:
        return TimeSource.DEVICE
    return TimeSource.RECEIVED if occurred == received else TimeSource.CORRECTED


def _seconds(age: timedelta) -> float:
    return round(age.total_seconds(), 1)
