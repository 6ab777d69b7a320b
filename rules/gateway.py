"""The settings of an HTTP gateway for SMS and voice calls: what is asked of it, and how its answers are read."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from rules.given import END, GivenError
from rules.placeholders import PLACEHOLDERS, SECRET_PREFIX, names_in

Text = Annotated[str, Meta(min_length=1, max_length=1000)]
Short = Annotated[str, Meta(min_length=1, max_length=200)]
Path = Annotated[str, Meta(pattern=r"^[^.]{1,100}(\.[^.]{1,100}){0,9}" + END)]
"""Where something stands in JSON or in a form: names and places in lists, with full stops between: `messages.0.id`."""

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_LINE = re.compile(r"[\x20-\x7e]*")
_OURS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "cookie"})


class Settings(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Base of what providers are set up with: nothing in it that is not known."""


class Match(Settings, frozen=True, kw_only=True):
    """True when what stands at `path` is one of `values`, as text."""

    path: Path
    values: Annotated[tuple[Short, ...], Meta(min_length=1, max_length=50)]


class Answer(Settings, frozen=True, kw_only=True):
    """How an answer is read: the message is taken when the status is 200 to 299 and `accepted`, if given, holds.

    `reference`: where the gateway's own id of the message stands. `gone`: the number is not in use. `refused`: this
    message will never be sent, whatever is done.
    """

    accepted: Match | None = None
    reference: Path | None = None
    gone: Match | None = None
    refused: Match | None = None


class Receipts(Settings, frozen=True, kw_only=True):
    """How a gateway tells later what became of a message. `reference`: where its own id of the message stands, or ours.

    `state` names where one of the other values stands. `key`: where the key stands that the one who was rung has
    pressed; `accept_key` says that they take the alarm.
    """

    reference: Path
    state: Path
    delivered: Annotated[tuple[Short, ...], Meta(max_length=50)] = ()
    answered: Annotated[tuple[Short, ...], Meta(max_length=50)] = ()
    failed: Annotated[tuple[Short, ...], Meta(max_length=50)] = ()
    key: Path | None = None
    accept_key: Annotated[str, Meta(pattern=r"^[0-9*#]" + END)] = "1"


class Gateway(Settings, frozen=True, kw_only=True):
    """An HTTP API for SMS or voice calls. docs/channels.md has the placeholders, and settings for some gateways.

    `body`: as what `template` is sent; `query` puts it into the address. `user`: HTTP Basic, with `secrets.password`.
    `language`: in which a voice call says what a key does.
    """

    url: Text
    method: Literal["POST", "PUT", "GET"] = "POST"
    headers: Annotated[dict[str, str], Meta(max_length=20)] = msgspec.field(default_factory=dict)
    body: Literal["json", "form", "query"] = "json"
    template: Annotated[dict[str, Any], Meta(min_length=1, max_length=50)]
    sender: Annotated[str, Meta(max_length=50)] = ""
    user: Short | None = None
    secrets: Annotated[dict[str, Text], Meta(max_length=10)] = msgspec.field(default_factory=dict)
    language: Literal["sv", "en"] = "sv"
    answer: Answer = Answer()
    receipts: Receipts | None = None


def check_gateway(gateway: Gateway) -> None:
    """What types cannot say. Raises GivenError."""
    _check_url(gateway.url)
    if gateway.method == "GET" and gateway.body != "query":
        raise GivenError("body", "is not 'query', and a GET has no other", gateway.body)
    if gateway.user is not None and ("password" not in gateway.secrets or ":" in gateway.user):
        raise GivenError("user", "needs secrets.password, and holds no colon", gateway.user)
    for name, value in gateway.headers.items():
        if not _HEADER.fullmatch(name) or name.lower() in _OURS:
            raise GivenError("headers", "is not a header that can be set", name)
        if not _LINE.fullmatch(value):
            raise GivenError(f"headers.{name}", "is not one line of ASCII", value)
        if name.lower() == "authorization" and not any(used.startswith(SECRET_PREFIX) for used in names_in(value)):
            raise GivenError("headers", "holds what is secret: put it into secrets, and {secret.NAME} here", name)
    for name, value in gateway.secrets.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", name) or not _LINE.fullmatch(value):
            raise GivenError("secrets", "holds a name that is not a-z 0-9 _, or a value that is not one line of ASCII")
    if gateway.body != "json" and not all(isinstance(value, str) for value in gateway.template.values()):
        raise GivenError("template", f"holds more than texts, and {gateway.body} has no place for that")
    _check_placeholders(gateway)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.username is None and parts.port != 0
    except ValueError:
        good = False
    if not good or not url.isascii() or not url.isprintable() or " " in url or "#" in url or names_in(parts.netloc):
        raise GivenError("url", "is not an http or https address without user, password and fragment")


def _check_placeholders(gateway: Gateway) -> None:
    known = PLACEHOLDERS | {f"{SECRET_PREFIX}{name}" for name in gateway.secrets}
    for field, text in _texts(gateway):
        for name in names_in(text):
            if name not in known:
                raise GivenError(field, "has a placeholder that is not known, {" + name[:50] + "}")
    if not any(name == "to" for field, text in _texts(gateway) for name in names_in(text)):
        raise GivenError("template", "has no {to}, so nobody would be told")


def _texts(gateway: Gateway) -> Iterator[tuple[str, str]]:
    yield "url", gateway.url
    for name, value in gateway.headers.items():
        yield f"headers.{name}", value
    yield from _texts_in("template", gateway.template)


def _texts_in(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for name, part in parts:
            yield from _texts_in(f"{place}.{name}", part)
