"""What every rule gives to `rules.step`: what it reads, when time itself concerns it, and how it follows a new plan."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from events.log import Entry
from rules.decisions import AnyDecision
from rules.plan import Plan
from rules.state import ResidentState

Result = tuple[ResidentState, list[AnyDecision]]
NOTHING: list[AnyDecision] = []


def never(state: ResidentState) -> datetime | None:
    """The deadline of a rule that time does not concern."""
    return None


class Detector(NamedTuple):
    """One rule. `version` rises when the same log would give other decisions; every alarm names it.

    `deadline`: when time must be given to it next; `on_time` does what is due at exactly that time; `disarmed` is the
    state after a fault there. When a plan changes, `noted` is asked first, still under the old plan, and `on_plan`
    then, with the old plan beside the state that has the new one.
    """

    name: str
    kinds: tuple[str, ...]
    on_entry: Callable[[ResidentState, Entry], Result]
    deadline: Callable[[ResidentState], datetime | None] = never
    on_time: Callable[[ResidentState, datetime], Result] = lambda state, due: (state, NOTHING)
    disarmed: Callable[[ResidentState], ResidentState] = lambda state: state
    noted: Callable[[ResidentState, datetime], ResidentState] = lambda state, now: state
    on_plan: Callable[[ResidentState, Plan, datetime], ResidentState] = lambda state, old, now: state
    version: int = 1

    @property
    def is_timed(self) -> bool:
        return self.deadline is not never
