"""Rules that tell whatever a device says, against a table: calls for help, water, smoke, the dispenser's troubles."""

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from rules.decisions import Annotate, AnyDecision, Priority, Raise, Reason
from tests.property.one_home import Happening, OneHome, ago, soon

CALLS = {"alarm_pressed": "pressed", "fall_detected": "fall_detected", "smoke_detected": "smoke_detected"}
REPORTS = {"leak_detected": "leak_detected", "wet_detected": "wet_detected", "dispenser_jammed": "dispenser_jammed"}
NOTES = {
    "alarm_cancelled": ("cancelled_at_device", "social_alarm"),
    "leak_cleared": ("cleared", "leak"),
    "wet_cleared": ("cleared", "wetness"),
    "smoke_cleared": ("cleared", "smoke"),
}
REFILLS = (Reason.DISPENSER_EMPTY, Reason.REFILL_LOW)
ABOUT = {"alarm_pressed": "social_alarm", "fall_detected": "fall", "smoke_detected": "smoke"}


class ReportingHome(OneHome):
    """Every report is told at once, each one; nothing of it needs a plan, nothing depends on what was before."""

    PLANS = ({}, {"doors": {"open_minutes": 10}, "lock": {"refused_count": 1}})

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    @rule(kind=st.sampled_from((*CALLS, *REPORTS, *NOTES, "test_alarm", "heartbeat")), after=soon, ago=ago)
    def report(self, kind: str, after: timedelta, ago: timedelta) -> None:
        made = self.say(kind, after, ago)
        self.calls += kind in CALLS
        for decision in made:
            if isinstance(decision, Raise) and kind in CALLS:
                late = max(ago, timedelta(0)) // timedelta(minutes=1)
                assert decision.detail.get("late_minutes") == (late if late >= 5 else None)
                assert (decision.priority, decision.occurred_at) == (Priority.LIFE, self.now - ago)

    @rule(left=st.sampled_from((None, 0, 1, 7)), after=soon, ago=ago)
    def refill(self, left: int | None, after: timedelta, ago: timedelta) -> None:
        fields: dict[str, Any] = {} if left is None else {"doses_left": left}
        (raised,) = (d for d in self.say("refill_low", after, ago, **fields) if d.reason in REFILLS)
        assert isinstance(raised, Raise)
        assert raised.priority is (Priority.CARE if left == 0 else Priority.INFORMATION)
        assert raised.detail.get("doses_left") == (left or None)

    @rule(about=st.sampled_from(tuple(ABOUT)), after=soon, ago=ago)
    def update(self, about: str, after: timedelta, ago: timedelta) -> None:
        made = self.say("call_updated", after, ago, about=about, place="stairs")
        (note,) = (d for d in made if d.reason is Reason.CALL_UPDATED)
        assert isinstance(note, Annotate)
        assert (note.kind, note.detail["place"]) == (ABOUT[about], "stairs")

    def heard(self, it: Happening) -> list[tuple[str, ...]]:
        if it.kind in CALLS or it.kind in REPORTS:
            return [("raise", {**CALLS, **REPORTS}[it.kind])]
        if it.kind in NOTES:
            return [("annotate", *NOTES[it.kind])]
        if it.kind == "refill_low":
            return [("raise", "dispenser_empty" if it.fields.get("doses_left") == 0 else "refill_low")]
        return [("annotate", "call_updated", ABOUT[it.fields["about"]])] if it.kind == "call_updated" else []

    def words(self, decisions: list[AnyDecision]) -> list[tuple[str, ...]]:
        """With what a note is on, and without the note of many presses, which has a model of its own."""
        return [
            (*told, decision.kind.value) if isinstance(decision, Annotate) else told
            for decision, told in zip(decisions, super().words(decisions), strict=True)
            if decision.reason is not Reason.FLOOD
        ]

    @invariant()
    def every_call_is_an_alarm_of_its_own(self) -> None:
        ids = {d.id for d in self.decisions if isinstance(d, Raise) and d.priority is Priority.LIFE}
        assert len(ids) == self.calls


ReportingHome.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestReports = ReportingHome.TestCase
