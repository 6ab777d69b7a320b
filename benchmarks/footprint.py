"""What an idle Vaka costs: memory of its Python processes, and seconds until it is ready again."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil

from benchmarks.progress import say
from benchmarks.servers import brokers, folder
from benchmarks.table import Cell, Table
from benchmarks.up import running_up

TARGET_MB = 250
TARGET_SECONDS = 5
MB = 1_000_000


@dataclass(frozen=True)
class Size:
    starts: int = 3
    idle_seconds: float = 3.0


QUICK = Size(starts=1, idle_seconds=0.0)


class Cost(NamedTuple):
    """Megabytes of the Python processes: `rss` counts a page that they share for each of them, `pss` once."""

    ready_seconds: float
    processes: int
    rss: float
    pss: float


def run(size: Size) -> list[Table]:
    rows = [asyncio.run(_measure(broker, size)) for broker in brokers()]
    columns = ("broker", "first start, s", "later starts, s", "slowest, s", "Python processes", "RSS, MB", "PSS, MB")
    notes = [
        f"`vaka up` with nothing to do, {size.idle_seconds:.0f} s after it was ready; medians of {size.starts} later "
        "starts on the same data directory. Ready: `/readyz` is 200.",
        f"Targets: {TARGET_MB} MB resident (RSS) over all Python processes, {TARGET_SECONDS} s.",
    ]
    return [Table("Footprint", columns, rows, notes)]


async def _measure(broker: str, size: Size) -> Sequence[Cell]:
    with folder() as data_dir:
        costs = [await _start(data_dir, broker, size.idle_seconds) for _ in range(size.starts + 1)]
    first, *later = costs
    say(f"footprint, {broker}: {', '.join(f'{cost.ready_seconds:.2f} s {cost.rss:.0f} MB' for cost in costs)}")
    ready = [cost.ready_seconds for cost in later]
    memory = [median(values) for values in zip(*(cost[2:] for cost in later), strict=True)]
    return (broker, first.ready_seconds, median(ready), max(ready), first.processes, *memory)


async def _start(data_dir: Path, broker: str, idle_seconds: float) -> Cost:
    async with running_up(data_dir, broker) as up:
        await asyncio.sleep(idle_seconds)
        pythons = [process for process in (up.process, *up.process.children(recursive=True)) if _is_python(process)]
        memory = [process.memory_full_info() for process in pythons]
        rss, pss = (sum(getattr(part, name, 0) for part in memory) / MB for name in ("rss", "pss"))
        return Cost(up.ready_seconds, len(pythons), rss, pss)


def _is_python(process: psutil.Process) -> bool:
    return Path(process.exe()).resolve() == Path(sys.executable).resolve()
