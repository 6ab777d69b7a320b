"""The clocks: what `now` is for rules and people. Real time, real time sped up, or set by hand in tests."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Gives an aware UTC time."""


def system_clock() -> datetime:
    return datetime.now(UTC)


def fast_clock(epoch: datetime, speed: float) -> Clock:
    """A clock that showed the true time at `epoch` and has run `speed` times as fast since."""
    start = epoch.timestamp()

    def now() -> datetime:
        return epoch + timedelta(seconds=(time.time() - start) * speed)

    return now


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def __call__(self) -> datetime:
        return self.time

    def advance(self, step: timedelta) -> datetime:
        self.time += step
        return self.time
