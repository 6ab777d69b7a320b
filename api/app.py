"""The application: routes, and what stands around them."""

from asyncio import CancelledError, create_task
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIRouter
from prometheus_client import CollectorRegistry

from api.applied import Applied
from api.authentication import OPEN, Authentication
from api.console import mount_console
from api.fhir import routes as fhir
from api.health import Health
from api.hub import Hub
from api.metrics import ApiMetrics
from api.middleware import BodyLimit, Measured, SecurityHeaders
from api.openapi import openapi_of
from api.permissions import Required
from api.problems import answer_with_problems
from api.routes import (
    alarm_actions,
    alarms,
    assignments,
    backtests,
    channel_providers,
    contact_points,
    coverage,
    delivery_settings,
    device_import,
    device_life,
    device_types,
    devices,
    duty,
    duty_exceptions,
    duty_import,
    duty_needs,
    duty_shifts,
    events,
    explanation,
    fleet,
    found_devices,
    history,
    indicators,
    message_decisions,
    notifications,
    operations,
    pauses,
    plan_defaults,
    plans,
    policies,
    policy_preview,
    push,
    quarantine,
    reattributions,
    receipts,
    relative_alarms,
    relatives,
    residents,
    responses,
    rotations,
    service_levels,
    session,
    staff,
    stream,
    tenants,
    tokens,
    units,
    usage,
    webhooks,
)
from api.services import Services
from api.sign_in import FailedSignIns, Passwords
from store.pool import Pool

ROUTERS: tuple[APIRouter, ...] = tuple(
    module.router
    for module in (
        session, stream, alarms, alarm_actions, explanation, notifications, residents, plans, backtests, pauses, fleet,
        devices, device_import, device_life, device_types, found_devices, assignments, reattributions, events,
        service_levels, responses, coverage, policy_preview, policies,
        quarantine, usage, indicators, history, units, plan_defaults, staff,
        duty, duty_import, rotations, duty_shifts, duty_exceptions, duty_needs, relatives, relative_alarms,
        webhooks, channel_providers, push,
        contact_points, delivery_settings, message_decisions, receipts,
        tokens, tenants, operations, fhir,
    )
)  # fmt: skip

DESCRIPTION = """Keeps watch over what welfare-technology devices say, and turns it into help that reaches a person.

Programs show a bearer token, people a session cookie. Lists come in pages: `limit`, and the `cursor` that the page
before gives as `next`. Times are RFC 3339 with an offset, and are answered in UTC. Errors are RFC 9457 problems."""


def create_app(
    pool: Pool,
    *,
    now: Callable[[], datetime],
    wall: Callable[[], datetime],
    health: Health,
    registry: CollectorRegistry,
    database_url: str,
    session_hours: float = 12,
    patience: float = 2,
) -> FastAPI:
    """The API and the console on `pool`.

    `now` is the clock of rules and people, `wall` real time. The stream has two connections of its own to
    `database_url`. A change that rules must know is answered when they do, or after `patience` seconds.
    """
    metrics = ApiMetrics(registry)
    applied = Applied(patience)
    services = Services(
        pool=pool,
        now=now,
        wall=wall,
        health=health,
        registry=registry,
        metrics=metrics,
        hub=Hub(pool, database_url, now, health, applied, metrics),
        applied=applied,
        passwords=Passwords(),
        failed_sign_ins=FailedSignIns(wall),
        session_length=timedelta(hours=session_hours),
    )
    app = FastAPI(
        title="Vaka",
        version="1.0.0",
        description=DESCRIPTION,
        lifespan=_lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    app.openapi = partial(openapi_of, app)  # type: ignore[method-assign]
    for router in ROUTERS:
        _check_permissions(router)
        app.include_router(router)
    pages = mount_console(app)
    answer_with_problems(app)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit)
    app.add_middleware(Authentication, services=services, pages=pages)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Measured, metrics=metrics)
    return app


def end_streams(app: FastAPI) -> None:
    """Ends the streams of all clients; to be called before the server is told to stop, which waits for them."""
    services: Services = app.state.services
    services.hub.end_streams()


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    hub = create_task(services.hub.run())
    try:
        yield
    finally:
        services.hub.end_streams()
        hub.cancel()
        with suppress(CancelledError):
            await hub


def _check_permissions(router: APIRouter) -> None:
    """A route that says nothing about permissions would be for everybody who is signed in."""
    for route in router.routes:
        assert isinstance(route, APIRoute)
        opened = all((method, route.path) in OPEN for method in route.methods or ())
        if not opened and sum(isinstance(call, Required) for call in _calls(route.dependant)) != 1:
            raise TypeError(f"{route.path} does not say which permission it needs")


def _calls(dependant: Dependant) -> Iterator[object]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)
