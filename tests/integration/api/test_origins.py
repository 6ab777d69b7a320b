"""How devices speak: origins, hubs, and what hubs told of by themselves."""

import httpx
import pytest

from events.codec import decode_control
from events.delivery import Found
from events.devices import Family, Origin
from store.directory import everything
from store.found import note_found
from tests.support.api import NOON, Api, got, ids, made, problem

pytestmark = pytest.mark.anyio

BRIDGE = {"family": "zigbee2mqtt", "scope": "home", "id": "bridge"}
SENSOR = {"family": "zigbee2mqtt", "scope": "home", "id": "0x01"}
FOUND = Origin(Family.ZIGBEE2MQTT, "home", "0x01")


async def note(api: Api, *found: Found, minute: int = 0) -> None:
    async with api.pool.connection() as connection:
        await note_found(connection, found, NOON.replace(minute=minute))


async def test_an_origin_is_one_devices_only(town: Api, admin: httpx.AsyncClient) -> None:
    device = await made(admin, "devices", id="d", tenant="west", technology="lock", origin=SENSOR)
    assert device["origin"] == SENSOR == (await got(admin, "devices/d"))["origin"]
    body = {"id": "e", "tenant": "west", "technology": "lock", "origin": SENSOR}
    assert "0x01" in problem(await admin.post("/api/v1/devices", json=body), 409)["detail"]
    await made(admin, "devices", **body | {"origin": None})
    problem(await admin.patch("/api/v1/devices/e", json={"origin": SENSOR}), 409)
    assert (await admin.patch("/api/v1/devices/d", json={"origin": None})).is_success
    assert (await admin.patch("/api/v1/devices/e", json={"origin": SENSOR})).json()["origin"] == SENSOR


async def test_what_the_owner_of_the_log_reads_at_start_is_what_it_was_told(
    town: Api, admin: httpx.AsyncClient
) -> None:
    await made(admin, "devices", id="hub", tenant="west", type="hub", origin=BRIDGE)
    await made(
        admin, "devices", id="d", tenant="west", type="mattress", origin=SENSOR, hub="hub", life_cycle="in_stock"
    )
    await made(admin, "assignments", device="d", resident="north-1")
    await admin.post("/api/v1/devices/d/test", json={})
    async with town.pool.connection() as connection:
        read = {repr(change) for change in await everything(connection)}
        cursor = await connection.execute("SELECT kind, convert_to(data::text, 'UTF8') FROM inbox ORDER BY id")
        told = [decode_control(kind, data) for kind, data in await cursor.fetchall()]
    last = {(type(change), getattr(change, "device", None) or repr(change)): change for change in told}
    assert read == {repr(change) for change in last.values()}


async def test_a_hub_is_there_and_is_not_behind_the_device(town: Api, admin: httpx.AsyncClient) -> None:
    for id, hub in (("a", None), ("b", "a"), ("c", "b")):
        await made(admin, "devices", id=id, tenant="west", technology="other", hub=hub)
    assert await ids(admin, "devices", hub="a") == ["b"]
    for hub in ("none", "harbour-button", "a", "c"):
        problem(await admin.patch("/api/v1/devices/a", json={"hub": hub}), 422, "hub")
    body = {"id": "x", "tenant": "west", "technology": "other", "hub": "x"}
    problem(await admin.post("/api/v1/devices", json=body), 422, "hub")
    assert (await admin.patch("/api/v1/devices/b", json={"hub": None})).json()["hub"] is None


async def test_a_dev_eui_is_the_same_in_capitals(town: Api, admin: httpx.AsyncClient) -> None:
    origin = {"family": "chirpstack", "scope": "app", "id": "A84041FFFF000001"}
    device = await made(admin, "devices", tenant="west", technology="other", origin=origin)
    assert device["origin"]["id"] == "a84041ffff000001"


async def test_what_is_wrong_is_named(town: Api, admin: httpx.AsyncClient) -> None:
    body = {"tenant": "west", "technology": "lock"}
    for wrong, field in (
        ({"origin": {**SENSOR, "family": "x10"}}, "origin.family"),
        ({"origin": {**SENSOR, "id": ""}}, "origin.id"),
        ({"origin": {"family": "scaip", "id": "1"}}, "origin.scope"),
        ({"type": "none"}, "type"),
        ({"life_cycle": "lost"}, "life_cycle"),
        ({"serial": ""}, "serial"),
    ):
        problem(await admin.post("/api/v1/devices", json=body | wrong), 422, field)


async def test_a_found_device_is_noted_once_and_keeps_what_is_left_out(town: Api, admin: httpx.AsyncClient) -> None:
    await note(town, Found(FOUND, "hall", "Prov"), Found(FOUND, "Hallen", topics=("home/hall",)))
    await note(town, Found(FOUND, model="P1", topics=("home/Hallen",)), minute=5)
    (found,) = (await got(admin, "found-devices"))["items"]
    assert found == {
        "id": found["id"],
        "origin": SENSOR,
        "name": "Hallen",
        "vendor": None,
        "model": "P1",
        "topics": ["home/Hallen"],
        "first_seen": "2026-03-02T12:00:00Z",
        "last_seen": "2026-03-02T12:05:00Z",
        "device": None,
    }
    assert await got(admin, f"found-devices/{found['id']}") == found


async def test_it_is_shown_to_who_has_its_hub_and_registered_with_what_was_told(
    town: Api, admin: httpx.AsyncClient
) -> None:
    await note(town, Found(FOUND, "x" * 300, model="P1"))
    west, east = await town.client("operator", "west"), await town.client("operator", "east")
    assert await ids(west, "found-devices") == []
    await made(west, "devices", id="hub", type="hub", origin=BRIDGE)
    (id,) = await ids(west, "found-devices", registered=False)
    assert await ids(east, "found-devices") == []
    problem(await east.post(f"/api/v1/found-devices/{id}/register", json={"technology": "lock"}), 404)
    body = {"id": "d", "type": "door", "hub": "hub"}
    problem(await west.post(f"/api/v1/found-devices/{id}/register", json=body | {"origin": SENSOR}), 422, "origin")
    answer = await west.post(f"/api/v1/found-devices/{id}/register", json=body)
    assert (answer.status_code, answer.headers["location"]) == (201, "/api/v1/devices/d")
    device = answer.json()
    assert (device["origin"], device["model"], device["tenant"], device["name"]) == (SENSOR, "P1", "west", "x" * 200)
    assert await ids(west, "found-devices", registered=False) == []
    assert (await got(west, f"found-devices/{id}"))["device"] == "d"
    problem(await west.post(f"/api/v1/found-devices/{id}/register", json={"type": "door"}), 409)
