"""The settings of Vaka: `vaka.toml`, environment variables `VAKA_*` above it, the command line above both."""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from events.address import Address, MqttServer
from processors.channels.permitted import networks


class SettingsError(Exception):
    """A setting that cannot be used: names where it was given, its value and what is wrong with it."""


class Settings(Struct, frozen=True, kw_only=True):
    """Every setting, read once at start and passed down. `docs/settings.md` lists them all."""

    data_dir: Annotated[
        Path,
        Meta(description="Folder of the embedded servers and everything Vaka keeps; relative to where it is started."),
    ] = Path("vaka-data")
    database_url: Annotated[
        str | None,
        Meta(
            description="PostgreSQL or TimescaleDB to use, `postgresql://...`. Without it the embedded one is started."
        ),
    ] = None
    mqtt_url: Annotated[
        str | None,
        Meta(
            description="MQTT 5 listener of the broker to use, `mqtt://[user:password@]host:port`. "
            "Without it an embedded broker is started."
        ),
    ] = None
    http: Annotated[Address, Meta(description="Where the API and the console listen.")] = Address("127.0.0.1", 8000)
    public_url: Annotated[
        str | None,
        Meta(
            description="Where people reach the console, `https://...`: messages that leave the house link to it. "
            "Without it the links lead to where the API listens."
        ),
    ] = None
    private_networks: Annotated[
        str | None,
        Meta(
            description="Networks that messages may go to although they are not public, such as "
            "`10.0.0.0/8,127.0.0.1/32`, separated by commas: of a mail server, a gateway or a webhook in the house."
        ),
    ] = None
    authorities: Annotated[
        Path | None,
        Meta(description="PEM file of authorities that are trusted besides the public ones, by whom messages leave."),
    ] = None
    push_contact: Annotated[
        str,
        Meta(
            description="Whom push services may turn to, `mailto:...` or `https://...`. Apple's takes messages only "
            "with an address that is real."
        ),
    ] = "mailto:vaka@localhost"
    mqtt: Annotated[
        Address,
        Meta(
            description="Where the embedded broker listens for devices, MQTT 3.1.1, loopback only; "
            "port 0 takes a free one. Ignored with `mqtt_url`."
        ),
    ] = Address("127.0.0.1", 1883)
    broker: Annotated[
        Literal["auto", "mosquitto", "iotcore"],
        Meta(
            description="The embedded broker: `mosquitto` keeps its queue over its own restart and must be installed, "
            "`iotcore` comes with Vaka and keeps it in memory only, `auto` takes mosquitto where it is found."
        ),
    ] = "auto"
    broker_queue_mb: Annotated[
        int,
        Meta(
            ge=1,
            description="Megabytes of messages that the embedded broker keeps for a Vaka that cannot take them: "
            "mosquitto for each client, iotcore for each topic filter (which holds that much of the past as well). "
            "What is above is lost.",
        ),
    ] = 512
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="`debug`, `info`, `warning` or `error`.")
    ] = "info"
    session_hours: Annotated[int, Meta(ge=1, description="Hours until a person has to sign in again.")] = 12
    catch_up_seconds: Annotated[
        float,
        Meta(
            ge=0,
            description="Longest wait for the broker's backlog, after a start or reconnect, before judging deadlines.",
        ),
    ] = 60.0
    snapshot_seconds: Annotated[
        float, Meta(gt=0, description="Time between two snapshots of the rules' state; less makes a restart quicker.")
    ] = 60.0
    queue_limit: Annotated[
        int,
        Meta(
            ge=1, description="Messages taken from the broker and not yet stored, at most; the broker keeps the rest."
        ),
    ] = 5000
    zigbee2mqtt: Annotated[
        str,
        Meta(
            description="Base topics of Zigbee2MQTT hubs, separated by commas; `+` stands for any one level. "
            "`off`: none are read."
        ),
    ] = "zigbee2mqtt"
    chirpstack: Annotated[
        str,
        Meta(description="Where ChirpStack publishes its applications, separated by commas. `off`: none are read."),
    ] = "application"
    things_stack: Annotated[
        str,
        Meta(
            description="Where The Things Stack publishes its applications, separated by commas. `off`: none are read."
        ),
    ] = "v3"
    home_assistant: Annotated[
        str,
        Meta(description="Discovery prefixes of Home Assistant devices, separated by commas. `off`: none are read."),
    ] = "homeassistant"
    scaip_listen: Annotated[
        Address | None,
        Meta(
            description="Where social alarms may speak SCAIP over UDP and TCP, such as `127.0.0.1:5060`. "
            "Other addresses than loopback need `scaip_users`."
        ),
    ] = None
    scaip_tls_listen: Annotated[
        Address | None,
        Meta(
            description="Where social alarms may speak SCAIP over TLS, such as `0.0.0.0:5061`. "
            "Needs `scaip_certificate` and `scaip_key`."
        ),
    ] = None
    scaip_certificate: Annotated[
        Path | None, Meta(description="PEM file with the certificate of `scaip_tls_listen` and those above it.")
    ] = None
    scaip_key: Annotated[Path | None, Meta(description="PEM file with the key of `scaip_certificate`.")] = None
    scaip_users: Annotated[
        Path | None,
        Meta(
            description="File of who may send SCAIP, one `name:password` a line; `*` is any name. It is read again "
            "when it changes. Without it everybody who reaches the address may send."
        ),
    ] = None
    scaip_realm: Annotated[
        str, Meta(pattern=r'^[^"\\\x00-\x1f]+$', description="The realm of SCAIP senders' digest authentication.")
    ] = "vaka"
    scaip_answer: Annotated[
        Literal["auto", "response", "message"],
        Meta(
            description="Where SCAIP answers go: in the SIP `response`, in a SIP `message` back, or `auto`, as the "
            "sender's headers suggest."
        ),
    ] = "auto"
    scaip_heartbeat_minutes: Annotated[
        Annotated[int, Meta(ge=1, le=1440)] | None,
        Meta(
            description="How often SCAIP controllers shall send heartbeats, 1 to 1440, told to those that let "
            "themselves be told. Without it they do as they are set up."
        ),
    ] = None
    standstill_seconds: Annotated[
        float,
        Meta(gt=0, description="How long a part of Vaka may stand still, or be in trouble, before operators are told."),
    ] = 30.0
    watchdog_webhook: Annotated[
        str | None, Meta(description="Where the watchdog tells operators of Vaka's own troubles: a POST of JSON.")
    ] = None
    watchdog_smtp: Annotated[
        str | None,
        Meta(
            description="The mail server by which the watchdog tells operators, `smtp://[user:password@]host[:port]` "
            "or `smtps://...`. Needs `watchdog_email_from` and `watchdog_email_to`."
        ),
    ] = None
    watchdog_email_from: Annotated[str | None, Meta(description="The sender of the watchdog's e-mail.")] = None
    watchdog_email_to: Annotated[
        str | None, Meta(description="The receivers of the watchdog's e-mail, separated by commas.")
    ] = None
    watchdog_repeat_minutes: Annotated[
        float, Meta(gt=0, description="How often the watchdog tells again of a trouble that goes on.")
    ] = 30.0
    watchdog_free_mb: Annotated[
        int, Meta(ge=0, description="Megabytes that must be free where Vaka keeps its data; less is a trouble.")
    ] = 1000
    watchdog_api: Annotated[
        str | None,
        Meta(
            description="The API whose `/readyz` a watchdog of its own asks, `http://host:port`. "
            "That of `vaka up` asks its own."
        ),
    ] = None
    heartbeat_url: Annotated[
        str | None,
        Meta(
            description="Asked while all is well; a dead-man's switch outside notices when that stops, also when the "
            "whole machine is gone."
        ),
    ] = None
    heartbeat_seconds: Annotated[float, Meta(gt=0, description="How often `heartbeat_url` is asked, at most.")] = 60.0


