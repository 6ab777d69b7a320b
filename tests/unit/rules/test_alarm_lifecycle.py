"""What may be done with an alarm in each of its states."""

from itertools import product
from pathlib import Path

import pytest

from rules.alarm_lifecycle import (
    DONE,
    PEOPLES_ACTIONS,
    UNRESOLVED,
    Action,
    Hands,
    State,
    diagram,
    may_do,
    next_state,
)

ALLOWED = {
    ("open", "accept"): "accepted",
    ("open", "decline"): "open",
    ("open", "at_person"): "at_person",
    ("open", "forward"): "open",
    ("open", "note"): "open",
    ("open", "resolve"): "resolved",
    ("open", "withdraw"): "withdrawn",
    ("accepted", "decline"): "accepted",
    ("accepted", "take_over"): "accepted",
    ("accepted", "join"): "accepted",
    ("accepted", "at_person"): "at_person",
    ("accepted", "forward"): "open",
    ("accepted", "note"): "accepted",
    ("accepted", "resolve"): "resolved",
    ("accepted", "withdraw"): "withdrawn",
    ("at_person", "join"): "at_person",
    ("at_person", "forward"): "open",
    ("at_person", "note"): "at_person",
    ("at_person", "resolve"): "resolved",
    ("at_person", "withdraw"): "withdrawn",
    ("resolved", "note"): "resolved",
    ("withdrawn", "note"): "withdrawn",
}
DOCS = Path(__file__).parents[3] / "docs" / "alarms.md"


@pytest.mark.parametrize(("state", "action"), list(product(State, Action)))
def test_every_state_and_action(state: State, action: Action) -> None:
    assert next_state(state, action) == ALLOWED.get((state, action))


def test_unresolved_states_are_those_that_can_be_resolved() -> None:
    assert {"open", "accepted", "at_person"} == UNRESOLVED


def test_only_rules_withdraw() -> None:
    assert set(Action) - PEOPLES_ACTIONS == {Action.WITHDRAW}


def test_the_journal_has_a_word_for_every_action() -> None:
    assert set(DONE) == set(Action)


@pytest.mark.parametrize(
    ("action", "who"),
    [
        (Action.TAKE_OVER, {"bo", "cecil", "dag"}),
        (Action.JOIN, {"cecil", "dag"}),
        (Action.DECLINE, {"bo", "dag"}),
        (Action.NOTE, {"astrid", "bo", "cecil", "dag"}),
        (Action.AT_PERSON, {"astrid", "bo", "cecil", "dag"}),
    ],
)
def test_who_may_do_it(action: Action, who: set[str]) -> None:
    hands = Hands("astrid", helpers=("bo",), declined=("cecil",))
    assert {actor for actor in ("astrid", "bo", "cecil", "dag") if may_do(action, actor, hands)} == who


def test_the_picture_in_the_docs_is_drawn_from_the_table() -> None:
    shown = DOCS.read_text(encoding="utf-8").split("```mermaid\n")[1].split("```")[0]
    assert shown == diagram(), f"docs/alarms.md shall show:\n{diagram()}"
