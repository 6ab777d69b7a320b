"""Whom an alarm would have told that never was: by the policies and the duty of that time, as they were recorded."""

from bisect import bisect_right
from datetime import datetime, timedelta

from msgspec import Struct

from events.ids import StaffId, TenantId, UnitId
from rules.backtest import Episode
from rules.duty import Duty, on_duty, planned
from rules.policy import Group, Whom
from rules.policy_choice import Case, Policies, PolicyVersion, choose, technology_of
from store.duty import duties, was_ever_planned
from store.policies import changed_at, in_force
from store.pool import Connection

RECORDED = timedelta(hours=1)
"""Duty is read once for all alarms of an hour, as it was recorded when that hour began."""

LONGEST = timedelta(days=7)
"""No rung comes later than this after the beginning."""


class WouldTell(Struct, frozen=True):
    """When whom the ladder would tell, as long as nobody accepts. `on_duty`: who of them was planned to work then."""

    at: datetime
    to: tuple[Whom, ...]
    on_duty: tuple[StaffId, ...] = ()


class Ladders:
    """The ladders of the past. Who was signed in then, and who could be reached, is not recorded."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._duties: dict[tuple[TenantId, datetime | None], Duty] = {}
        self._planned: dict[TenantId, bool] = {}
        self._changed_at: dict[TenantId, list[datetime]] = {}
        self._policies: dict[tuple[TenantId, int], Policies] = {}

    async def policy(self, tenant: TenantId, unit: UnitId, would: Episode) -> PolicyVersion:
        """Which policy the alarm would have followed."""
        policies = await self._in_force(tenant, would.at)
        case = Case(unit, technology_of(None, would.kind), would.kind, would.priority)
        return choose(policies, case, would.at)

    async def tells(
        self, tenant: TenantId, unit: UnitId, version: PolicyVersion, began_at: datetime
    ) -> tuple[WouldTell, ...]:
        """The rungs of a ladder that began then."""
        duty = await self._duty(tenant, began_at)
        told = []
        for rung in version.policy.rungs:
            at = began_at + timedelta(seconds=rung.after_seconds)
            working = {id for whom in rung.to for id in _working(duty, unit, whom, at)}
            told.append(WouldTell(at, rung.to, tuple(sorted(working))))
        return tuple(told)

    async def _in_force(self, tenant: TenantId, at: datetime) -> Policies:
        """Read once for all alarms between two changes."""
        if tenant not in self._changed_at:
            self._changed_at[tenant] = await changed_at(self._connection, tenant)
        changes = bisect_right(self._changed_at[tenant], at)
        if (tenant, changes) not in self._policies:
            self._policies[tenant, changes] = (await in_force(self._connection, [tenant], at))[tenant]
        return self._policies[tenant, changes]

    async def _duty(self, tenant: TenantId, at: datetime) -> Duty:
        """Where none was ever planned, that of any hour is that of all."""
        hour = at.replace(minute=0, second=0, microsecond=0)
        if tenant not in self._planned:
            self._planned[tenant] = await was_ever_planned(self._connection, tenant)
        key = tenant, hour if self._planned[tenant] else None
        if key not in self._duties:
            read = await duties(self._connection, [tenant], hour, hour + RECORDED + LONGEST, as_of=hour)
            self._duties[key] = read[tenant]
        return self._duties[key]


def _working(duty: Duty, unit: UnitId, whom: Whom, at: datetime) -> tuple[StaffId, ...]:
    of = UnitId(whom.unit) if whom.unit is not None else unit
    if whom.who is not Group.ON_DUTY or not planned(duty, of, whom.skill):
        return ()
    return on_duty(duty, of, at, whom.skill)
