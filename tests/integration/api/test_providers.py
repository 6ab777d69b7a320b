"""Providers and push messages over the API."""

import json
from datetime import timedelta
from typing import Any

import pytest

from store import push_keys
from tests.support.api import NOON, Api, got, ids, problem
from tests.support.browser import Browser

pytestmark = pytest.mark.anyio

GATEWAY = {
    "url": "https://sms.example/send",
    "template": {"to": "{to}", "text": "{text}"},
    "headers": {"Authorization": "Bearer {secret.token}"},
    "secrets": {"token": "s3cret"},
}
SMTP = {"host": "mail.example", "sender": "vaka@prov.example", "user": "vaka", "password": "s3cret"}


async def test_a_provider_is_set_shown_without_its_secrets_and_removed(town: Api) -> None:
    admin = await town.client("admin", "west")
    answer = await admin.put("/api/v1/providers/west:sms", json=GATEWAY)
    shown = {
        "id": "west:sms",
        "tenant": "west",
        "channel": "sms",
        "settings": {**GATEWAY, "secrets": {"token": "***"}},
        "created_at": "2026-03-02T12:00:00Z",
    }
    assert answer.status_code == 200
    assert {**answer.json(), "created_by": None} == {**shown, "created_by": None}
    assert await got(admin, "providers/west:sms") == answer.json()
    await admin.put("/api/v1/providers/west:email", json=SMTP)
    everything = await got(admin, "providers")
    assert [item["id"] for item in everything["items"]] == ["west:email", "west:sms"]
    assert "s3cret" not in json.dumps(everything)
    kept = await town.execute("SELECT settings FROM channel_providers ORDER BY channel")
    assert [json.dumps(row[0]).count("s3cret") for row in kept] == [1, 1]

    assert (await admin.delete("/api/v1/providers/west:sms")).status_code == 204
    problem(await admin.get("/api/v1/providers/west:sms"), 404)
    problem(await admin.delete("/api/v1/providers/west:sms"), 404)


async def test_new_settings_take_the_place_of_the_old_with_all_their_secrets(town: Api) -> None:
    admin = await town.client("admin", "west")
    await admin.put("/api/v1/providers/west:email", json=SMTP)
    elsewhere = {"host": "evil.example", "sender": "vaka@prov.example"}
    answer = await admin.put("/api/v1/providers/west:email", json=elsewhere)
    assert answer.json()["settings"] == elsewhere
    kept = await town.execute("SELECT settings FROM channel_providers")
    assert kept == [(elsewhere,)]


@pytest.mark.parametrize(
    ("channel", "settings", "field"),
    [
        ("sms", {**GATEWAY, "url": "http://u:s3cret@x/"}, "url"),
        ("sms", {**GATEWAY, "template": {"to": "{to}", "b": "{nothing}"}}, "template.b"),
        ("sms", {**GATEWAY, "secrets": {"token": "s3cret\r\nX: 1"}}, "secrets"),
        ("email", {**SMTP, "port": "s3cret"}, "port"),
        ("scaip", {"centres": []}, "centres"),
        ("apprise", {"schemes": ["dbus"]}, "schemes"),
    ],
)
async def test_settings_that_cannot_be_used(town: Api, channel: str, settings: dict[str, Any], field: str) -> None:
    admin = await town.client("admin", "west")
    said = problem(await admin.put(f"/api/v1/providers/west:{channel}", json=settings), 422, field)
    assert "s3cret" not in json.dumps(said["errors"]) or field == "port"
    assert await ids(admin, "providers") == []


async def test_each_tenant_has_its_own(town: Api) -> None:
    west, east = await town.client("admin", "west"), await town.client("admin", "east")
    await west.put("/api/v1/providers/west:email", json=SMTP)
    for method in ("GET", "DELETE"):
        problem(await east.request(method, "/api/v1/providers/west:email"), 404)
    problem(await east.put("/api/v1/providers/west:email", json=SMTP), 404)
    assert await ids(east, "providers") == []
    for unknown in ("west:push", "west:console", "west:", ":email", "gone:email", "x"):
        problem(await west.put(f"/api/v1/providers/{unknown}", json=SMTP), 404)


