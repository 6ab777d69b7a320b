"""Home Assistant's MQTT discovery: `PREFIX/{component}/[{node}/]{object}/config` tells of devices and their topics.

Several entities of one device are one device. What speaks on topics of another family is learned, but not read here.
docs/devices.md tells how each entity is read.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from events.delivery import Content, Found, Heard, Rejected, Rejection
from events.devices import Family, Origin
from events.kinds import ACTIVITY
from events.topics import ROOT
from ingest.adapter import heard
from ingest.adapters.home_assistant_config import Availability, BadConfig, Config, Entity, Path, configure, word
from ingest.adapters.home_assistant_entity import CONTROLS, Said, Unclear, button, is_help, is_ours, said
from ingest.adapters.json_object import Unreadable, decode

MOST_CONFIGS = 20_000
"""Anybody who may publish can make up entities; the memory, and the subscriptions, have an end."""

READ_AT_HOME = frozenset({"zigbee2mqtt", "vaka"})
"""Programs whose devices Vaka reads in their own form; they tell Home Assistant of them as well."""


class HomeAssistant:
    """`prefixes`: of discovery, no patterns. `is_foreign` says of a topic whether another family reads it."""

    def __init__(self, prefixes: Sequence[str]) -> None:
        for prefix in prefixes:
            if not prefix or "+" in prefix or "#" in prefix:
                raise ValueError(f"{prefix!r} is not a discovery prefix")
        self.learned = 0
        self.is_foreign: Callable[[str], bool] = _is_nobodys
        self._prefixes = tuple(sorted(prefixes, key=len, reverse=True))
        self._configs: dict[str, tuple[Origin, Config]] = {}
        self._devices: dict[Origin, set[str]] = {}
        self._speakers: dict[str, set[str]] = {}
        self._present: dict[Origin, dict[str, bool]] = {}
        self._held: set[tuple[str, str]] = set()
        self._remembered: dict[str, Origin] = {}

    @property
    def wanted(self) -> frozenset[str]:
        """The topics of the states that were learned and are to be read here."""
        return frozenset(topic for topic in (*self._speakers, *self._remembered) if not self._is_elsewhere(topic))

    def filters(self) -> tuple[str, ...]:
        configs = (f"{prefix}/+/{way}/config" for prefix in self._prefixes for way in ("+", "+/+"))
        return (*configs, *sorted(self.wanted))

    def reads(self, topic: str) -> bool:
        is_known = topic in self._speakers or topic in self._remembered
        return (is_known and not self._is_elsewhere(topic)) or self._split(topic) is not None

    def remember(self, found: Iterable[Found]) -> None:
        """Where devices spoke before a restart: the subscriptions stand until the broker tells their configs again."""
        for each in found:
            if each.origin.family is Family.HOME_ASSISTANT and each.origin.scope in self._prefixes:
                self._remembered |= dict.fromkeys(each.topics, each.origin)
                self.learned += 1

    def topics(self, origin: Origin) -> tuple[str, ...]:
        """Where the device tells of its states, as far as is known."""
        states = (place for config in self._of(origin) if config.by not in READ_AT_HOME for place in _states(config))
        remembered = (place for place, speaker in self._remembered.items() if speaker == origin)
        return tuple(sorted({place for place in (*states, *remembered) if not self._is_elsewhere(place)}))

    def read(self, topic: str, payload: bytes, received: datetime, *, retained: bool) -> Content:
        split = self._split(topic)
        if split is not None:
            return self._learn(topic, *split, payload)
        if topic in self._remembered and topic not in self._speakers:
            detail = "the device's config has not come since the restart; read this again when it has"
            return (Rejected(Rejection.MALFORMED, detail, origin=self._remembered[topic]),)
        return tuple(self._told(topic, payload, received, retained))

    def _is_elsewhere(self, topic: str) -> bool:
        return topic.startswith(f"{ROOT}/") or self.is_foreign(topic)

    def _split(self, topic: str) -> tuple[str, str, str] | None:
        """Prefix, component and object of a config topic."""
        if not topic.endswith("/config"):
            return None
        for prefix in self._prefixes:
            if topic.startswith(f"{prefix}/"):
                component, _, rest = topic[len(prefix) + 1 : -len("/config")].partition("/")
                return (prefix, component, rest) if component and rest and rest.count("/") <= 1 else None
        return None

    def _learn(self, topic: str, prefix: str, component: str, object_id: str, payload: bytes) -> Content:
        origin = Origin(Family.HOME_ASSISTANT, prefix, object_id)
        if not payload:
            self._forget(topic)
            return ()
        if not topic.isprintable() or len(topic) > 1000:
            return (Rejected(Rejection.BAD_TOPIC, f"topic {topic[:200]!r} names no entity"),)
        try:
            config = configure(component, object_id, decode(payload)[0])
        except (Unreadable, BadConfig) as error:
            return (Rejected(Rejection.MALFORMED, f"config: {error}", origin=origin),)
        origin = Origin(Family.HOME_ASSISTANT, prefix, config.device)
        if self._configs.get(topic) == (origin, config):
            return ()
        if len(self._configs) >= MOST_CONFIGS and topic not in self._configs:
            detail = f"config: {MOST_CONFIGS} entities are known already, no more are learned"
            return (Rejected(Rejection.MALFORMED, detail, origin=origin),)
        self._forget(topic)
        self._keep(topic, origin, config)
        found = Found(origin, config.name, config.vendor, config.model, self.topics(origin))
        faults = [*config.faults, *(one.fault for one in config.entities if one.fault is not None and is_ours(one))]
        return (found, *(Rejected(Rejection.MALFORMED, f"config: {fault}", origin=origin) for fault in faults))

    def _keep(self, topic: str, origin: Origin, config: Config) -> None:
        self._configs[topic] = (origin, config)
        self._remembered = {place: speaker for place, speaker in self._remembered.items() if speaker != origin}
        self._devices.setdefault(origin, set()).add(topic)
        if config.by not in READ_AT_HOME:
            for place in _places(config):
                self._speakers.setdefault(place, set()).add(topic)
        self.learned += 1

    def _forget(self, topic: str) -> None:
        origin, config = self._configs.pop(topic, (None, None))
        if origin is None or config is None:
            return
        self._devices[origin].discard(topic)
        if not self._devices[origin]:
            del self._devices[origin]
            self._present.pop(origin, None)
        self._held = {key for key in self._held if key[0] != topic}
        for place in _places(config):
            speakers = self._speakers.get(place, set())
            speakers.discard(topic)
            if not speakers:
                self._speakers.pop(place, None)
        self.learned += 1

    def _of(self, origin: Origin) -> list[Config]:
        return [self._configs[topic][1] for topic in sorted(self._devices.get(origin, ()))]

    def _told(self, topic: str, payload: bytes, received: datetime, retained: bool) -> Iterator[Heard | Rejected]:
        """The events of all entities, and the presence of all devices, that speak at this topic."""
        state = _State(payload)
        raw: bytes | None = state.kept
        for origin, event in self._events(topic, state, retained):
            if isinstance(event, str):
                yield Rejected(Rejection.MALFORMED, event, origin=origin)
                continue
            one = heard((origin,), event.kind, received, event.fields, raw=raw, is_state=event.is_state)
            raw = None if isinstance(one, Heard) else raw
            yield one

    def _events(self, topic: str, state: "_State", retained: bool) -> Iterator[tuple[Origin, Said | str]]:
        present: set[Origin] = set()
        for speaker in sorted(self._speakers.get(topic, ())):
            origin, config = self._configs[speaker]
            for availability in config.availability:
                if availability.topic == topic and origin not in present:
                    present.add(origin)
                    yield from ((origin, event) for event in self._presence(origin, config, availability, state))
            for entity in config.entities:
                if entity.topic == topic and is_ours(entity):
                    event = self._event(speaker, origin, entity, state)
                    if event is not None and (not retained or _lasts(event)):
                        yield origin, event

    def _event(self, speaker: str, origin: Origin, entity: Entity, state: "_State") -> Said | str | None:
        try:
            event = said(entity, state.at(entity.path), self._calls(origin))
        except (Unclear, Unreadable) as error:
            return f"{entity.words[:100] or entity.component}: {error}"
        if entity.component != "binary_sensor" or not is_help(entity):
            return event
        # As long as it is held, a device repeats that it is pressed with all else that it says.
        key = (speaker, entity.words)
        was_held = key in self._held
        if event is None:
            self._held.discard(key)
            return None
        self._held.add(key)
        return None if was_held else event

    def _calls(self, origin: Origin) -> bool:
        """Whether a press is a call for help: the device has one button, and nothing that the button could control."""
        entities = [entity for config in self._of(origin) for entity in config.entities]
        buttons = {name for entity in entities if (name := button(entity)) is not None}
        return len(buttons) == 1 and not any(entity.component in CONTROLS for entity in entities)

    def _presence(
        self, origin: Origin, config: Config, availability: Availability, state: "_State"
    ) -> Iterator[Said | str]:
        try:
            now = word(state.at(availability.path))
        except Unreadable as error:
            yield f"availability: {error}"
            return
        if now not in (availability.available, availability.unavailable):
            yield f"availability: {now[:100]!r} is neither {availability.available!r} nor {availability.unavailable!r}"
            return
        known = self._present.setdefault(origin, {})
        known[availability.topic] = is_there = now == availability.available
        if config.mode != "latest":
            is_there = all(known.values()) if config.mode == "all" else any(known.values())
        yield Said("online" if is_there else "offline", {}, True)


class _State:
    """A payload that several entities read, each its own part."""

    def __init__(self, payload: bytes) -> None:
        self._text = payload.decode("utf-8", "backslashreplace")
        self._fields: dict[str, Any] | None = None
        self.kept = msgspec.json.encode(self._text)
        if payload.lstrip()[:1] == b"{":
            try:
                self._fields, self.kept = decode(payload)
            except Unreadable:
                self._fields = None

    def at(self, path: Path | None) -> Any:
        """The value at this path, None if there is none; without a path the whole payload. Raises Unreadable."""
        if path is None:
            return self._text if self._fields is None else self._fields
        if self._fields is None and path:
            raise Unreadable(f"{self._text[:100]!r} has no field {'.'.join(path)!r}, as it is not a JSON object")
        value: Any = self._fields if self._fields is not None else self._text
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return value


def _lasts(event: Said | str) -> bool:
    """Whether a message that the broker kept may say this: no press, and nothing that looks like a sign of life."""
    return isinstance(event, str) or (event.is_state and event.kind not in (*ACTIVITY, "battery", "signal"))


def _states(config: Config) -> set[str]:
    return {entity.topic for entity in config.entities if entity.topic is not None and is_ours(entity)}


def _places(config: Config) -> set[str]:
    return _states(config) | {availability.topic for availability in config.availability}


def _is_nobodys(topic: str) -> bool:
    return False
