"""A gap in coverage is a technical alarm of its unit, and is taken back when it is filled."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from events.control import CoverageChanged
from events.ids import UnitId, derived_id, unit_key
from events.kinds import Technology
from events.log import Entry
from rules.coverage import GapReason
from rules.decisions import AlarmKind, Priority, Raise, Reason, Withdraw
from rules.state import ResidentState
from rules.step import step

NOW = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
KEY = unit_key(UnitId("north"))
OPENED = CoverageChanged(
    unit=UnitId("north"),
    episode="e1",
    reason="nobody_on_duty",
    open=True,
    technologies=[Technology.SOCIAL_ALARM],
    residents=12,
    start=NOW + timedelta(hours=3),
    end=NOW + timedelta(hours=5),
)
EPISODE = derived_id("coverage_gap", "north", "e1")


def entry(told: CoverageChanged, position: int = 7) -> Entry:
    return Entry(position, KEY, "coverage_changed", told, NOW, NOW)


def test_a_gap_is_told_with_when_it_begins() -> None:
    _, decisions, deadline = step(ResidentState(KEY), entry(OPENED))
    assert deadline is None
    assert decisions == [
        Raise(
            id=EPISODE,
            key=KEY,
            at=NOW,
            reason=Reason.NOBODY_ON_DUTY,
            kind=AlarmKind.COVERAGE_GAP,
            priority=Priority.TECHNICAL,
            occurred_at=NOW,
            detail={
                "since": "2026-03-02T14:00:00+00:00",
                "until": "2026-03-02T16:00:00+00:00",
                "technologies": ["social_alarm"],
                "residents": 12,
                "rule": "coverage_gap",
                "rule_version": 1,
                "plan_version": 0,
            },
        )
    ]


def test_a_gap_that_is_filled_takes_its_own_alarm_back() -> None:
    _, decisions, _ = step(ResidentState(KEY), entry(replace(OPENED, open=False)))
    assert [(type(d), d.reason, d.episode) for d in decisions if isinstance(d, Withdraw)] == [
        (Withdraw, Reason.COVERED_AGAIN, EPISODE)
    ]


@pytest.mark.parametrize("reason", GapReason)
def test_every_kind_of_gap_can_be_told(reason: GapReason) -> None:
    _, (decision,), _ = step(ResidentState(KEY), entry(replace(OPENED, reason=reason)))
    assert decision.reason.value == reason.value
