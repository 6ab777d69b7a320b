"""ChirpStack v4: `BASE/{application}/device/{devEui}/event/{event}`, and its gateways beside it.

The base is `application` or ends with it; gateways speak at `gateway/{id}/...` or `{region}/gateway/{id}/...` where the
base lies. docs/devices.md tells how each event is read.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from events.delivery import Content, Found, Rejected, Rejection
from events.devices import Family, Origin
from ingest.adapter import heard
from ingest.adapters.json_object import Unreadable, decode
from ingest.adapters.lorawan import Said, interpret
from ingest.adapters.lorawan_network import (
    EUI,
    LEVEL,
    either_of,
    elements,
    events,
    inside,
    number,
    rejected,
    signal,
    spoken_at,
    text,
)

GATEWAY = "gateway"
"""The scope of a gateway's origin."""

SILENT = frozenset({"txack", "integration"})
"""Events that tell nothing of the device: a gateway took a message for it; another program of the network spoke."""

VENDOR_TAGS = ("brand", "vendor", "manufacturer")
MODEL_TAGS = (*VENDOR_TAGS, "model")
"""Tags of a device profile that can say whose device it is, and which."""

JOINING = "OTAA"
"""ChirpStack's code for what goes wrong when a device joins (over-the-air activation)."""

_GATEWAY_EVENTS = ("event/stats", "event/conn", "state/conn")


class ChirpStack:
    """`bases`: where applications are published; `+` stands for any one level. Raises ValueError for what is none."""

    def __init__(self, bases: Sequence[str]) -> None:
        self.learned = 0
        self._bases = tuple(bases)
        beside = sorted({base.rpartition("/")[0] for base in bases})
        self._gateways = tuple(f"{one}/{way}".lstrip("/") for one in beside for way in (GATEWAY, f"+/{GATEWAY}"))
        devices, gateways = either_of(self._bases, "ChirpStack"), either_of(self._gateways, "ChirpStack")
        self._device = re.compile(rf"{devices}/({LEVEL})/device/([^/]+)/event/([^/]+)")
        self._gateway = re.compile(rf"{gateways}/({LEVEL})/({'|'.join(_GATEWAY_EVENTS)})")

    def filters(self) -> tuple[str, ...]:
        devices = [f"{base}/+/device/+/event/+" for base in self._bases]
        return (*devices, *(f"{base}/+/{event}" for base in self._gateways for event in _GATEWAY_EVENTS))

    def reads(self, topic: str) -> bool:
        return self._device.fullmatch(topic) is not None or self._gateway.fullmatch(topic) is not None

    def remember(self, found: Iterable[Found]) -> None:
        """A device's topic says its EUI: nothing has to be remembered."""

    def topics(self, origin: Origin) -> tuple[str, ...]:
        """A call for help comes with an uplink; no gateway calls for help."""
        if origin.family is not Family.CHIRPSTACK or origin.scope == GATEWAY:
            return ()
        return tuple(f"{base}/{origin.scope}/device/{origin.id}/event/up" for base in self._bases)

    def read(self, topic: str, payload: bytes, received: datetime, *, retained: bool) -> Content:
        gateway = self._gateway.fullmatch(topic)
        if gateway is not None:
            return _read_gateway(gateway[1], gateway[2], payload, received, retained)
        device = self._device.fullmatch(topic)
        if device is None or not EUI.fullmatch(device[2].lower()):
            return (Rejected(Rejection.BAD_TOPIC, f"topic {topic!r} names no device by its EUI of 16 digits"),)
        if retained:
            return ()  # They tell what happened; one that the broker kept tells it to whoever asks, again and again.
        return _read_event(Origin(Family.CHIRPSTACK, device[1], device[2].lower()), device[3], payload, received)


def _read_event(origin: Origin, event: str, payload: bytes, received: datetime) -> Content:
    if event in SILENT:
        return ()
    read = _EVENTS.get(event)
    if read is None:
        return (Rejected(Rejection.BAD_TOPIC, f"event {event[:100]!r} is none of ChirpStack's", origin=origin),)
    try:
        fields, raw = decode(payload)
    except Unreadable as error:
        return rejected(origin, [f"{error}; ChirpStack's MQTT integration must be set to JSON"])
    wrong: list[str] = []
    at = spoken_at(fields.get("time"), received, wrong)
    said = read(fields, wrong)
    if said is None:
        return rejected(origin, wrong)
    content = events((origin,), at, said, wrong, raw=raw, same=fields.get("deduplicationId"))
    return (_found(origin, fields), *content) if event == "join" else content


def _found(origin: Origin, fields: dict[str, Any]) -> Found:
    info = inside(fields, "deviceInfo")
    tags = inside(info, "tags")
    vendor = next((text(tags, name) for name in VENDOR_TAGS if text(tags, name)), None)
    model = text(tags, "model") or text(info, "deviceProfileName") or None
    return Found(origin, text(info, "deviceName") or None, vendor, model)


