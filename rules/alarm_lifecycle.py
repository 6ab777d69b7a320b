"""The states of an alarm and what may be done in each: one table, and the picture that is drawn from it.

How far an alarm has escalated is a number on it, not a state.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    AT_PERSON = "at_person"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """All but `withdraw` are done by people; that one is the rules' own, when later data shows that nothing was."""

    ACCEPT = "accept"
    DECLINE = "decline"
    TAKE_OVER = "take_over"
    JOIN = "join"
    AT_PERSON = "at_person"
    FORWARD = "forward"
    NOTE = "note"
    RESOLVE = "resolve"
    WITHDRAW = "withdraw"


PEOPLES_ACTIONS = frozenset(Action) - {Action.WITHDRAW}

TRANSITIONS: dict[State, dict[Action, State]] = {
    State.OPEN: {
        Action.ACCEPT: State.ACCEPTED,
        Action.DECLINE: State.OPEN,
        Action.AT_PERSON: State.AT_PERSON,
        Action.FORWARD: State.OPEN,
        Action.NOTE: State.OPEN,
        Action.RESOLVE: State.RESOLVED,
        Action.WITHDRAW: State.WITHDRAWN,
    },
    State.ACCEPTED: {
        Action.DECLINE: State.ACCEPTED,
        Action.TAKE_OVER: State.ACCEPTED,
        Action.JOIN: State.ACCEPTED,
        Action.AT_PERSON: State.AT_PERSON,
        Action.FORWARD: State.OPEN,
        Action.NOTE: State.ACCEPTED,
        Action.RESOLVE: State.RESOLVED,
        Action.WITHDRAW: State.WITHDRAWN,
    },
    State.AT_PERSON: {
        Action.JOIN: State.AT_PERSON,
        Action.FORWARD: State.OPEN,
        Action.NOTE: State.AT_PERSON,
        Action.RESOLVE: State.RESOLVED,
        Action.WITHDRAW: State.WITHDRAWN,
    },
    State.RESOLVED: {Action.NOTE: State.RESOLVED},
    State.WITHDRAWN: {Action.NOTE: State.WITHDRAWN},
}

DONE: dict[Action, str] = {
    Action.ACCEPT: "accepted",
    Action.DECLINE: "declined",
    Action.TAKE_OVER: "taken_over",
    Action.JOIN: "joined",
    Action.AT_PERSON: "at_person",
    Action.FORWARD: "forwarded",
    Action.NOTE: "noted",
    Action.RESOLVE: "resolved",
    Action.WITHDRAW: "withdrawn",
}
"""What the journal calls each action."""

UNRESOLVED = frozenset(state for state, actions in TRANSITIONS.items() if Action.RESOLVE in actions)


class Hands(NamedTuple):
    """In whose hands an alarm is, by their ids: who accepted it, who has joined them, who has declined it."""

    accepted_by: str | None = None
    helpers: Collection[str] = ()
    declined: Collection[str] = ()


def next_state(state: State, action: Action) -> State | None:
    """The state after `action`, or None when it is not allowed in `state`."""
    return TRANSITIONS[state].get(action)


def may_do(action: Action, actor: str, hands: Hands) -> bool:
    """Whether it makes a difference if this person does it: nobody takes over from, or joins, themselves."""
    match action:
        case Action.TAKE_OVER:
            return actor != hands.accepted_by
        case Action.JOIN:
            return actor != hands.accepted_by and actor not in hands.helpers
        case Action.DECLINE:
            return actor != hands.accepted_by and actor not in hands.declined
    return True


def diagram() -> str:
    """TRANSITIONS as a Mermaid state diagram; `docs/alarms.md` shows it."""
    arrows = [
        f"{state} --> {after}: {', '.join(a for a, to in actions.items() if to is after)}"
        for state, actions in TRANSITIONS.items()
        for after in dict.fromkeys(actions.values())
    ]
    ends = [f"{state} --> [*]" for state in TRANSITIONS if state not in UNRESOLVED]
    return "\n    ".join(["stateDiagram-v2", f"[*] --> {State.OPEN}", *arrows, *ends]) + "\n"
