"""docs/rules.md: its plans can be followed, and its examples happen as they are told."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from events.kinds import ACTIVITY
from rules.decisions import Reason
from rules.plan import read_plan
from tests.support.home import Home

PAGE = (Path(__file__).parents[3] / "docs/rules.md").read_text(encoding="utf-8")
HEALTH_PAGE = (Path(__file__).parents[3] / "docs/health.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(json|text)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
PLANS = [json.loads(block) for language, block in BLOCKS if language == "json"]


def examples() -> Iterator[tuple[dict[str, Any], str]]:
    """Each example, with the plan above it."""
    plan: dict[str, Any] = {}
    for language, block in BLOCKS:
        if language == "json":
            plan = json.loads(block)
        else:
            yield plan, block


@pytest.mark.parametrize("plan", PLANS)
def test_plans_can_be_followed(plan: dict[str, Any]) -> None:
    read_plan(plan)


@pytest.mark.parametrize(("plan", "example"), list(examples()))
def test_examples_happen_as_they_are_told(plan: dict[str, Any], example: str) -> None:
    home, told, happened = Home(plan), [], []
    for line in example.splitlines():
        if line.startswith(" "):
            told.append(line)
        else:
            told.append(line)
            happened += [line, *(f"    {decision}" for decision in home.play(line))]
    assert happened == told


def test_there_are_examples() -> None:
    assert len(PLANS) >= 3
    assert len(list(examples())) >= 7


def test_every_reason_is_told() -> None:
    told = PAGE + HEALTH_PAGE
    assert [reason for reason in Reason if f"`{reason}`" not in told] == []


def test_every_sign_of_life_is_told() -> None:
    told = re.findall(r"Signs of life are ([^.]*)\.", PAGE)[0]
    assert set(re.findall(r"`(\w+)`", told)) == ACTIVITY
