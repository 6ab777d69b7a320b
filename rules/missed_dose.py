"""Missed dose: remind when the window has run for a while, raise at its end, withdraw when the dose was taken.

A dose is one window on one local day. It is found by when the dispenser says that something happened, not by
what has been noted so far: after an outage the report of a dose may come before its window was even begun.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache

from msgspec.structs import replace

from events.ids import Key, derived_id
from events.log import Entry
from rules.decisions import AlarmKind, AnyDecision, Priority, Raise, Reason, Remind, Withdraw
from rules.detector import Detector, Result
from rules.localtime import duration, instant, local_day, local_text, minutes
from rules.plan import DoseWindow, MedicinePlan, Plan
from rules.state import Dose, DoseStatus, MedicineState, ResidentState

KINDS = ("dose_taken", "dose_missed")

REMEMBERED = timedelta(hours=24)
"""How long after its window a dose that was missed can still be reported as taken."""

REPORTED_MISSED_WITHIN = timedelta(hours=2)
"""How long after a window the dispenser's own report still means that window's dose."""


def on_entry(state: ResidentState, entry: Entry) -> Result:
    at = min(entry.occurred_at, entry.received_at)
    state = _forgetful(state, entry.received_at)
    if entry.kind == "dose_taken":
        return _taken(state, entry, at)
    return _reported_missed(state, entry, at)


def on_plan(state: ResidentState, old: Plan, now: datetime) -> ResidentState:
    """Doses that are settled or over stay so; the others follow the new plan, from a window that runs now on."""
    past = tuple(dose for dose in state.medicine.doses if dose.status is not DoseStatus.PENDING or dose.end <= now)
    return noted(_with(state, past, _next_start(state, now)), now)


def on_time(state: ResidentState, due: datetime) -> Result:
    """Does what is due at exactly `due`, the deadline that this state named."""
    doses, next_start = state.medicine.doses, state.medicine.next_start
    if next_start == due:
        doses, next_start = _doses_noted(state, due), _next_start(state, due)
    decisions: list[AnyDecision] = []
    kept = []
    for dose in doses:
        if dose.status is DoseStatus.PENDING and dose.end <= due:
            decisions.append(_raise(state, dose, due, Reason.DOSE_NOT_TAKEN))
            dose = replace(dose, status=DoseStatus.MISSED, remind_at=None)
        elif dose.remind_at is not None and dose.remind_at <= due:
            decisions.append(_remind(state, dose, due))
            dose = replace(dose, remind_at=None)
        if _can_be_reported(dose, due, next_start):
            kept.append(dose)
    return _with(state, tuple(kept), next_start), decisions


def disarmed(state: ResidentState) -> ResidentState:
    """The same without deadlines: after a fault in this rule, until the plan changes."""
    return replace(state, medicine=MedicineState())


def _taken(state: ResidentState, entry: Entry, at: datetime) -> Result:
    dose = _dose_taken_at(_doses_noted(state, at), at)
    if dose is None:
        return state, []
    decisions: list[AnyDecision] = []
    if dose.status is DoseStatus.MISSED:
        decisions.append(_withdraw(state, dose, entry, at))
    return _settle(state, dose, DoseStatus.TAKEN), decisions


def _reported_missed(state: ResidentState, entry: Entry, at: datetime) -> Result:
    doses = _doses_noted(state, at)
    dose = _last(dose for dose in doses if dose.start <= at <= dose.end + REPORTED_MISSED_WITHIN)
    if dose is None:
        return state, [_raise_without_window(entry)]
    if dose.status is not DoseStatus.PENDING:
        return state, []
    decision = _raise(state, dose, entry.received_at, Reason.DOSE_REPORTED_MISSED)
    return _settle(state, dose, DoseStatus.MISSED), [decision]


def _dose_taken_at(doses: tuple[Dose, ...], at: datetime) -> Dose | None:
    """The dose whose window `at` lies in, else the last one before it that nobody took.

    In the night that skips an hour two windows may run at once: then it is the one that is still to be taken.
    """
    running = [dose for dose in doses if dose.start <= at < dose.end]
    if running:
        return _last(dose for dose in running if dose.status is not DoseStatus.TAKEN) or running[0]
    return _last(dose for dose in doses if dose.end <= at and dose.status is not DoseStatus.TAKEN)


def _last(doses: Iterable[Dose]) -> Dose | None:
    """The one that began last; of two that began together, one that nobody took."""
    return max(doses, key=lambda dose: (dose.start, dose.status is not DoseStatus.TAKEN), default=None)


def _settle(state: ResidentState, dose: Dose, status: DoseStatus) -> ResidentState:
    settled = replace(dose, status=status, remind_at=None)
    others = (other for other in state.medicine.doses if (other.window, other.day) != (dose.window, dose.day))
    doses = sorted((*others, settled), key=lambda dose: dose.start)
    return _with(state, tuple(doses), state.medicine.next_start)


def noted(state: ResidentState, at: datetime) -> ResidentState:
    """With every dose whose window has begun by `at` and must be fired."""
    doses = _doses_noted(state, at)
    return state if doses is state.medicine.doses else _with(state, doses, state.medicine.next_start)


def _doses_noted(state: ResidentState, at: datetime) -> tuple[Dose, ...]:
    """Every dose that something at `at` may be about: of windows that run then, or ran in the day before.

    The latter are there already, unless their beginning has not been fired: while deadlines wait.
    """
    doses, next_start = state.medicine.doses, state.medicine.next_start
    known = {(dose.window, dose.day) for dose in doses}
    new = [
        dose
        for dose in _doses_around(state, at)
        if dose.start <= at and (at < dose.end or _is_ahead(dose, next_start)) and (dose.window, dose.day) not in known
    ]
    return tuple(sorted((*doses, *new), key=lambda dose: dose.start)) if new else doses


def _is_ahead(dose: Dose, next_start: datetime | None) -> bool:
    """Whether the beginning of this dose's window is yet to be fired."""
    return next_start is not None and dose.start >= next_start


