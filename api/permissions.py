"""Which role may do what. What is not in this table, nobody may."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fastapi import Depends, Request

from api.callers import Caller
from api.problems import ProblemError
from store.people import Role


class Permission(StrEnum):
    """One thing that a route lets its caller do."""

    OWN_SESSION = "own session"
    TENANTS_READ = "tenants: read"
    TENANTS_WRITE = "tenants: write"
    UNITS_READ = "units: read"
    UNITS_WRITE = "units: write"
    RESIDENTS_READ = "residents: read"
    RESIDENTS_WRITE = "residents: write"
    DEVICES_READ = "devices: read"
    DEVICES_WRITE = "devices: write"
    DEVICES_TEST = "devices: test"
    DEVICE_TYPES_WRITE = "device types: write"
    ASSIGNMENTS_READ = "assignments: read"
    ASSIGNMENTS_WRITE = "assignments: write"
    PLANS_READ = "plans: read"
    PLANS_WRITE = "plans: write"
    PAUSES_READ = "pauses: read"
    PAUSES_WRITE = "pauses: write"
    BACKTESTS = "backtests"
    STAFF_READ = "staff: read"
    STAFF_WRITE = "staff: write"
    DUTY_READ = "duty: read"
    DUTY_WRITE = "duty: write"
    RELATIVES_READ = "relatives: read"
    RELATIVES_WRITE = "relatives: write"
    RELATIVE_ALARMS = "relative alarms"
    POLICIES_READ = "policies: read"
    POLICIES_WRITE = "policies: write"
    WEBHOOKS_READ = "webhooks: read"
    WEBHOOKS_WRITE = "webhooks: write"
    PROVIDERS_READ = "providers: read"
    PROVIDERS_WRITE = "providers: write"
    CONTACT_POINTS_READ = "contact points: read"
    CONTACT_POINTS_WRITE = "contact points: write"
    DELIVERY_SETTINGS_READ = "delivery settings: read"
    DELIVERY_SETTINGS_WRITE = "delivery settings: write"
    MESSAGE_DECISIONS_READ = "message decisions: read"
    MESSAGE_DECISIONS_WRITE = "message decisions: write"
    TOKENS = "tokens"
    ALARMS_READ = "alarms: read"
    ALARMS_ACT = "alarms: act"
    NOTIFICATIONS_READ = "notifications: read"
    NOTIFICATIONS_SEE = "notifications: see"
    EVENTS_READ = "events: read"
    QUARANTINE_READ = "quarantine: read"
    QUARANTINE_REPLAY = "quarantine: replay"
    USAGE_READ = "usage: read"
    SERVICE_LEVELS_READ = "service levels: read"
    SERVICE_LEVELS_WRITE = "service levels: write"
    RESPONSES_READ = "responses: read"
    COVERAGE_READ = "coverage: read"
    INDICATORS_READ = "indicators: read"
    HISTORY_WRITE = "history: write"
    FHIR_READ = "fhir: read"
    METRICS_READ = "metrics: read"
    OPENAPI_READ = "openapi: read"


def _roles(names: str) -> frozenset[Role]:
    return frozenset(map(Role, names.split()))


P = Permission
ALLOWED: dict[Permission, frozenset[Role]] = {
    P.OWN_SESSION: frozenset(Role),
    P.TENANTS_READ: _roles("staff manager operator followup admin auditor"),
    P.TENANTS_WRITE: _roles("admin"),
    P.UNITS_READ: _roles("staff manager operator followup admin auditor"),
    P.UNITS_WRITE: _roles("admin"),
    P.RESIDENTS_READ: _roles("staff manager admin auditor"),
    P.RESIDENTS_WRITE: _roles("manager admin"),
    P.DEVICES_READ: _roles("staff manager operator admin auditor"),
    P.DEVICES_WRITE: _roles("manager operator admin"),
    P.DEVICES_TEST: _roles("staff manager operator admin"),
    P.DEVICE_TYPES_WRITE: _roles("operator admin"),
    P.ASSIGNMENTS_READ: _roles("staff manager operator admin auditor"),
    P.ASSIGNMENTS_WRITE: _roles("manager operator admin"),
    P.PLANS_READ: _roles("staff manager admin auditor"),
    P.PLANS_WRITE: _roles("manager admin"),
    P.PAUSES_READ: _roles("staff manager admin auditor"),
    P.PAUSES_WRITE: _roles("staff manager admin"),
    P.BACKTESTS: _roles("manager admin"),
    P.STAFF_READ: _roles("staff manager admin auditor"),
    P.STAFF_WRITE: _roles("admin"),
    P.DUTY_READ: _roles("staff manager operator admin auditor"),
    P.DUTY_WRITE: _roles("manager admin"),
    P.RELATIVES_READ: _roles("staff manager admin auditor"),
    P.RELATIVES_WRITE: _roles("manager admin"),
    P.RELATIVE_ALARMS: _roles("relative admin"),
    P.POLICIES_READ: _roles("staff manager operator admin auditor"),
    P.POLICIES_WRITE: _roles("manager admin"),
    P.WEBHOOKS_READ: _roles("operator admin auditor"),
    P.WEBHOOKS_WRITE: _roles("admin"),
    P.PROVIDERS_READ: _roles("operator admin auditor"),
    P.PROVIDERS_WRITE: _roles("admin"),
    P.CONTACT_POINTS_READ: _roles("staff manager operator admin auditor"),
    P.CONTACT_POINTS_WRITE: _roles("staff manager operator admin"),
    P.DELIVERY_SETTINGS_READ: _roles("manager operator admin auditor"),
    P.DELIVERY_SETTINGS_WRITE: _roles("admin"),
    P.MESSAGE_DECISIONS_READ: _roles("manager admin auditor"),
    P.MESSAGE_DECISIONS_WRITE: _roles("manager admin"),
    P.TOKENS: _roles("admin"),
    P.ALARMS_READ: _roles("staff manager operator admin auditor"),
    P.ALARMS_ACT: _roles("staff manager admin"),
    P.NOTIFICATIONS_READ: _roles("staff manager operator admin auditor"),
    P.NOTIFICATIONS_SEE: _roles("staff manager operator admin"),
    P.EVENTS_READ: _roles("staff manager operator admin auditor"),
    P.QUARANTINE_READ: _roles("operator admin auditor"),
    P.QUARANTINE_REPLAY: _roles("operator admin"),
    P.USAGE_READ: _roles("manager followup admin auditor"),
    P.SERVICE_LEVELS_READ: _roles("manager operator followup admin auditor"),
    P.SERVICE_LEVELS_WRITE: _roles("manager admin"),
    P.RESPONSES_READ: _roles("manager admin"),
    P.COVERAGE_READ: _roles("manager operator admin auditor"),
    P.INDICATORS_READ: _roles("manager followup admin auditor"),
    P.HISTORY_WRITE: _roles("manager admin"),
    P.FHIR_READ: _roles("manager admin auditor"),
    P.METRICS_READ: _roles("operator admin"),
    P.OPENAPI_READ: frozenset(Role),
}


@dataclass(frozen=True)
class Required:
    """A dependency that gives the caller, and refuses one whose role may not do this."""

    permission: Permission

    async def __call__(self, request: Request) -> Caller:
        caller: Caller = request.state.caller
        if caller.role not in ALLOWED.get(self.permission, frozenset()):
            raise ProblemError(403, f"the role {caller.role.value!r} may not do this ({self.permission.value})")
        return caller


def may(permission: Permission) -> Any:
    """For `Annotated[Caller, may(...)]` in the signature of a route: every route has exactly one."""
    return Depends(Required(permission))
