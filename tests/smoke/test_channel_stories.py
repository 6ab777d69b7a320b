"""How an alarm leaves the house by each channel, and how the one who called hears that help is coming."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from events.address import MqttServer
from simulators.gateway import Gateway, Receipts, Sms
from tests.support.alarm_centre import Centre, centre
from tests.support.browser import Browser
from tests.support.certificate import certificate
from tests.support.mail_server import MailServer, mail_server
from tests.support.mqtt import subscriber, take
from tests.support.webhook_receiver import Answer, WebhookReceiver, webhook_receiver
from tests.support.world import World, whole_world
from vaka.embedded.broker import Broker
from vaka.roles import serve
from vaka.settings import Settings

pytestmark = pytest.mark.anyio

SECRET = "a-secret-for-receipts"
RECEIPTS = {"reference": "id", "state": "status", "delivered": ["delivered"], "answered": ["answered"], "key": "key"}
LAST_MONTH = "2026-02-01T00:00:00Z"
NOTHING_ELSE = "Larm. Öppna Vaka"


@dataclass
class Town:
    """A municipality with Anna and her button, and the servers of everybody who is told for it."""

    world: World
    mail: MailServer
    push: WebhookReceiver
    centre: Centre

    async def provider(self, channel: str, settings: dict[str, Any]) -> None:
        answer = await self.world.admin.put(f"/api/v1/providers/prov:{channel}", json=settings)
        assert answer.status_code == 200, answer.text

    async def point(self, owner: str, id: str | None, channel: str, address: dict[str, Any], rank: int = 1) -> str:
        whose = {"owner": owner} | ({"owner_id": id} if id is not None else {})
        made = await self.world.make(
            "contact-points", tenant="prov", **whose, channel=channel, address=address, rank=rank
        )
        return str(made["id"])

    async def notifications(self) -> dict[str, str]:
        """The state of each notification that left the house, by channel."""
        items = (await self.world.get("notifications"))["items"]
        return {item["channel"]: item["state"] for item in items if item["channel"] != "console"}

    async def tell_all(self) -> None:
        """Climbs the ladder until everybody has been told."""
        for _ in range(8):
            await self.world.pass_time(minutes=3)


@pytest.fixture
def push(tmp_path: Path) -> Iterator[WebhookReceiver]:
    cert, key = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    with webhook_receiver(tls) as receiver:
        receiver.answer = lambda request: Answer(201, b"")
        yield receiver


@pytest.fixture
async def town(
    database_url: str, mqtt_server: MqttServer, tmp_path: Path, push: WebhookReceiver
) -> AsyncIterator[Town]:
    settings = Settings(data_dir=tmp_path, authorities=tmp_path / "cert.pem", public_url="https://vaka.example")
    async with (
        mail_server() as mail,
        centre() as alarm_centre,
        whole_world(database_url, mqtt_server, settings) as world,
    ):
        await world.make("tenants", id="prov", name="Provköping")
        await world.make("units", id="norr", tenant="prov", name="Norr")
        await world.make("residents", id="anna", tenant="prov", unit="norr", name="Anna Påhittad")
        await world.make("devices", id="button", tenant="prov", technology="social_alarm", type="button")
        await world.make("assignments", device="button", resident="anna", **{"from": LAST_MONTH})
        yield Town(world, mail, push, alarm_centre)


@asynccontextmanager
async def gateway(town: Town, channel: str, **more: Any) -> AsyncIterator[Gateway]:
    """Set up as docs/channels.md says, with its receipts coming back over Vaka's API."""
    stop = asyncio.Event()
    url = f"{town.world.admin.base_url}/api/v1/receipts/prov:{channel}"
    made = Gateway(Receipts(url, SECRET, **more))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(serve(made, listening, stop))
        settings = {
            "url": f"http://127.0.0.1:{listening.getsockname()[1]}/messages",
            "template": {"to": "{to}", "text": "{text}", "id": "{id}", "kind": channel},
            "secrets": {"callback": SECRET},
            "answer": {"accepted": {"path": "status", "values": ["accepted"]}, "reference": "id"},
            "receipts": RECEIPTS,
        }
        await town.provider(channel, settings)
        try:
            yield made
        finally:
            await made.close()
            stop.set()
            await serving


async def staff(town: Town, name: str) -> str:
    await town.world.staff(name, "norr")
    items = (await town.world.get("staff"))["items"]
    return next(str(item["id"]) for item in items if item["username"] == name)


async def test_an_alarm_by_sms_and_its_receipt(town: Town) -> None:
    britt = await staff(town, "britt")
    async with gateway(town, "sms") as sms:
        await town.point("staff", britt, "sms", {"number": "+46700000001"})
        await town.world.engine.say("button", "alarm_pressed")
        await town.world.reach()
        (message,) = sms.messages.values()
        assert message == Sms("+46700000001", message.text, message.id, "sms")
        assert message.text.startswith(f"{NOTHING_ELSE} https://vaka.example/?notification=")
        await sms.settled()
    assert await town.notifications() == {"sms": "delivered"}


