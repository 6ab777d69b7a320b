"""The MQTT contract as an AsyncAPI 3.0 document, made from the message structs: `python -m events.asyncapi`.

Operations are told from Vaka's side: it receives what devices say and sends commands.
"""

import sys
from typing import Any

import msgspec

from events.ids import DeviceId, TenantId
from events.kinds import BY_TECHNOLOGY, HEALTH, KINDS, URGENT
from events.topics import command_topic, event_topic

Json = dict[str, Any]

_MQTT = {"mqtt": {"qos": 1, "bindingVersion": "0.2.0"}}
_COMMAND = "command"
_TENANT, _DEVICE = TenantId("{tenant}"), DeviceId("{device}")


def asyncapi() -> Json:
    """The whole document: one channel, message and operation for each kind, and those of commands."""
    _, schemas = msgspec.json.schema_components(KINDS.values(), ref_template="#/components/schemas/{name}")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Vaka: devices over MQTT",
            "version": "1.0.0",
            "description": "What welfare-technology devices say to Vaka, and what Vaka says to them.",
        },
        "defaultContentType": "application/json",
        "channels": {kind: _channel(kind) for kind in KINDS} | {_COMMAND: _command_channel()},
        "operations": {f"receive_{kind}": _operation("receive", kind) for kind in KINDS}
        | {"send_command": _operation("send", _COMMAND)},
        "components": {
            "parameters": _parameters(),
            "messages": {kind: _message(kind) for kind in KINDS} | {_COMMAND: _command_message()},
            "schemas": schemas | {"Command": _command_schema()},
        },
    }


def document() -> str:
    """The document as text, the same bytes whenever the types are the same."""
    return msgspec.json.format(msgspec.json.encode(asyncapi()), indent=2).decode() + "\n"


def _ref(*path: str) -> Json:
    return {"$ref": "#/" + "/".join(path)}


def _operation(action: str, channel: str) -> Json:
    return {
        "action": action,
        "channel": _ref("channels", channel),
        "messages": [_ref("channels", channel, "messages", channel)],
        "bindings": _MQTT,
    }


def _channel(kind: str) -> Json:
    return {
        "address": event_topic(_TENANT, _DEVICE, kind),
        "messages": {kind: _ref("components", "messages", kind)},
        "parameters": {name: _ref("components", "parameters", name) for name in ("tenant", "device")},
        "tags": [{"name": tag} for tag in _tags(kind)],
    }


def _tags(kind: str) -> list[str]:
    technologies = [str(technology) for technology, kinds in BY_TECHNOLOGY.items() if kind in kinds]
    return technologies + ["health"] * (kind in HEALTH) + ["urgent"] * (kind in URGENT)


def _message(kind: str) -> Json:
    struct = KINDS[kind]
    return {
        "name": kind,
        "title": struct.__name__,
        "summary": struct.__doc__,
        "contentType": "application/json",
        "payload": _ref("components", "schemas", struct.__name__),
    }


def _command_channel() -> Json:
    return {
        "address": command_topic(_TENANT, _DEVICE, "{name}"),
        "messages": {_COMMAND: _ref("components", "messages", _COMMAND)},
        "parameters": {name: _ref("components", "parameters", name) for name in ("tenant", "device", "name")},
        "tags": [{"name": _COMMAND}],
    }


def _command_message() -> Json:
    return {
        "name": _COMMAND,
        "title": "Command",
        "summary": "What a device is asked to do.",
        "contentType": "application/json",
        "payload": _ref("components", "schemas", "Command"),
    }


def _command_schema() -> Json:
    return {
        "title": "Command",
        "description": "The name of the command is in the topic; its fields depend on the command.",
        "type": "object",
    }


def _parameters() -> Json:
    return {
        "tenant": {"description": "Id of the municipality."},
        "device": {"description": "Id of the device, unique over all municipalities."},
        "name": {"description": "The command.", "examples": ["remind", "blink", "speak"]},
    }


if __name__ == "__main__":
    sys.stdout.write(document())
