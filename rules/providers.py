"""Providers: the settings by which a municipality's messages leave on a channel. One type for each channel.

What is secret stands in `secrets` or `password` and nowhere else, so that all the rest can be shown.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from rules.addresses import HIDDEN
from rules.contact import Channel
from rules.gateway import Gateway, Settings, Short, Text, check_gateway
from rules.given import END, GivenError, read

Host = Annotated[str, Meta(pattern=r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)" + END)]
Port = Annotated[int, Meta(ge=1, le=65535)]
_MAILBOX = re.compile(r"[^@\s<>]{1,64}@[^@\s<>]{1,255}")


class Smtp(Settings, frozen=True, kw_only=True):
    """A mail server. `sender`: the address that messages come from. `none`: no TLS, and then no password."""

    host: Host
    port: Port = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: Short
    user: Short | None = None
    password: Text | None = None


class AlarmCentre(Settings, frozen=True, kw_only=True):
    """A SCAIP receiver. `user` and `password`: SIP digest. `answer`: where it puts its answers, as the peer is built.

    `dty`: what Vaka says that it is, 2 for a local unit and controller.
    """

    host: Host
    port: Port = 5060
    transport: Literal["udp", "tcp", "tls"] = "tls"
    user: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._@-]{1,100}" + END)] | None = None
    password: Text | None = None
    answer: Literal["response", "message"] = "response"
    dty: Annotated[int, Meta(ge=1, le=999)] = 2


class AlarmCentres(Settings, frozen=True, kw_only=True):
    """`centres`: the first one that treats a message has it; the next ones are asked when it does not."""

    centres: Annotated[tuple[AlarmCentre, ...], Meta(min_length=1, max_length=5)]


LOCAL_SERVICES = frozenset({"blink1", "dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"})
"""Services of Apprise that tell whoever sits at the machine which Vaka runs on."""


class Services(Settings, frozen=True, kw_only=True):
    """`schemes`: the services of Apprise that contact points may use, such as `ntfys` and `tgram`."""

    schemes: Annotated[tuple[Annotated[str, Meta(pattern=r"^[a-z][a-z0-9]{1,30}" + END)], ...], Meta(min_length=1)]


Provider = Gateway | Smtp | AlarmCentres | Services

PROVIDERS: dict[Channel, type[Provider]] = {
    Channel.SMS: Gateway,
    Channel.VOICE: Gateway,
    Channel.EMAIL: Smtp,
    Channel.SCAIP: AlarmCentres,
    Channel.APPRISE: Services,
}


def read_provider(channel: Channel, data: Mapping[str, Any]) -> Provider:
    """The settings in `data`. Raises GivenError, which names the field and, unless it is secret, the value."""
    if channel not in PROVIDERS:
        raise GivenError("channel", "needs no provider", channel)
    provider: Provider = read(PROVIDERS[channel], dict(data))
    if isinstance(provider, Gateway):
        check_gateway(provider)
    elif isinstance(provider, Smtp):
        _check_smtp(provider)
    elif isinstance(provider, AlarmCentres):
        _check_centres(provider)
    else:
        _check_services(provider)
    return provider


def written(provider: Provider) -> dict[str, Any]:
    """As it is kept: JSON, the defaults left out."""
    data: dict[str, Any] = msgspec.to_builtins(provider)
    return data


def shown(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as they may be shown: of a secret only that there is one."""
    return {name: _shown(name, value) for name, value in settings.items()}


def _shown(name: str, value: Any) -> Any:
    if name == "password" and value is not None:
        return HIDDEN
    if name == "secrets":
        return dict.fromkeys(value, HIDDEN)
    if name == "centres":
        return [shown(centre) for centre in value]
    return value


def _check_smtp(smtp: Smtp) -> None:
    if not _MAILBOX.fullmatch(smtp.sender):
        raise GivenError("sender", "is not an e-mail address", smtp.sender)
    if (smtp.user is None) != (smtp.password is None):
        raise GivenError("user", "goes with password: both or neither", smtp.user)
    if smtp.password is not None and smtp.security == "none":
        raise GivenError("security", "would send the password for everybody to read", smtp.security)


def _check_centres(provider: AlarmCentres) -> None:
    for place, centre in enumerate(provider.centres):
        if (centre.user is None) != (centre.password is None):
            raise GivenError(f"centres.{place}.user", "goes with password: both or neither", centre.user)


def _check_services(services: Services) -> None:
    for scheme in services.schemes:
        if scheme in LOCAL_SERVICES:
            raise GivenError("schemes", "holds a service that stays on Vaka's own machine", scheme)
