"""`python -m benchmarks`, which is `make bench`: measures, and prints a table for each benchmark."""

import argparse
import os
import platform
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from benchmarks import (
    adapters,
    backtest,
    deadlines,
    end_to_end,
    escalator,
    footprint,
    inactivity,
    latency,
    rules,
    storm,
)
from benchmarks.progress import say
from benchmarks.table import Table


class Benchmark(NamedTuple):
    """Measured in full and, to see that it works, at a small size whose figures mean nothing."""

    full: Callable[[], list[Table]]
    quick: Callable[[], list[Table]]


BENCHMARKS = {
    "rules": Benchmark(lambda: rules.run(rules.Size()), lambda: rules.run(rules.QUICK)),
    "adapters": Benchmark(lambda: adapters.run(adapters.Size()), lambda: adapters.run(adapters.QUICK)),
    "backtest": Benchmark(lambda: backtest.run(backtest.Size()), lambda: backtest.run(backtest.QUICK)),
    "deadlines": Benchmark(lambda: deadlines.run(deadlines.Size()), lambda: deadlines.run(deadlines.QUICK)),
    "escalator": Benchmark(lambda: escalator.run(escalator.Size()), lambda: escalator.run(escalator.QUICK)),
    "inactivity": Benchmark(lambda: inactivity.run(inactivity.Size()), lambda: inactivity.run(inactivity.QUICK)),
    "end_to_end": Benchmark(lambda: end_to_end.run(end_to_end.Size()), lambda: end_to_end.run(end_to_end.QUICK)),
    "latency": Benchmark(lambda: latency.run(latency.Size()), lambda: latency.run(latency.QUICK)),
    "storm": Benchmark(lambda: storm.run(storm.Size()), lambda: storm.run(storm.QUICK)),
    "footprint": Benchmark(lambda: footprint.run(footprint.Size()), lambda: footprint.run(footprint.QUICK)),
}


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    machine = _machine()
    results = {name: _measure(name, quick=options.quick) for name in options.only or BENCHMARKS}
    if options.format == "json":
        tables = {name: [table.as_data() for table in tables] for name, tables in results.items()}
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode({"machine": machine, **tables})) + b"\n")
    else:
        print("\n\n".join([machine, *(table.as_text() for tables in results.values() for table in tables)]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures Vaka on this machine.")
    parser.add_argument("--only", action="append", choices=BENCHMARKS, help="this one; can be given several times")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that all works; figures mean nothing")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser


def _measure(name: str, *, quick: bool) -> list[Table]:
    say(f"measuring {name} ...")
    benchmark = BENCHMARKS[name]
    return benchmark.quick() if quick else benchmark.full()


def _machine() -> str:
    load = ", ".join(f"{number:.2f}" for number in os.getloadavg())
    return (
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores; "
        f"load before it began: {load}."
    )


if __name__ == "__main__":
    main()
