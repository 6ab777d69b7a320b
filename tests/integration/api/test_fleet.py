"""The fleet over the API: how devices are, which ones need looking at, and how many there are of each kind."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import httpx
import pytest

from events.ids import DeviceId, health_key
from rules.clock import Clock
from rules.device_state import Battery, DeviceState, Known, Signal, Silence
from rules.device_summary import summary
from store.device_health import save_health
from tests.support.api import NOON, Api, got, made

pytestmark = pytest.mark.anyio

Items = Callable[..., Awaitable[list[str]]]
HOUR = timedelta(hours=1)
TREND = ((NOON - timedelta(days=20), 80.0), (NOON - timedelta(days=10), 60.0))


def state(device: str, heard: datetime | None, known: Known | None = None) -> DeviceState:
    return DeviceState(health_key(DeviceId(device)), 1, None, heard, known or Known())


STATES = [
    state("north-button", NOON - HOUR, Known(battery=Battery(40.0, NOON, TREND), signal=Signal(80.0, -60.0, NOON))),
    state("south-button", NOON - 30 * HOUR, Known(silence=Silence(NOON - 30 * HOUR, NOON - 20 * HOUR))),
    state("harbour-button", NOON, Known(battery=Battery(9.0, NOON), clock=Clock((300.0, 300.0, 300.0)))),
    state("sensor", NOON - 2 * HOUR, Known(silence=Silence(NOON - 2 * HOUR, NOON, waits=True), tested_at=NOON)),
    state(
        "broken",
        NOON - HOUR,
        Known(aspects={"mains": False, "tampered": True, "fault:E1": True, "fault": True, "fault:E2": False}),
    ),
]


@pytest.fixture
async def fleet(town: Api, admin: httpx.AsyncClient) -> Api:
    """Six devices: one well, one silent, one nearly empty, one behind a hub, one broken, one that never spoke."""
    for device in ("sensor", "broken", "new"):
        await made(admin, "devices", id=device, tenant="west", technology="passive_alarm", model="Model X")
    await save(town, STATES)
    return town


async def save(api: Api, states: list[DeviceState]) -> None:
    async with api.pool.connection() as connection:
        await save_health(connection, [summary(state) for state in states], api.clock())


@pytest.fixture
def items(admin: httpx.AsyncClient) -> Items:
    async def ids(client: httpx.AsyncClient = admin, **query: str) -> list[str]:
        return [item["id"] for item in (await got(client, "devices", **query))["items"]]

    return ids


async def test_a_device_says_how_it_is(fleet: Api, admin: httpx.AsyncClient) -> None:
    devices = {item["id"]: item["health"] for item in (await got(admin, "devices"))["items"]}
    button = devices["north-button"]
    assert (button["status"], button["last_seen"]) == ("ok", "2026-03-02T11:00:00Z")
    assert (button["battery"], button["signal_quality"], button["signal_rssi_dbm"]) == (40, 80, -60)
    assert button["battery_days_left"] == pytest.approx(20)
    assert (devices["south-button"]["status"], devices["south-button"]["silent_since"]) == (
        "silent",
        "2026-03-01T06:00:00Z",
    )
    assert devices["harbour-button"]["clock_behind_seconds"] == 300
    assert (devices["sensor"]["status"], devices["sensor"]["tested_at"]) == ("behind_hub", "2026-03-02T12:00:00Z")
    broken = devices["broken"]
    assert (broken["mains"], broken["tampered"], broken["faults"]) == (False, True, ["E1", "fault"])
    assert devices["new"] == {
        **dict.fromkeys(button),
        "status": "never_heard",
        "faults": [],
    }


async def test_the_days_that_are_left_become_fewer(fleet: Api, admin: httpx.AsyncClient) -> None:
    fleet.clock.advance(timedelta(days=5))
    assert (await got(admin, "devices/north-button/health"))["battery_days_left"] == pytest.approx(15)
    fleet.clock.advance(timedelta(days=50))
    assert (await got(admin, "devices/north-button/health"))["battery_days_left"] == 0


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "silent"}, ["south-button"]),
        ({"status": "never_heard"}, ["new"]),
        ({"status": "ok", "technology": "social_alarm"}, ["harbour-button", "north-button"]),
        ({"model": "Model X", "tenant": "west"}, ["broken", "new", "sensor"]),
        ({"battery_below": "40"}, ["harbour-button"]),
        ({"battery_below": "40.5"}, ["harbour-button", "north-button"]),
        ({"not_heard_since": "2026-03-02T10:00:00Z"}, ["new", "south-button"]),
        ({"unit": "south"}, ["south-button"]),
        ({"resident": "north-1"}, ["north-button"]),
        ({"life_cycle": "scrapped"}, []),
        ({"sort": "last_seen"}, ["new", "south-button", "sensor", "broken", "north-button", "harbour-button"]),
        ({"sort": "battery"}, ["harbour-button", "north-button", "broken", "new", "sensor", "south-button"]),
        ({"sort": "battery_days_left", "battery_below": "50"}, ["north-button", "harbour-button"]),
    ],
)  # fmt: skip
async def test_filters_and_order(fleet: Api, items: Items, query: dict[str, str], found: list[str]) -> None:
    assert await items(**query) == found


@pytest.mark.parametrize("sort", ["id", "last_seen", "battery", "battery_days_left"])
async def test_pages_follow_each_other_in_every_order(
    fleet: Api, admin: httpx.AsyncClient, items: Items, sort: str
) -> None:
    whole = await items(sort=sort)
    paged: list[str] = []
    query = {"sort": sort, "limit": "1"}
    while True:
        page = await got(admin, "devices", **query)
        paged += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert paged == whole
    assert len(whole) == 6


async def test_a_unit_sees_its_own_and_what_is_with_nobody(fleet: Api, items: Items) -> None:
    client = await fleet.client("staff", "west", "north")
    assert await items(client) == ["broken", "new", "north-button", "sensor"]
    assert (await client.get("/api/v1/devices/south-button/health")).status_code == 404
    counted = (await got(client, "devices/counts"))["items"]
    assert {item["status"]: item["count"] for item in counted} == {"behind_hub": 1, "never_heard": 1, "ok": 2}


async def test_counts(fleet: Api, admin: httpx.AsyncClient) -> None:
    assert (await got(admin, "devices/counts"))["items"] == [
        {"status": "behind_hub", "count": 1},
        {"status": "never_heard", "count": 1},
        {"status": "ok", "count": 3},
        {"status": "silent", "count": 1},
    ]
    by = await got(admin, "devices/counts", by="model,technology", tenant="west")
    assert by["items"] == [
        {"technology": "passive_alarm", "model": "Model X", "count": 3},
        {"technology": "social_alarm", "model": None, "count": 2},
    ]
    assert by["next"] is None


@pytest.mark.parametrize("query", [{"by": "colour"}, {"by": ""}, {"battery_below": "101"}, {"status": "ill"}])
async def test_what_cannot_be_asked(fleet: Api, admin: httpx.AsyncClient, query: dict[str, str]) -> None:
    assert (await admin.get("/api/v1/devices/counts", params=query)).status_code == 422


async def test_the_trend_of_a_battery(fleet: Api, admin: httpx.AsyncClient) -> None:
    health = await got(admin, "devices/north-button/health")
    assert health["battery_trend"] == [
        {"at": "2026-02-10T12:00:00Z", "percent": 80},
        {"at": "2026-02-20T12:00:00Z", "percent": 60},
        {"at": "2026-03-02T12:00:00Z", "percent": 40},
    ]
    assert (await got(admin, "devices/new/health"))["battery_trend"] == []
    assert (await admin.get("/api/v1/devices/nothing/health")).status_code == 404


async def test_only_what_is_new_is_written(fleet: Api, admin: httpx.AsyncClient) -> None:
    fleet.clock.advance(HOUR)
    await save(fleet, [*STATES[1:], state("north-button", NOON), state("unknown", NOON)])
    devices = {item["id"]: item["health"]["updated_at"] for item in (await got(admin, "devices"))["items"]}
    assert devices.pop("north-button") == "2026-03-02T13:00:00Z"
    assert set(devices.values()) == {"2026-03-02T12:00:00Z", None}
