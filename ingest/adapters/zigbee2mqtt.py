"""Zigbee2MQTT: `BASE/NAME` with a device's state, `BASE/NAME/availability`, and `BASE/bridge/...` of the hub.

Which device speaks: first by its IEEE address, if the hub's list has told it, then by its friendly name, which people
can change. docs/devices.md tells how each property is read.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from events.delivery import Content, Found, Heard, Rejected, Rejection
from events.devices import Family, Origin
from ingest.adapter import heard
from ingest.adapters.json_object import Unreadable, decode
from ingest.adapters.zigbee2mqtt_hub import BRIDGE, UNREADABLE, Hub, Speaker, is_name
from ingest.adapters.zigbee2mqtt_payload import read_live, read_retained
from ingest.adapters.zigbee2mqtt_secrets import without_secrets

MOST_HUBS = 100_000
"""A pattern with `+` lets anybody who may publish make up hubs; the memory has an end."""

COMMANDS = ("/set", "/get")
AVAILABILITY = "/availability"


class Zigbee2Mqtt:
    """`bases`: base topics of hubs, where `+` stands for any one level. Raises ValueError for one that is none."""

    def __init__(self, bases: Sequence[str]) -> None:
        for base in bases:
            if not all(level == "+" or is_name(level) for level in base.split("/")):
                raise ValueError(f"{base!r} is not a base topic of Zigbee2MQTT")
        self.learned = 0
        self._bases = sorted((tuple(base.split("/")) for base in bases), key=len, reverse=True)
        self._hubs: dict[str, Hub] = {}

    def filters(self) -> tuple[str, ...]:
        return tuple("/".join((*base, "#")) for base in self._bases)

    def reads(self, topic: str) -> bool:
        return self._split(topic) is not None

    def topics(self, origin: Origin) -> tuple[str, ...]:
        """A device's own topic; a hub's state."""
        if origin.family is not Family.ZIGBEE2MQTT or not self.reads(origin.scope):
            return ()
        if origin.id == BRIDGE:
            return (f"{origin.scope}/{BRIDGE}/state",)
        hub = self._hubs.get(origin.scope)
        name = origin.id if hub is None else hub.name_of(origin.id)
        return (f"{origin.scope}/{name}",) if is_name(name) else ()

    def remember(self, found: Iterable[Found]) -> None:
        """What earlier runs were told: after a restart, messages that the broker kept come before the hubs' lists."""
        for each in found:
            if each.origin.family is Family.ZIGBEE2MQTT:
                self._hub(each.origin.scope).remember(each)
                self.learned += 1

    def read(self, topic: str, payload: bytes, received: datetime, *, retained: bool) -> Content:
        split = self._split(topic)
        base, name = split if split is not None else ("", "")
        if not is_name(name) or not is_name(base) or name == BRIDGE:
            return (Rejected(Rejection.BAD_TOPIC, f"topic {topic[:200]!r} names no device"),)
        if not payload:
            # So somebody takes a retained message back.
            return ()
        hub = self._hub(base)
        if name.startswith(f"{BRIDGE}/"):
            return self._read_bridge(hub, name[len(BRIDGE) + 1 :], payload, received, retained)
        if name.endswith(AVAILABILITY):
            name = name[: -len(AVAILABILITY)]
            return () if hub.is_group(name) else _availability(hub.speaker(name), payload, received, retained)
        if name.endswith(COMMANDS) or "/set/" in name or "/get/" in name or hub.is_group(name):
            return ()
        speaker = hub.speaker(name)
        try:
            fields, kept = decode(payload)
        except Unreadable as error:
            return (Rejected(Rejection.MALFORMED, str(error), origin=speaker.origins[0]),)
        kept = without_secrets(fields, payload, kept)
        return (read_retained if retained else read_live)(speaker, fields, kept, received)

    def _read_bridge(self, hub: Hub, what: str, payload: bytes, received: datetime, retained: bool) -> Content:
        try:
            match what:
                case "state":
                    return _presence((hub.origin,), payload, received)
                case "health" if not retained:
                    return (heard((hub.origin,), "heartbeat", received, is_state=True),)
                case "devices":
                    content, is_other = hub.learn_devices(payload)
                    self.learned += is_other
                    return content
                case "groups":
                    hub.learn_groups(payload)
        except UNREADABLE as error:
            return (Rejected(Rejection.MALFORMED, f"{BRIDGE}/{what}: {error}", origin=hub.origin),)
        return ()

    def _split(self, topic: str) -> tuple[str, str] | None:
        """The base topic and what comes below it."""
        for base in self._bases:
            levels = topic.split("/", len(base))
            if len(levels) >= len(base) and all(b in ("+", level) for b, level in zip(base, levels, strict=False)):
                below = levels[len(base)] if len(levels) > len(base) else ""
                return "/".join(levels[: len(base)]), below
        return None

    def _hub(self, base: str) -> Hub:
        hub = self._hubs.get(base)
        if hub is None:
            if len(self._hubs) >= MOST_HUBS:
                del self._hubs[next(iter(self._hubs))]
            hub = self._hubs[base] = Hub(base)
        return hub


def _availability(speaker: Speaker, payload: bytes, received: datetime, retained: bool) -> Content:
    """That a device was there when the hub last looked is no sign of life now: it counts with its next word."""
    content = _presence(speaker.origins, payload, received)
    is_online = any(isinstance(seen, Heard) and seen.kind == "online" for seen in content)
    speaker.owes_online = retained or not is_online
    return () if is_online and retained else content


def _presence(origins: tuple[Origin, ...], payload: bytes, received: datetime) -> Content:
    """`{"state": "online"}`, or the bare word of old releases."""
    text = payload.strip()
    if text.startswith(b"{"):
        try:
            state = msgspec.json.decode(text).get("state")
        except (msgspec.DecodeError, RecursionError, ValueError):
            state = None
    else:
        state = text.decode("utf-8", "replace")
    if state not in ("online", "offline"):
        detail = f"state: {payload[:100]!r} is neither online nor offline"
        return (Rejected(Rejection.MALFORMED, detail, origin=origins[0]),)
    return (heard(origins, state, received, is_state=True),)
