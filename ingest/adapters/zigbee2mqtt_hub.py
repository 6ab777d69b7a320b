"""What a Zigbee2MQTT hub tells of itself and its devices on `BASE/bridge/...`, and what is remembered of it."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from events.delivery import Content, Found, Rejected, Rejection
from events.devices import Family, Origin
from ingest.adapters.zigbee2mqtt_actions import SOURCES, Buttons, buttons_of, is_text
from ingest.adapters.zigbee2mqtt_fields import MODELS, Property

BRIDGE = "bridge"
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
MOST_SPEAKERS = 1000
"""A Zigbee network has a few hundred devices; whoever makes up more names must not fill the memory."""

CONTROLS = frozenset({"light", "switch", "lock", "cover", "fan", "climate"})
"""Types of exposes of what the device itself does. Its buttons are there for that."""


class Expose(Struct):
    """Of a definition's exposes what tells of buttons; `property` is the name in payloads."""

    type: str = ""
    property: str | None = None
    values: list[Any] = []
    features: list["Expose"] = []


class Definition(Struct):
    vendor: str | None = None
    model: str | None = None
    exposes: list[Expose] = []


class Listed(Struct):
    """One entry of `bridge/devices`; without a definition the model is not supported."""

    ieee_address: str
    friendly_name: str
    type: str | None = None
    definition: Definition | None = None
    manufacturer: str | None = None
    model_id: str | None = None


class Known(Struct, frozen=True):
    """A device as its hub told of it. `ieee` stays with the hardware, whatever people call it."""

    ieee: str
    buttons: Buttons = Buttons()
    own: Mapping[str, Property] | None = None


class Speaker(Struct):
    """Who speaks on a topic, and what was said there last.

    `last_seen`: as the hub spelt it. `on`: the states. `pressed`: what else was said with a call for help that still
    stands. `lock`: the kind that its state was. `owes_online`: it was away, or is said to be there, and has not spoken.
    """

    origins: tuple[Origin, ...]
    buttons: Buttons = Buttons()
    own: Mapping[str, Property] | None = None
    last_seen: object = None
    on: dict[str, bool] = {}
    pressed: dict[str, Any] | None = None
    lock: str | None = None
    owes_online: bool = False

    def said(self, last_seen: object, on: dict[str, bool], pressed: dict[str, Any] | None, lock: str | None) -> None:
        self.last_seen = last_seen
        self.on = on
        self.pressed = pressed
        self.lock = lock


class Hub:
    """One base topic: its devices by friendly name, its groups, and who has spoken."""

    def __init__(self, base: str) -> None:
        self.origin = Origin(Family.ZIGBEE2MQTT, base, BRIDGE)
        self._base = base
        self._known: dict[str, Known] = {}
        self._groups: frozenset[str] = frozenset()
        self._speakers: dict[str, Speaker] = {}

    def name_of(self, id: str) -> str:
        """The friendly name of an IEEE address, where it is known; hubs call new devices by their address."""
        return next((name for name, known in self._known.items() if known.ieee == id), id)

    def is_group(self, name: str) -> bool:
        return name in self._groups

    def speaker(self, name: str) -> Speaker:
        speaker = self._speakers.get(name)
        if speaker is None:
            if len(self._speakers) >= MOST_SPEAKERS:
                del self._speakers[next(iter(self._speakers))]
            speaker = self._speakers[name] = Speaker(())
            self._introduce(name, speaker)
        return speaker

    def _introduce(self, name: str, speaker: Speaker) -> None:
        by_name = Origin(Family.ZIGBEE2MQTT, self._base, name)
        known = self._known.get(name)
        if known is None or known.ieee == name:
            speaker.origins = (by_name,)
        else:
            speaker.origins = (Origin(Family.ZIGBEE2MQTT, self._base, known.ieee), by_name)
        speaker.buttons = known.buttons if known is not None else Buttons()
        speaker.own = known.own if known is not None else None

    def _know(self, known: dict[str, Known]) -> bool:
        """Whether anything is other than before."""
        if known == self._known:
            return False
        self._known = known
        for name, speaker in self._speakers.items():
            self._introduce(name, speaker)
        return True

    def remember(self, found: Found) -> None:
        """What an earlier run was told of a device, until the hub tells again."""
        if found.name is not None and found.origin.id != BRIDGE:
            self._know({**self._known, found.name: Known(found.origin.id, own=MODELS.get(found.model or ""))})

    def learn_devices(self, payload: bytes) -> tuple[Content, bool]:
        """The devices that the hub lists, and whether the list is other than before. Raises one of UNREADABLE."""
        content: list[Found | Rejected] = [Found(self.origin, self._base, "Zigbee2MQTT")]
        known: dict[str, Known] = {}
        for entry in msgspec.json.decode(payload, type=list[msgspec.Raw]):
            try:
                listed = _LISTED.decode(entry)
            except UNREADABLE as error:
                content.append(_refused(f"{error}, in {bytes(entry)[:100]!r}", self.origin))
                continue
            if listed.type == "Coordinator":
                continue
            if not (is_name(listed.friendly_name) and is_name(listed.ieee_address)):
                content.append(_refused(f"friendly_name: {listed.friendly_name[:100]!r} cannot be used", self.origin))
                continue
            known[listed.friendly_name] = _known(listed)
            content.append(self._found(listed))
        return tuple(content), self._know(known)

    def _found(self, listed: Listed) -> Found:
        definition = listed.definition or Definition()
        vendor = definition.vendor or listed.manufacturer
        model = definition.model or listed.model_id
        origin = Origin(Family.ZIGBEE2MQTT, self._base, listed.ieee_address)
        return Found(origin, listed.friendly_name, _text(vendor), _text(model))

    def learn_groups(self, payload: bytes) -> None:
        """Raises one of UNREADABLE. What a group is set to says nothing of a device."""
        self._groups = frozenset(group.friendly_name for group in _GROUPS.decode(payload))


class Group(Struct):
    friendly_name: str


_LISTED = msgspec.json.Decoder(Listed)
_GROUPS = msgspec.json.Decoder(list[Group])


def is_name(text: str) -> bool:
    return 0 < len(text) <= 256 and is_text(text) and "+" not in text and "#" not in text


def _known(listed: Listed) -> Known:
    if listed.definition is None:
        return Known(listed.ieee_address)
    exposes = listed.definition.exposes
    controls = any(expose.type in CONTROLS for expose in exposes)
    buttons = buttons_of(frozenset(_actions(exposes)), controls=controls)
    return Known(listed.ieee_address, buttons, MODELS.get(listed.definition.model or ""))


def _actions(exposes: list[Expose]) -> Iterator[str]:
    for expose in exposes:
        if expose.property in SOURCES:
            yield from (value for value in expose.values if isinstance(value, str))


def _text(text: str | None) -> str | None:
    return "".join(letter for letter in text if is_text(letter))[:200] if text else None


def _refused(detail: str, origin: Origin) -> Rejected:
    return Rejected(Rejection.MALFORMED, detail, origin=origin)
