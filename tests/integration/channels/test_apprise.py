"""The long tail, in a process that is ended in time and gets nowhere but to permitted addresses."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import apprise
import pytest

from processors.channels.apprise import Apprise
from processors.channels.channel import Receipt
from rules.contact import Channel
from rules.providers import LOCAL_SERVICES
from tests.support.channels import LOOPBACK, SHORT, message, nobody_listens, target
from tests.support.webhook_receiver import Answer, WebhookReceiver, webhook_receiver

pytestmark = pytest.mark.anyio


@pytest.fixture
def server() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as receiver:
        yield receiver


def address(server: WebhookReceiver, scheme: str = "json", path: str = "hej?+X-Token=s3cret-t0ken") -> str:
    return f"{scheme}://{server.url.split('/')[2]}/{path}"


async def send(url: str, *schemes: str, apprise: Apprise | None = None) -> Receipt:
    sender = apprise or Apprise(LOOPBACK.private)
    provider = {"schemes": [*(schemes or [url.partition("://")[0]])]}
    return await sender.send(message(), target(Channel.APPRISE, {"url": url}, provider))


async def test_a_service_takes_it(server: WebhookReceiver) -> None:
    assert (await send(address(server))).accepted
    (request,) = server.take()
    assert (request.json["title"], request.headers["X-Token"]) == ("Larm", "s3cret-t0ken")
    assert request.json["message"] == "Öppna Vaka https://vaka.example/?notification=n-1"


async def test_a_service_refuses_and_what_it_says_names_no_secret(server: WebhookReceiver) -> None:
    server.answer = lambda request: Answer(500, b"no")
    receipt = await send(address(server))
    assert (receipt.accepted, receipt.refused) == (False, False)
    assert "500" in (receipt.answer or "")
    assert "s3cret" not in json.dumps(receipt.data())


async def test_a_service_that_hangs_is_ended(server: WebhookReceiver) -> None:
    server.hang()
    receipt = await send(address(server), apprise=Apprise(LOOPBACK.private, timeout_seconds=SHORT))
    assert receipt == Receipt(False, error="no answer within 0.3 s")


async def test_a_service_that_is_not_there() -> None:
    with nobody_listens() as port:
        receipt = await send(f"json://127.0.0.1:{port}/")
    assert (receipt.accepted, receipt.refused) == (False, False)


async def test_redirects_are_not_followed_and_proxies_not_asked(
    server: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server.answer = lambda request: Answer(307, b"", (("Location", server.url),))
    assert not (await send(address(server))).accepted
    server.take()
    assert server.requests.empty()


async def test_only_services_that_are_allowed(server: WebhookReceiver) -> None:
    receipt = await send(address(server), "ntfys", "tgram")
    assert (receipt.accepted, receipt.refused) == (False, True)
    assert server.requests.empty()


async def test_the_rest_of_the_machine_is_out_of_reach(server: WebhookReceiver) -> None:
    for scheme in ("json", "ntfy", "rsyslog"):
        receipt = await send(address(server, scheme), apprise=Apprise(()))
        assert not receipt.accepted, scheme
    assert server.requests.empty()


@pytest.mark.parametrize("url", ["nothing://x", "json://", "syslog://local0", "dbus://session"])
async def test_addresses_that_nobody_understands_or_that_stay_on_this_machine(url: str) -> None:
    receipt = await send(url)
    assert not receipt.accepted


async def test_no_file_is_read(tmp_path: Path, server: WebhookReceiver) -> None:
    """Some services take a template or a key from a file that the address names."""
    secret = tmp_path / "key.pem"
    secret.write_text('{"text": "{{app_body}} of a file"}')
    receipt = await send(address(server, "workflow", f"workflow-id/signature?template={secret}"))
    assert not receipt.accepted
    assert server.requests.empty()


LOCAL = re.compile(r"^\s*(?:import|from) (?:subprocess|dbus|gi|win32|ctypes|syslog|hid)\b", re.MULTILINE)


def test_services_that_stay_on_this_machine_are_known() -> None:
    """Those of the locked version; a new one that reaches for the machine must be decided about."""
    plugins = Path(apprise.__file__).parent / "plugins"
    local = {path.stem for path in plugins.rglob("*.py") if LOCAL.search(path.read_text(encoding="utf-8"))}
    assert local
    assert local <= LOCAL_SERVICES