def load_settings(environ: Mapping[str, str], cwd: Path, overrides: Mapping[str, str | None] | None = None) -> Settings:
    """Settings from `overrides` (the command line; None means not given), then `environ`, then the file, then defaults.

    The file is `VAKA_CONFIG`, or `vaka.toml` in `cwd` if there is one. Raises SettingsError.
    """
    given = _from_file(environ, cwd) | _from_environment(environ) | _from_command_line(overrides or {})
    values = {name: _convert(name, value, source) for name, (value, source) in given.items()}
    settings = Settings(**values)
    _check_scaip(settings)
    _check_watchdog(settings)
    return msgspec.structs.replace(settings, data_dir=Path(os.path.abspath(cwd / settings.data_dir.expanduser())))


def _check_scaip(settings: Settings) -> None:
    """Alarms over a network are authenticated, and TLS needs what it needs."""
    for name in ("scaip_listen", "scaip_tls_listen"):
        address = getattr(settings, name)
        if address is not None and not address.is_loopback and settings.scaip_users is None:
            raise SettingsError(f"{name}: '{address}' can be reached by others, and scaip_users does not say by whom")
    if settings.scaip_tls_listen is not None and None in (settings.scaip_certificate, settings.scaip_key):
        raise SettingsError(f"scaip_tls_listen: '{settings.scaip_tls_listen}' needs scaip_certificate and scaip_key")


