"""What a device says about itself: heartbeats, and once a day its battery and its signal."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from events import messages as m
from simulators.diary import Diary
from simulators.municipality import Device


def health(device: Device, diary: Diary, seed: int, random: Random) -> Iterator[m.Message]:
    """Heartbeats at the product's interval, from a moment of the day that is the device's own."""
    own = Random(f"{seed} device {device.id}")
    beat = diary.day.start + device.product.heartbeat * own.random()
    daily = diary.day.start + timedelta(hours=20 * own.random())
    usual_rssi = own.uniform(-85, -55)
    while beat < diary.day.end:
        yield m.Heartbeat(at=beat)
        beat += device.product.heartbeat
    yield m.Signal(at=daily, rssi_dbm=round(usual_rssi + random.gauss(0, 3)))
    if device.product.battery_days is not None:
        yield m.Battery(at=daily, percent=_percent(device.product.battery_days, diary, own.random()))


def _percent(battery_days: int, diary: Diary, phase: float) -> float:
    """Falls evenly from 100 to a few percent, then somebody has changed or charged the battery."""
    used = (diary.local_day.toordinal() / battery_days + phase) % 1
    return round(100 - 97 * used, 1)
