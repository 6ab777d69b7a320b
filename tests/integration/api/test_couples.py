"""One device for two people: both are named, wherever one of them is asked for."""

import httpx
import pytest

from events.ids import DeviceId, Key
from rules.decisions import AlarmKind, Priority, Raise, Reason
from store.alarms import carry_out
from tests.support.api import NOON, Api, got, ids, made, problem

pytestmark = pytest.mark.anyio

COUPLE = {"device": "lamp", "resident": "north-1", "shared_with": "berta"}


@pytest.fixture
async def couple(town: Api, admin: httpx.AsyncClient) -> Api:
    await made(admin, "residents", id="berta", unit="north", name="Berta Prov")
    await made(admin, "devices", id="lamp", tenant="west", technology="social_alarm")
    await made(admin, "assignments", id="both", **COUPLE)
    return town


async def test_the_device_is_found_by_either(couple: Api, admin: httpx.AsyncClient) -> None:
    assert (await got(admin, "devices/lamp"))["shared_with"] == "berta"
    assert await ids(admin, "devices", resident="berta") == ["lamp"]
    assert await ids(admin, "assignments", resident="berta") == ["both"]
    assert "lamp" in await ids(admin, "devices", resident="north-1")


async def test_the_alarm_names_both(couple: Api, admin: httpx.AsyncClient) -> None:
    press = Raise(
        id="press-1",
        key=Key("r:north-1"),
        at=NOON,
        reason=Reason.PRESSED,
        kind=AlarmKind.SOCIAL_ALARM,
        priority=Priority.LIFE,
        occurred_at=NOON,
        device=DeviceId("lamp"),
    )
    async with couple.pool.connection() as connection:
        await carry_out(connection, [press], NOON)
    alarm = await got(admin, "alarms/press-1")
    assert (alarm["resident_name"], alarm["shared_with"], alarm["shared_with_name"]) == (
        "Test North",
        "berta",
        "Berta Prov",
    )
    assert await ids(admin, "alarms", resident="berta") == ["press-1"]
    assert await ids(admin, "alarms", resident="south-1") == []


async def test_the_log_is_told_of_both(couple: Api) -> None:
    ((told,),) = await couple.execute("SELECT data->>'shared_with' FROM inbox ORDER BY id DESC LIMIT 1")
    assert told == "berta"


async def test_a_couple_are_two_people_of_one_tenant(couple: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "devices", id="other", tenant="west", technology="lock")
    for other, field in (("north-1", "shared_with"), ("nobody", "shared_with"), ("harbour-1", "tenant")):
        body = COUPLE | {"device": "other", "shared_with": other}
        problem(await admin.post("/api/v1/assignments", json=body), 422, field)


async def test_one_of_them_moves_out(couple: Api, admin: httpx.AsyncClient) -> None:
    changed = await admin.patch("/api/v1/assignments/both", json={"shared_with": None})
    assert changed.json()["shared_with"] is None
    assert await ids(admin, "devices", resident="berta") == []
