"""How many events one core can judge: the rules alone, over the day of a large municipality, deadlines included."""

import gc
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean, median

from benchmarks.day import EVENTS_A_DAY, Day
from benchmarks.progress import say
from benchmarks.table import Table
from events.ids import DeviceId
from events.log import Entry
from rules.decisions import AnyDecision
from rules.fleet import Fleet
from rules.partition import Partition
from rules.state import encode_state

TARGET_RATE = 150_000
TARGET_BYTES = 1024

BATCH = 500
"""Entries between two commits, as in the engine under load."""

PART = timedelta(minutes=30)


@dataclass(frozen=True)
class Size:
    residents: int = 20_000
    hours: int = 12
    repetitions: int = 3


QUICK = Size(residents=2_000, hours=6, repetitions=1)


@dataclass(frozen=True)
class Judged:
    """One run over the day, in seconds of process time. `rates`: of its parts; `sizes`: of states, in bytes."""

    events: int
    decisions: int
    seconds: float
    rates: list[float]
    sizes: list[int]


class _Deaf(Fleet):
    """Devices have no states of their own."""

    def tell(self, entry: Entry, device: DeviceId, *, holding: bool) -> list[AnyDecision]:
        return []


def run(size: Size) -> list[Table]:
    alone, whole = [], []
    for number in range(size.repetitions):
        # They take turns, so that both meet the same machine.
        alone.append(_judge_day(size, devices=False))
        whole.append(_judge_day(size, devices=True))
        rates = f"{_rate(alone[-1]):,.0f} events/s, with devices {_rate(whole[-1]):,.0f}"
        say(f"rules, day {number + 1} of {size.repetitions}: {rates}")
    titles = ("Rules alone: residents", "Rules: residents, and devices with states of their own")
    tables = [_speed_table(title, runs, size) for title, runs in zip(titles, (alone, whole), strict=True)]
    return [*tables, _size_table(alone[0])]


def _judge_day(size: Size, *, devices: bool) -> Judged:
    partition = Partition()
    if not devices:
        partition.fleet = _Deaf(lambda old, new: None)
    events = decisions = 0
    seconds, rates = 0.0, []
    for entries in _parts_of_day(size, partition):
        took, made = _judge(partition, entries)
        events, decisions, seconds = events + len(entries), decisions + made, seconds + took
        rates.append(len(entries) / took)
    sizes = [len(encode_state(state)) for state in partition.states.values()]
    return Judged(events, decisions, seconds, rates, sizes)


def _parts_of_day(size: Size, partition: Partition) -> Iterator[list[Entry]]:
    """Prepares devices and plans, then each part of the day while the clock stands still."""
    day = Day(size.residents)
    for change in (*day.devices(), *day.plans()):
        partition.apply(change)
    partition.commit()
    for number in range(timedelta(hours=size.hours) // PART):
        entries = day.entries(number * PART, PART)
        gc.collect()
        gc.freeze()
        yield entries
        gc.unfreeze()


def _judge(partition: Partition, entries: list[Entry]) -> tuple[float, int]:
    """Seconds and decisions."""
    made = 0
    started = time.process_time()
    for first in range(0, len(entries), BATCH):
        batch = entries[first : first + BATCH]
        for entry in batch:
            made += len(partition.apply(entry))
        made += len(partition.fire(batch[-1].received_at))
        partition.commit()
    return time.process_time() - started, made


def _rate(judged: Judged) -> float:
    return judged.events / judged.seconds


def _speed_table(title: str, runs: list[Judged], size: Size) -> Table:
    best = max(runs, key=_rate)
    rates = [_rate(judged) for judged in runs]
    rows = [
        ("all of it, best run", _rate(best), 1e6 / _rate(best), _rate(best) / TARGET_RATE),
        ("all of it, median run", median(rates), 1e6 / median(rates), median(rates) / TARGET_RATE),
        ("all of it, worst run", min(rates), 1e6 / min(rates), min(rates) / TARGET_RATE),
        *(
            (f"{name} half hour of the best run", rate, 1e6 / rate, rate / TARGET_RATE)
            for name, rate in (("best", max(best.rates)), ("median", median(best.rates)), ("worst", min(best.rates)))
        ),
    ]
    notes = [
        f"{size.residents:,} residents, {EVENTS_A_DAY} events a resident and day, {size.hours} h from 06:00, "
        f"{BATCH} events a commit; {best.events:,} events and {best.decisions:,} decisions in each run.",
        "Everybody has three dose windows, an inactivity limit, quiet hours, and eight devices behind a hub. The worst "
        "half hours are those in which thousands of dose windows begin and end.",
        f"Process time of one core. Target: {TARGET_RATE:,} events/s.",
    ]
    return Table(title, ("what", "events/s", "CPU µs/event", "of the target"), rows, notes)


def _size_table(judged: Judged) -> Table:
    rows = [("largest", max(judged.sizes)), ("mean", fmean(judged.sizes))]
    notes = [f"At the end of it, as snapshots keep it, the plan included. Target: at most {TARGET_BYTES:,} bytes."]
    return Table("Serialised state of one resident", ("what", "bytes"), rows, notes)
