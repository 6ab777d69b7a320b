"""The configs by which devices make themselves known to Home Assistant over MQTT: from JSON to entities.

The names and abbreviations are those of Home Assistant's MQTT discovery, as far as they matter here.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

NAMES = {
    "avty": "availability", "avty_mode": "availability_mode", "avty_t": "availability_topic",
    "avty_tpl": "availability_template", "cmps": "components", "cns": "connections", "dev": "device",
    "dev_cla": "device_class", "ids": "identifiers", "json_attr_t": "json_attributes_topic",
    "json_attr_tpl": "json_attributes_template", "mdl": "model", "mf": "manufacturer", "o": "origin", "p": "platform",
    "off_dly": "off_delay", "pl": "payload",
    "pl_avail": "payload_available", "pl_not_avail": "payload_not_available", "pl_off": "payload_off",
    "pl_on": "payload_on", "stat_jam": "state_jammed", "stat_locked": "state_locked", "stat_t": "state_topic",
    "stat_unlocked": "state_unlocked", "stype": "subtype", "t": "topic", "uniq_id": "unique_id",
    "val_tpl": "value_template",
}  # fmt: skip

MOST_LETTERS = 200
"""Of a name or an id; longer ones are cut."""

Path = tuple[str, ...]


class BadConfig(ValueError):
    """A config that cannot be used; the text says why."""


class Availability(Struct, frozen=True):
    """Where it is said whether the device is there. `path`: where in the payload; None is the whole of it."""

    topic: str
    path: Path | None
    available: str
    unavailable: str


class Entity(Struct, frozen=True):
    """One thing that a device tells of. `topic`: where; `path`: where in the payload, None is the whole of it.

    `words`: what the config calls the entity, in small letters. `options`: its other fields. `fault`: why its states
    cannot be read, if they cannot.
    """

    component: str
    device_class: str
    topic: str | None
    path: Path | None
    words: str
    options: Mapping[str, Any]
    fault: str | None = None


class Config(Struct, frozen=True):
    """What one config topic tells of a device. `by`: the program that published it."""

    device: str
    name: str | None
    vendor: str | None
    model: str | None
    by: str
    entities: tuple[Entity, ...]
    availability: tuple[Availability, ...]
    mode: str
    faults: tuple[str, ...]


def configure(component: str, object_id: str, given: dict[str, Any]) -> Config:
    """The config of `.../{component}/{object_id}/config`; `device` is the component of one that has many entities.

    Raises BadConfig.
    """
    fields = _named(given)
    device = _device(fields)
    parts = _components(fields) if component == "device" else [(component, fields)]
    entities = tuple(_entity(kind, part) for kind, part in parts)
    availability, faults = _availabilities(part for _, part in parts)
    origin = fields.get("origin")
    return Config(
        _device_id(device) or _text(fields.get("unique_id")) or object_id,
        _text(device.get("name")),
        _text(device.get("manufacturer")),
        _text(device.get("model")),
        (_text(origin.get("name")) or "").lower() if isinstance(origin, dict) else "",
        entities,
        availability,
        _text(fields.get("availability_mode")) or "latest",
        faults,
    )


def _named(given: dict[str, Any]) -> dict[str, Any]:
    """The fields by their full names, with `~` filled in."""
    fields = {NAMES.get(name, name): value for name, value in given.items()}
    base = fields.get("~")
    if isinstance(base, str):
        fields = {name: _based(name, value, base) for name, value in fields.items()}
    return fields


def _based(name: str, value: Any, base: str) -> Any:
    if isinstance(value, list) and name == "availability":
        return [_named({**one, "~": base}) if isinstance(one, dict) else one for one in value]
    if not isinstance(value, str) or not name.endswith("topic"):
        return value
    if value.startswith("~"):
        return base + value[1:]
    return value[:-1] + base if value.endswith("~") else value


def _device(fields: dict[str, Any]) -> dict[str, Any]:
    device = fields.get("device")
    return _named(device) if isinstance(device, dict) else {}


def _device_id(device: dict[str, Any]) -> str | None:
    ids = device.get("identifiers")
    first = ids[0] if isinstance(ids, list) and ids else ids
    if _text(first) is None:
        pairs = device.get("connections")
        pair = pairs[0] if isinstance(pairs, list) and pairs else None
        first = pair[1] if isinstance(pair, list) and len(pair) == 2 else None
    return _text(first)


def _components(fields: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Of a config for a whole device: each entity takes over what stands beside it."""
    found = fields.get("components")
    if not isinstance(found, dict):
        raise BadConfig(f"components: {str(found)[:100]!r} are not the entities of a device")
    shared = {name: value for name, value in fields.items() if name not in ("components", "device", "origin")}
    parts = [_named({**shared, **one}) for one in found.values() if isinstance(one, dict)]
    return [(platform, part) for part in parts if (platform := _text(part.get("platform"))) is not None]


