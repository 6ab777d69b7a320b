"""Accounts, tokens and webhooks: secrets are shown once, or never."""

from datetime import timedelta

import httpx
import pytest

from events.ids import StaffId
from store import people
from tests.support.api import PASSWORD, Api, got, ids, made, problem

pytestmark = pytest.mark.anyio

ANNA = {"unit": "north", "username": "Anna", "name": "Test Anna", "role": "staff", "password": PASSWORD}


async def test_an_account_is_shown_without_its_password(town: Api, admin: httpx.AsyncClient) -> None:
    anna = await made(admin, "staff", id="anna", **ANNA)
    assert anna == {
        "id": "anna",
        "tenant": "west",
        "unit": "north",
        "username": "Anna",
        "name": "Test Anna",
        "role": "staff",
        "created_at": "2026-03-02T12:00:00Z",
        "skills": [],
        "aliases": [],
        "closed_at": None,
        "closed_by": None,
    }
    assert await got(admin, "staff/anna") == anna
    assert (await got(admin, "staff"))["items"] == [anna]
    ((hash,),) = await town.execute("SELECT password_hash FROM staff")
    assert str(hash).startswith("$argon2id$")


async def test_a_username_is_taken_in_any_case_of_letters(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "staff", **ANNA)
    answer = problem(await admin.post("/api/v1/staff", json=ANNA | {"username": "ANNA"}), 409)
    assert "username" in answer["detail"]


async def test_who_is_changed_is_signed_out(town: Api, admin: httpx.AsyncClient) -> None:
    anna = await town.staff("anna")
    changed = await admin.patch("/api/v1/staff/anna", json={"role": "manager", "unit": None})
    assert (changed.json()["role"], changed.json()["unit"]) == ("manager", None)
    problem(await anna.get("/api/v1/session"), 401)
    await admin.patch("/api/v1/staff/anna", json={"password": "another password"})
    body = {"username": "anna", "password": "another password"}
    assert (await anna.post("/api/v1/session", json=body)).status_code == 201
    assert (await got(anna, "session"))["role"] == "manager"


async def test_skills_and_aliases_change_without_signing_out(town: Api, admin: httpx.AsyncClient) -> None:
    anna = await town.staff("anna")
    body = {"skills": ["nurse", "assistant", "nurse"], "aliases": [" Anna@Example.org ", "4711"]}
    changed = (await admin.patch("/api/v1/staff/anna", json=body)).json()
    assert (changed["skills"], changed["aliases"]) == (["assistant", "nurse"], ["4711", "anna@example.org"])
    assert (await got(anna, "session"))["username"] == "anna"
    assert await ids(admin, "staff", skill="nurse") == ["anna"]
    assert await ids(admin, "staff", skill="operator") == []
    problem(await admin.patch("/api/v1/staff/anna", json={"skills": ["surgeon"]}), 422, "skills.0")


async def test_an_alias_is_one_persons_in_each_tenant(town: Api, admin: httpx.AsyncClient) -> None:
    await made(admin, "staff", id="anna", **ANNA, aliases=["4711"])
    bert = ANNA | {"username": "bert", "aliases": ["4712", "4711"]}
    assert "alias" in problem(await admin.post("/api/v1/staff", json=bert), 409)["detail"]
    assert await ids(admin, "staff") == ["anna"]
    harbour = await made(admin, "staff", **(bert | {"unit": "harbour"}))
    assert harbour["aliases"] == ["4711", "4712"]
    again = await admin.patch("/api/v1/staff/anna", json={"aliases": ["4711"]})
    assert again.json()["aliases"] == ["4711"]


async def test_a_closed_account_signs_nobody_in_and_ends_its_sessions(town: Api, admin: httpx.AsyncClient) -> None:
    anna = await town.staff("anna")
    closed = (await admin.delete("/api/v1/staff/anna")).json()
    assert closed["closed_at"] == "2026-03-02T12:00:00Z"
    problem(await anna.get("/api/v1/session"), 401)
    body = {"username": "anna", "password": PASSWORD}
    problem(await anna.post("/api/v1/session", json=body), 401)
    assert (await admin.delete("/api/v1/staff/anna")).json() == closed
    assert await ids(admin, "staff") == []
    assert await ids(admin, "staff", closed=True) == ["anna"]
    problem(await admin.patch("/api/v1/staff/anna", json={"name": "X"}), 409)
    # A session that a sign-in made while the account was being closed is none either.
    async with town.pool.connection() as connection:
        secret = await people.new_session(connection, StaffId("anna"), town.wall(), timedelta(hours=1))
        assert await people.signed_in(connection, secret, town.wall()) is None


