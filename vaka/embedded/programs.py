"""The two brokers that can be embedded, and the configuration that each is given."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from events.address import Address
from vaka.embedded.errors import ServerError

PACKET_BYTES = 1 << 20
SEGMENTS = 32


@dataclass(frozen=True)
class Program:
    """A broker to start: `command` reads `config`, whose content is `text`; `loss` says what its death costs."""

    name: str
    command: list[str]
    config: Path
    text: str
    loss: str


def mosquitto_path() -> str | None:
    """Debian keeps servers in folders that an ordinary user does not have on PATH."""
    return shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))


def choose(name: str) -> str:
    """`mosquitto` or `iotcore` for the setting `broker`. Raises ServerError."""
    if name == "mosquitto" and mosquitto_path() is None:
        raise ServerError("mosquitto is not installed: install it, or let Vaka choose the broker (VAKA_BROKER=auto)")
    if name == "auto":
        return "mosquitto" if mosquitto_path() else "iotcore"
    return name


def mosquitto(folder: Path, address: Address, queue_mb: int) -> Program:
    """One listener for both MQTT versions, and a queue that survives a restart.

    Saved every 5 seconds: a kill loses what was queued since. Saving at every change would lose nothing and take
    thirty times as long for each message; a queue of 100 MB blocks the broker for 0.3 s each time it is saved.
    """
    config = folder / "mosquitto.conf"
    text = f"""\
# Written by Vaka at each start. Open to anybody, and therefore on loopback only.
listener {address.port} {address.host}
allow_anonymous true
persistence true
persistence_location {folder}{os.sep}
autosave_interval 5
max_queued_messages 0
max_queued_bytes {queue_mb * 1_000_000}
max_inflight_messages 2000
max_packet_size {PACKET_BYTES}
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages false
"""
    command = [mosquitto_path() or "mosquitto", "-c", str(config)]
    return Program("mosquitto", command, config, text, "what it queued in its last 5 seconds is lost")


def iotcore(folder: Path, devices: Address, vaka: Address, queue_mb: int) -> Program:
    """rumqttd: MQTT 3.1.1 for the devices and MQTT 5 for Vaka on two listeners, its queue in memory.

    For each topic filter it keeps the last `queue_mb`, read or not. A client gets at most 100 messages at a time,
    whatever `max_inflight_count` says, and must acknowledge them in order.
    """
    config = folder / "rumqttd.toml"
    router = f"""\
id = 0
[router]
id = 0
max_connections = 10010
max_outgoing_packet_count = 200
max_segment_size = {queue_mb * 1_000_000 // SEGMENTS}
max_segment_count = {SEGMENTS}
"""
    text = router + _rumqttd_listener("v4", devices) + _rumqttd_listener("v5", vaka)
    command = [sys.executable, "-P", "-m", "vaka.embedded._rumqttd", str(config)]
    return Program("iotcore", command, config, text, "what it had queued is lost, for it keeps its queue in memory")


def _rumqttd_listener(version: str, address: Address) -> str:
    return f"""\
[{version}.1]
name = "{version}"
listen = "{address}"
next_connection_delay_ms = 1
[{version}.1.connections]
connection_timeout_ms = 60000
max_payload_size = {PACKET_BYTES}
max_inflight_count = 100
dynamic_filters = true
"""