# Each gives what an event says, or None when it does not tell that the device is alive; and adds what is wrong with it.


def _up(fields: dict[str, Any], wrong: list[str]) -> list[Said]:
    said: list[Said] = []
    info, port, decoded = inside(fields, "deviceInfo"), fields.get("fPort"), fields.get("object")
    if isinstance(decoded, dict):
        reading = interpret(_names(info), decoded, port if isinstance(port, int) else None)
        said += reading.said
        wrong += reading.unclear
    elif decoded is not None:
        wrong.append(f"object: {str(decoded)[:100]!r} is not an object of decoded fields")
    elif port and fields.get("data"):
        profile = text(info, "deviceProfileName")
        wrong.append(f"object: missing, so the device profile {profile!r} has no codec for port {str(port)[:20]}")
    return said + signal(elements(fields, "rxInfo"))


def _names(info: dict[str, Any]) -> str:
    profile, tags = text(info, "deviceProfileName"), inside(info, "tags")
    if not tags:
        return profile
    return " ".join((profile, *(text(tags, name) for name in MODEL_TAGS)))


def _status(fields: dict[str, Any], wrong: list[str]) -> list[Said]:
    """Zeros are left out: no battery level is an empty battery, unless the device has none or cannot tell."""
    said = [Said("signal", {"quality": _quality(number(fields, "margin") or 0)}, True)]
    if not fields.get("externalPowerSource") and not fields.get("batteryLevelUnavailable"):
        level = fields.get("batteryLevel", 0)
        said.append(Said("battery", {"percent": round(level, 1) if isinstance(level, float) else level}, True))
    return said


WORST_MARGIN, BEST_MARGIN = -20.0, 10.0
"""Decibels. Below -20 no LoRa message can be read (SX1276 data sheet, spreading factor 12); above 10 none is lost."""


def _quality(margin: float) -> float:
    share = (margin - WORST_MARGIN) / (BEST_MARGIN - WORST_MARGIN)
    return round(min(max(share, 0.0), 1.0) * 100, 1)


def _join(fields: dict[str, Any], wrong: list[str]) -> list[Said]:
    return [Said("online", {}, True), Said("fault_cleared", {"code": JOINING}, True)]


def _ack(fields: dict[str, Any], wrong: list[str]) -> list[Said] | None:
    """The device confirmed a message to it; or it did not, which says nothing."""
    return [] if fields.get("acknowledged") is True else None


def _location(fields: dict[str, Any], wrong: list[str]) -> list[Said] | None:
    reading = interpret("", inside(fields, "location"))
    said = [one for one in reading.said if one.kind == "position"]
    wrong += reading.unclear or ([] if said else [f"location: {str(fields.get('location'))[:100]!r} is no place"])
    return said or None


def _log(fields: dict[str, Any], wrong: list[str]) -> list[Said] | None:
    """An error of joining is a fault of the device until it joins. Other errors cost messages: people must see them."""
    if fields.get("level") != "ERROR":
        return None
    code, description = text(fields, "code"), text(fields, "description", 500)
    if code == JOINING:
        return [Said("fault", {"code": code, "text": description}, True)]
    wrong.append(f"log: ChirpStack says {code!r}: {description!r}")
    return None


_EVENTS: dict[str, Callable[[dict[str, Any], list[str]], list[Said] | None]] = {
    "up": _up,
    "status": _status,
    "join": _join,
    "ack": _ack,
    "location": _location,
    "log": _log,
}


def _read_gateway(gateway: str, event: str, payload: bytes, received: datetime, retained: bool) -> Content:
    origin = Origin(Family.CHIRPSTACK, GATEWAY, gateway.lower())
    if event == "event/stats":
        return () if retained else (heard((origin,), "heartbeat", received, is_state=True),)
    if not payload:
        return ()
    state = _connection(payload)
    if state is None:
        return rejected(origin, [f"state: {payload[:60]!r} is neither ONLINE nor OFFLINE"])
    return (heard((origin,), state, received, is_state=True),)


def _connection(payload: bytes) -> str | None:
    """`online` or `offline`, from JSON or from the protobuf that gateways send unless they are told otherwise."""
    try:
        fields, _ = decode(payload)
    except Unreadable:
        return _protobuf_connection(payload)
    state = fields.get("state", "OFFLINE")
    return str(state).lower() if state in ("ONLINE", "OFFLINE") else None


def _protobuf_connection(payload: bytes) -> str | None:
    """Of the message `gw.ConnState`: fields 1 and 3 are the gateway's id, field 2 is 1 when it is online."""
    state, place = "offline", 0
    while place < len(payload) - 1:
        tag, value = payload[place], payload[place + 1]
        if tag == 0x10 and value in (0, 1):
            state = "online" if value else "offline"
            place += 2
        elif tag in (0x0A, 0x1A) and value < 0x80:
            place += 2 + value
        else:
            return None
    return state if place == len(payload) else None