async def test_a_closed_account_is_opened_again_with_a_new_password(town: Api, admin: httpx.AsyncClient) -> None:
    anna = await town.staff("anna", role="manager")
    problem(await admin.post("/api/v1/staff/anna/reopen", json={"password": "another password"}), 409)
    await admin.delete("/api/v1/staff/anna")
    opened = (await admin.post("/api/v1/staff/anna/reopen", json={"password": "another password"})).json()
    assert (opened["closed_at"], opened["role"]) == (None, "manager")
    problem(await anna.post("/api/v1/session", json={"username": "anna", "password": PASSWORD}), 401)
    body = {"username": "anna", "password": "another password"}
    assert (await anna.post("/api/v1/session", json=body)).status_code == 201


async def test_nobody_closes_their_own_account_or_that_of_another_tenant(town: Api, admin: httpx.AsyncClient) -> None:
    boss = await town.staff("boss", role="admin", unit=None)
    problem(await boss.delete("/api/v1/staff/boss"), 409)
    problem(await (await town.client("admin", "east")).delete("/api/v1/staff/boss"), 404)
    problem(
        await (await town.client("admin", "east")).post("/api/v1/staff/boss/reopen", json={"password": "x" * 8}), 404
    )


async def test_what_is_wrong_with_an_account_is_named_and_its_password_is_not_shown(
    town: Api, admin: httpx.AsyncClient
) -> None:
    for wrong, field in (
        ({"password": "short"}, "password"),
        ({"password": "x" * 201}, "password"),
        ({"role": "king"}, "role"),
        ({"username": ""}, "username"),
        ({"unit": "harbour", "tenant": "west"}, "tenant"),
        ({"unit": None}, "tenant"),
    ):
        answer = await admin.post("/api/v1/staff", json=ANNA | wrong)
        problem(answer, 422, field)
        assert PASSWORD not in answer.text
        assert "short" not in answer.text
    problem(await admin.patch("/api/v1/staff/none", json={"name": "X"}), 404)
    assert "hemligt" not in (await admin.post("/api/v1/staff", json=["hemligt"])).text


async def test_a_tokens_secret_is_shown_once(town: Api, admin: httpx.AsyncClient) -> None:
    token = await made(admin, "tokens", id="ward", role="staff", unit="north")
    secret = token.pop("token")
    assert token == {
        "id": "ward",
        "role": "staff",
        "tenant": "west",
        "unit": "north",
        "created_at": "2026-03-02T12:00:00Z",
    }
    assert await got(admin, "tokens/ward") == token
    client = town.anybody()
    client.headers["Authorization"] = f"bearer {secret}"
    assert await got(client, "session") == {
        "id": "token:ward",
        "username": None,
        "name": "token:ward",
        "role": "staff",
        "tenant": "west",
        "unit": "north",
    }
    assert not any(secret.encode() in bytes(str(row), "utf-8") for row in await town.execute("SELECT * FROM tokens"))
    problem(await admin.post("/api/v1/tokens", json={"id": "ward", "role": "staff"}), 409)
    problem(await admin.delete("/api/v1/tokens/none"), 404)


async def test_a_webhooks_secret_is_shown_once(town: Api, admin: httpx.AsyncClient) -> None:
    url = "https://127.0.0.1:8443/hook?x=1"
    hook = await made(admin, "webhooks", id="centre", tenant="west", receiver="alarm_centre", url=url)
    assert len(hook["secret"]) == 43
    shown = await got(admin, "webhooks/centre")
    assert shown == {
        "id": "centre",
        "tenant": "west",
        "unit": None,
        "receiver": "alarm_centre",
        "url": url,
        "created_at": "2026-03-02T12:00:00Z",
    }
    own = await made(admin, "webhooks", receiver="unit", unit="north", url=url, secret="0123456789abcdef")
    assert own["secret"] == "0123456789abcdef"
    assert await ids(admin, "webhooks", unit="north") == [own["id"]]
    assert (await admin.delete("/api/v1/webhooks/centre")).status_code == 204
    problem(await admin.get("/api/v1/webhooks/centre"), 404)
    problem(await admin.delete("/api/v1/webhooks/centre"), 404)


async def test_what_is_wrong_with_a_webhook_is_named(town: Api, admin: httpx.AsyncClient) -> None:
    good = {"tenant": "west", "receiver": "alarm_centre", "url": "http://127.0.0.1/"}
    for wrong, field in (
        ({"url": "ftp://127.0.0.1/"}, "url"),
        ({"url": "http://"}, "url"),
        ({"url": "http://user:pass@127.0.0.1/"}, "url"),
        ({"url": "http://127.0.0.1:99999/"}, "url"),
        ({"url": "http://127.0.0.1/\r\nX: y"}, "url"),
        ({"url": "http://[::1"}, "url"),
        ({"receiver": "unit"}, "unit"),
        ({"unit": "north"}, "unit"),
        ({"receiver": "everybody"}, "receiver"),
        ({"secret": "short"}, "secret"),
    ):
        problem(await admin.post("/api/v1/webhooks", json=good | wrong), 422, field)
