"""Laws of escalation, whoever comes and goes, accepts, declines and takes over, and however late it is looked."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.ids import AlarmId, StaffId, TenantId, UnitId
from rules.alarm_lifecycle import Action as Done
from rules.alarm_lifecycle import Hands, State, may_do, next_state
from rules.contact import Channel, Receiver
from rules.escalation import (
    Advance,
    AlarmView,
    EscalationReason,
    Reach,
    Reachable,
    advance,
    after_acceptance,
    after_refusal,
    notification_id,
)
from rules.policy import Group, Policy, Rung, Whom

Why = EscalationReason
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
STAFF = ("astrid", "bo", "cecil")

seconds = st.integers(0, 1000).map(lambda s: timedelta(seconds=s))
whoms = st.lists(st.sampled_from(Group).map(Whom), min_size=1, max_size=3).map(tuple)
channels = st.lists(st.sampled_from([Channel.CONSOLE, Channel.SMS, Channel.PUSH]), unique=True, max_size=2).map(tuple)


def reachable(staff: str | None, console: bool, points: tuple[Channel, ...]) -> Reachable:
    name = staff or "hook"
    always = (Receiver(Channel.CONSOLE if staff else Channel.WEBHOOK, name),) if console or not points else ()
    return Reachable(
        StaffId(staff) if staff else None, always, tuple(Receiver(channel, f"{name}-{channel}") for channel in points)
    )


ways = st.lists(st.sampled_from([Channel.SMS, Channel.PUSH]), unique=True, max_size=2).map(tuple)
everybodys = st.builds(reachable, st.sampled_from([*STAFF, None]), st.booleans(), ways)
People = Mapping[Group, tuple[Reachable, ...]]
peoples = st.dictionaries(st.sampled_from(Group), st.lists(everybodys, max_size=3).map(tuple))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    times = sorted(draw(st.lists(st.integers(1, 1000), max_size=3, unique=True)))
    rungs = tuple(Rung(after, draw(whoms), draw(channels)) for after in [0, *times])
    at_person = draw(st.none() | st.integers(60, 1000))
    return Policy("P", rungs, repeat_seconds=draw(st.integers(60, 1000)), at_person_seconds=at_person)


Act = tuple[Literal[Done.ACCEPT, Done.DECLINE, Done.TAKE_OVER, Done.AT_PERSON], str] | None
acts: Any = st.none() | st.tuples(
    st.sampled_from([Done.ACCEPT, Done.DECLINE, Done.DECLINE, Done.TAKE_OVER, Done.AT_PERSON]), st.sampled_from(STAFF)
)
Look = tuple[timedelta, People, Act]
looks = st.lists(st.tuples(seconds, peoples, st.none()), min_size=1, max_size=20)
"""When it is looked at next, after the last look, and who can be reached then; nobody does anything."""

lives = st.lists(st.tuples(seconds, peoples, acts), min_size=1, max_size=25)
"""The same, and what somebody does just before."""


class Step(NamedTuple):
    now: datetime
    people: People
    before: AlarmView
    made: Advance


def reaching(people: People) -> Reach:
    return lambda whom: people.get(whom.who, ())


def acted(alarm: AlarmView, policy: Policy, act: Act, now: datetime) -> AlarmView:
    """What a person does, as the store does it: where the table allows it."""
    if act is None:
        return alarm
    done, by = act
    to = next_state(alarm.state, done)
    if to is None or not may_do(done, by, Hands(alarm.accepted_by, (), alarm.declined)):
        return alarm
    if done is Done.DECLINE:
        goes_on = after_refusal(alarm, policy, by, now)
        return replace(alarm, declined=(*alarm.declined, by), escalate_at=goes_on)
    if done is Done.AT_PERSON:
        return replace(alarm, state=to, escalate_at=None, overdue_at=None)
    refused = tuple(person for person in alarm.declined if person != by)
    goes_on = after_acceptance(policy, now)
    return replace(alarm, state=to, accepted_by=by, escalate_at=goes_on, overdue_at=None, declined=refused)


def saved(alarm: AlarmView, made: Advance) -> AlarmView:
    return replace(
        alarm,
        rung=made.rung,
        round=made.round,
        escalate_at=made.next_at,
        asked=made.asked,
        overdue_at=made.overdue_at,
        began_at=made.overdue_at or BEGAN,
    )


def play(policy: Policy, life: list[Look]) -> list[Step]:
    alarm, now, steps = OPEN, BEGAN, []
    for pause, people, act in life:
        now += pause
        alarm = acted(alarm, policy, act, now)
        made = advance(alarm, policy, reaching(people), now)
        steps.append(Step(now, people, alarm, made))
        alarm = saved(alarm, made)
    return steps


def told(step: Step) -> list[str]:
    return [notification_id(OPEN.id, step.made.round, step.made.rung, receiver) for receiver in step.made.tell]


@given(policies(), looks)
def test_nobody_is_told_earlier_than_the_policy_says(policy: Policy, looks: list[Look]) -> None:
    """A rung comes early only when all those before it, since the last that was told, reach nobody."""
    for step in play(policy, looks):
        if step.made.reason is Why.EARLIER_RUNG_REACHED_NOBODY:
            skipped = policy.rungs[step.before.rung : step.made.rung - 1]
            assert all(not made_of(rung, step) for rung in skipped)
            assert step.now >= BEGAN + timedelta(seconds=skipped[0].after_seconds)
        elif step.made.reason is Why.RUNG_DUE:
            assert step.now >= BEGAN + timedelta(seconds=policy.rungs[step.made.rung - 1].after_seconds)


def made_of(rung: Rung, step: Step) -> tuple[Receiver, ...]:
    """Whom a ladder of this rung alone would tell."""
    alone = Policy("One", (rung,), repeat_seconds=60)
    made = advance(replace(step.before, rung=0, priority=4), alone, reaching(step.people), step.now)
    return made.tell


@given(policies(), lives)
def test_life_is_never_told_later_than_its_ladder(policy: Policy, life: list[Look]) -> None:
    """Whatever people decline: when it goes on, the next rung's time has never passed without being due."""
    for step in play(policy, life):
        if step.before.state is State.OPEN and step.made.rung < len(policy.rungs):
            following = step.before.began_at + timedelta(seconds=policy.rungs[step.made.rung].after_seconds)
            assert step.made.next_at is not None
            assert step.made.next_at <= max(following, step.now)


