"""One home against a plain model: what each message and each time leads to, in whatever order they come.

A machine says what is heard; its `heard` and `passed` are the model, in plain lists and dicts, written from the pages
that describe the rule. Messages are late, of the future, or come again; some lives lie over a night on which clocks
change.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from events.codec import control_kind, decode_message
from events.control import Control, PlanChanged
from events.ids import DeviceId, ResidentId, resident_key
from events.log import Entry
from rules.decisions import Annotate, AnyDecision, Raise, Remind, Withdraw
from rules.partition import Partition
from rules.state import ResidentState
from tests.property.lives import minutes

RESIDENT = ResidentId("testa")
KEY = resident_key(RESIDENT)
ZONE = ZoneInfo("Europe/Stockholm")
BEGINNINGS = tuple(
    datetime(2026, month, day, hour, tzinfo=UTC) for month, day, hour in ((3, 2, 6), (3, 28, 22), (10, 24, 22))
)
"""An ordinary morning, and the evenings before the clocks change."""

soon = minutes(0, 0, 1, 2, 4, 5, 9, 10, 11, 30, 60, 61, 240)
ago = minutes(0, 0, 0, 0, -30, 1, 3, 5, 10, 30, 90, 300)


class Happening(NamedTuple):
    """What is heard `now`, and when it was, as far as the device's clock can be believed."""

    kind: str
    at: datetime
    now: datetime
    device: str
    fields: dict[str, Any]


def clock(time: datetime) -> str:
    """`HH:MM` on the wall."""
    return f"{time.astimezone(ZONE):%H:%M}"


def is_in(time: str, start: str, end: str) -> bool:
    """Whether a time on the wall lies between two others, perhaps over midnight."""
    return start <= time < end if start < end else time >= start or time < end


class OneHome(RuleBasedStateMachine):
    """`PLANS`: the plans that the rule has; `told` is what the rules decided, as (what, reason, when)."""

    PLANS: tuple[dict[str, Any], ...] = ({},)

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGINNINGS[0]
        self.log: list[Entry] = []
        self.partition = Partition()
        self.decisions: list[AnyDecision] = []
        self.plan: dict[str, Any] = {}

    @property
    def state(self) -> ResidentState:
        return self.partition.states[KEY]

    @initialize(beginning=st.sampled_from(BEGINNINGS), number=st.integers(0, 9))
    def begin(self, beginning: datetime, number: int) -> None:
        self.now = beginning
        self.plan = self.PLANS[number % len(self.PLANS)]
        self.control(PlanChanged(resident=RESIDENT, version=1, timezone=ZONE.key, plan=self.plan))

    @rule(after=soon)
    def time_passes(self, after: timedelta) -> None:
        self.now += after
        made = self.partition.fire(self.now)
        self.decisions += made
        assert self.words(made) == self.passed(self.now)

    @precondition(lambda self: self.log)
    @rule(data=st.data())
    def it_comes_again(self, data: st.DataObject) -> None:
        before = self.state
        assert self.partition.apply(data.draw(st.sampled_from(self.log))) == []
        assert self.state == before

    def say(self, kind: str, after: timedelta, ago: timedelta, device: str = "d", **fields: Any) -> list[AnyDecision]:
        """Also compares with the model."""
        self.now += after
        at = self.now - ago
        data = decode_message(kind, msgspec.json.encode({"at": at, **fields}))
        expected = self.passed(self.now)
        expected += self.heard(Happening(kind, min(at, self.now), self.now, device, fields))
        made = self._take(Entry(len(self.log), KEY, kind, data, at, self.now, device=DeviceId(device)))
        assert self.words(made) == expected
        return made

    def control(self, control: Control) -> list[AnyDecision]:
        return self._take(Entry(len(self.log), KEY, control_kind(control), control, self.now, self.now))

    def _take(self, entry: Entry) -> list[AnyDecision]:
        self.log.append(entry)
        # What is watched of the device itself is another matter.
        made = [decision for decision in self.partition.apply(entry) if decision.key == KEY]
        self.decisions += made
        return made

    def heard(self, it: Happening) -> list[tuple[str, ...]]:
        """The model: what this leads to."""
        raise NotImplementedError

    def passed(self, now: datetime) -> list[tuple[str, ...]]:
        """The model: what is due until now."""
        return []

    def words(self, decisions: list[AnyDecision]) -> list[tuple[str, ...]]:
        """Decisions as the model tells them."""
        return [(word(decision), decision.reason.value) for decision in decisions]


def word(decision: AnyDecision) -> str:
    return {Raise: "raise", Withdraw: "withdraw", Annotate: "annotate", Remind: "remind"}[type(decision)]
