"""Who gets in, who may do what, and who sees whose."""

import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from api.authentication import OPEN
from api.console import PAGES
from api.permissions import ALLOWED, Permission
from store.people import Role
from tests.support.api import Api, got, ids, problem

pytestmark = pytest.mark.anyio

ROTATION = {
    "name": "X",
    "first_day": "2026-03-02",
    "days": 1,
    "shifts": [{"day": 1, "from": "21:00", "to": "07:00"}],
    "teams": [[]],
}
BODIES = {
    ("POST", "/api/v1/tenants"): {"name": "X"},
    ("POST", "/api/v1/units"): {"name": "X"},
    ("PATCH", "/api/v1/units/{id}"): {"name": "X"},
    ("POST", "/api/v1/residents"): {"unit": "u", "name": "X"},
    ("PATCH", "/api/v1/residents/{id}"): {"name": "X"},
    ("POST", "/api/v1/devices"): {"technology": "lock"},
    ("PATCH", "/api/v1/devices/{id}"): {"name": "X"},
    ("POST", "/api/v1/devices/{id}/life-cycle"): {"to": "scrapped"},
    ("POST", "/api/v1/devices/{id}/test"): {},
    ("POST", "/api/v1/device-types"): {"name": "X", "technology": "lock"},
    ("PATCH", "/api/v1/device-types/{id}"): {"name": "X"},
    ("POST", "/api/v1/found-devices/{id}/register"): {"technology": "lock"},
    ("POST", "/api/v1/assignments"): {"device": "d", "resident": "r"},
    ("PATCH", "/api/v1/assignments/{id}"): {"to": "2026-03-02T12:00:00Z"},
    ("POST", "/api/v1/plans"): {"resident": "r"},
    ("POST", "/api/v1/staff"): {"username": "x", "name": "X", "role": "staff", "password": "x" * 8},
    ("PATCH", "/api/v1/staff/{id}"): {"name": "X"},
    ("POST", "/api/v1/staff/{id}/reopen"): {"password": "x" * 8},
    ("POST", "/api/v1/duty/rotations"): ROTATION,
    ("PUT", "/api/v1/duty/rotations/{id}"): ROTATION,
    ("POST", "/api/v1/duty/shifts"): {"staff": "s", "from": "2026-03-02T12:00:00Z", "to": "2026-03-02T20:00:00Z"},
    ("POST", "/api/v1/duty/exceptions"): {"kind": "absence", "staff": "s"},
    ("POST", "/api/v1/duty/needs"): {"unit": "u", "from": "21:00", "to": "07:00"},
    ("POST", "/api/v1/relatives"): {"resident": "r", "staff": "s"},
    ("POST", "/api/v1/relative-alarms/{id}/accept"): {"version": 1},
    ("POST", "/api/v1/relative-alarms/{id}/at-person"): {"version": 1},
    ("POST", "/api/v1/webhooks"): {"receiver": "unit", "url": "http://127.0.0.1/"},
    ("PUT", "/api/v1/providers/{id}"): {"schemes": ["ntfys"]},
    ("POST", "/api/v1/push/subscriptions"): {"endpoint": "x", "p256dh": "x", "auth": "x", "key": "x"},
    ("POST", "/api/v1/contact-points"): {"channel": "sms", "address": {"number": "+46700000001"}},
    ("POST", "/api/v1/message-decisions"): {"unit": "u", "shows": [], "reason": "x"},
    ("POST", "/api/v1/push/delivered"): {"id": "x"},
    ("POST", "/api/v1/tokens"): {"role": "staff"},
    ("POST", "/api/v1/service-levels/targets"): {"targets": None},
    ("POST", "/api/v1/history"): {"resident": "r", "device": "d", "events": [{"kind": "motion", "data": {}}]},
    ("POST", "/api/v1/alarms/{id}/accept"): {"version": 1},
    ("POST", "/api/v1/alarms/{id}/decline"): {"version": 1, "reason": "x"},
    ("POST", "/api/v1/alarms/{id}/take-over"): {"version": 1},
    ("POST", "/api/v1/alarms/{id}/join"): {"version": 1},
    ("POST", "/api/v1/alarms/{id}/at-person"): {"version": 1},
    ("POST", "/api/v1/alarms/{id}/forward"): {"version": 1, "to": "x"},
    ("POST", "/api/v1/alarms/{id}/note"): {"version": 1, "text": "x"},
    ("POST", "/api/v1/alarms/{id}/resolve"): {"version": 1, "outcome": "helped"},
}
NEEDED = {
    "session": Permission.OWN_SESSION,
    "push": Permission.OWN_SESSION,
    "stream": Permission.ALARMS_READ,
    "tokens": Permission.TOKENS,
    "history": Permission.HISTORY_WRITE,
    "reattributions": Permission.ASSIGNMENTS_READ,
    "backtests": Permission.BACKTESTS,
    "relative-alarms": Permission.RELATIVE_ALARMS,
}
RESOURCES = {
    "contact-points": "contact points",
    "delivery-settings": "delivery settings",
    "message-decisions": "message decisions",
    "found-devices": "devices",
    "device-types": "device types",
    "service-levels": "service levels",
}


