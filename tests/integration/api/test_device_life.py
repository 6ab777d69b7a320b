"""The life of a device: from the order to the scrap heap, every step allowed, known to the log and kept."""

from datetime import timedelta

import httpx
import pytest

from events.ids import DeviceId
from store.proof import prove
from tests.support.api import Api, got, made, problem

pytestmark = pytest.mark.anyio


async def take(client: httpx.AsyncClient, to: str, device: str = "d", **more: object) -> httpx.Response:
    return await client.post(f"/api/v1/devices/{device}/life-cycle", json={"to": to, **more})


async def steps(client: httpx.AsyncClient, device: str = "d") -> list[tuple[str | None, str, str | None]]:
    history = (await got(client, f"devices/{device}/history"))["items"]
    return [(step["from_state"], step["to_state"], step["reason"]) for step in history]


async def prove_now(api: Api, device: str = "d", how: str = "alarm_pressed") -> None:
    async with api.pool.connection() as connection:
        await prove(connection, DeviceId(device), api.clock(), how)


async def told(api: Api) -> dict[str, object]:
    """The last thing that the log was told of a device."""
    ((data,),) = await api.execute("SELECT data FROM inbox WHERE kind = 'device_changed' ORDER BY id DESC LIMIT 1")
    assert isinstance(data, dict)
    return data


async def ordered(api: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "devices", id="d", tenant="west", technology="social_alarm", life_cycle="ordered")


async def test_a_whole_life(town: Api, admin: httpx.AsyncClient) -> None:
    await ordered(town, admin)
    await take(admin, "in_stock")
    await made(admin, "assignments", id="a", device="d", resident="north-1")
    assert (await got(admin, "devices/d"))["life_cycle"] == "installed"
    assert (await told(town))["life_cycle"] == "installed"
    await prove_now(town)
    assert (await got(admin, "devices/d"))["life_cycle"] == "in_use"
    assert "life_cycle" not in await told(town)  # The default is left out.
    town.clock.advance(timedelta(hours=2))
    await admin.patch("/api/v1/assignments/a", json={"to": "2026-03-02T13:00:00Z"})
    assert (await told(town))["life_cycle"] == "returned"
    await take(admin, "reconditioning", reason="ny rem")
    await take(admin, "in_stock")
    await take(admin, "scrapped", reason="trasig")
    assert await steps(admin) == [
        (None, "ordered", None),
        ("ordered", "in_stock", None),
        ("in_stock", "installed", None),
        ("installed", "in_use", "alarm_pressed"),
        ("in_use", "returned", None),
        ("returned", "reconditioning", "ny rem"),
        ("reconditioning", "in_stock", None),
        ("in_stock", "scrapped", "trasig"),
    ]


async def test_a_step_that_is_not_allowed_leaves_it_as_it_is(town: Api, admin: httpx.AsyncClient) -> None:
    await ordered(town, admin)
    for to in ("installed", "in_use", "returned", "ordered"):
        body = problem(await take(admin, to), 409)
        assert body["device"] == await got(admin, "devices/d")
    problem(await take(admin, "lost"), 422, "to")
    problem(await take(admin, "in_stock", "none"), 404)
    assert len(await steps(admin)) == 1


async def test_nobody_says_that_it_is_in_use_but_the_device_itself(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "devices", id="d", tenant="west", technology="lock", life_cycle="in_stock")
    await take(admin, "installed")
    problem(await take(admin, "in_use"), 409)
    await prove_now(town, how="locked")
    await prove_now(town, how="locked")
    assert (await steps(admin))[-1] == ("installed", "in_use", "locked")
    assert len(await steps(admin)) == 3


async def test_a_device_that_is_not_fit_for_it_is_not_lent(town: Api, admin: httpx.AsyncClient) -> None:
    await ordered(town, admin)
    body = {"device": "d", "resident": "north-1"}
    assert "ordered" in problem(await admin.post("/api/v1/assignments", json=body), 409)["detail"]
    for state in ("in_stock", "reconditioning"):
        await take(admin, state)
    problem(await admin.post("/api/v1/assignments", json=body), 409)
    # That somebody had it before can be written down all the same.
    past = {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}
    await made(admin, "assignments", **body, **past)
    assert (await got(admin, "devices/d"))["life_cycle"] == "reconditioning"


async def test_what_is_lent_is_given_back_first(town: Api, admin: httpx.AsyncClient) -> None:
    for to in ("returned", "scrapped"):
        assert "north-1" in problem(await take(admin, to, "north-button"), 409)["detail"]
    assert (await take(admin, "scrapped", "none")).status_code == 404