def _entity(component: str, fields: dict[str, Any]) -> Entity:
    where, template = "state_topic", "value_template"
    if component == "device_automation":
        where = "topic"
    elif component == "device_tracker" and "json_attributes_topic" in fields:
        where, template = "json_attributes_topic", "json_attributes_template"
    told = (fields.get(name) for name in ("name", "unique_id", "type", "subtype", "payload"))
    words = " ".join(str(one)[:MOST_LETTERS] for one in told if one is not None).lower()
    entity = Entity(component, _text(fields.get("device_class")) or "", None, None, words, fields)
    if fields.get(where) is None:
        return entity
    try:
        return replace(entity, topic=topic(fields[where], where), path=_path(fields.get(template)))
    except BadConfig as error:
        return replace(entity, fault=str(error))


def _availabilities(parts: Iterable[dict[str, Any]]) -> tuple[tuple[Availability, ...], tuple[str, ...]]:
    """Where the presence of the device is told, and what is wrong with it."""
    found: dict[str, Availability] = {}
    faults: list[str] = []
    for fields in parts:
        many = fields.get("availability")
        given = [_named(one) for one in many if isinstance(one, dict)] if isinstance(many, list) else []
        if fields.get("availability_topic") is not None:
            template = fields.get("availability_template")
            given.append({**fields, "topic": fields["availability_topic"], "value_template": template})
        for one in given:
            try:
                availability = _availability(one)
            except BadConfig as error:
                faults.append(str(error))
            else:
                found[availability.topic] = availability
    return tuple(found.values()), tuple(faults)


def _availability(fields: dict[str, Any]) -> Availability:
    return Availability(
        topic(fields.get("topic"), "availability topic"),
        _path(fields.get("value_template")),
        word(fields.get("payload_available", "online")),
        word(fields.get("payload_not_available", "offline")),
    )


_WILD = re.compile(r"[+#\x00]")


def topic(value: Any, name: str) -> str:
    """A topic that can be subscribed to by itself. Raises BadConfig."""
    if not isinstance(value, str) or not value or len(value) > 1000 or _WILD.search(value) or value.startswith("$"):
        raise BadConfig(f"{name}: {str(value)[:100]!r} is not the topic of one device")
    if not value.isprintable():
        raise BadConfig(f"{name}: {value[:100]!r} has signs that cannot be printed")
    return value


_STEP = r"""(?:\.[A-Za-z_][A-Za-z0-9_]*|\[\s*'[^']+'\s*\]|\[\s*"[^"]+"\s*\])"""
_TEMPLATE = re.compile(r"\{\{-?\s*value(_json(?:" + _STEP + r")*)?\s*(?:\|\s*is_defined\s*)?-?\}\}")
_STEPS = re.compile(r"""\.([A-Za-z0-9_]+)|\[\s*(?:'([^']+)'|"([^"]+)")\s*\]""")


def _path(template: Any) -> Path | None:
    """`{{ value_json.a['b'] }}` is the path a, b; `{{ value }}` and no template are the whole payload.

    Other templates are programs, which Vaka does not run: raises BadConfig.
    """
    if template is None:
        return None
    found = _TEMPLATE.fullmatch(template.strip()) if isinstance(template, str) and len(template) < 1000 else None
    if found is None:
        raise BadConfig(f"value_template: {str(template)[:200]!r} does more than name a field; Vaka cannot read it")
    steps = found[1]
    return None if steps is None else tuple("".join(step) for step in _STEPS.findall(steps))


def _text(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value[:MOST_LETTERS] if isinstance(value, str) and value and value[:MOST_LETTERS].isprintable() else None


def word(value: Any) -> str:
    """How Home Assistant compares a value: as the text of a template; here without case."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)[:MOST_LETTERS].strip().casefold()
