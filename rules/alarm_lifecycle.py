"""The states of an alarm and what may be done in each: one table, and the picture that is drawn from it.

How far an alarm has escalated is a number on it, not a state.
"""

from enum import StrEnum


class State(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    AT_PERSON = "at_person"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """All but `withdraw` are done by people; that one is the rules' own, when later data shows that nothing was."""

    ACCEPT = "accept"
    AT_PERSON = "at_person"
    FORWARD = "forward"
    NOTE = "note"
    RESOLVE = "resolve"
    WITHDRAW = "withdraw"


PEOPLES_ACTIONS = frozenset(Action) - {Action.WITHDRAW}

TRANSITIONS: dict[State, dict[Action, State]] = {
    State.OPEN: {
        Action.ACCEPT: State.ACCEPTED,
        Action.AT_PERSON: State.AT_PERSON,
        Action.FORWARD: State.OPEN,
        Action.NOTE: State.OPEN,
        Action.RESOLVE: State.RESOLVED,
        Action.WITHDRAW: State.WITHDRAWN,
    },
    State.ACCEPTED: {
        Action.AT_PERSON: State.AT_PERSON,
        Action.FORWARD: State.OPEN,
        Action.NOTE: State.ACCEPTED,
        Action.RESOLVE: State.RESOLVED,
        Action.WITHDRAW: State.WITHDRAWN,
    },
    State.AT_PERSON: {
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
    Action.AT_PERSON: "at_person",
    Action.FORWARD: "forwarded",
    Action.NOTE: "noted",
    Action.RESOLVE: "resolved",
    Action.WITHDRAW: "withdrawn",
}
"""What the journal calls each action."""

UNRESOLVED = frozenset(state for state, actions in TRANSITIONS.items() if Action.RESOLVE in actions)


def next_state(state: State, action: Action) -> State | None:
    """The state after `action`, or None when it is not allowed in `state`."""
    return TRANSITIONS[state].get(action)


def diagram() -> str:
    """TRANSITIONS as a Mermaid state diagram; `docs/alarms.md` shows it."""
    arrows = [
        f"{state} --> {after}: {', '.join(a for a, to in actions.items() if to is after)}"
        for state, actions in TRANSITIONS.items()
        for after in dict.fromkeys(actions.values())
    ]
    ends = [f"{state} --> [*]" for state in TRANSITIONS if state not in UNRESOLVED]
    return "\n    ".join(["stateDiagram-v2", f"[*] --> {State.OPEN}", *arrows, *ends]) + "\n"
