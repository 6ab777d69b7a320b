"""What a contact point's address holds, by channel: where one message goes.

An address comes from people and browsers, so everything in it is checked here before it is kept.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from rules.contact import Channel
from rules.given import END, GivenError, read

HIDDEN = "***"
"""Stands in place of a secret wherever an address is shown."""

_MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_SCHEME = re.compile(r"([a-z][a-z0-9]{1,30})://\S+")


class Subscription(Struct, frozen=True, forbid_unknown_fields=True):
    """A browser that takes push messages, as it says itself (RFC 8030, 8291).

    `key`: the public key of ours that it was made with; it takes messages that are signed with no other.
    """

    endpoint: Annotated[str, Meta(max_length=2000)]
    p256dh: Annotated[str, Meta(max_length=200)]
    auth: Annotated[str, Meta(max_length=100)]
    key: Annotated[str, Meta(max_length=200)]


class Telephone(Struct, frozen=True, forbid_unknown_fields=True):
    """`number`: E.164, such as +46700000001."""

    number: Annotated[str, Meta(pattern=r"^\+[1-9][0-9]{5,14}" + END)]


class Mailbox(Struct, frozen=True, forbid_unknown_fields=True):
    email: Annotated[str, Meta(max_length=254)]


class Topic(Struct, frozen=True, forbid_unknown_fields=True):
    """`topic`: what follows `vaka/notify/TENANT/`. No address leads to where devices speak or are told what to do."""

    topic: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:@-]{1,100}(/[A-Za-z0-9._:@-]{1,100}){0,4}" + END)]


class Controller(Struct, frozen=True, forbid_unknown_fields=True):
    """`cid`: by which the alarm centre knows us, or this unit."""

    cid: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,32}" + END)]


class ServiceUrl(Struct, frozen=True, forbid_unknown_fields=True):
    """`url`: in Apprise's notation, such as `ntfys://topic`; it mostly holds a secret."""

    url: Annotated[str, Meta(max_length=2000)]

    @property
    def scheme(self) -> str:
        return self.url.partition("://")[0].lower()


Address = Subscription | Telephone | Mailbox | Topic | Controller | ServiceUrl

ADDRESSES: dict[Channel, type[Address]] = {
    Channel.PUSH: Subscription,
    Channel.SMS: Telephone,
    Channel.VOICE: Telephone,
    Channel.EMAIL: Mailbox,
    Channel.MQTT: Topic,
    Channel.SCAIP: Controller,
    Channel.APPRISE: ServiceUrl,
}
"""The channels that contact points are for; the console and webhooks are found in other ways."""

NEEDS_PROVIDER = frozenset({Channel.SMS, Channel.VOICE, Channel.EMAIL, Channel.SCAIP, Channel.APPRISE})
"""Channels that work only for a tenant with settings of its own (`rules.providers`)."""


def read_address(channel: Channel, data: Mapping[str, Any]) -> Address:
    """The address in `data`. Raises GivenError, which names the field and, unless it is secret, the value."""
    if channel not in ADDRESSES:
        raise GivenError("channel", "has no contact points", channel)
    address: Address = read(ADDRESSES[channel], dict(data))
    if isinstance(address, Subscription):
        _check_subscription(address)
    elif isinstance(address, Mailbox) and not _MAILBOX.fullmatch(address.email):
        raise GivenError("email", "is not an e-mail address such as name@example.org", address.email)
    elif isinstance(address, ServiceUrl) and not (address.url.isprintable() and _SCHEME.fullmatch(address.url)):
        raise GivenError("url", "is not an address such as ntfys://topic")
    return address


def shown(channel: Channel, data: Mapping[str, Any]) -> dict[str, Any]:
    """The address as it may be shown: without what would let the reader send as we do."""
    address: dict[str, Any] = dict(data)
    if channel is Channel.PUSH:
        host = urlsplit(str(address.get("endpoint"))).hostname
        return {"endpoint": f"https://{host}/{HIDDEN}", "p256dh": HIDDEN, "auth": HIDDEN, "key": address.get("key")}
    if channel is Channel.APPRISE:
        return {"url": str(address.get("url")).partition("://")[0] + f"://{HIDDEN}"}
    return address


def written(address: Address) -> dict[str, Any]:
    """As it is kept: JSON."""
    data: dict[str, Any] = msgspec.to_builtins(address)
    return data


def _check_subscription(address: Subscription) -> None:
    try:
        parts = urlsplit(address.endpoint)
        good = parts.scheme == "https" and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        good = False
    if not good or not address.endpoint.isascii() or not address.endpoint.isprintable() or " " in address.endpoint:
        raise GivenError("endpoint", "is not an https address without user and password", address.endpoint)
    for name, length in (("p256dh", 65), ("auth", 16), ("key", 65)):
        if len(_octets(getattr(address, name))) != length:
            raise GivenError(name, f"is not {length} octets as base64url", getattr(address, name))


def _octets(text: str) -> bytes:
    """What `text` says in base64url without padding; nothing if it says nothing."""
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        return b""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return b""
