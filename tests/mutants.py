"""Mutation testing of `rules/`: small faults are put in, one at a time, and a rule's own tests must fail.

`make mutants` does them all, `make mutants RULES="doors night"` some. docs/mutation-testing.md tells what it says.
"""

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORK = ROOT / "build" / "mutants"
MUTMUT = Path(sys.executable).with_name("mutmut").absolute()

COPIED = ("rules", "events", "tests", "docs", "pyproject.toml")
DEVICES = ("device_decisions", "device_facts", "fleet", "health")
TESTS: dict[str, tuple[str, ...]] = {
    "counting": ("counting", "as_needed", "flood", "lock"),
    "device_facts": (*DEVICES, "clock", "news"),
    "device_state": (*DEVICES, "clock", "saved"),
    "device_step": DEVICES,
    "device_summary": ("device_summary",),
    "fleet": (*DEVICES, "partition"),
    "health": DEVICES,
    "inactivity": ("inactivity", "learned", "pauses"),
    "learned": ("learned", "profile"),
    "missed_dose": ("missed_dose", "as_needed"),
    "localtime": ("localtime", "missed_dose", "inactivity", "night"),
    "partition": ("partition", "fleet"),
    "plan": ("plan", "inactivity"),
    "profile": ("profile", "learned"),
    "saved": ("saved",),
    "state": ("state", "saved"),
    "step": ("pauses",),
    "waiting": ("waiting", "doors", "night", "geofence"),
    "windows": ("windows", "missed_dose", "supervision"),
}
"""The tests of a rule, where they are not those of its name alone."""

CONFIG = """
[tool.mutmut]
source_paths = ["rules"]
only_mutate = ["rules/{rule}.py"]
also_copy = ["events", "docs"]
pytest_add_cli_args = ["--noconftest", "--hypothesis-profile=ci", "-p", "no:cacheprovider"]
pytest_add_cli_args_test_selection = {tests}
"""

OUTCOMES = {0: "survived", 5: "untested", 33: "untested", 1: "killed", 3: "killed", None: "unchecked"}
"""What mutmut notes of each mutant; all else are tests that did not come to an end."""


def main(rules: list[str]) -> None:
    total: Counter[str] = Counter()
    print(f"{'rule':18}{'mutants':>8}{'killed':>8}{'hung':>6}{'survived':>10}{'untested':>10}{'score':>8}")
    for rule in rules or sorted(path.stem for path in (ROOT / "rules").glob("[a-z]*.py")):
        found = mutated(rule)
        total += found
        _tell(rule, found)
    _tell("all", total)


def mutated(rule: str) -> Counter[str]:
    """How many mutants of the rule came to which outcome."""
    folder = WORK / rule
    _prepare(folder, rule)
    with (folder / "log.txt").open("w") as log:
        subprocess.run([MUTMUT, "run"], cwd=folder, stdout=log, stderr=subprocess.STDOUT, check=False)
    meta = folder / "mutants" / "rules" / f"{rule}.py.meta"
    exits = json.loads(meta.read_text())["exit_code_by_key"] if meta.exists() else {}
    return Counter(OUTCOMES.get(code, "hung") for code in exits.values())


def _prepare(folder: Path, rule: str) -> None:
    """A copy of what the tests need. It has no caches: a function that is wrapped is not mutated."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    source = folder / "rules" / f"{rule}.py"
    source.write_text(re.sub(r"^@lru_cache\(.*\)\n", "", source.read_text(), flags=re.MULTILINE))
    names = [
        f"tests/unit/rules/test_{name}.py"
        for name in (*TESTS.get(rule, (rule,)), "step", "whole_decisions", "rules_page")
    ]
    tests = [name for name in names if (folder / name).exists()]
    with (folder / "pyproject.toml").open("a") as config:
        config.write(CONFIG.format(rule=rule, tests=json.dumps(tests)))


def _tell(rule: str, found: Counter[str]) -> None:
    mutants, caught = found.total(), found["killed"] + found["hung"]
    score = f"{caught / mutants:.1%}" if mutants else "-"
    columns = [mutants, *(found[name] for name in ("killed", "hung", "survived", "untested"))]
    widths = zip(columns, (8, 8, 6, 10, 10), strict=True)
    print(f"{rule:18}" + "".join(f"{number:>{width}}" for number, width in widths) + f"{score:>8}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
