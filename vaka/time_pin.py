"""Which clock a data directory lives by. A faster one is pinned: another speed would make its time run backwards."""

from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from vaka.clock import Clock, fast_clock, system_clock


class SpeedError(Exception):
    """The data directory lives at another speed; the text says which, and what to do."""


class TimePin(Struct, frozen=True):
    """`epoch` is the true time at which the clock began to run `speed` times as fast."""

    speed: float
    epoch: datetime


def pin(data_dir: Path, speed: float | None) -> TimePin:
    """The data directory's pin, made now when it has none; `speed` None takes whatever it has, or true time."""
    pinned = read_pin(data_dir)
    if pinned is None:
        pinned = TimePin(speed or 1.0, system_clock())
        (data_dir / "clock.json").write_bytes(msgspec.json.encode(pinned))
    if speed is not None and speed != pinned.speed:
        raise SpeedError(
            f"--speed {speed:g}: {data_dir} has lived at speed {pinned.speed:g} since {pinned.epoch:%Y-%m-%d %H:%M}; "
            f"keep that speed, or choose another --data-dir"
        )
    return pinned


def read_pin(data_dir: Path) -> TimePin | None:
    try:
        return msgspec.json.decode((data_dir / "clock.json").read_bytes(), type=TimePin)
    except FileNotFoundError:
        return None


def clock_of(pinned: TimePin | None) -> Clock:
    if pinned is None or pinned.speed == 1.0:
        return system_clock
    return fast_clock(pinned.epoch, pinned.speed)
