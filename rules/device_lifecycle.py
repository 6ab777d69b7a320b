"""Where a device is in its life, and which step may follow which: one table, and the picture that is drawn from it.

`in_use` is not a step that anybody takes: a device is in use when something that it said has come all the way through
(`store.proof`). A device that was never heard is never in use, whatever somebody believes who installed it.
"""

from events.devices import LifeCycle

TRANSITIONS: dict[LifeCycle, dict[LifeCycle, str]] = {
    LifeCycle.ORDERED: {LifeCycle.IN_STOCK: "delivered", LifeCycle.SCRAPPED: "cancelled"},
    LifeCycle.IN_STOCK: {
        LifeCycle.INSTALLED: "lent",
        LifeCycle.RECONDITIONING: "prepared",
        LifeCycle.SCRAPPED: "discarded",
    },
    LifeCycle.INSTALLED: {
        LifeCycle.IN_USE: "proven",
        LifeCycle.RETURNED: "given back",
        LifeCycle.SCRAPPED: "lost or broken",
    },
    LifeCycle.IN_USE: {
        LifeCycle.INSTALLED: "installed anew",
        LifeCycle.RETURNED: "given back",
        LifeCycle.SCRAPPED: "lost or broken",
    },
    LifeCycle.RETURNED: {
        LifeCycle.RECONDITIONING: "prepared",
        LifeCycle.IN_STOCK: "ready as it is",
        LifeCycle.INSTALLED: "passed straight on",
        LifeCycle.SCRAPPED: "discarded",
    },
    LifeCycle.RECONDITIONING: {LifeCycle.IN_STOCK: "ready", LifeCycle.SCRAPPED: "discarded"},
    LifeCycle.SCRAPPED: {},
}

LENDABLE = frozenset(
    state for state, steps in TRANSITIONS.items() if LifeCycle.INSTALLED in steps or state is LifeCycle.INSTALLED
)
"""A device in these states may be lent to somebody."""

TESTABLE = frozenset({LifeCycle.INSTALLED, LifeCycle.IN_USE})
"""A device in these states may be put on trial."""


def is_allowed(state: LifeCycle, to: LifeCycle) -> bool:
    """Whether people may take a device from `state` to `to`."""
    return to in TRANSITIONS[state] and to is not LifeCycle.IN_USE


def after_lending(state: LifeCycle) -> LifeCycle:
    """The state of a device that is with somebody from now on: whether it works there is yet to be proven."""
    return LifeCycle.INSTALLED if state in LENDABLE else state


def after_return(state: LifeCycle) -> LifeCycle:
    """The state of a device that is with nobody any longer."""
    return LifeCycle.RETURNED if LifeCycle.RETURNED in TRANSITIONS[state] else state


def diagram() -> str:
    """TRANSITIONS as a Mermaid state diagram; `docs/registry.md` shows it."""
    arrows = [f"{state} --> {to}: {why}" for state, steps in TRANSITIONS.items() for to, why in steps.items()]
    ends = [f"{state} --> [*]" for state, steps in TRANSITIONS.items() if not steps]
    return "\n    ".join(["stateDiagram-v2", f"[*] --> {LifeCycle.ORDERED}", *arrows, *ends]) + "\n"
