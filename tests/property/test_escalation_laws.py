"""Laws of escalation, whoever comes and goes and however late it is looked."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.ids import AlarmId, TenantId, UnitId
from rules.alarm_lifecycle import State
from rules.contact import Channel, Receiver
from rules.escalation import (
    Advance,
    AlarmView,
    EscalationReason,
    Group,
    Policy,
    Reach,
    Rung,
    advance,
    notification_id,
)

BEGAN = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
OPEN = AlarmView(
    id=AlarmId("a"),
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

seconds = st.integers(0, 1000).map(lambda s: timedelta(seconds=s))
groups = st.lists(st.sampled_from(Group), min_size=1, max_size=3).map(tuple)
receivers = st.builds(Receiver, st.sampled_from(Channel), st.sampled_from("abc"))
reaches = st.dictionaries(st.sampled_from(Group), st.lists(receivers, max_size=3).map(tuple))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    times = sorted(draw(st.lists(seconds, max_size=3)))
    rungs = tuple(Rung(after, draw(groups)) for after in [timedelta(0), *times])
    return Policy(rungs, timedelta(seconds=draw(st.integers(1, 1000))))


looks = st.lists(st.tuples(seconds, reaches), min_size=1, max_size=20)
"""When it is looked at next, after the last look, and who can be reached then."""


class Step(NamedTuple):
    now: datetime
    reach: Reach
    before: AlarmView
    made: Advance


def play(policy: Policy, looks: list[tuple[timedelta, Reach]]) -> list[Step]:
    alarm, now, steps = OPEN, BEGAN, []
    for pause, reach in looks:
        now += pause
        made = advance(alarm, policy, reach, now)
        steps.append(Step(now, reach, alarm, made))
        alarm = replace(alarm, rung=made.rung, round=made.round, escalate_at=made.next_at)
    return steps


def told(step: Step) -> list[str]:
    return [notification_id(OPEN.id, step.made.round, step.made.rung, receiver) for receiver in step.made.tell]


@given(policies(), looks)
def test_nobody_is_told_earlier_than_the_policy_says(policy: Policy, looks: list[tuple[timedelta, Reach]]) -> None:
    """A rung comes early only when all those before it, since the last that was told, reach nobody."""
    for step in play(policy, looks):
        if step.made.reason is EscalationReason.EARLIER_RUNG_REACHED_NOBODY:
            skipped = policy.rungs[step.before.rung : step.made.rung - 1]
            assert not any(step.reach.get(group) for rung in skipped for group in rung.groups)
            assert step.now >= BEGAN + skipped[0].after
        elif step.made.reason is EscalationReason.RUNG_DUE:
            assert step.now >= BEGAN + policy.rungs[step.made.rung - 1].after


@given(policies(), looks)
def test_nobody_is_told_again_sooner_than_the_repeat(policy: Policy, looks: list[tuple[timedelta, Reach]]) -> None:
    tries = [step for step in play(policy, looks) if step.made.reason is not EscalationReason.NOT_DUE]
    rounds = [step.now for step in tries if step.made.rung == len(policy.rungs)]
    assert all(later - earlier >= policy.repeat for earlier, later in pairwise(rounds))


@given(policies(), looks)
def test_no_two_tellings_have_the_same_id(policy: Policy, looks: list[tuple[timedelta, Reach]]) -> None:
    ids = [id for step in play(policy, looks) for id in told(step)]
    assert len(set(ids)) == len(ids)


@given(policies(), looks)
def test_deciding_twice_is_deciding_once(policy: Policy, looks: list[tuple[timedelta, Reach]]) -> None:
    for step in play(policy, looks):
        assert advance(step.before, policy, step.reach, step.now) == step.made


@given(policies(), looks)
def test_an_open_alarm_is_never_forgotten(policy: Policy, looks: list[tuple[timedelta, Reach]]) -> None:
    for step in play(policy, looks):
        assert step.made.next_at is not None
        assert (step.made.rung, step.made.round) >= (step.before.rung, step.before.round)


@given(policies(), looks)
def test_whoever_can_be_reached_is_reached(policy: Policy, looks: list[tuple[timedelta, Reach]]) -> None:
    """A step that is due tells somebody unless nobody on the rest of the ladder can be reached."""
    for step in play(policy, looks):
        if step.made.reason is EscalationReason.REACHED_NOBODY:
            rest = policy.rungs[step.before.rung :] or policy.rungs
            assert not any(step.reach.get(group) for rung in rest for group in rung.groups)


@given(policies(), looks, st.sampled_from([state for state in State if state is not State.OPEN]))
def test_once_somebody_has_it_nobody_is_told(
    policy: Policy, looks: list[tuple[timedelta, Reach]], state: State
) -> None:
    for step in play(policy, looks):
        made = advance(replace(step.before, state=state), policy, step.reach, step.now)
        assert (made.tell, made.next_at) == ((), None)