async def test_a_lending_for_another_time_moves_nothing(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "devices", id="d", tenant="west", technology="lock", life_cycle="in_stock")
    await made(admin, "assignments", id="a", device="d", resident="north-1", **{"from": "2027-01-01T00:00:00Z"})
    assert (await got(admin, "devices/d"))["life_cycle"] == "in_stock"
    assert (await admin.patch("/api/v1/assignments/a", json={"from": "2026-03-02T11:00:00Z"})).is_success
    assert (await got(admin, "devices/d"))["life_cycle"] == "installed"
    assert (await admin.delete("/api/v1/assignments/a")).status_code == 204
    assert (await got(admin, "devices/d"))["life_cycle"] == "returned"
    problem(await admin.get("/api/v1/assignments/a"), 404)


async def test_an_assignment_that_was_ended_by_mistake_goes_on(town: Api, admin: httpx.AsyncClient) -> None:
    town.clock.advance(timedelta(hours=2))
    await admin.patch("/api/v1/assignments/north-lent", json={"to": "2026-03-02T13:00:00Z"})
    reopened = await admin.patch("/api/v1/assignments/north-lent", json={"to": None})
    assert reopened.json()["to"] is None
    assert (await got(admin, "devices/north-button"))["life_cycle"] == "installed"


async def test_the_history_cannot_be_changed(town: Api) -> None:
    for statement in ("UPDATE device_history SET reason = 'x'", "DELETE FROM device_history"):
        with pytest.raises(Exception, match="only ever added to"):
            await town.execute(statement)


async def test_a_trial_runs_for_its_minutes(town: Api, admin: httpx.AsyncClient) -> None:
    staff = await town.staff("berta")
    opened = await staff.post("/api/v1/devices/north-button/test", json={"minutes": 15})
    assert (opened.status_code, opened.json()["testing_until"]) == (201, "2026-03-02T12:15:00Z")
    assert (await told(town))["testing_until"] == "2026-03-02T12:15:00Z"
    (trial,) = (await got(staff, "devices/north-button/tests"))["items"]
    assert (trial["opened_by"], trial["opened_by_name"], trial["proven_at"]) == ("berta", "Test Berta", None)
    step = (await got(staff, "devices/north-button/history"))["items"][-1]
    assert (step["actor_name"], step["from_state"], step["to_state"]) == ("Test Berta", "installed", "installed")


async def test_a_trial_succeeds_once(town: Api, admin: httpx.AsyncClient) -> None:
    await admin.post("/api/v1/devices/north-button/test", json={})
    for _ in range(2):
        await prove_now(town, "north-button", "test_alarm")
    (trial,) = (await got(admin, "devices/north-button/tests"))["items"]
    assert (trial["proven_at"], trial["how"]) == ("2026-03-02T12:00:00Z", "test_alarm")
    assert (await got(admin, "devices/north-button"))["life_cycle"] == "in_use"
    await admin.post("/api/v1/devices/north-button/test", json={})
    await prove_now(town, "north-button", "test_alarm")
    assert [trial["how"] for trial in (await got(admin, "devices/north-button/tests"))["items"]] == ["test_alarm"] * 2
    assert (await steps(admin, "north-button"))[-1] == ("in_use", "in_use", "trial succeeded: test_alarm")


async def test_a_trial_that_is_over_is_not_proven_later(town: Api, admin: httpx.AsyncClient) -> None:
    await admin.post("/api/v1/devices/north-button/test", json={"minutes": 1})
    town.clock.advance(timedelta(minutes=2))
    await prove_now(town, "north-button")
    (trial,) = (await got(admin, "devices/north-button/tests"))["items"]
    assert trial["proven_at"] is None


async def test_a_trial_can_be_ended(town: Api, admin: httpx.AsyncClient) -> None:
    await admin.post("/api/v1/devices/north-button/test", json={})
    for _ in range(2):
        assert (await admin.delete("/api/v1/devices/north-button/test")).status_code == 204
    assert (await got(admin, "devices/north-button"))["testing_until"] is None
    assert "testing_until" not in await told(town)
    assert [reason for _, _, reason in await steps(admin, "north-button")][-1] == "trial ended"
    assert len(await steps(admin, "north-button")) == 3


async def test_only_what_is_out_is_tried(town: Api, admin: httpx.AsyncClient) -> None:
    await ordered(town, admin)
    problem(await admin.post("/api/v1/devices/d/test", json={}), 409)
    for minutes in (0, 31, "5"):
        problem(await admin.post("/api/v1/devices/north-button/test", json={"minutes": minutes}), 422, "minutes")
    problem(await (await town.client("staff", "west", "south")).post("/api/v1/devices/north-button/test", json={}), 404)