def routes(api: Api) -> Iterator[tuple[str, str]]:
    """Method and path of everything that the application answers, but the console's files."""
    for route in iter_route_contexts(api.app.routes):
        assert route.path is not None
        for method in route.methods or ():
            if route.path not in PAGES.values() and not route.path.startswith("/console/"):
                yield method, route.path


def needed(method: str, path: str) -> Permission:
    """Which permission a route must need, by its address."""
    if path in ("/metrics", "/openapi.json"):
        return Permission(f"{path.strip('/').removesuffix('.json')}: read")
    if path.startswith("/fhir/"):
        return Permission.FHIR_READ
    resource = path.split("/")[3]
    if resource in NEEDED:
        return NEEDED[resource]
    if path == "/api/v1/devices/{id}/test":
        return Permission.DEVICES_TEST
    if path == "/api/v1/units/{id}/plan-defaults":
        resource = "plans"
    resource = "devices" if method == "GET" and resource == "device-types" else RESOURCES.get(resource, resource)
    verb = (
        "read" if method == "GET" else {"alarms": "act", "notifications": "see", "quarantine": "replay"}.get(resource)
    )
    return Permission(f"{resource}: {verb or 'write'}")


async def ask(client: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    # Whether one may is asked before what is wanted is read: any JSON will do where no body is given here.
    body = BODIES.get((method, path), {} if method in ("POST", "PATCH", "PUT") else None)
    return await client.request(method, re.sub(r"{\w+}", "1", path), json=body)


async def test_nothing_is_answered_without_a_token_or_a_session(api: Api) -> None:
    anybody, stranger = api.anybody(), api.anybody()
    stranger.headers["Authorization"] = "Bearer not-a-token"
    stranger.cookies.set("vaka_session", "not-a-session")
    closed = [route for route in routes(api) if route not in OPEN]
    assert len(closed) > 50
    for method, path in closed:
        for client in (anybody, stranger):
            answer = await ask(client, method, path)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), (method, path)
            problem(answer, 401)


async def test_also_what_is_not_there_asks_who_wants_to_know(api: Api) -> None:
    for path in ("/api/v1/nothing", "/fhir/Patient", "/docs", "/redoc", "/console/none.js", "/api", "/healthz/"):
        problem(await api.anybody().get(path), 401)


async def test_other_authorization_is_none(api: Api) -> None:
    for authorization in (b"Basic eDp5", b"Bearer", b"Bearer ", b"", b"Token x", b"Bearer \xff"):
        headers = httpx.Headers([(b"Authorization", authorization)])
        problem(await api.anybody().get("/api/v1/units", headers=headers), 401)


async def test_what_is_open_is_open(api: Api) -> None:
    anybody = api.anybody()
    assert (await anybody.get("/healthz")).status_code == 200
    assert (await anybody.get("/readyz")).status_code == 200
    for page in PAGES.values():
        assert (await anybody.get(page)).headers["content-type"].startswith("text/html")
        assert (await anybody.head(page)).status_code == 200


@pytest.mark.parametrize("role", Role)
async def test_every_route_keeps_to_the_table(api: Api, role: Role) -> None:
    client = await api.client(role)
    for method, path in routes(api):
        if (method, path) in OPEN or path == "/api/v1/stream":
            continue
        answer = await ask(client, method, path)
        allowed = role in ALLOWED[needed(method, path)]
        assert (answer.status_code != 403) == allowed, (method, path, answer.text)
        assert answer.status_code < 500, (method, path, answer.text)


async def test_the_stream_is_for_who_may_read_alarms(api: Api) -> None:
    problem(await (await api.client("followup")).get("/api/v1/stream"), 403)


