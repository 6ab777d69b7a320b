"""Live and replay differ: operators are told, with what differs."""

from datetime import UTC, datetime, timedelta

from events.control import ReplayDiffered
from events.ids import Key, derived_id
from events.log import Entry
from rules.decisions import AlarmKind, Priority, Raise, Reason
from rules.state import ResidentState
from rules.step import step

KEY = Key("r:testa")
NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)


def test_a_difference_is_a_technical_alarm() -> None:
    differed = ReplayDiffered(key=KEY, differences=3, first=["one", "two"])
    entry = Entry(7, KEY, "replay_differed", differed, NOW - timedelta(minutes=1), NOW)
    state, decisions, _ = step(ResidentState(KEY), entry)
    origin = {"rule": "replay_check", "rule_version": 1, "plan_version": 0}
    assert decisions == [
        Raise(
            id=derived_id("replay_differs", KEY, 7),
            key=KEY,
            at=NOW,
            reason=Reason.REPLAY_DIFFERED,
            kind=AlarmKind.REPLAY_DIFFERS,
            priority=Priority.TECHNICAL,
            occurred_at=NOW,
            detail={"differences": 3, "first": ["one", "two"], **origin},
        )
    ]
    assert state == ResidentState(KEY, position=7)
