"""How late alarms of silence are, and what they cost in memory, when very many homes have a deadline running.

Everybody falls silent at another moment, so that all deadlines lie within the next half minute: more than any night
brings. The loop is the engine's: wait for the next deadline, fire what is due, commit. Each size runs in a process of
its own, because memory that was once taken is not given back.
"""

import gc
import heapq
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psutil

from benchmarks.progress import say
from benchmarks.table import Table
from events.codec import decode_message
from events.control import PlanChanged
from events.ids import ResidentId, resident_key
from events.log import Entry
from rules.partition import Partition

TARGET_P99_MS = 1000
TARGET_MB = 2048
LIMIT = timedelta(minutes=60)
FIRST = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""The first deadline, by a clock that begins a second before it when all is prepared."""

TICK_SECONDS = 0.05
"""As the engine looks at time when nothing else happens, or sooner when it knows of a deadline."""


@dataclass(frozen=True)
class Size:
    residents: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    spread_seconds: int = 30


QUICK = Size(residents=(200,), spread_seconds=1)


@dataclass(frozen=True)
class Late:
    """Milliseconds from when a deadline was due until its alarm was decided; memory in MB that this took."""

    alarms: int
    p50: float
    p99: float
    worst: float
    memory: float
    busy: float


def run(size: Size) -> list[Table]:
    rows = []
    for count in size.residents:
        for name, measure in (("rules", _rules), ("heap script", _script)):
            late = _apart(measure, count, size.spread_seconds)
            rows.append((f"{count:,}, {name}", late.alarms, late.p50, late.p99, late.worst, late.memory, late.busy))
            say(f"deadlines, {count:,} residents, {name}: p99 {late.p99:.0f} ms, {late.memory:.0f} MB")
    notes = [
        f"All deadlines lie within {size.spread_seconds} s; each becomes an alarm. Busy: share of one core.",
        "The heap script keeps a due time for each resident and nothing else: the floor.",
        "The rules alone: an alarm is decided, and not yet stored. Memory is what the states and deadlines took.",
        f"Target at every size: p99 at most {TARGET_P99_MS:,} ms, at most {TARGET_MB:,} MB.",
    ]
    columns = ("residents", "alarms", "p50 ms", "p99 ms", "worst ms", "MB", "busy")
    return [Table("Deadlines of silence", columns, rows, notes)]


def _apart(measure: Callable[[int, int], Late], count: int, spread: int) -> Late:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (count, spread))


def _rules(count: int, spread: int) -> Late:
    before = _memory()
    partition = Partition()
    plan = {"inactivity": {"limits": [{"minutes": int(LIMIT.total_seconds() // 60)}]}}
    motion = decode_message("motion", b'{"at":"2026-03-02T05:00:00Z"}')
    for number in range(count):
        key = resident_key(ResidentId(f"resident-{number}"))
        moved = FIRST - LIMIT + timedelta(seconds=spread * number / count)
        change = PlanChanged(resident=ResidentId(key[2:]), version=1, timezone="Europe/Stockholm", plan=plan)
        partition.apply(Entry(2 * number, key, "plan_changed", change, moved, moved))
        partition.apply(Entry(2 * number + 1, key, "motion", motion, moved, moved))
    partition.commit()
    gc.collect()
    gc.freeze()
    memory = _memory() - before

    def fire(now: datetime) -> list[datetime]:
        due = [decision.at for decision in partition.fire(now)]
        partition.commit()
        return due

    return _follow(fire, partition.next_deadline, count, memory)


def _script(count: int, spread: int) -> Late:
    before = _memory()
    heap = [(FIRST + timedelta(seconds=spread * number / count), f"resident-{number}") for number in range(count)]
    gc.collect()
    memory = _memory() - before

    def fire(now: datetime) -> list[datetime]:
        due = []
        while heap and heap[0][0] <= now:
            due.append(heapq.heappop(heap)[0])
        return due

    return _follow(fire, lambda: heap[0][0] if heap else None, count, memory)


def _follow(
    fire: Callable[[datetime], list[datetime]], next_deadline: Callable[[], datetime | None], count: int, memory: float
) -> Late:
    late: list[float] = []
    busy = 0.0
    began: float | None = None
    started = time.perf_counter()

    def now() -> datetime:
        return FIRST + timedelta(seconds=time.perf_counter() - started - 1)

    while len(late) < count:
        deadline = next_deadline()
        assert deadline is not None
        wait = (deadline - now()).total_seconds()
        if wait > 0:
            time.sleep(min(wait, TICK_SECONDS))
            continue
        began = began or time.perf_counter()
        cpu = time.process_time()
        due = fire(now())
        done = now()
        busy += time.process_time() - cpu
        late += [(done - at).total_seconds() * 1000 for at in due]
    assert began is not None
    late.sort()
    share = busy / (time.perf_counter() - began)
    return Late(len(late), late[len(late) // 2], late[int(len(late) * 0.99)], late[-1], memory, share)


def _memory() -> float:
    return psutil.Process().memory_info().rss / 2**20