def _forgetful(state: ResidentState, now: datetime) -> ResidentState:
    """Without the doses that nothing can be reported of any more."""
    doses, next_start = state.medicine.doses, state.medicine.next_start
    kept = tuple(dose for dose in doses if _can_be_reported(dose, now, next_start))
    return state if len(kept) == len(doses) else _with(state, kept, next_start)


def _can_be_reported(dose: Dose, now: datetime, next_start: datetime | None) -> bool:
    return now < dose.end + REMEMBERED or dose.status is DoseStatus.PENDING or _is_ahead(dose, next_start)


def _next_start(state: ResidentState, after: datetime) -> datetime | None:
    return next((dose.start for dose in _doses_around(state, after) if dose.start > after), None)


def _doses_around(state: ResidentState, time: datetime) -> tuple[Dose, ...]:
    """The doses from the local day before `time` to two days after it, in order of time."""
    if state.plan.medicine is None:
        return ()
    return _doses_of_days(state.plan.medicine, local_day(time, state.timezone), state.timezone)


@lru_cache(maxsize=65536)
def _doses_of_days(plan: MedicinePlan, day: date, zone: str) -> tuple[Dose, ...]:
    """Cached: residents with equal plans share the work."""
    return tuple(dose for days in range(-1, 3) for dose in doses_of(plan, day + timedelta(days=days), zone))


@lru_cache(maxsize=65536)
def doses_of(plan: MedicinePlan, day: date, zone: str) -> tuple[Dose, ...]:
    """The doses of the local `day`, in order of time."""
    return tuple(sorted((dose_on(window, day, zone) for window in plan.windows), key=lambda dose: dose.start))


def dose_on(window: DoseWindow, day: date, zone: str) -> Dose:
    """The dose of `window` on the local `day`.

    A window that the spring night swallows keeps its length, so that there is always time to take the dose.
    """
    length = duration(window.start, window.end)
    first = minutes(window.start)
    start = instant(day, first, zone)
    end = instant(day, first + int(length.total_seconds()) // 60, zone)
    if end <= start:
        end = start + length
    remind_at = None
    if window.remind_after_minutes is not None:
        remind_at = start + timedelta(minutes=window.remind_after_minutes)
        remind_at = remind_at if remind_at < end else None
    return Dose(window.id, day, start, end, DoseStatus.PENDING, remind_at)


def _with(state: ResidentState, doses: tuple[Dose, ...], next_start: datetime | None) -> ResidentState:
    """State with these doses and the deadline that follows from them."""
    deadline = next_start
    for dose in doses:
        if dose.status is DoseStatus.PENDING:
            due = dose.end if dose.remind_at is None else min(dose.end, dose.remind_at)
            deadline = due if deadline is None else min(deadline, due)
    return replace(state, medicine=MedicineState(doses, next_start, deadline))


def episode_id(key: Key, dose: Dose) -> str:
    return derived_id(AlarmKind.MISSED_DOSE, key, dose.window, dose.day)


def _about(state: ResidentState, dose: Dose) -> dict[str, str]:
    window = f"{local_text(dose.start, state.timezone)}-{local_text(dose.end, state.timezone)}"
    return {
        "window": window,
        "dose": dose.window,
        "day": dose.day.isoformat(),
    }


def _raise(state: ResidentState, dose: Dose, at: datetime, reason: Reason) -> Raise:
    return Raise(
        id=episode_id(state.key, dose),
        key=state.key,
        at=at,
        reason=reason,
        kind=AlarmKind.MISSED_DOSE,
        priority=Priority.CARE,
        occurred_at=min(at, dose.end),
        detail=_about(state, dose),
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


def _withdraw(state: ResidentState, dose: Dose, entry: Entry, at: datetime) -> Withdraw:
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


def _remind(state: ResidentState, dose: Dose, due: datetime) -> Remind:
    return Remind(
        id=derived_id("remind", episode_id(state.key, dose)),
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
)
