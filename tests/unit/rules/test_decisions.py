"""Decisions as they are written down, and read again."""

from datetime import UTC, datetime

import pytest

from events.ids import DeviceId, Key
from rules.decisions import (
    AlarmKind,
    Annotate,
    AnyDecision,
    Failed,
    Priority,
    Raise,
    Reason,
    Remind,
    Withdraw,
    decode_decision,
    encode_decision,
)

AT = datetime(2026, 3, 2, 8, 5, 0, 123456, tzinfo=UTC)
KEY = Key("r:testa")

DECISIONS: list[AnyDecision] = [
    Raise(
        id="1",
        key=KEY,
        at=AT,
        reason=Reason.PRESSED,
        kind=AlarmKind.SOCIAL_ALARM,
        priority=Priority.LIFE,
        occurred_at=AT,
        device=DeviceId("button"),
    ),
    Withdraw(id="2", key=KEY, at=AT, reason=Reason.DOSE_TAKEN_LATE, episode="1", detail={"taken_at": "x"}),
    Annotate(id="3", key=KEY, at=AT, reason=Reason.ACTIVITY_RESUMED, kind=AlarmKind.INACTIVITY),
    Remind(id="4", key=KEY, at=AT, reason=Reason.DOSE_DUE, until=AT),
    Failed(id="5", key=KEY, at=AT, reason=Reason.RULE_FAILED, detector="plan", traceback="...", position=7),
]


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda decision: type(decision).__name__)
def test_every_decision_survives_the_round_trip(decision: AnyDecision) -> None:
    assert decode_decision(encode_decision(decision)) == decision
