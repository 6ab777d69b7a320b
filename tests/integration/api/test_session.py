"""Signing in and out as a person."""

from datetime import timedelta

import httpx
import pytest

from api.sign_in import MAX_FAILURES, WINDOW
from tests.support.api import ADDRESS, PASSWORD, Api, got, problem

pytestmark = pytest.mark.anyio

ANNA = {"username": "anna", "password": PASSWORD}


async def test_who_signs_in_is_known_until_they_sign_out(town: Api) -> None:
    anna = await town.staff("anna")
    me = {
        "id": "anna",
        "username": "anna",
        "name": "Test Anna",
        "role": "staff",
        "tenant": "west",
        "unit": "north",
    }
    assert await got(anna, "session") == me
    secret = anna.cookies["vaka_session"]
    assert (await anna.delete("/api/v1/session")).status_code == 204
    assert "vaka_session" not in anna.cookies
    thief = town.anybody()
    thief.cookies.set("vaka_session", secret)
    problem(await thief.get("/api/v1/session"), 401)


async def test_the_secret_of_a_session_is_not_kept(town: Api) -> None:
    anna = await town.staff("anna")
    assert anna.cookies["vaka_session"] not in str(await town.execute("SELECT * FROM sessions"))


async def test_a_session_ends_by_itself_in_real_time(town: Api) -> None:
    anna = await town.staff("anna")
    town.clock.advance(timedelta(days=30))
    town.wall.advance(timedelta(hours=12, seconds=-1))
    assert (await anna.get("/api/v1/session")).status_code == 200
    town.wall.advance(timedelta(seconds=1))
    problem(await anna.get("/api/v1/session"), 401)
    await town.staff("bo")
    assert await town.execute("SELECT staff FROM sessions") == [("bo",)]


async def test_the_cookie_is_for_this_site_only_and_for_tls_unless_on_this_machine(town: Api) -> None:
    await town.staff("anna")
    for address, secure in (
        ("http://127.0.0.1:8080", False),
        ("http://localhost", False),
        ("http://[::1]:8080", False),
        ("https://127.0.0.1", True),
        ("https://vaka.example", True),
        ("http://vaka.example", True),
        ("http://localhost.example", True),
    ):
        answer = await town.anybody().post(f"{address}/api/v1/session", json=ANNA)
        cookie = answer.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"} <= set(cookie.split("; ")), cookie
        assert ("Secure" in cookie.split("; ")) == secure, address


async def test_a_wrong_password_and_an_unknown_name_are_answered_alike(town: Api) -> None:
    await town.staff("anna")
    wrong = await town.anybody().post("/api/v1/session", json=ANNA | {"password": "wrong"})
    unknown = await town.anybody().post("/api/v1/session", json=ANNA | {"username": "nobody"})
    assert problem(wrong, 401) == problem(unknown, 401)
    assert "set-cookie" not in wrong.headers


async def test_a_username_has_no_case_of_letters(town: Api) -> None:
    await town.staff("anna")
    assert (await town.anybody().post("/api/v1/session", json=ANNA | {"username": "ANNA"})).status_code == 201


async def test_guessing_is_stopped_also_for_the_right_password(town: Api) -> None:
    await town.staff("anna")
    guesser = town.anybody()
    for _ in range(MAX_FAILURES):
        problem(await guesser.post("/api/v1/session", json=ANNA | {"password": "wrong"}), 401)
    stopped = await guesser.post("/api/v1/session", json=ANNA)
    problem(stopped, 429)
    assert stopped.headers["retry-after"] == str(int(WINDOW.total_seconds()))
    town.wall.advance(WINDOW)
    assert (await guesser.post("/api/v1/session", json=ANNA)).status_code == 201


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": f"{ADDRESS}:8081"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": ADDRESS},
    {"Sec-Fetch-Site": "none"},
]
OWN = [{"Origin": ADDRESS}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}]


async def test_another_site_cannot_act_with_a_persons_cookie(town: Api) -> None:
    boss = await town.staff("boss", role="manager")
    del boss.headers["Origin"]
    body = {"technology": "lock"}
    for headers in [*FOREIGN, {}]:
        problem(await boss.post("/api/v1/devices", json=body, headers=headers), 403)
        problem(await boss.delete("/api/v1/session", headers=headers), 403)
    for headers in OWN:
        assert (await boss.post("/api/v1/devices", json=body, headers=headers)).status_code == 201
    assert (await boss.get("/api/v1/devices", headers=FOREIGN[0])).status_code == 200


async def test_another_site_cannot_sign_somebody_in(town: Api) -> None:
    await town.staff("anna")
    for headers in FOREIGN:
        problem(await town.anybody().post("/api/v1/session", json=ANNA, headers=headers), 403)
    for headers in [*OWN, {}]:
        assert (await town.anybody().post("/api/v1/session", json=ANNA, headers=headers)).status_code == 201


async def test_a_token_needs_no_origin_and_is_not_ended_by_signing_out(admin: httpx.AsyncClient) -> None:
    assert (await admin.delete("/api/v1/session", headers=FOREIGN[0])).status_code == 204
    assert (await admin.get("/api/v1/session")).status_code == 200