def _check_watchdog(settings: Settings) -> None:
    """Who shall be told must not find out on the day that it matters that a part of the way was missing."""
    names = ("watchdog_smtp", "watchdog_email_from", "watchdog_email_to")
    missing = [name for name in names if getattr(settings, name) is None]
    if missing and len(missing) < len(names):
        raise SettingsError(f"{', '.join(missing)}: needed, as the watchdog's e-mail is set up in part")


Given = dict[str, tuple[Any, str]]
"""The value of each setting that was given, and where, for the error message."""


def _from_file(environ: Mapping[str, str], cwd: Path) -> Given:
    path = cwd / environ.get("VAKA_CONFIG", "vaka.toml")
    if not path.exists():
        if "VAKA_CONFIG" in environ:
            raise SettingsError(f"VAKA_CONFIG: there is no file {path}")
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    for name in values.keys() - set(Settings.__struct_fields__):
        near = difflib.get_close_matches(name, Settings.__struct_fields__, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SettingsError(f"{path}: unknown setting {name!r} = {values[name]!r}{hint}")
    return {name: (value, f"{name} in {path}") for name, value in values.items()}


def _from_environment(environ: Mapping[str, str]) -> Given:
    """An empty variable counts as not given, as container files often set those."""
    names = {name: f"VAKA_{name.upper()}" for name in Settings.__struct_fields__}
    return {name: (environ[key], key) for name, key in names.items() if environ.get(key)}


def _from_command_line(overrides: Mapping[str, str | None]) -> Given:
    return {name: (value, f"--{name.replace('_', '-')}") for name, value in overrides.items() if value is not None}


def _database_url(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("it is not postgresql://[user:password@]host:port/database")
    return text


def _mqtt_url(text: str) -> str:
    MqttServer.parse(text)
    return text


def _private_networks(text: str) -> str:
    networks(text)
    return text


def _push_contact(text: str) -> str:
    if not re.fullmatch(r"(mailto:[^\s@]+@[^\s@]+|https://[^\s]+)", text):
        raise ValueError("it is not mailto:name@host or https://host")
    return text


def _public_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("it is not http://host or https://host")
    return text


def _url_of(*schemes: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not text.startswith(tuple(f"{scheme}://" for scheme in schemes)) or not urlsplit(text).hostname:
            raise ValueError(f"it is not {schemes[0]}://host")
        return text

    return parse


_PARSERS: dict[str, Callable[[str], Any]] = {
    "data_dir": Path,
    "database_url": _database_url,
    "mqtt_url": _mqtt_url,
    "public_url": _public_url,
    "private_networks": _private_networks,
    "authorities": Path,
    "push_contact": _push_contact,
    "http": Address.parse,
    "mqtt": Address.parse,
    "scaip_listen": Address.parse,
    "scaip_tls_listen": Address.parse,
    "scaip_certificate": Path,
    "scaip_key": Path,
    "scaip_users": Path,
    "watchdog_webhook": _url_of("http", "https"),
    "watchdog_smtp": _url_of("smtp", "smtps"),
    "watchdog_api": _url_of("http", "https"),
    "heartbeat_url": _url_of("http", "https"),
}


def _convert(name: str, value: Any, source: str) -> Any:
    annotated = get_type_hints(Settings, include_extras=True)[name]
    try:
        if name in _PARSERS:
            return _PARSERS[name](str(value))
        return msgspec.convert(value, annotated, strict=False)
    except ValueError as error:
        meaning = annotated.__metadata__[0].description
        raise SettingsError(f"{source}: {_masked(value)!r} cannot be used: {error}. ({meaning})") from error


def _masked(value: Any) -> Any:
    """An address may carry a password, which has no place in a log."""
    return re.sub(r"(://[^:/@]*:)[^@]*@", r"\1***@", value) if isinstance(value, str) else value
