"""What escalation knows during one step: which policies are in force and who can be reached, each read once."""

from collections.abc import Sequence
from datetime import datetime

from events.ids import TenantId
from rules.escalation import AlarmView, advance, case_of, ladder_of
from rules.policy import Group
from rules.policy_choice import Case, Policies, PolicyVersion, at_that_hour, fitting
from rules.reach import Reaching, Roster
from store.escalation import Climb, rosters, with_relatives
from store.policies import followed, in_force
from store.pool import Connection


class PoliciesNow:
    """For a step at `now`: alarms of the same unit reach the same people, and that is worked out once for all."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._in_force: dict[TenantId, Policies] = {}
        self._fitting: dict[tuple[TenantId, Case], tuple[PolicyVersion, ...]] = {}
        self._followed: dict[tuple[str, int], PolicyVersion] = {}
        self._rosters: dict[TenantId, Roster] = {}
        self._reaching: dict[TenantId, Reaching] = {}

    async def decide(self, connection: Connection, alarms: Sequence[AlarmView]) -> list[Climb]:
        """What becomes of each of `alarms`, which are due."""
        await self._learn(connection, alarms)
        policies = [self._policy(alarm) for alarm in alarms]
        await self._learn_relatives(connection, alarms, policies)
        return [self._climb(alarm, policy) for alarm, policy in zip(alarms, policies, strict=True)]

    async def _learn(self, connection: Connection, alarms: Sequence[AlarmView]) -> None:
        unknown = {alarm.tenant for alarm in alarms} - self._rosters.keys()
        if unknown:
            self._in_force |= await in_force(connection, unknown, self._now)
            self._rosters |= await rosters(connection, unknown, self._now)
            self._reaching |= {tenant: Reaching(self._rosters[tenant], self._now) for tenant in unknown}
        wanted = {(a.policy, a.policy_version) for a in alarms if a.policy is not None and a.policy_version is not None}
        if new := wanted - self._followed.keys():
            self._followed |= await followed(connection, new)

    def _policy(self, alarm: AlarmView) -> PolicyVersion:
        if alarm.policy is not None and alarm.policy_version is not None:
            return self._followed[alarm.policy, alarm.policy_version]
        case, policies = case_of(alarm), self._in_force[alarm.tenant]
        if (alarm.tenant, case) not in self._fitting:
            self._fitting[alarm.tenant, case] = fitting(policies.versions, case)
        return at_that_hour(self._fitting[alarm.tenant, case], case, alarm.began_at, policies.zone)

    async def _learn_relatives(
        self, connection: Connection, alarms: Sequence[AlarmView], policies: Sequence[PolicyVersion]
    ) -> None:
        for tenant in {alarm.tenant for alarm in alarms}:
            residents = {
                alarm.resident
                for alarm, policy in zip(alarms, policies, strict=True)
                if alarm.tenant == tenant and alarm.resident is not None and _names_relatives(policy)
            }
            if residents:
                roster = await with_relatives(connection, self._rosters[tenant], residents)
                self._reaching[tenant] = Reaching(roster, self._now)

    def _climb(self, alarm: AlarmView, version: PolicyVersion) -> Climb:
        ladder = ladder_of(alarm, version.policy)
        return Climb(alarm, version, advance(alarm, ladder, self._reaching[alarm.tenant].of(alarm), self._now))


def _names_relatives(version: PolicyVersion) -> bool:
    return any(whom.who is Group.RELATIVES for rung in version.policy.rungs for whom in rung.to)
