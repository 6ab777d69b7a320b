"""How many events one core can judge: the rules alone, over the day of a large municipality, deadlines included."""

import gc
import time
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import fmean, median

from msgspec.structs import replace

from benchmarks.day import EVENTS_A_DAY, Day
from benchmarks.progress import say
from benchmarks.table import Table
from events.ids import DeviceId, Key
from events.log import Entry
from rules.decisions import AnyDecision
from rules.fleet import Fleet
from rules.partition import Partition
from rules.profile import KEPT_QUIETS, QUIET_BYTES, Profile
from rules.state import ResidentState, encode_state

TARGET_RATE = 150_000
TARGET_BYTES = 1024

BATCH = 500
"""Entries between two commits, as in the engine under load."""

PART = timedelta(minutes=30)


@dataclass(frozen=True)
class Size:
    residents: int = 10_000
    hours: int = 24
    repetitions: int = 3


QUICK = Size(residents=1_000, hours=6, repetitions=1)


@dataclass
class Judged:
    """One run over the day, in seconds of process time. `rates`: of its parts."""

    partition: Partition
    events: int = 0
    decisions: int = 0
    seconds: float = 0.0
    rates: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.events / self.seconds


class _Deaf(Fleet):
    """Devices have no states of their own."""

    def tell(self, entry: Entry, device: DeviceId, *, holding: bool) -> list[AnyDecision]:
        return []


def run(size: Size) -> list[Table]:
    alone, whole = [], []
    for number in range(size.repetitions):
        residents, both = _judge_day(size)
        alone.append(residents)
        whole.append(both)
        rates = f"{residents.rate:,.0f} events/s, with devices {both.rate:,.0f}"
        say(f"rules, day {number + 1} of {size.repetitions}: {rates}")
    sizes = [_size_of(state) for state in alone[-1].partition.states.values()]
    titles = ("Rules alone: residents", "Rules: residents, and devices with states of their own")
    tables = [_speed_table(title, runs, size) for title, runs in zip(titles, (alone, whole), strict=True)]
    return [*tables, _size_table(sizes)]


def _judge_day(size: Size) -> tuple[Judged, Judged]:
    """Residents alone, and with devices: they take turns by half hours, so that both meet the same machine."""
    day = Day(size.residents)
    runs = Judged(Partition()), Judged(Partition())
    runs[0].partition.fleet = _Deaf(lambda old, new: None)
    changes = [*day.devices(), *day.plans()]
    profiles = {key: day.profile() for key in day.keys}
    for judged in runs:
        _settle(judged.partition, changes, profiles)
    for number in range(timedelta(hours=size.hours) // PART):
        entries = day.entries(number * PART, PART)
        for judged in runs:
            _judge(judged, entries)
    return runs


def _settle(partition: Partition, changes: list[Entry], profiles: dict[Key, Profile]) -> None:
    """Everybody has a plan, devices, and habits that are known."""
    for change in changes:
        partition.apply(change)
    for key, profile in profiles.items():
        state = partition.states[key]
        partition.states[key] = replace(state, inactivity=replace(state.inactivity, profile=profile))
    partition.commit()


def _judge(judged: Judged, entries: list[Entry]) -> None:
    """Judges a part of the day, while the clock stands still for what the benchmark itself does."""
    partition = judged.partition
    gc.collect()
    gc.freeze()
    started = time.process_time()
    for first in range(0, len(entries), BATCH):
        batch = entries[first : first + BATCH]
        for entry in batch:
            judged.decisions += len(partition.apply(entry))
        judged.decisions += len(partition.fire(batch[-1].received_at))
        partition.commit()
    took = time.process_time() - started
    gc.unfreeze()
    judged.events += len(entries)
    judged.seconds += took
    judged.rates.append(len(entries) / took)


def _speed_table(title: str, runs: list[Judged], size: Size) -> Table:
    best = max(runs, key=lambda judged: judged.rate)
    rates = [judged.rate for judged in runs]
    rows = [
        (what, rate, 1e6 / rate, rate / TARGET_RATE)
        for what, rate in (
            ("all of it, best run", best.rate),
            ("all of it, median run", median(rates)),
            ("all of it, worst run", min(rates)),
            ("best half hour of the best run", max(best.rates)),
            ("median half hour of the best run", median(best.rates)),
            ("worst half hour of the best run", min(best.rates)),
        )
    ]
    notes = [
        f"{size.residents:,} residents, {EVENTS_A_DAY} events a resident and day, {size.hours} h from 06:00, "
        f"{BATCH} events a commit; {best.events:,} events and {best.decisions:,} decisions in each run.",
        "Everybody's plan has every part there is (doses, silence learned from sixty days, doors, night, look-ins, "
        "lock, areas, a condition), and everybody has ten devices behind a hub. In the worst half hours thousands of "
        "windows begin and end, or few events come between many deadlines of the night.",
        f"Process time of one core, deadlines included. Target: {TARGET_RATE:,} events/s.",
    ]
    return Table(title, ("what", "events/s", "CPU µs/event", "of the target"), rows, notes)


def _size_of(state: ResidentState) -> int:
    """Bytes in a snapshot, the plan included and what is learned left out, which has a kilobyte of its own."""
    return len(encode_state(replace(state, inactivity=replace(state.inactivity, profile=None))))


def _size_table(sizes: list[int]) -> Table:
    rows = [("largest", max(sizes)), ("mean", fmean(sizes))]
    notes = [
        "At the end of it, as snapshots keep it, the plan included; what is learned has up to "
        f"{KEPT_QUIETS * QUIET_BYTES:,} bytes beside it. Target: at most {TARGET_BYTES:,} bytes."
    ]
    return Table("Serialised state of one resident", ("what", "bytes"), rows, notes)
