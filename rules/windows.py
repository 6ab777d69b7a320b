"""Windows of every day in which something must be done: a dose to take, a check to make.

A slot is one window on one local day. It is found by when a device says that something happened, not by what has been
noted so far: after an outage the report of a dose may come before its window was even begun.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from msgspec.structs import replace

from rules.localtime import duration, instant, local_day, minutes
from rules.plan import Window
from rules.state import Slot, SlotState, SlotStatus

REMEMBERED = timedelta(hours=24)
"""How long after its window a slot that was missed can still be reported as done."""

REPORTED_MISSED_WITHIN = timedelta(hours=2)
"""How long after a window a device's own report that it was missed still means that window."""

Windows = tuple[Window, ...]


class Passed(NamedTuple):
    """What time brought: slots whose window ended undone, and slots to remind of, in order of time."""

    state: SlotState
    missed: list[Slot]
    reminded: list[Slot]


def on_plan(state: SlotState, windows: Windows, zone: str, now: datetime) -> SlotState:
    """Slots that are settled or over stay so; the others follow the new plan, from a window that runs now on."""
    past = tuple(slot for slot in state.slots if slot.status is not SlotStatus.PENDING or slot.end <= now)
    return noted(_with(state, past, _next_start(windows, zone, now)), windows, zone, now)


def pass_time(state: SlotState, windows: Windows, zone: str, due: datetime) -> Passed:
    """Does what is due at exactly `due`, the deadline that this state named."""
    slots, next_start = state.slots, state.next_start
    if next_start == due:
        slots, next_start = _noted(state, windows, zone, due), _next_start(windows, zone, due)
    passed = Passed(state, [], [])
    kept = []
    for slot in slots:
        if slot.status is SlotStatus.PENDING and slot.end <= due:
            passed.missed.append(slot)
            slot = replace(slot, status=SlotStatus.MISSED, remind_at=None)
        elif slot.remind_at is not None and slot.remind_at <= due:
            passed.reminded.append(slot)
            slot = replace(slot, remind_at=_remind_again(slot, due))
        if _can_be_reported(slot, due, next_start):
            kept.append(slot)
    return passed._replace(state=_with(state, tuple(kept), next_start))


def done(state: SlotState, windows: Windows, zone: str, at: datetime, now: datetime) -> tuple[SlotState, Slot | None]:
    """It was done at `at`, which is heard `now`. With the slot that this settles, as it was before."""
    state = _forgetful(state, now)
    slot = _done_at(_noted(state, windows, zone, at), at)
    early = _coming(state, windows, zone, at)
    if early is not None and (slot is None or (at >= slot.end and early.start - at <= at - slot.end)):
        slot = early
    if slot is None:
        return replace(state, unclaimed=at), None
    return _settle(state, slot, SlotStatus.DONE), slot


def given_up(
    state: SlotState, windows: Windows, zone: str, at: datetime, now: datetime
) -> tuple[SlotState, Slot | None]:
    """A device says that it was not done. With the slot that this is about, as it was before."""
    state = _forgetful(state, now)
    slots = _noted(state, windows, zone, at)
    slot = _last(slot for slot in slots if slot.start <= at <= slot.end + REPORTED_MISSED_WITHIN)
    if slot is None or slot.status is not SlotStatus.PENDING:
        return state, slot
    return _settle(state, slot, SlotStatus.MISSED), slot


def noted(state: SlotState, windows: Windows, zone: str, at: datetime) -> SlotState:
    """With every slot whose window has begun by `at` and must be fired."""
    slots = _noted(state, windows, zone, at)
    return state if slots is state.slots else _with(state, slots, state.next_start)


def _with(state: SlotState, slots: tuple[Slot, ...], next_start: datetime | None) -> SlotState:
    """With these slots, and the deadline that follows from them."""
    deadline = next_start
    for slot in slots:
        if slot.status is SlotStatus.PENDING:
            due = slot.end if slot.remind_at is None else min(slot.end, slot.remind_at)
            deadline = due if deadline is None else min(deadline, due)
    return SlotState(slots, next_start, deadline, state.unclaimed)


def _done_at(slots: tuple[Slot, ...], at: datetime) -> Slot | None:
    """The slot whose window `at` lies in, else the last one before it that was not done.

    In the night that skips an hour two windows may run at once: then it is the one that is still to be done.
    """
    running = [slot for slot in slots if slot.start <= at < slot.end]
    if running:
        return _last(slot for slot in running if slot.status is not SlotStatus.DONE) or running[0]
    return _last(slot for slot in slots if slot.end <= at and slot.status is not SlotStatus.DONE)


