"""What `vaka up` writes down about the servers that run, for the next start and for commands that attach."""

import os
from pathlib import Path

import msgspec
from msgspec import Struct


class Addresses(Struct, frozen=True, kw_only=True):
    """Where the servers of a data directory are. A process id is None for a server that Vaka did not start.

    `mqtt_url` is the MQTT 5 listener, `device_mqtt` (`host:port`) the MQTT 3.1.1 one; with some brokers they are one.
    `broker_program` is `mosquitto`, `iotcore` or `external`.
    """

    database_url: str
    database_pid: int | None
    mqtt_url: str
    device_mqtt: str
    broker_program: str
    broker_pid: int | None


def _path(data_dir: Path) -> Path:
    return data_dir / "servers.json"


def read_addresses(data_dir: Path) -> Addresses | None:
    """What was written last; None when there is nothing, or nothing that can be read."""
    try:
        return msgspec.json.decode(_path(data_dir).read_bytes(), type=Addresses)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def write_addresses(data_dir: Path, addresses: Addresses) -> None:
    """Written whole or not at all, and for the owner only: a URL may hold a password."""
    new = _path(data_dir).with_suffix(".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_bytes(msgspec.json.format(msgspec.json.encode(addresses)) + b"\n")
    os.replace(new, _path(data_dir))


def remove_addresses(data_dir: Path) -> None:
    _path(data_dir).unlink(missing_ok=True)
