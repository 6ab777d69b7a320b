"""Backtest: a person's own history judged again by other plans or rules, and compared with what really happened.

Each resident is judged alone, as the rules know nothing of anybody else. What devices themselves are (silent, low on
battery) depends on no plan and is left out.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from events.control import PlanChanged
from events.ids import EVERYBODY, DeviceId, ResidentId, TenantId, UnitId
from events.log import Entry
from processors.would_tell import Ladders, WouldTell
from rules.backtest import Difference, Episode, Tally, compare, episodes, night_of, tally
from rules.decisions import AlarmKind, AnyDecision
from rules.detector import NOTHING
from rules.fleet import Fleet
from rules.partition import Partition
from rules.plan import read_plan
from rules.state import ResidentState
from rules.step import BY_KIND
from store.backtest_query import FOR_EVERYBODY, Reached, Subject, decided, log_of, plan_then, reached, subjects
from store.pool import Connection
from store.select import Scope

WARM_UP = timedelta(days=62)
"""How much history before the first judged day is read: as much as learned inactivity remembers, and some days."""


TOGETHER = 200
"""Residents whose logs are read with one question."""

OF_DEVICES = frozenset({"call_device_silent"})
"""Kinds of alarms that a resident has because of what a device is."""


class Asked(Struct, frozen=True, kw_only=True):
    """Whose history, from when until before when, under which plan (None: the plans of the time, by today's rules).

    `history`: imported events are judged as well, as if they had been received when they happened.
    """

    start: datetime
    end: datetime
    tenant: TenantId | None = None
    unit: UnitId | None = None
    resident: ResidentId | None = None
    plan: dict[str, Any] | None = None
    history: bool = False


class Finding(Struct, frozen=True):
    """One difference, with the night it falls into, whom the recorded alarm reached, and whom the other would.

    `policy`: id and version of the escalation policy that the other would have followed.
    """

    resident: ResidentId
    name: str
    unit: UnitId
    difference: Difference
    night: date | None
    reached: dict[str, Any] | None
    would_reach: tuple[WouldTell, ...] = ()
    policy: tuple[str, int] | None = None


class Report(Struct, frozen=True):
    """`nights`: nights times residents, so that counts by night can be told per night and person."""

    asked: Asked
    residents: int
    entries: int
    nights: int
    kinds: dict[AlarmKind, Tally]
    findings: list[Finding]


@dataclass
class _Sums:
    entries: int = 0
    kinds: dict[AlarmKind, Tally] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


class _NoFleet(Fleet):
    """What devices say is not judged by what they are."""

    def tell(self, entry: Entry, device: DeviceId, *, holding: bool) -> list[AnyDecision]:
        return NOTHING


async def nothing_told(done: int, total: int) -> None:
    """For those who do not want to know how far it is."""


async def backtest(
    connection: Connection,
    scope: Scope,
    asked: Asked,
    on_progress: Callable[[int, int], Awaitable[None]] = nothing_told,
) -> Report:
    """The report. `on_progress` is told how much is done, in residents. Raises PlanError for a bad plan.

    `connection` is in a transaction of its own, so that all is read as of one moment.
    """
    if asked.plan is not None:
        read_plan(asked.plan)
    people = await subjects(connection, scope, resident=asked.resident, unit=asked.unit)
    outages = [entry async for chunk in _outages(connection, asked) for entry in chunk]
    sums = _Sums()
    for first in range(0, len(people), TOGETHER):
        group = people[first : first + TOGETHER]

        async def so_far(part: float, done: int = first, of: int = len(group)) -> None:
            await on_progress(done + int(part * of), len(people))

        await _judge(connection, asked, group, outages, sums, so_far)
    nights = max(0, (asked.end - asked.start).days) * len(people)
    found = sorted(sums.findings, key=lambda finding: (finding.difference.at, finding.resident))
    ladders, tenants = Ladders(connection), {subject.id: subject.tenant for subject in people}
    findings = [await _with_ladder(ladders, tenants[finding.resident], finding) for finding in found]
    return Report(asked, len(people), sums.entries, nights, dict(sorted(sums.kinds.items())), findings)


async def _judge(
    connection: Connection,
    asked: Asked,
    group: Sequence[Subject],
    outages: Sequence[Entry],
    sums: _Sums,
    so_far: Callable[[float], Awaitable[None]],
) -> None:
    trials = {subject.key: _Trial(asked, subject, outages) for subject in group}
    for trial in trials.values():
        await trial.begin(connection)
    start = asked.start - WARM_UP
    async for chunk in log_of(connection, [*trials], [*BY_KIND], start, asked.end, history=asked.history):
        sums.entries += len(chunk)
        for entry in chunk:
            trials[entry.key].take(entry)
        await so_far((chunk[-1].received_at - start) / (asked.end - start))
    for trial in trials.values():
        await _compare(connection, asked, trial.subject, trial.finish(), sums)
    await so_far(1.0)


async def _compare(
    connection: Connection, asked: Asked, subject: Subject, would: Sequence[Episode], sums: _Sums
) -> None:
    was = [
        episode
        for episode in episodes(await decided(connection, subject.key, asked.start))
        if asked.start <= episode.at < asked.end and episode.kind not in OF_DEVICES
    ]
    differences = compare(was, would)
    for kind, one in tally(was, would, differences, subject.timezone).items():
        sums.kinds[kind] = _added(sums.kinds.get(kind, Tally()), one)
    became = await reached(connection, [d.was.id for d in differences if d.was is not None])
    sums.findings += [_finding(subject, difference, became) for difference in differences]


class _Trial:
    """One resident's history, entry by entry; the plan to try comes into force at the first judged moment."""

    def __init__(self, asked: Asked, subject: Subject, outages: Sequence[Entry]) -> None:
        self._asked = asked
        self.subject = subject
        self._partition = Partition()
        self._partition.fleet = _NoFleet(lambda old, new: None)
        self._outages = iter(outages)
        self._outage = next(self._outages, None)
        self._decisions: list[AnyDecision] = []
        self._begun = False
        self._version = 0

    async def begin(self, connection: Connection) -> None:
        """Takes over the plan that was in force when the warm-up begins."""
        start = self._asked.start - WARM_UP
        then = await plan_then(connection, self.subject.id, start)
        if then is not None:
            self._plan(*then, start)

    def take(self, entry: Entry) -> None:
        self._pass(entry.received_at)
        if entry.kind == "plan_changed":
            assert isinstance(entry.data, PlanChanged)
            self._version = entry.data.version
            if self._begun and self._asked.plan is not None:
                return
        self._decisions += self._partition.apply(entry)

    def finish(self) -> list[Episode]:
        """What would have been raised in the judged time, and withdrawn by its end."""
        self._pass(self._asked.end)
        self._decisions += self._partition.fire(self._asked.end)
        return [e for e in episodes(self._decisions) if self._asked.start <= e.at < self._asked.end]

    def _pass(self, now: datetime) -> None:
        """Time goes on to `now`: outages of the broker begin and end, and the judged time begins."""
        while self._outage is not None and self._outage.received_at <= now:
            self._decisions += self._partition.apply(self._outage)
            self._outage = next(self._outages, None)
        if not self._begun and now >= self._asked.start:
            self._begun = True
            if self._asked.plan is not None:
                self._decisions += self._partition.fire(self._asked.start)
                self._plan(self._version + 1, self._asked.plan, self._asked.start)

    def _plan(self, version: int, plan: dict[str, Any], at: datetime) -> None:
        """A plan that is in no log: it takes no position there."""
        key = self.subject.key
        old = self._partition.states.get(key) or ResidentState(key)
        change = PlanChanged(resident=self.subject.id, version=version, timezone=self.subject.timezone, plan=plan)
        self._partition.apply(Entry(old.position + 1, key, "plan_changed", change, at, at))
        self._partition.states[key] = replace(self._partition.states[key], position=old.position)
        self._version = version


def _outages(connection: Connection, asked: Asked) -> AsyncIterator[list[Entry]]:
    """When deadlines waited for the broker's backlog: then the live run judged later, and so does this one."""
    start = asked.start - WARM_UP
    return log_of(connection, [EVERYBODY], sorted(FOR_EVERYBODY), start, asked.end)


def _finding(subject: Subject, difference: Difference, became: dict[str, Reached]) -> Finding:
    was = difference.was
    told = became.get(was.id) if was is not None else None
    return Finding(
        subject.id,
        subject.name,
        subject.unit,
        difference,
        night_of(difference.at, subject.timezone),
        told._asdict() if told is not None else None,
    )


async def _with_ladder(ladders: Ladders, tenant: TenantId, finding: Finding) -> Finding:
    would = finding.difference.would
    if would is None:
        return finding
    version = await ladders.policy(tenant, finding.unit, would)
    tells = await ladders.tells(tenant, finding.unit, version, would.at)
    return replace(finding, would_reach=tells, policy=(version.id, version.version))


def _added(one: Tally, other: Tally) -> Tally:
    return Tally(*(getattr(one, name) + getattr(other, name) for name in Tally.__struct_fields__))
