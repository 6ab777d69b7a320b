"""Which step of a device's life may follow which."""

from itertools import product
from pathlib import Path

import pytest

from events.devices import LifeCycle
from rules.device_lifecycle import (
    LENDABLE,
    TESTABLE,
    TRANSITIONS,
    after_lending,
    after_return,
    diagram,
    is_allowed,
)

PEOPLE_MAY = {
    "ordered": "in_stock scrapped",
    "in_stock": "installed reconditioning scrapped",
    "installed": "returned scrapped",
    "in_use": "installed returned scrapped",
    "returned": "reconditioning in_stock installed scrapped",
    "reconditioning": "in_stock scrapped",
    "scrapped": "",
}
DOCS = Path(__file__).parents[3] / "docs" / "registry.md"


@pytest.mark.parametrize(("state", "to"), list(product(LifeCycle, LifeCycle)))
def test_every_step(state: LifeCycle, to: LifeCycle) -> None:
    assert is_allowed(state, to) == (to in PEOPLE_MAY[state].split())


def test_only_an_installed_device_comes_into_use() -> None:
    assert [state for state, steps in TRANSITIONS.items() if LifeCycle.IN_USE in steps] == [LifeCycle.INSTALLED]


def test_every_device_can_come_to_its_end() -> None:
    assert [state for state, steps in TRANSITIONS.items() if LifeCycle.SCRAPPED not in steps] == [LifeCycle.SCRAPPED]


def test_lent_it_has_yet_to_prove_itself() -> None:
    lent = {state: after_lending(state) for state in LENDABLE}
    assert set(lent) == {LifeCycle.IN_STOCK, LifeCycle.INSTALLED, LifeCycle.IN_USE, LifeCycle.RETURNED}
    assert set(lent.values()) == {LifeCycle.INSTALLED}
    assert after_lending(LifeCycle.SCRAPPED) is LifeCycle.SCRAPPED


def test_given_back_it_is_returned_if_it_was_out() -> None:
    assert {state for state in LifeCycle if after_return(state) is LifeCycle.RETURNED} == {
        LifeCycle.RETURNED,
        *TESTABLE,
    }
    assert after_return(LifeCycle.SCRAPPED) is LifeCycle.SCRAPPED


def test_the_picture_in_the_docs_is_drawn_from_the_table() -> None:
    shown = DOCS.read_text(encoding="utf-8").split("```mermaid\n")[1].split("```")[0]
    assert shown == diagram(), f"docs/registry.md shall show:\n{diagram()}"
