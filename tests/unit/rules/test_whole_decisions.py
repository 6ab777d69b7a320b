"""Every decision, whole: its id, whose it is, when, why, and all that it says to those who must act on it.

An id never changes: the replay of a log that an older version wrote must find the alarms that were raised then.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rules.decisions import AnyDecision
from tests.support.home import Home

STORIES = Path(__file__).with_name("whole_decisions.txt").read_text(encoding="utf-8").split("\n\n")
"""A title, a plan if there is one, and what happens, each line with the decisions that it leads to below it."""


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.splitlines()[0].removeprefix("# "))
def test_whole_decisions(story: str) -> None:
    _, *lines = story.splitlines()
    plan = json.loads(lines.pop(0)) if lines[0].startswith("{") else None
    home, told = Home(plan), []
    for line in lines:
        if not line.startswith(" "):
            told.append(line)
            known = len(home.decisions)
            home.play(line)
            told += [f"    {json.dumps(_whole(home, decision))}" for decision in home.decisions[known:]]
    assert told == lines


def _whole(home: Home, decision: AnyDecision) -> dict[str, Any]:
    """`decision` as plain data, its times as lines write them; without the rule's version, which rises by itself."""
    data: dict[str, Any] = _plain(home, msgspec.to_builtins(decision))
    data["detail"].pop("rule_version", None)
    return data


def _plain(home: Home, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(home, part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(home, part) for part in value]
    return home.clock(datetime.fromisoformat(value)) if isinstance(value, str) and "T" in value else value
