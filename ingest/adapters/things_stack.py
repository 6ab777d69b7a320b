"""The Things Stack v3: `BASE/{application}@{tenant}/devices/{device}/{message}`, where the base is `v3`.

A device is known by its EUI, or else by the id that the network's people gave it. docs/devices.md tells how each
message is read.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from events.delivery import Content, Found, Rejected, Rejection
from events.devices import Family, Origin
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

SILENT = ("down/", "service/")
"""Messages on what was sent to the device, and from programs of the network; they tell nothing of the device."""

MOST_DEVICES = 100_000
"""Anybody who may publish can make up devices; the memory has an end."""


class ThingsStack:
    """`bases`: what comes before the application; `+` stands for any one level. Raises ValueError for what is none."""

    def __init__(self, bases: Sequence[str]) -> None:
        self.learned = 0
        self._bases = tuple(bases)
        base = either_of(self._bases, "The Things Stack")
        self._topic = re.compile(rf"({base}/({LEVEL})/devices/({LEVEL}))/(.+)", re.DOTALL)
        self._places: dict[Origin, str] = {}

    def filters(self) -> tuple[str, ...]:
        return tuple(f"{base}/+/devices/+/#" for base in self._bases)

    def reads(self, topic: str) -> bool:
        return self._topic.fullmatch(topic) is not None

    def topics(self, origin: Origin) -> tuple[str, ...]:
        """A call for help comes with an uplink. The topic of a device's EUI is known from its first message on."""
        if origin.family is not Family.THINGS_STACK:
            return ()
        if EUI.fullmatch(origin.id):
            return (f"{self._places[origin]}/up",) if origin in self._places else ()
        return tuple(f"{base}/{origin.scope}/devices/{origin.id}/up" for base in self._bases)

    def remember(self, found: Iterable[Found]) -> None:
        """What earlier runs were told: after a restart, a press must not wait for the device's next message."""
        for each in found:
            if each.origin.family is Family.THINGS_STACK and each.topics:
                self._learn(each.origin, each.topics[0].removesuffix("/up"))

    def read(self, topic: str, payload: bytes, received: datetime, *, retained: bool) -> Content:
        found = self._topic.fullmatch(topic)
        if found is None:
            return (Rejected(Rejection.BAD_TOPIC, f"topic {topic!r} names no device"),)
        place, scope, device, message = found.groups()
        if retained or message.startswith(SILENT):
            return ()
        named = Origin(Family.THINGS_STACK, scope, device)
        read = _MESSAGES.get(message)
        if read is None:
            detail = f"message {message[:100]!r} is none of The Things Stack's"
            return (Rejected(Rejection.BAD_TOPIC, detail, origin=named),)
        try:
            fields, raw = decode(payload)
        except Unreadable as error:
            return rejected(named, [str(error)])
        eui = text(inside(fields, "end_device_ids"), "dev_eui").lower()
        origins = (Origin(Family.THINGS_STACK, scope, eui), named) if EUI.fullmatch(eui) else (named,)
        content = _read(read, origins, fields, raw, received)
        return (_found(origins[0], device, place, fields), *content) if self._learn(origins[0], place) else content

    def _learn(self, origin: Origin, place: str) -> bool:
        """Whether it is new that this device speaks at this place."""
        if self._places.get(origin) == place:
            return False
        if len(self._places) >= MOST_DEVICES:
            del self._places[next(iter(self._places))]
        self._places[origin] = place
        self.learned += 1
        return True


def _found(origin: Origin, device: str, place: str, fields: dict[str, Any]) -> Found:
    version = inside(inside(fields, "uplink_message"), "version_ids")
    brand, model = text(version, "brand_id") or None, text(version, "model_id") or None
    return Found(origin, device, brand, model, (f"{place}/up",))


Read = Callable[[dict[str, Any], list[str]], list[Said] | None]
"""Gives what a message says, or None when it does not tell that the device is alive; and adds what is wrong with it."""


def _read(read: Read, origins: tuple[Origin, ...], fields: dict[str, Any], raw: bytes, received: datetime) -> Content:
    if fields.get("simulated") is True:
        return rejected(origins[0], ["simulated: true, so it was made up in the network's console, not by the device"])
    wrong: list[str] = []
    uplink = inside(fields, "uplink_message")
    heard_at = uplink.get("received_at") or fields.get("received_at")
    at = spoken_at(heard_at, received, wrong)
    said = read(fields, wrong)
    if said is None:
        return rejected(origins[0], wrong)
    # The network writes the time to the nanosecond, so it tells messages apart also when their counter starts over.
    same = f"{heard_at} {uplink.get('f_cnt', 0)}" if isinstance(heard_at, str) else None
    return events(origins, at, said, wrong, raw=raw, same=same)


def _up(fields: dict[str, Any], wrong: list[str]) -> list[Said]:
    uplink = inside(fields, "uplink_message")
    port, decoded = uplink.get("f_port"), uplink.get("decoded_payload")
    said: list[Said] = []
    if isinstance(decoded, dict):
        version = inside(uplink, "version_ids")
        names = f"{text(version, 'brand_id')} {text(version, 'model_id')}"
        normalized = elements(uplink, "normalized_payload")
        reading = interpret(names, decoded, port if isinstance(port, int) else None, normalized)
        said += reading.said
        wrong += reading.unclear
    elif decoded is not None:
        wrong.append(f"decoded_payload: {str(decoded)[:100]!r} is not an object of decoded fields")
    elif port and uplink.get("frm_payload"):
        wrong.append(f"decoded_payload: missing, so the device has no payload formatter for port {str(port)[:20]}")
    if not any(one.kind == "battery" for one in said):
        said += _asked_battery(uplink)
    return said + signal(elements(uplink, "rx_metadata"))


def _asked_battery(uplink: dict[str, Any]) -> list[Said]:
    """What the device answered when the network last asked it, in percent."""
    percent = number(inside(uplink, "last_battery_percentage"), "value")
    return [] if percent is None else [Said("battery", {"percent": round(percent, 1)}, True)]


def _join(fields: dict[str, Any], wrong: list[str]) -> list[Said]:
    return [Said("online", {}, True)]


def _location(fields: dict[str, Any], wrong: list[str]) -> list[Said] | None:
    solved = inside(inside(fields, "location_solved"), "location")
    reading = interpret("", solved)
    said = [one for one in reading.said if one.kind == "position"]
    wrong += reading.unclear or ([] if said else [f"location_solved: {str(solved)[:100]!r} is no place"])
    return said or None


_MESSAGES: dict[str, Read] = {"up": _up, "join": _join, "location/solved": _location}
