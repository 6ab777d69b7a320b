"""Something began and must end in time: a door that stands open, a bed that was left, a position that was awaited.

What devices report may be late or out of order, so the latest beginning and the latest end are remembered as well: an
end that is heard first is not forgotten, and one that lies before another beginning ends nothing.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from events.ids import DeviceId, derived_id
from events.log import Entry
from rules.decisions import AlarmKind, Annotate, Priority, Raise, Reason, Withdraw
from rules.state import ResidentState, Wait

LISTEN = timedelta(minutes=1)
"""A beginning that is reported late is judged so long after it was received: its end may come right behind it."""

AT_MOST = 8
"""How many are remembered that have ended; what still runs is never forgotten."""

Waits = tuple[Wait, ...]


def happened(entry: Entry) -> datetime:
    """When it happened; nothing happens later than it is received."""
    at, now = entry.occurred_at, entry.received_at
    return at if at < now else now


def begun(waits: Waits, what: str, at: datetime, now: datetime, limit: timedelta) -> Waits:
    """`what` began at `at`, which is heard `now`: it must end within `limit`. One that runs goes on."""
    wait = _find(waits, what)
    if wait.ended is not None and at <= wait.ended:
        return waits
    last = at if wait.last is None else max(at, wait.last)
    if wait.since is not None and (wait.due is None or at >= wait.since):
        return _with(waits, replace(wait, last=last))
    return _with(waits, _armed(wait, at, last, now, limit))


def ended(waits: Waits, what: str, at: datetime, now: datetime, limit: timedelta) -> tuple[Waits, Wait | None]:
    """`what` ended at `at`, which is heard `now`. With the one that had been raised about, if this ends it."""
    wait = _find(waits, what)
    if wait.ended is not None and at <= wait.ended:
        return waits, None
    if wait.since is None or at < wait.since:
        return _with(waits, replace(wait, ended=at)), None
    raised = wait if wait.due is None else None
    if wait.last is not None and wait.last > at:
        return _with(waits, _armed(replace(wait, ended=at), wait.last, wait.last, now, limit)), raised
    return _with(waits, Wait(what, last=wait.last, ended=at)), raised


def begun_again(waits: Waits, what: str, at: datetime, now: datetime, limit: timedelta) -> tuple[Waits, Wait | None]:
    """`what` begins anew at `at`, whatever ran before. With what had been raised about, if this ends it."""
    wait = _find(waits, what)
    if (wait.last is not None and at <= wait.last) or (wait.ended is not None and at <= wait.ended):
        return waits, None
    raised = wait if wait.since is not None and wait.due is None else None
    return _with(waits, _armed(replace(wait, ended=None), at, at, now, limit)), raised


def overdue(waits: Waits, due: datetime) -> tuple[Waits, list[Wait]]:
    """Those that should have ended by `due`; they are raised about from now on."""
    late = [wait for wait in waits if wait.due is not None and wait.due <= due]
    return tuple(replace(wait, due=None) if wait in late else wait for wait in waits), late


def deadline(waits: Waits) -> datetime | None:
    earliest = None
    for wait in waits:
        if wait.due is not None and (earliest is None or wait.due < earliest):
            earliest = wait.due
    return earliest


def runs(waits: Waits, what: str) -> bool:
    for wait in waits:
        if wait.what == what:
            return wait.since is not None
    return False


def has_ended_since(waits: Waits, what: str, at: datetime) -> bool:
    """Whether an end is known that lies at or after `at`."""
    ended = _find(waits, what).ended
    return ended is not None and at <= ended


def raise_about(
    state: ResidentState,
    wait: Wait,
    at: datetime,
    kind: AlarmKind,
    reason: Reason,
    began: str,
    device: str | None = None,
) -> Raise:
    """`began`: the kind of what began."""
    assert wait.since is not None
    assert wait.until is not None
    return Raise(
        id=_episode(state, wait, kind),
        key=state.key,
        at=at,
        reason=reason,
        kind=kind,
        priority=Priority.CARE,
        occurred_at=wait.until,
        device=None if device is None else DeviceId(device),
        detail={
            "since": wait.since.isoformat(),
            "deadline": wait.until.isoformat(),
            "inputs": [{"kind": began, "at": wait.since.isoformat(), "device": device}],
        },
    )


def verdict(state: ResidentState, wait: Wait, entry: Entry, kind: AlarmKind) -> Withdraw | Annotate:
    """What the end of a `wait` that was raised about says: it had ended in time, or it has ended now."""
    assert wait.until is not None
    at = happened(entry)
    episode = _episode(state, wait, kind)
    detail = {
        "what": wait.what,
        "ended_at": at.isoformat(),
        "reported_at": entry.received_at.isoformat(),
        "kind": entry.kind,
        "device": entry.device,
    }
    if at <= wait.until:
        return Withdraw(
            id=derived_id("withdraw", episode),
            key=state.key,
            at=entry.received_at,
            reason=Reason.ENDED_IN_TIME,
            episode=episode,
            detail=detail,
        )
    return Annotate(
        id=derived_id("ended", episode),
        key=state.key,
        at=entry.received_at,
        reason=Reason.ENDED,
        kind=kind,
        detail=detail,
    )


def _episode(state: ResidentState, wait: Wait, kind: AlarmKind) -> str:
    assert wait.since is not None
    return derived_id(kind, state.key, wait.what, wait.since.isoformat())


def _armed(wait: Wait, since: datetime, last: datetime, now: datetime, limit: timedelta) -> Wait:
    until = since + limit
    return replace(wait, since=since, last=last, until=until, due=max(until, now + LISTEN))


def _find(waits: Waits, what: str) -> Wait:
    for wait in waits:
        if wait.what == what:
            return wait
    return Wait(what)


def _with(waits: Waits, wait: Wait) -> Waits:
    """The one that was heard of last stands last."""
    if not waits or (len(waits) == 1 and waits[0].what == wait.what):
        return (wait,)
    others = [other for other in waits if other.what != wait.what]
    idle = [other for other in others if other.since is None]
    forgotten = idle[: max(0, len(idle) + 1 - AT_MOST)]
    return (*(other for other in others if other not in forgotten), wait)