@given(policies(), looks)
def test_nobody_is_told_again_sooner_than_the_repeat(policy: Policy, looks: list[Look]) -> None:
    tries = [step for step in play(policy, looks) if step.made.reason is not Why.NOT_DUE]
    rounds = [step.now for step in tries if step.made.rung == len(policy.rungs)]
    repeat = timedelta(seconds=policy.repeat_seconds)
    assert all(later - earlier >= repeat for earlier, later in pairwise(rounds))


@given(policies(), lives)
def test_no_two_tellings_have_the_same_id(policy: Policy, life: list[Look]) -> None:
    ids = [id for step in play(policy, life) for id in told(step)]
    assert len(set(ids)) == len(ids)


@given(policies(), lives)
def test_deciding_twice_is_deciding_once(policy: Policy, life: list[Look]) -> None:
    for step in play(policy, life):
        assert advance(step.before, policy, reaching(step.people), step.now) == step.made


@given(policies(), lives)
def test_what_was_decided_once_is_not_due_at_the_same_moment(policy: Policy, life: list[Look]) -> None:
    """So that a second escalator, which comes just behind, tells nobody, unless a rung was missed: then it is next."""
    for step in play(policy, life):
        after = saved(step.before, step.made)
        again = advance(after, policy, reaching(step.people), step.now)
        if step.made.tell and again.tell:
            assert (again.round, again.rung) > (step.made.round, step.made.rung)


@given(policies(), lives)
def test_two_who_decide_on_the_same_alarm_save_once(policy: Policy, life: list[Look]) -> None:
    """Whatever was decided and tells somebody changes what saving compares with, so the second one finds it changed."""
    for step in play(policy, life):
        if step.made.tell:
            before = (step.before.rung, step.before.round, step.before.escalate_at)
            assert (step.made.rung, step.made.round, step.made.next_at) != before


@given(policies(), lives)
def test_an_alarm_that_nobody_has_is_never_forgotten(policy: Policy, life: list[Look]) -> None:
    for step in play(policy, life):
        if step.before.state is State.OPEN:
            assert step.made.next_at is not None
        assert (step.made.rung, step.made.round) >= (step.before.rung, step.before.round) or (
            step.made.round > step.before.round
        )


@given(policies(), lives)
def test_an_accepted_alarm_is_never_forgotten_where_somebody_must_be_there(policy: Policy, life: list[Look]) -> None:
    for step in play(policy, life):
        if step.before.state is State.ACCEPTED and policy.at_person_seconds is not None:
            assert step.made.next_at is not None


@given(policies(), lives)
def test_whoever_can_be_reached_is_reached(policy: Policy, life: list[Look]) -> None:
    """A step that is due tells somebody unless nobody at all can be reached: not on the ladder, and nobody else."""
    for step in play(policy, life):
        if step.made.reason is Why.REACHED_NOBODY:
            everybody = Rung(0, (Whom(Group.EVERYBODY), Whom(Group.OPERATORS)))
            assert not any(made_of(rung, step) for rung in (*policy.rungs[step.before.rung :], everybody))


@given(policies(), lives)
def test_who_declined_or_went_is_told_only_when_nobody_else_is_left(policy: Policy, life: list[Look]) -> None:
    for step in play(policy, life):
        alarm = step.before
        accepted = {alarm.accepted_by} if alarm.state is State.ACCEPTED else set()
        told_again = (accepted | set(alarm.declined)) & set(step.made.asked)
        if step.made.tell and step.made.reason is not Why.NOBODY_ELSE:
            assert not told_again


@given(policies(), lives)
def test_who_is_told_at_the_end_is_told_to_all_or_nobody_is_there(policy: Policy, life: list[Look]) -> None:
    """For life and care, `nobody_else` comes only when all others of the municipality are out of reach as well."""
    for step in play(policy, life):
        if step.made.reason is Why.NOBODY_ELSE:
            others = [
                each
                for group in (Group.EVERYBODY, Group.OPERATORS)
                for each in step.people.get(group, ())
                if each.staff not in (*step.before.declined, step.before.accepted_by)
            ]
            assert not others


@given(policies(), looks, st.sampled_from([State.AT_PERSON, State.RESOLVED, State.WITHDRAWN]))
def test_once_somebody_is_there_nobody_is_told(policy: Policy, looks: list[Look], state: State) -> None:
    for step in play(policy, looks):
        made = advance(replace(step.before, state=state), policy, reaching(step.people), step.now)
        assert (made.tell, made.next_at) == ((), None)


@given(policies(), looks)
def test_who_accepts_is_trusted_until_they_should_be_there(policy: Policy, looks: list[Look]) -> None:
    for step in play(policy, looks):
        until = after_acceptance(policy, step.now)
        accepted = replace(step.before, state=State.ACCEPTED, accepted_by="astrid", escalate_at=until)
        made = advance(accepted, policy, reaching(step.people), step.now)
        assert (made.tell, made.next_at) == ((), until)
        if until is not None:
            made = advance(accepted, policy, reaching(step.people), until)
            assert (made.overdue_at, made.round) == (until, step.before.round + 1)
