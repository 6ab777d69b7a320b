"""Input that means no good: refused as a problem, never an error of Vaka."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.api import Api, problem

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}


async def test_a_body_that_is_not_json(admin: httpx.AsyncClient) -> None:
    for body in (b"", b"{", b"\xff\xfe", b'{"name": "\xc3"}', b'{"name": NaN}', b"[" * 100_000, b'{"name": "\\ud800"}'):
        answer = await admin.post("/api/v1/tenants", content=body, headers=JSON)
        problem(answer, 400 if body else 422)


async def test_a_body_that_is_no_object(admin: httpx.AsyncClient) -> None:
    for body in (b"[]", b'"x"', b"5", b"null", b"[[[[]]]]"):
        problem(await admin.post("/api/v1/tenants", content=body, headers=JSON), 422)


async def test_a_body_of_another_kind(admin: httpx.AsyncClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "", "json", "multipart/form-data; boundary=x"):
        headers = {"Content-Type": kind}
        problem(await admin.post("/api/v1/tenants", content=b'{"name": "X"}', headers=headers), 415, "Content-Type")
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert (await admin.post("/api/v1/tenants", content=b'{"name": "X"}', headers=headers)).status_code == 201


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b" " * 65536


async def test_a_body_that_is_too_large(api: Api, admin: httpx.AsyncClient) -> None:
    for path, limit in (("tenants", 1024 * 1024), ("history", 8 * 1024 * 1024)):
        for body in (b" " * (limit + 1), pieces(limit // 65536 + 1)):
            problem(await admin.post(f"/api/v1/{path}", content=body, headers=JSON), 413)
        problem(await admin.post(f"/api/v1/{path}", content=b" " * limit, headers=JSON), 400)
    problem(await api.anybody().post("/api/v1/session", content=b" " * (1024 * 1024 + 1), headers=JSON), 413)
    problem(await api.anybody().post("/api/v1/tenants", content=b" " * (1024 * 1024 + 1), headers=JSON), 401)


async def test_characters_that_cannot_be_kept(admin: httpx.AsyncClient) -> None:
    problem(await admin.post("/api/v1/tenants", content=b'{"name": "a\\u0000"}', headers=JSON), 422, "name")
    for path in ("residents/%00", "residents/a%00", "alarms/%00/journal", "residents/%ff", "residents/a%20b"):
        problem(await admin.get(f"/api/v1/{path}"), 422, "id")
    for query in ("kind=%00", "kind=a'b", "resident=%ff", "device=a%0ab", "technology=%00"):
        problem(await admin.get(f"/api/v1/events?{query}"), 422, query.partition("=")[0])


async def test_paths_that_lead_elsewhere(admin: httpx.AsyncClient) -> None:
    for path in ("/api/v1/residents/", "/api/v1/residents/a/b", "/api/v1/residents/..%2fstaff", "/console/../app.py"):
        problem(await admin.get(path), 404)
    problem(await admin.put("/api/v1/residents", json={}), 405)
    problem(await admin.delete("/api/v1/residents/a"), 405)


async def test_times_that_are_none(admin: httpx.AsyncClient) -> None:
    for time in (
        "2026-03-02",
        "2026-03-02T12:00:00",
        "1767225600",
        "now",
        "",
        "2026-03-02T12:00:00 01:00",
        "0000-01-01T00:00:00Z",
    ):
        problem(await admin.get("/api/v1/events", params={"from": time}), 422, "from")


async def test_names_of_parameters_and_fields_that_are_long(admin: httpx.AsyncClient) -> None:
    answer = await admin.get(f"/api/v1/units?{'x' * 5000}=1")
    assert len(problem(answer, 422)["errors"][0]["field"]) <= 100
    answer = await admin.post("/api/v1/tenants", json={"name": "X", **{f"x{n}": 1 for n in range(2000)}})
    assert len(problem(answer, 422)["errors"]) == 100