async def test_an_alarm_is_accepted_by_a_key_of_the_telephone(town: Town) -> None:
    britt = await staff(town, "britt")
    async with gateway(town, "voice", status="answered", key="1") as voice:
        await town.point("staff", britt, "voice", {"number": "+46700000001"})
        async with town.world.device("vaka/v1/prov/button/command/#") as button:
            await town.world.engine.say("button", "alarm_pressed")
            await town.world.reach()
            (message,) = voice.messages.values()
            assert message.text == f"{NOTHING_ELSE} Tryck 1 för att ta larmet."
            await voice.settled()
            (alarm,) = (await town.world.get("alarms"))["items"]
            assert (alarm["state"], alarm["accepted_by"]) == ("accepted", britt)
            await town.world.commander.step()
            said = await anext(aiter(button.messages))
    assert said.topic.value == "vaka/v1/prov/button/command/speak"
    assert "Hjälp är på väg" in json.loads(bytes(said.payload))["text"]
    assert await town.notifications() == {"voice": "seen"}


async def test_an_alarm_by_mail(town: Town) -> None:
    britt = await staff(town, "britt")
    smtp = {"host": "127.0.0.1", "port": town.mail.port, "security": "none", "sender": "vaka@prov.example"}
    await town.provider("email", smtp)
    await town.point("staff", britt, "email", {"email": "britt@prov.example"})
    await town.world.engine.say("button", "alarm_pressed")
    await town.world.reach()
    (letter,) = town.mail.letters
    assert (letter["Subject"], letter["To"]) == ("Larm", "britt@prov.example")
    assert "Anna" not in letter.as_string()
    assert await town.notifications() == {"email": "sent"}


async def test_a_browser_registers_and_is_told_until_it_is_gone(town: Town) -> None:
    page = await town.world.staff("britt", "norr")
    key = (await page.get("/api/v1/push/key")).json()["key"]
    browser = Browser(town.push.url, key)
    made = await page.post("/api/v1/push/subscriptions", json=browser.subscription)
    again = await page.post("/api/v1/push/subscriptions", json=browser.subscription)
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json() == again.json()

    await town.world.engine.say("button", "alarm_pressed")
    await town.world.reach()
    (request,) = town.push.take()
    said = browser.read(request.body)
    assert (said["title"], said["body"], said["priority"]) == ("Larm", "Öppna Vaka", 1)
    assert browser.claims(request.headers["Authorization"])["sub"] == "mailto:vaka@localhost"

    town.push.answer = lambda request: Answer(410, b"")
    await town.world.engine.say("button", "fall_detected")
    await town.world.reach()
    point = await town.world.get(f"contact-points/{made.json()['id']}")
    assert point["expired_at"] is not None
    assert browser.endpoint not in json.dumps(point)


async def test_a_browser_belongs_to_whoever_is_signed_in_there(town: Town) -> None:
    britt, karin = await town.world.staff("britt", "norr"), await town.world.staff("karin", "norr")
    key = (await britt.get("/api/v1/push/key")).json()["key"]
    browser = Browser(town.push.url, key)
    first, second = [
        (await person.post("/api/v1/push/subscriptions", json=browser.subscription)).json()["id"]
        for person in (britt, karin)
    ]
    items = (await town.world.get("contact-points"))["items"]
    assert [item["id"] for item in items] == [second]
    assert first != second


async def test_one_alarm_by_all_channels(town: Town, embedded_broker: Broker, receiver: WebhookReceiver) -> None:
    """Nobody accepts: the unit, its people and at last the alarm centre are told by all that they have."""
    await town.provider("email", {"host": "127.0.0.1", "port": town.mail.port, "security": "none", "sender": "v@p.se"})
    await town.provider("scaip", {"centres": [town.centre.settings]})
    await town.provider("apprise", {"schemes": ["json"]})
    key = (await town.world.get("push/key"))["key"]
    browser = Browser(town.push.url, key)
    async with gateway(town, "sms") as sms, gateway(town, "voice") as voice:
        addresses: dict[str, dict[str, Any]] = {
            "push": browser.subscription,
            "sms": {"number": "+46700000001"},
            "voice": {"number": "+46700000002"},
            "email": {"email": "britt@prov.example"},
            "mqtt": {"topic": "wall"},
            "apprise": {"url": receiver.url.replace("http://", "json://")},
        }
        for channel, address in addresses.items():
            await town.point("staff", await staff(town, f"b-{channel}"), channel, address)
        await town.point("alarm_centre", None, "scaip", {"cid": "prov-1"})
        with subscriber(embedded_broker.devices, v5=False, topic="vaka/notify/prov/wall") as wall:
            await town.world.engine.say("button", "alarm_pressed")
            await town.tell_all()
            assert json.loads(take(wall, 1)[0])["alarm"]["kind"] == "social_alarm"
        assert browser.read(town.push.take()[0].body)["body"] == "Öppna Vaka"
        assert receiver.take()[0].json["title"] == "Larm"
        assert {message.kind for message in (*sms.messages.values(), *voice.messages.values())} == {"sms", "voice"}
        assert town.mail.letters
        assert town.centre.requests[0].get("stt") == "Larm"
    assert set(await town.notifications()) == {*addresses, "scaip"}