async def subscribed(page: Any, browser: Browser) -> str:
    answer = await page.post("/api/v1/push/subscriptions", json=browser.subscription)
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


async def test_a_browser_is_registered_for_who_is_signed_in(town: Api) -> None:
    britt, karin = await town.staff("britt"), await town.staff("karin")
    key = (await got(britt, "push/key"))["key"]
    assert (await got(karin, "push/key"))["key"] == key
    browser, other = Browser("https://push.example/1", key), Browser("https://push.example/2", key)
    first = await subscribed(britt, browser)
    assert await subscribed(britt, browser) == first
    second = await subscribed(britt, other)
    kept = await town.execute(
        "SELECT id, owner, owner_id, channel, rank FROM contact_points ORDER BY address->>'endpoint'"
    )
    assert kept == [(id, "staff", "britt", "push", 1) for id in (first, second)]

    await town.execute("UPDATE contact_points SET expired_at = %s, expired_why = 'gone'", (NOON,))
    await subscribed(britt, browser)
    taken = await subscribed(karin, other)
    kept = await town.execute("SELECT id, owner_id, expired_at FROM contact_points ORDER BY address->>'endpoint'")
    assert kept == [(first, "britt", None), (taken, "karin", None)]


async def test_a_program_or_nonsense_is_not_registered(town: Api) -> None:
    key = push_keys.new_pair().public
    browser = Browser("https://push.example/1", key).subscription
    problem(await (await town.client("staff", "west")).post("/api/v1/push/subscriptions", json=browser), 409)
    britt = await town.staff("britt")
    for field, value in (("endpoint", "http://push.example/"), ("p256dh", "x"), ("auth", ""), ("key", "y")):
        answer = await britt.post("/api/v1/push/subscriptions", json={**browser, field: value})
        problem(answer, 422, field)


async def test_a_new_key_takes_over_and_the_old_ones_last_until_they_are_forgotten(town: Api) -> None:
    britt = await town.staff("britt")
    old = (await got(britt, "push/key"))["key"]
    async with town.pool.connection() as connection:
        new = await push_keys.rotate(connection, NOON + timedelta(days=1))
    assert (await got(britt, "push/key"))["key"] == new != old
    async with town.pool.connection() as connection:
        assert None not in [await push_keys.private_of(connection, key) for key in (old, new)]
        assert await push_keys.forget_old(connection) == [old]
        assert await push_keys.private_of(connection, old) is None
        assert await push_keys.private_of(connection, new) is not None


async def test_a_browser_says_that_a_message_has_come(town: Api) -> None:
    britt, karin = await town.staff("britt"), await town.staff("karin")
    key = (await got(britt, "push/key"))["key"]
    point = await subscribed(britt, Browser("https://push.example/1", key))
    await town.alarm("a-1")
    await town.execute(
        "INSERT INTO notifications (id, alarm, rung, round, priority, channel, receiver, created_at, next_attempt_at,"
        " tenant, owner, owner_id, rank, state, attempts)"
        " VALUES ('n-1', 'a-1', 0, 0, 1, 'push', %s, %s, now(), 'west', 'staff', 'britt', 1, 'sent', 1)",
        (point, NOON),
    )
    problem(await karin.post("/api/v1/push/delivered", json={"id": "n-1"}), 404)
    problem(await britt.post("/api/v1/push/delivered", json={"id": "n-2"}), 404)
    for _ in range(2):
        assert (await britt.post("/api/v1/push/delivered", json={"id": "n-1"})).status_code == 204
    assert await town.execute("SELECT state, delivered_at FROM notifications") == [("delivered", NOON)]
