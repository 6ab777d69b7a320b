"""A unit's own conditions: this happened, and that had not happened before, and that did not follow in time.

Three lists of kinds and their times are all there is: no expressions, nothing to run. What is heard late re-judges as
everywhere: what should have kept the alarm away, and is reported afterwards, withdraws it.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from events.log import Entry
from rules import waiting
from rules.decisions import AlarmKind, AnyDecision, Priority, Raise, Reason
from rules.detector import NOTHING, Detector, Result
from rules.localtime import is_between
from rules.plan import CONDITION_KINDS, Condition, Plan
from rules.state import ResidentState, Wait

_ALARMS = {
    Priority.LIFE: AlarmKind.LIFE_CONDITION,
    Priority.CARE: AlarmKind.CONDITION,
    Priority.INFORMATION: AlarmKind.CONDITION_NOTE,
}
"""A kind for each priority, so that one of life is never counted on an alarm of less."""


def on_entry(state: ResidentState, entry: Entry) -> Result:
    if entry.kind not in state.plan.condition_kinds:
        return state, NOTHING
    made: list[AnyDecision] = []
    keeps_away = False
    for condition in state.plan.conditions or ():
        if _names(condition, entry.kind):
            keeps_away = True
            state = _kept_away(state, condition, entry, made)
        if _is_begun_by(state, condition, entry):
            state = _begun(state, condition, entry, made)
    return _remembered(state, entry) if keeps_away else state, made


def _names(condition: Condition, kind: str) -> bool:
    """Whether this kind can keep the alarm away."""
    before, after = condition.unless_before, condition.unless_after
    return (before is not None and kind in before.kinds) or (after is not None and kind in after.kinds)


def _keeps_away(condition: Condition, kind: str, at: datetime, since: datetime) -> bool:
    """Whether this kind, at that time, ends what began at `since`: by being before it, or by following it."""
    before, after = condition.unless_before, condition.unless_after
    if before is not None and kind in before.kinds and since - timedelta(minutes=before.minutes) <= at <= since:
        return True
    return after is not None and kind in after.kinds and at >= since


def _is_begun_by(state: ResidentState, condition: Condition, entry: Entry) -> bool:
    when = condition.when
    return (
        entry.kind == when.kind
        and (not when.devices or entry.device in when.devices)
        and is_between(waiting.happened(entry), when.start, when.end, state.timezone)
    )


def _kept_away(state: ResidentState, condition: Condition, entry: Entry, made: list[AnyDecision]) -> ResidentState:
    wait = _wait(state, condition)
    if wait.since is None or not _keeps_away(condition, entry.kind, waiting.happened(entry), wait.since):
        return state
    if wait.due is None:
        made.append(waiting.verdict(state, wait, entry, _ALARMS[Priority(condition.priority)]))
    return _with(state, Wait(condition.name))


def _begun(state: ResidentState, condition: Condition, entry: Entry, made: list[AnyDecision]) -> ResidentState:
    at, now, wait = waiting.happened(entry), entry.received_at, _wait(state, condition)
    waits, until = condition.unless_after is not None, at + _length(condition)
    if waits and (wait.due is not None or (wait.until is not None and at < wait.until)):
        return state
    # What keeps it away may have been heard first, when this is reported late.
    if any(_keeps_away(condition, kind, time, at) and time <= until for kind, time in state.heard):
        return state
    new = Wait(condition.name, since=at, until=until, due=max(until, now + waiting.LISTEN) if waits else None)
    if not waits:
        made.append(_raise(state, condition, new, now))
    return _with(state, new)


def _length(condition: Condition) -> timedelta:
    """How long it waits."""
    return timedelta(minutes=condition.unless_after.minutes if condition.unless_after is not None else 0)


def _remembered(state: ResidentState, entry: Entry) -> ResidentState:
    """When each kind that keeps something away happened last."""
    kind, at = entry.kind, waiting.happened(entry)
    last = max((time for other, time in state.heard if other == kind), default=at)
    others = tuple(pair for pair in state.heard if pair[0] != kind)
    return replace(state, heard=(*others, (kind, max(last, at))))


def on_time(state: ResidentState, due: datetime) -> Result:
    waits, late = waiting.overdue(state.conditions, due)
    state = replace(state, conditions=waits)
    named = {condition.name: condition for condition in state.plan.conditions or ()}
    return state, [_raise(state, named[wait.what], wait, due) for wait in late]


def _raise(state: ResidentState, condition: Condition, wait: Wait, at: datetime) -> Raise:
    kind = _ALARMS[Priority(condition.priority)]
    raised = waiting.raise_about(state, wait, at, kind, Reason.CONDITION_MET, condition.when.kind)
    parts = (condition.unless_before, condition.unless_after)
    return replace(
        raised,
        priority=Priority(condition.priority),
        detail={
            **raised.detail,
            "condition": condition.name,
            "text": condition.text or condition.name,
            "absent": sorted({kind for part in parts if part is not None for kind in part.kinds}),
        },
    )


def disarmed(state: ResidentState) -> ResidentState:
    """After a fault in this rule: until a condition begins next."""
    return replace(state, conditions=())


def on_plan(state: ResidentState, old: Plan, now: datetime) -> ResidentState:
    """A condition that is the same goes on waiting."""
    kept = set(state.plan.conditions or ()) & set(old.conditions or ())
    names = {condition.name for condition in kept}
    return replace(
        state,
        conditions=tuple(wait for wait in state.conditions if wait.what in names),
        heard=tuple((kind, at) for kind, at in state.heard if any(_names(condition, kind) for condition in kept)),
    )


def _wait(state: ResidentState, condition: Condition) -> Wait:
    return next((wait for wait in state.conditions if wait.what == condition.name), Wait(condition.name))


def _with(state: ResidentState, wait: Wait) -> ResidentState:
    """With this one in the place of the one before, or without it when nothing waits."""
    others = tuple(other for other in state.conditions if other.what != wait.what)
    return replace(state, conditions=others if wait.since is None else (*others, wait))


DETECTOR = Detector(
    "conditions",
    CONDITION_KINDS,
    on_entry,
    deadline=lambda state: waiting.deadline(state.conditions),
    on_time=on_time,
    disarmed=disarmed,
    on_plan=on_plan,
    version=2,
)
