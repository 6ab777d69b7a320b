"""What machines ask: health, metrics, the OpenAPI document."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from prometheus_client.parser import text_string_to_metric_families

from api.authentication import OPEN
from api.console import PAGES
from api.health import Problem
from tests.support.api import Api, got, problem

pytestmark = pytest.mark.anyio


async def test_ready_only_when_nothing_is_wrong(api: Api) -> None:
    anybody = api.anybody()
    assert (await anybody.get("/readyz")).json() == {"status": "ready"}
    api.health.problems = [Problem("broker", "the subscription is down"), Problem("log", "120 messages wait")]
    answer = problem(await anybody.get("/readyz"), 503, "broker")
    assert answer["detail"] == "broker: the subscription is down; log: 120 messages wait"
    assert (await anybody.get("/healthz")).status_code == 200


async def test_requests_are_counted_by_route(api: Api, admin: httpx.AsyncClient) -> None:
    await admin.get("/api/v1/residents/a")
    await admin.get("/api/v1/residents/b")
    await admin.request("INVENTED", "/api/v1/residents/b")
    await api.anybody().get("/api/v1/residents/b")
    answer = await (await api.client("operator")).get("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    counts = {tuple(s.labels.values()): s.value for s in families["vaka_http_requests"].samples if "_total" in s.name}
    assert counts["GET", "/api/v1/residents/{id}", "404"] == 2
    assert counts["GET", "other", "401"] == 1
    assert not any("INVENTED" in labels for labels in counts)
    assert "vaka_http_request_seconds" in families


async def test_a_wrong_password_is_counted(api: Api, admin: httpx.AsyncClient) -> None:
    await api.anybody().post("/api/v1/session", json={"username": "x", "password": "wrong"})
    assert "vaka_refused_sign_ins_total 1.0" in (await admin.get("/metrics")).text


async def test_an_answer_tells_browsers_to_keep_nothing_and_run_nothing(api: Api, admin: httpx.AsyncClient) -> None:
    for answer in (await admin.get("/api/v1/units"), await api.anybody().get("/api/v1/units")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.fixture
async def document(admin: httpx.AsyncClient) -> dict[str, Any]:
    answer = await admin.get("/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json())


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for name, value in node.items() if name == "$ref")
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


async def test_the_document_has_every_route(api: Api, document: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    existing = {
        (method, route.path)
        for route in iter_route_contexts(api.app.routes)
        for method in route.methods or ()
        if route.path not in (*PAGES.values(), "/openapi.json") and not str(route.path).startswith("/console/")
    }
    assert described == existing


async def test_what_the_document_refers_to_is_there(document: dict[str, Any]) -> None:
    found = set(references(document))
    assert found
    for reference in found:
        name = reference.removeprefix("#/components/schemas/")
        assert name in document["components"]["schemas"]


async def test_every_operation_is_described_with_its_problems(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["tags"], where
            responses = operation["responses"]
            assert any(status.startswith("2") for status in responses), where
            assert {"400", "422", "500"} <= set(responses), where
            assert ((method.upper(), path) in OPEN) or {"401", "403"} <= set(responses), where
            assert ("{" in path) <= ("404" in responses), where
            for status, response in responses.items():
                if status >= "400":
                    assert list(response["content"]) == ["application/problem+json"], (where, status)


async def test_the_document_describes_bodies_to_the_last_field(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    window = schemas["NewPlan"]["properties"]["medicine"]["anyOf"][0]["properties"]["windows"]["items"]
    fields = {"from", "to", "name", "remind_after_minutes", "remind_every_minutes", "early_minutes"}
    assert fields == set(window["properties"])
    assert {"from", "to"} <= set(schemas["Assignment"]["properties"])
    assert schemas["NewResident"]["additionalProperties"] is False
    assert not any(re.match("HTTPValidationError", name) for name in schemas)


async def test_a_route_that_asks_for_no_permission_stops_the_start() -> None:
    from api.app import _check_permissions
    from api.routing import resource

    router = resource("forgotten")

    @router.get("")
    async def forgotten() -> None: ...

    with pytest.raises(TypeError, match="forgotten"):
        _check_permissions(router)


async def test_who_am_i_tells_of_a_program(admin: httpx.AsyncClient) -> None:
    assert (await got(admin, "session"))["role"] == "admin"
