"""Missed dose: remind when the window has run for a while, raise at its end, withdraw when the dose was taken.

A dose is one window on one local day; `rules.windows` finds it. A dose that is taken as needed is another matter,
see `rules.as_needed`.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from events.ids import Key, derived_id
from events.log import Entry
from events.messages import DoseTaken
from rules import windows
from rules.decisions import AlarmKind, AnyDecision, Priority, Raise, Reason, Remind, Withdraw
from rules.detector import NOTHING, Detector, Result
from rules.localtime import local_text
from rules.plan import DoseWindow, Plan
from rules.state import ResidentState, Slot, SlotState, SlotStatus
from rules.waiting import happened

KINDS = ("dose_taken", "dose_missed")

EARLY = timedelta(hours=4)
"""A dose that was taken so long before a window, at most, and in no other one, is told of when that window ends."""


def on_entry(state: ResidentState, entry: Entry) -> Result:
    if entry.kind == "dose_taken":
        return _taken(state, entry)
    return _reported_missed(state, entry)


def on_plan(state: ResidentState, old: Plan, now: datetime) -> ResidentState:
    return replace(state, medicine=windows.on_plan(state.medicine, _windows(state), state.timezone, now))


def noted(state: ResidentState, now: datetime) -> ResidentState:
    return replace(state, medicine=windows.noted(state.medicine, _windows(state), state.timezone, now))


def on_time(state: ResidentState, due: datetime) -> Result:
    medicine, missed, reminded = windows.pass_time(state.medicine, _windows(state), state.timezone, due)
    decisions: list[AnyDecision] = [_not_taken(state, dose, due) for dose in missed]
    decisions += [_remind(state, dose, due) for dose in reminded]
    return replace(state, medicine=medicine), decisions


def disarmed(state: ResidentState) -> ResidentState:
    """The same without deadlines: after a fault in this rule, until the plan changes."""
    return replace(state, medicine=SlotState())


def _windows(state: ResidentState) -> tuple[DoseWindow, ...]:
    return state.plan.medicine.windows if state.plan.medicine is not None else ()


def is_as_needed(state: ResidentState, entry: Entry) -> bool:
    """Whether this dose is one that the plan has taken as needed."""
    plan, taken = state.plan.medicine, entry.data
    if plan is None or not plan.as_needed or not isinstance(taken, DoseTaken):
        return False
    return any(needed.dose == taken.dose for needed in plan.as_needed)


def _taken(state: ResidentState, entry: Entry) -> Result:
    if is_as_needed(state, entry):
        return state, NOTHING
    at = happened(entry)
    medicine, dose = windows.done(state.medicine, _windows(state), state.timezone, at, entry.received_at)
    decisions = NOTHING
    if dose is not None and dose.status is SlotStatus.MISSED:
        decisions = [_withdraw(state, dose, entry, at)]
    return replace(state, medicine=medicine), decisions


def _reported_missed(state: ResidentState, entry: Entry) -> Result:
    at = happened(entry)
    medicine, dose = windows.given_up(state.medicine, _windows(state), state.timezone, at, entry.received_at)
    state = replace(state, medicine=medicine)
    if dose is None:
        return state, [_raise_without_window(entry)]
    if dose.status is not SlotStatus.PENDING:
        return state, NOTHING
    return state, [_raise(state, dose, entry.received_at, Reason.DOSE_REPORTED_MISSED)]


def episode_id(key: Key, dose: Slot) -> str:
    return derived_id(AlarmKind.MISSED_DOSE, key, dose.window, dose.day)


def _about(state: ResidentState, dose: Slot) -> dict[str, str]:
    window = f"{local_text(dose.start, state.timezone)}-{local_text(dose.end, state.timezone)}"
    return {"window": window, "dose": dose.window, "day": dose.day.isoformat()}


def _not_taken(state: ResidentState, dose: Slot, due: datetime) -> Raise:
    """Nobody took it in its window; perhaps because it had been taken before."""
    taken = state.medicine.unclaimed
    if taken is None or not dose.start - EARLY <= taken < dose.start:
        return _raise(state, dose, due, Reason.DOSE_NOT_TAKEN)
    return _raise(state, dose, due, Reason.DOSE_TAKEN_EARLY, taken_at=taken.isoformat())


def _raise(state: ResidentState, dose: Slot, at: datetime, reason: Reason, **more: str) -> Raise:
    return Raise(
        id=episode_id(state.key, dose),
        key=state.key,
        at=at,
        reason=reason,
        kind=AlarmKind.MISSED_DOSE,
        priority=Priority.CARE,
        occurred_at=min(at, dose.end),
        detail={**_about(state, dose), "deadline": dose.end.isoformat(), **more},
    )


def _raise_without_window(entry: Entry) -> Raise:
    """The plan knows no such window, the dispenser does: it is believed."""
    return Raise(
        id=derived_id(AlarmKind.MISSED_DOSE, entry.key, entry.id),
        key=entry.key,
        at=entry.received_at,
        reason=Reason.DOSE_REPORTED_MISSED,
        kind=AlarmKind.MISSED_DOSE,
        priority=Priority.CARE,
        occurred_at=entry.occurred_at,
        device=entry.device,
    )


def _withdraw(state: ResidentState, dose: Slot, entry: Entry, at: datetime) -> Withdraw:
    episode = episode_id(state.key, dose)
    # Before the window's end only the dispenser itself can have called the dose missed: it was late for that.
    late = at >= dose.end or entry.received_at < dose.end
    return Withdraw(
        id=derived_id("withdraw", episode),
        key=state.key,
        at=entry.received_at,
        reason=Reason.DOSE_TAKEN_LATE if late else Reason.DOSE_REPORTED_LATE,
        episode=episode,
        detail={
            **_about(state, dose),
            "taken_at": at.isoformat(),
            "reported_at": entry.received_at.isoformat(),
        },
    )


def _remind(state: ResidentState, dose: Slot, due: datetime) -> Remind:
    return Remind(
        id=derived_id("remind", episode_id(state.key, dose), due.isoformat()),
        key=state.key,
        at=due,
        reason=Reason.DOSE_DUE,
        until=dose.end,
        detail=_about(state, dose),
    )


DETECTOR = Detector(
    "missed_dose",
    KINDS,
    on_entry,
    deadline=lambda state: state.medicine.deadline,
    on_time=on_time,
    disarmed=disarmed,
    # While deadlines wait, windows of the old plan may have begun that nobody has looked at yet.
    noted=noted,
    on_plan=on_plan,
    version=2,
)
