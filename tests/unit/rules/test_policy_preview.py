"""What would happen if nobody did anything."""

from datetime import UTC, datetime, timedelta

from events.ids import AlarmId, StaffId, TenantId, UnitId
from rules.alarm_lifecycle import State
from rules.contact import Channel, Receiver
from rules.escalation import AlarmView, EscalationReason, Reach, Reachable
from rules.policy import CARE_LADDER, Group
from rules.policy_preview import preview

BEGAN = datetime(2026, 3, 2, 21, 58, tzinfo=UTC)
ALARM = AlarmView(
    id=AlarmId("preview"),
    tenant=TenantId("t"),
    unit=UnitId("u"),
    priority=1,
    state=State.OPEN,
    version=1,
    rung=0,
    round=0,
    began_at=BEGAN,
    escalate_at=BEGAN,
)


def by_day_and_night(at: datetime) -> Reach:
    """Astrid works until 22:00, Nils from then on."""
    who = "astrid" if at < BEGAN + timedelta(minutes=2) else "nils"
    each = Reachable(StaffId(who), (Receiver(Channel.CONSOLE, who),))
    return lambda whom: (each,) if whom.who is not Group.ALARM_CENTRE else ()


def test_every_rung_and_the_first_repeat_with_who_works_then() -> None:
    steps = list(preview(ALARM, CARE_LADDER, by_day_and_night))
    assert [(s.at - BEGAN, s.rung, s.round, s.reason, [r.id for r in s.tell]) for s in steps] == [
        (timedelta(0), 1, 0, EscalationReason.RUNG_DUE, ["astrid"]),
        (timedelta(minutes=3), 2, 0, EscalationReason.RUNG_DUE, ["nils"]),
        (timedelta(minutes=6), 3, 0, EscalationReason.LAST_RESORT, ["nils"]),
        (timedelta(minutes=11), 3, 1, EscalationReason.LAST_RESORT, ["nils"]),
    ]


def test_a_ladder_that_reaches_nobody_says_so_and_ends() -> None:
    steps = list(preview(ALARM, CARE_LADDER, lambda at: lambda whom: ()))
    assert [(s.tell, s.reason) for s in steps] == [((), EscalationReason.REACHED_NOBODY)] * 2
