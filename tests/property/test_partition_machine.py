"""A partition against a plain dict of states that is copied at every commit and searched at every tick."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from events.codec import control_kind, decode_message
from events.control import CatchUpBegan, CatchUpEnded, Control, PlanChanged, Ticked
from events.ids import EVERYBODY, Key, ResidentId, resident_key
from events.log import Entry
from rules.decisions import AnyDecision
from rules.partition import Partition
from rules.state import ResidentState
from rules.step import BY_KIND, step
from tests.property.lives import KINDS, minutes, plans, residents
from tests.property.world import RESIDENTS

START = datetime(2026, 3, 28, 12, tzinfo=UTC)
ZONE = "Europe/Stockholm"

after = minutes(0, 0, 5, 30, 60, 240, 1500)
ago = minutes(-5, 0, 0, 0, 5, 60, 240, 1500)


class PlainPartition:
    """The same in the simplest way: no heap, no notes of what has changed."""

    def __init__(self) -> None:
        self.states: dict[Key, ResidentState] = {}
        self.holding = False
        self.fired_to: datetime | None = None

    def apply(self, entry: Entry) -> list[AnyDecision]:
        match entry.data:
            case Ticked():
                return self.fire(entry.received_at)
            case CatchUpBegan(fired_to=fired_to):
                decisions = self.fire(fired_to)
                self.holding = True
                return decisions
            case CatchUpEnded():
                self.holding = False
                return self.fire(entry.received_at)
        if entry.kind not in BY_KIND:
            return []
        state = self.states.get(entry.key, ResidentState(entry.key))
        due: list[AnyDecision] = []
        if not self.holding:
            state, due, _ = step(state, entry.received_at)
        state, decisions, _ = step(state, entry)
        self.states[entry.key] = state
        return [*due, *decisions]

    def fire(self, now: datetime) -> list[AnyDecision]:
        decisions: list[AnyDecision] = []
        if self.holding:
            return decisions
        while (due := self.next_deadline()) is not None and due <= now:
            key = min(key for key, state in self.states.items() if state.deadline == due)
            self.states[key], made, _ = step(self.states[key], due)
            decisions += made
        self.fired_to = max(now, self.fired_to or now)
        return decisions

    def next_deadline(self) -> datetime | None:
        if self.holding:
            return None
        return min((state.deadline for state in self.states.values() if state.deadline is not None), default=None)


class PartitionMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.position = -1
        self.log: list[Entry] = []
        self.partition = Partition()
        self.plain = PlainPartition()
        self.keep()

    @initialize(first=st.tuples(plans, plans, plans))
    def everybody_gets_a_plan(self, first: tuple[dict[str, Any], ...]) -> None:
        for resident, plan in zip(RESIDENTS, first, strict=True):
            self.plan(resident, plan, timedelta(0))

    @rule(resident=residents, plan=plans, after=after)
    def plan(self, resident: ResidentId, plan: dict[str, Any], after: timedelta) -> None:
        changed = PlanChanged(resident=resident, version=1, timezone=ZONE, plan=plan)
        self.control(changed, resident_key(resident), after)

    @rule(resident=residents, kind=st.sampled_from(KINDS), after=after, ago=ago)
    def say(self, resident: ResidentId, kind: str, after: timedelta, ago: timedelta) -> None:
        self.now += after
        at = self.now - ago
        message = decode_message(kind, f'{{"at": "{at.isoformat()}"}}'.encode())
        self.take(Entry(self.next_position(), resident_key(resident), kind, message, at, self.now))

    @rule(after=after)
    def tick(self, after: timedelta) -> None:
        """The live run passes time without a word in the log, if nothing comes of it."""
        self.now += after
        assert self.partition.fire(self.now) == self.plain.fire(self.now)

    @rule(after=after)
    def tick_in_the_log(self, after: timedelta) -> None:
        self.control(Ticked(), EVERYBODY, after)

    @precondition(lambda self: not self.partition.holding)
    @rule(after=after)
    def begin_to_catch_up(self, after: timedelta) -> None:
        self.control(CatchUpBegan(fired_to=self.partition.fired_to or self.now), EVERYBODY, after)

    @precondition(lambda self: self.partition.holding)
    @rule(after=after)
    def end_to_catch_up(self, after: timedelta) -> None:
        self.control(CatchUpEnded(complete=True), EVERYBODY, after)

    @rule()
    def commit(self) -> None:
        before, *_ = self.kept
        changed = {key for key, state in self.plain.states.items() if before.get(key) != state}
        assert changed <= self.partition.commit()
        self.keep()

    def keep(self) -> None:
        self.kept = dict(self.plain.states), self.plain.holding, self.plain.fired_to, self.position, len(self.log)

    @rule()
    def roll_back(self) -> None:
        self.partition.rollback()
        states, self.plain.holding, self.plain.fired_to, self.position, length = self.kept
        self.plain.states = dict(states)
        del self.log[length:]

    @precondition(lambda self: self.log)
    @rule(data=st.data())
    def take_again(self, data: st.DataObject) -> None:
        assert self.partition.apply(data.draw(st.sampled_from(self.log))) == []

    @invariant()
    def both_are_the_same(self) -> None:
        assert self.partition.states == self.plain.states
        assert self.partition.holding == self.plain.holding
        assert self.partition.fired_to == self.plain.fired_to
        assert self.partition.next_deadline() == self.plain.next_deadline()

    def control(self, control: Control, key: Key, after: timedelta) -> None:
        self.now += after
        self.take(Entry(self.next_position(), key, control_kind(control), control, self.now, self.now))

    def take(self, entry: Entry) -> None:
        assert self.partition.apply(entry) == self.plain.apply(entry)
        if entry.kind in BY_KIND or entry.key == EVERYBODY:
            self.log.append(entry)

    def next_position(self) -> int:
        self.position += 1
        return self.position


PartitionMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestPartition = PartitionMachine.TestCase
