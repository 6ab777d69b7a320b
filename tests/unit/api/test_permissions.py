"""The permission table: what it says, and that nothing is missing from it."""

import pytest

from api.permissions import ALLOWED, Permission
from store.people import Role

MAY = {
    "staff": """policies: read, duty: read, relatives: read,
        own session, tenants: read, units: read, residents: read, devices: read, devices: test,
        assignments: read, plans: read, pauses: read, pauses: write, staff: read, alarms: read, alarms: act,
        notifications: read, notifications: see, events: read, openapi: read,
        contact points: read, contact points: write""",
    "manager": """policies: read, policies: write, duty: read, duty: write, relatives: read, relatives: write,
        indicators: read,
        backtests, own session, tenants: read, units: read, residents: read, residents: write, devices: read,
        devices: write, devices: test, assignments: read, assignments: write, plans: read, plans: write,
        pauses: read, pauses: write, staff: read,
        alarms: read, alarms: act, notifications: read, notifications: see, events: read, usage: read, history: write,
        service levels: read, service levels: write, responses: read, coverage: read, fhir: read, openapi: read,
        contact points: read, contact points: write, delivery settings: read, message decisions: read,
        message decisions: write""",
    "operator": """policies: read, duty: read,
        own session, tenants: read, units: read, devices: read, devices: write, devices: test,
        device types: write, assignments: read, assignments: write, webhooks: read, providers: read, alarms: read,
        notifications: read, notifications: see, events: read, quarantine: read, quarantine: replay, metrics: read,
        service levels: read, coverage: read, openapi: read,
        contact points: read, contact points: write, delivery settings: read""",
    "followup": """own session, tenants: read, units: read, usage: read, indicators: read, service levels: read,
        openapi: read""",
    "auditor": """indicators: read, policies: read, duty: read, relatives: read,
        own session, tenants: read, units: read, residents: read, devices: read, assignments: read,
        plans: read, pauses: read, staff: read, webhooks: read, providers: read, alarms: read, notifications: read,
        events: read,
        quarantine: read, usage: read, service levels: read, coverage: read, fhir: read, openapi: read,
        contact points: read, delivery settings: read, message decisions: read""",
    "relative": "relative alarms, own session, openapi: read",
}
"""Written down a second time, by role: whoever changes the table must mean it."""


def _may(role: Role) -> set[str]:
    return {permission.value for permission, roles in ALLOWED.items() if role in roles}


def test_every_permission_is_in_the_table() -> None:
    assert set(ALLOWED) == set(Permission)


@pytest.mark.parametrize("role", MAY)
def test_a_role_may_do_what_is_written_and_nothing_else(role: str) -> None:
    assert _may(Role(role)) == {name.strip() for name in MAY[role].split(",")}


def test_an_administrator_may_do_everything() -> None:
    assert _may(Role.ADMIN) == {permission.value for permission in Permission}


def test_who_only_looks_changes_nothing() -> None:
    for role in (Role.AUDITOR, Role.FOLLOWUP, Role.RELATIVE):
        assert not any(name.endswith((": write", ": act", ": replay", ": see")) for name in _may(role))
