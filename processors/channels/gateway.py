"""SMS and voice calls through the HTTP API of a gateway, as the municipality's provider settings describe it."""

import urllib.parse
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec

from processors.channels.channel import Message, Receipt, Target
from processors.channels.http import TIMEOUT_SECONDS, NoAnswer, Reply, ask
from processors.channels.waiting import retry_after
from rules.addresses import Telephone, read_address
from rules.contact import Channel
from rules.gateway import Gateway, check_gateway
from rules.gateway_reports import at, holds
from rules.given import GivenError, read
from rules.placeholders import SECRET_PREFIX, filled

IDEMPOTENCY_KEY = "Idempotency-Key"
"""The header by which many APIs recognise a repeated request; the notification's id stands there, and in `{id}`."""

PRESS = {"sv": "Tryck {key} för att ta larmet.", "en": "Press {key} to take the alarm."}
"""What a voice call says at the end when the gateway reports the key."""

_WAITING = frozenset({413, 429, 503})


class GatewaySender:
    """`real_now`: real time, for a Retry-After that names a date."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        real_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._timeout = timeout_seconds
        self._real_now = real_now

    async def send(self, message: Message, target: Target) -> Receipt:
        try:
            address = read_address(target.channel, target.address)
            gateway = read(Gateway, dict(target.provider))
            check_gateway(gateway)
        except GivenError as error:
            return Receipt(False, error=str(error))
        assert isinstance(address, Telephone)
        try:
            reply = await self._ask(gateway, values_of(message, target.channel, address, gateway), message.id)
        except NoAnswer as error:
            return Receipt(False, error=str(error))
        return self._receipt(gateway, reply)

    async def _ask(self, gateway: Gateway, values: dict[str, str], id: str) -> Reply:
        headers = {IDEMPOTENCY_KEY: id} | filled(gateway.headers, values)
        auth = (gateway.user, gateway.secrets["password"]) if gateway.user is not None else None
        url, content = _request(gateway, values)
        return await ask(self._client, gateway.method, url, self._timeout, headers=headers, auth=auth, **content)

    def _receipt(self, gateway: Gateway, reply: Reply) -> Receipt:
        rules = gateway.answer
        said = _said(reply)
        accepted = reply.is_success and (rules.accepted is None or holds(rules.accepted, said))
        waits = reply.status in _WAITING
        return Receipt(
            accepted,
            gone=not accepted and holds(rules.gone, said),
            refused=not accepted and holds(rules.refused, said),
            retry_after=retry_after(reply.headers.get("retry-after"), self._real_now()) if waits else None,
            reference=at(said, rules.reference) if accepted and rules.reference is not None else None,
            status=reply.status,
            answer=reply.text,
        )


def values_of(message: Message, channel: Channel, address: Telephone, gateway: Gateway) -> dict[str, str]:
    """What each placeholder stands for."""
    return {
        "to": address.number,
        "text": spoken(message, gateway) if channel is Channel.VOICE else message.text,
        "title": message.title,
        "body": message.body,
        "url": message.url or "",
        "id": message.id,
        "sender": gateway.sender,
        "priority": str(message.priority),
        "language": gateway.language,
        **{SECRET_PREFIX + name: value for name, value in gateway.secrets.items()},
    }


def spoken(message: Message, gateway: Gateway) -> str:
    """What a call says: no address, which nobody can hear, and what a key does when it does something."""
    text = f"{message.title}. {message.body}"
    receipts = gateway.receipts
    if message.test or receipts is None or receipts.key is None:
        return text
    return f"{text} {PRESS[gateway.language].format(key=receipts.accept_key)}"


def _request(gateway: Gateway, values: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Address and body. What goes into the address is quoted, so that it can neither lead elsewhere nor say more."""
    url = filled(gateway.url, {name: urllib.parse.quote(value, safe="") for name, value in values.items()})
    template = filled(gateway.template, values)
    if gateway.body == "query":
        return url + ("&" if "?" in url else "?") + urllib.parse.urlencode(template), {}
    return url, {"json" if gateway.body == "json" else "data": template}


def _said(reply: Reply) -> Any:
    """The answer as JSON; one that is a plain text is found at `text`, as a form at the names that it has."""
    try:
        said = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = None
    if isinstance(said, dict | list):
        return said
    text = reply.body.decode(errors="replace").strip()
    return {"text": text, **dict(urllib.parse.parse_qsl(text))}