async def test_a_revoked_token_is_none(api: Api, admin: httpx.AsyncClient) -> None:
    token = (await admin.post("/api/v1/tokens", json={"role": "auditor"})).json()
    client = api.anybody()
    client.headers["Authorization"] = f"Bearer {token['token']}"
    assert (await client.get("/api/v1/units")).status_code == 200
    assert (await admin.delete(f"/api/v1/tokens/{token['id']}")).status_code == 204
    problem(await client.get("/api/v1/units"), 401)


async def test_a_tenant_sees_its_own_only(town: Api) -> None:
    client = await town.client("admin", "east")
    seen = {path: await ids(client, path) for path in ("tenants", "units", "residents", "devices", "assignments")}
    assert seen == {
        "tenants": ["east"],
        "units": ["harbour"],
        "residents": ["harbour-1"],
        "devices": ["harbour-button"],
        "assignments": ["harbour-lent"],
    }
    for path in ("tenants/west", "units/north", "residents/north-1", "devices/north-button", "assignments/north-lent"):
        problem(await client.get(f"/api/v1/{path}"), 404)


async def test_a_unit_sees_its_own_only(town: Api) -> None:
    client = await town.client("manager", "west", "north")
    assert await ids(client, "units") == ["north"]
    assert await ids(client, "residents") == ["north-1"]
    assert await ids(client, "assignments") == ["north-lent"]
    assert await ids(client, "devices") == ["north-button"]
    for path in ("units/south", "residents/south-1", "devices/south-button", "assignments/south-lent"):
        problem(await client.get(f"/api/v1/{path}"), 404)


async def test_a_unit_sees_devices_that_are_with_nobody(town: Api, admin: httpx.AsyncClient) -> None:
    await admin.post("/api/v1/devices", json={"id": "spare", "tenant": "west", "technology": "lock"})
    assert await ids(await town.client("manager", "west", "north"), "devices") == ["north-button", "spare"]
    assert await ids(await town.client("admin", "east"), "devices") == ["harbour-button"]


async def test_filters_cannot_widen_what_is_seen(town: Api) -> None:
    client = await town.client("manager", "west", "north")
    assert await ids(client, "residents", tenant="east") == []
    assert await ids(client, "residents", unit="south") == []
    assert await ids(client, "devices", resident="harbour-1") == []


CHANGES = {
    "units/north": {"name": "X"},
    "residents/north-1": {"name": "X"},
    "devices/north-button": {"name": "X"},
    "assignments/north-lent": {"to": "2027-01-01T00:00:00Z"},
}
REFERENCES = [
    ("units", {"tenant": "west", "name": "X"}, "tenant"),
    ("residents", {"unit": "north", "name": "X"}, "unit"),
    ("devices", {"tenant": "west", "technology": "lock"}, "tenant"),
    ("assignments", {"device": "north-button", "resident": "harbour-1"}, "device"),
    ("assignments", {"device": "harbour-button", "resident": "north-1"}, "resident"),
    ("plans", {"resident": "north-1"}, "resident"),
    ("webhooks", {"receiver": "unit", "unit": "north", "url": "http://127.0.0.1/"}, "unit"),
    ("tokens", {"role": "admin", "tenant": "west"}, "tenant"),
    ("staff", {"username": "x", "name": "X", "role": "admin", "unit": "north", "password": "x" * 8}, "unit"),
    ("duty/rotations", ROTATION | {"units": ["north"]}, "units"),
    ("relatives", {"resident": "north-1", "staff": "x"}, "resident"),
    ("duty/needs", {"unit": "north", "from": "21:00", "to": "07:00"}, "unit"),
]


async def test_another_tenant_changes_nothing(town: Api, admin: httpx.AsyncClient) -> None:
    stranger = await town.client("admin", "east")
    for path, body in CHANGES.items():
        before = await got(admin, path)
        problem(await stranger.patch(f"/api/v1/{path}", json=body), 404)
        assert await got(admin, path) == before


async def test_what_is_anothers_is_unknown(town: Api) -> None:
    stranger = await town.client("admin", "east")
    for path, body, field in REFERENCES:
        problem(await stranger.post(f"/api/v1/{path}", json=body), 422, field)


async def test_a_tenants_administrator_makes_no_tenants_and_no_tokens_for_all(town: Api) -> None:
    client = await town.client("admin", "east")
    problem(await client.post("/api/v1/tenants", json={"name": "X"}), 403)
    token = (await client.post("/api/v1/tokens", json={"role": "admin"})).json()
    assert token["tenant"] == "east"
    assert await ids(client, "tokens", tenant="west") == []
    assert token["id"] in await ids(client, "tokens")