def _coming(state: SlotState, windows: Windows, zone: str, at: datetime) -> Slot | None:
    """The next slot, if its window lets it be done as early as `at` and it is not done."""
    slot = next((slot for slot in _slots_around(windows, zone, at) if slot.start > at), None)
    if slot is None or any((other.window, other.day) == (slot.window, slot.day) for other in state.slots):
        return None
    early = next(window.early for window in windows if window.id == slot.window)
    return slot if slot.start - at <= timedelta(minutes=early) else None


_OPEN = (SlotStatus.DONE, SlotStatus.MISSED, SlotStatus.PENDING)
"""A change of plan may put a window beside one of the same beginning that was missed already."""


def _last(slots: Iterable[Slot]) -> Slot | None:
    """The one that began last; of those that began together, one that waits, else one that was missed."""
    return max(slots, key=lambda slot: (slot.start, _OPEN.index(slot.status)), default=None)


def _settle(state: SlotState, slot: Slot, status: SlotStatus) -> SlotState:
    settled = replace(slot, status=status, remind_at=None)
    others = (other for other in state.slots if (other.window, other.day) != (slot.window, slot.day))
    slots = sorted((*others, settled), key=lambda slot: slot.start)
    return _with(state, tuple(slots), state.next_start)


def _noted(state: SlotState, windows: Windows, zone: str, at: datetime) -> tuple[Slot, ...]:
    """Every slot that something at `at` may be about: of windows that run then, or ran in the day before.

    The latter are there already, unless their beginning has not been fired: while deadlines wait.
    """
    slots, next_start = state.slots, state.next_start
    known = {(slot.window, slot.day) for slot in slots}
    new = [
        slot
        for slot in _slots_around(windows, zone, at)
        if slot.start <= at and (at < slot.end or _is_ahead(slot, next_start)) and (slot.window, slot.day) not in known
    ]
    return tuple(sorted((*slots, *new), key=lambda slot: slot.start)) if new else slots


def _is_ahead(slot: Slot, next_start: datetime | None) -> bool:
    """Whether the beginning of this slot's window is yet to be fired."""
    return next_start is not None and slot.start >= next_start


def _forgetful(state: SlotState, now: datetime) -> SlotState:
    """Without the slots that nothing can be reported of any more."""
    kept = tuple(slot for slot in state.slots if _can_be_reported(slot, now, state.next_start))
    return state if len(kept) == len(state.slots) else _with(state, kept, state.next_start)


def _can_be_reported(slot: Slot, now: datetime, next_start: datetime | None) -> bool:
    return now < slot.end + REMEMBERED or slot.status is SlotStatus.PENDING or _is_ahead(slot, next_start)


def _next_start(windows: Windows, zone: str, after: datetime) -> datetime | None:
    return next((slot.start for slot in _slots_around(windows, zone, after) if slot.start > after), None)


def _slots_around(windows: Windows, zone: str, time: datetime) -> tuple[Slot, ...]:
    """The slots from the local day before `time` to two days after it, in order of time."""
    return _slots_of_days(windows, local_day(time, zone), zone) if windows else ()


@lru_cache(maxsize=65536)
def _slots_of_days(windows: Windows, day: date, zone: str) -> tuple[Slot, ...]:
    """Cached: residents with equal plans share the work."""
    slots = [slot_on(window, day + timedelta(days=days), zone) for days in range(-1, 3) for window in windows]
    return tuple(sorted(slots, key=lambda slot: slot.start))


@lru_cache(maxsize=65536)
def slot_on(window: Window, day: date, zone: str) -> Slot:
    """The slot of `window` on the local `day`.

    A window that the spring night swallows keeps its length, so that there is always time to do it.
    """
    length = duration(window.start, window.end)
    first = minutes(window.start)
    start = instant(day, first, zone)
    end = instant(day, first + int(length.total_seconds()) // 60, zone)
    if end <= start:
        end = start + length
    after, every = window.reminders
    remind_at = start + timedelta(minutes=after) if after is not None else None
    return Slot(window.id, day, start, end, SlotStatus.PENDING, remind_at, every)


def _remind_again(slot: Slot, due: datetime) -> datetime | None:
    return due + timedelta(minutes=slot.remind_every) if slot.remind_every is not None else None
