"""Devices from a list, over the API: tried out, then imported whole, or not at all."""

from typing import Any

import httpx
import pytest

from tests.support.api import Api, got, ids, made, problem
from tests.support.workbooks import workbook

pytestmark = pytest.mark.anyio

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LIST = "id;type;name;hub;life_cycle\nnew-1;button;Åsas knapp;hub;in_stock\nhub;hub;;;\nnorth-button;;Nords knapp;hub;"


async def send(client: httpx.AsyncClient, content: str | bytes, kind: str = CSV, **query: str | bool) -> httpx.Response:
    return await client.post(
        "/api/v1/devices/import", params={"tenant": "west", **query}, content=content, headers={"Content-Type": kind}
    )


async def state(api: Api) -> list[tuple[object, ...]]:
    devices = await api.execute("SELECT id, name, hub, life_cycle, type FROM devices ORDER BY id")
    rest = await api.execute("SELECT count(*) FROM inbox UNION ALL SELECT count(*) FROM device_history")
    return [*devices, *rest]


def actions(answer: httpx.Response) -> list[tuple[int, str, str]]:
    assert answer.status_code == 200, answer.text
    return [(row["row"], row["device"], row["action"]) for row in answer.json()["rows"]]


async def test_a_dry_run_says_what_would_be_and_changes_nothing(town: Api, admin: httpx.AsyncClient) -> None:
    before = await state(town)
    answer = await send(admin, LIST, dry_run=True)
    assert actions(answer) == [(2, "new-1", "new"), (3, "hub", "new"), (4, "north-button", "change")]
    body: dict[str, Any] = answer.json()
    assert (body["imported"], body["new"], body["changed"], body["same"], body["wrong"]) == (False, 2, 1, 0, 0)
    assert body["rows"][2]["changes"] == [
        {"field": "name", "old": None, "new": "Nords knapp"},
        {"field": "hub", "old": None, "new": "hub"},
    ]
    assert await state(town) == before


async def test_then_it_is_so_and_the_log_is_told(town: Api, admin: httpx.AsyncClient) -> None:
    tried = (await send(admin, LIST, dry_run=True)).json()
    done = (await send(admin, LIST)).json()
    assert done == tried | {"imported": True}
    new = await got(admin, "devices/new-1")
    assert (new["name"], new["type"], new["hub"], new["life_cycle"]) == ("Åsas knapp", "button", "hub", "in_stock")
    assert (await got(admin, "devices/north-button"))["hub"] == "hub"
    (step,) = (await got(admin, "devices/new-1/history"))["items"]
    assert (step["to_state"], step["reason"]) == ("in_stock", "import")
    told = await town.execute("SELECT data->>'device', data->>'hub' FROM inbox ORDER BY id DESC LIMIT 3")
    assert set(told) == {("new-1", "hub"), ("hub", None), ("north-button", "hub")}
    assert [action for *_, action in actions(await send(admin, LIST))] == ["same"] * 3


async def test_a_workbook_is_as_good(town: Api, admin: httpx.AsyncClient) -> None:
    content = workbook([["id", "technology", "serial"], ["d", "lock", 42]])
    assert actions(await send(admin, content, XLSX)) == [(2, "d", "new")]
    assert (await got(admin, "devices/d"))["serial"] == "42"


async def test_one_wrong_row_and_none_is_imported(town: Api, admin: httpx.AsyncClient) -> None:
    before = await state(town)
    text = f"{LIST}\nnew-2;toaster;X;;"
    body = problem(await send(admin, text), 422, "row 5: type")
    assert body["errors"] == [{"field": "row 5: type", "message": "is not known", "value": "toaster"}]
    assert await state(town) == before
    assert [action for *_, action in actions(await send(admin, text, dry_run=True))][-1] == "error"
    assert actions(await send(admin, text, partly=True))[-1] == (5, "new-2", "error")
    assert await ids(admin, "devices", tenant="west") == ["hub", "new-1", "north-button", "south-button"]


async def test_a_life_cycle_is_moved_and_kept(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "devices", id="d", tenant="west", technology="lock", life_cycle="returned")
    await send(admin, "id,life_cycle\nd,reconditioning")
    history = (await got(admin, "devices/d/history"))["items"]
    assert [(step["from_state"], step["to_state"]) for step in history] == [
        (None, "returned"),
        ("returned", "reconditioning"),
    ]


async def test_a_caller_imports_into_its_own_tenant_and_unit(town: Api) -> None:
    operator = await town.client("operator", "west")
    problem(await send(operator, LIST, tenant="east"), 422, "tenant")
    problem(await send(operator, "id,name\nharbour-button,X"), 422, "row 2: id")
    north = await town.client("manager", "west", "north")
    problem(await send(north, "id,name\nsouth-button,X"), 422, "row 2: id")
    assert actions(await send(north, "id,name\nnorth-button,X")) == [(2, "north-button", "change")]
    problem(await send(await town.client("staff", "west"), LIST), 403)


async def test_what_is_no_list_is_refused(admin: httpx.AsyncClient, town: Api) -> None:
    problem(await send(admin, LIST, "application/json"), 415, "Content-Type")
    problem(await send(admin, b""), 422, "body")
    problem(await send(admin, b"PK\x03\x04", XLSX), 422, "body")
    problem(await send(admin, "id;colour\nd;red"), 422, "body")
    problem(await send(admin, b"x" * (8 * 1024 * 1024 + 1)), 413)
    problem(await send(admin, LIST, dry_run="perhaps"), 422, "dry_run")


async def test_a_full_list_is_imported_at_once(town: Api, admin: httpx.AsyncClient) -> None:
    rows = [f"d{number};button;{number:06};in_stock" for number in range(5000)]
    done = (await send(admin, "\n".join(["id;type;serial;life_cycle", *rows]))).json()
    assert (done["new"], done["wrong"]) == (5000, 0)
    assert await town.execute("SELECT count(*) FROM devices WHERE type = 'button'") == [(5000,)]
