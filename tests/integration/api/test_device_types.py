"""Device types: those that come with Vaka, a tenant's own, and what the log is told of them."""

import httpx
import pytest

from tests.support.api import Api, got, ids, made, problem

pytestmark = pytest.mark.anyio

PENDANT = {"name": "Prova Knapp", "technology": "social_alarm", "silent_after_minutes": 90, "life_critical": True}


async def told_of(api: Api, device: str) -> list[object]:
    """All that the log was told of the device."""
    rows = await api.execute(
        "SELECT data FROM inbox WHERE kind = 'device_changed' AND data->>'device' = %s ORDER BY id", (device,)
    )
    return [data for (data,) in rows]


async def test_those_that_come_with_vaka(admin: httpx.AsyncClient) -> None:
    types = {type["id"]: type for type in (await got(admin, "device-types"))["items"]}
    assert {"button", "hub", "bed", "door", "motion", "gps", "dispenser", "camera", "lock", "network"} <= set(types)
    button = types["button"]
    assert (button["tenant"], button["technology"], button["life_critical"]) == (None, "social_alarm", True)
    assert 9 * 60 < button["silent_after_minutes"] < 2 * 9 * 60
    assert types["hub"]["silent_after_minutes"] < 60
    assert (button["battery_low"], button["battery_well"]) == (15, 25)


async def test_a_device_has_what_its_type_says(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "device-types", id="pendant", tenant="west", **PENDANT)
    device = await made(admin, "devices", id="d", tenant="west", type="pendant")
    assert (device["technology"], device["type"]) == ("social_alarm", "pendant")
    watch = [90, 15.0, 25.0, True]
    (told,) = await told_of(town, "d")
    assert told == {
        "device": "d",
        "tenant": "west",
        "technology": "social_alarm",
        "life_cycle": "installed",
        "watch": watch,
    }


async def test_a_changed_type_is_in_force_for_all_its_devices(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "device-types", id="pendant", tenant="west", **PENDANT)
    for id in ("d", "e"):
        await made(admin, "devices", id=id, tenant="west", type="pendant")
    change = {"silent_after_minutes": None, "reads_as": {"motion": "bed_entered"}}
    changed = (await admin.patch("/api/v1/device-types/pendant", json=change)).json()
    assert (changed["silent_after_minutes"], changed["name"]) == (None, "Prova Knapp")
    for id in ("d", "e"):
        last = (await told_of(town, id))[-1]
        assert isinstance(last, dict)
        assert (last["watch"][0], last["reads_as"]) == (None, {"motion": "bed_entered"})
    assert len(await told_of(town, "north-button")) == 1  # When it was registered.


WRONG: list[tuple[dict[str, object], str]] = [
    ({"battery_low": 30}, "battery_well"),
    ({"battery_low": 101}, "battery_low"),
    ({"silent_after_minutes": 0}, "silent_after_minutes"),
    ({"technology": "toaster"}, "technology"),
    ({"reads_as": {"motion": "sleep"}}, "reads_as"),
    ({"reads_as": {"sleep": "motion"}}, "reads_as"),
    ({"reads_as": {"motion": "position"}}, "reads_as"),
    ({"tenant": "nowhere"}, "tenant"),
]


async def test_what_is_wrong_is_named(town: Api, admin: httpx.AsyncClient) -> None:
    for wrong, field in WRONG:
        problem(await admin.post("/api/v1/device-types", json=PENDANT | wrong), 422, field)
    problem(await admin.post("/api/v1/device-types", json=PENDANT | {"id": "button"}), 409)
    problem(await admin.patch("/api/v1/device-types/none", json={}), 404)


async def test_what_is_for_all_is_not_one_tenants_to_change(town: Api) -> None:
    west, east = await town.client("operator", "west"), await town.client("operator", "east")
    problem(await west.patch("/api/v1/device-types/button", json={"name": "X"}), 409)
    problem(await west.delete("/api/v1/device-types/button"), 409)
    own = await made(west, "device-types", id="pendant", **PENDANT)
    assert own["tenant"] == "west"
    assert "pendant" not in await ids(east, "device-types")
    problem(await east.get("/api/v1/device-types/pendant"), 404)
    problem(await east.post("/api/v1/devices", json={"type": "pendant"}), 422, "type")
    problem(await east.post("/api/v1/devices", json={"type": "pendant", "technology": "lock"}), 422, "type")


async def test_a_type_that_devices_have_stays(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "device-types", id="pendant", tenant="west", **PENDANT)
    await made(admin, "devices", id="d", tenant="west", type="pendant")
    problem(await admin.delete("/api/v1/device-types/pendant"), 409)
    await admin.patch("/api/v1/devices/d", json={"type": None})
    assert (await admin.delete("/api/v1/device-types/pendant")).status_code == 204
    problem(await admin.get("/api/v1/device-types/pendant"), 404)
