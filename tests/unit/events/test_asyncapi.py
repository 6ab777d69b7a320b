"""The AsyncAPI document is whole, follows the rules of AsyncAPI 3.0, and is the one in docs/."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from events.asyncapi import asyncapi, document
from events.kinds import BY_TECHNOLOGY, HEALTH, KINDS

ROOT = Path(__file__).parents[3]
DOCUMENT = asyncapi()
SECTIONS = ("channels", "operations", "components")
KEY = re.compile(r"[a-zA-Z0-9.\-_]+")


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(reference: str) -> Any:
    assert reference.startswith("#/")
    node: Any = DOCUMENT
    for step in reference[2:].split("/"):
        node = node[step]
    return node


def test_the_document_in_docs_is_what_the_types_say() -> None:
    assert (ROOT / "docs" / "asyncapi.json").read_text(encoding="utf-8") == document()


def test_the_same_types_give_the_same_bytes() -> None:
    assert document() == document()
    assert msgspec.json.decode(document()) == DOCUMENT


def test_required_fields_are_there() -> None:
    assert re.fullmatch(r"3\.0\.\d+", DOCUMENT["asyncapi"])
    assert DOCUMENT["info"]["title"]
    assert DOCUMENT["info"]["version"]
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in ("send", "receive")
        assert operation["channel"]["$ref"].startswith("#/channels/")


def test_only_fields_that_asyncapi_knows() -> None:
    assert set(DOCUMENT) <= {"asyncapi", "id", "info", "servers", "defaultContentType", *SECTIONS}
    for channel in DOCUMENT["channels"].values():
        assert set(channel) <= {"address", "messages", "title", "summary", "description", "parameters", "tags"}
    for operation in DOCUMENT["operations"].values():
        assert set(operation) <= {"action", "channel", "title", "summary", "messages", "bindings", "tags"}
    for message in DOCUMENT["components"]["messages"].values():
        assert set(message) <= {"payload", "contentType", "name", "title", "summary", "description", "tags"}
    for parameter in DOCUMENT["components"]["parameters"].values():
        assert set(parameter) <= {"enum", "default", "description", "examples", "location"}


def test_keys_are_of_the_allowed_characters() -> None:
    maps = [*(DOCUMENT[name] for name in SECTIONS), *DOCUMENT["components"].values()]
    assert all(KEY.fullmatch(key) for section in maps for key in section)


def test_every_reference_resolves() -> None:
    found = list(references(DOCUMENT))
    assert len(found) > 3 * len(KINDS)
    for reference in found:
        assert resolve(reference), reference


def test_parameters_are_those_of_the_address() -> None:
    for channel in DOCUMENT["channels"].values():
        assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel["parameters"])


def test_operations_use_messages_of_their_own_channel() -> None:
    for operation in DOCUMENT["operations"].values():
        for message in operation["messages"]:
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_one_channel_with_one_message(kind: str) -> None:
    addresses = [channel["address"] for channel in DOCUMENT["channels"].values()]
    assert addresses.count(f"vaka/v1/{{tenant}}/{{device}}/{kind}") == 1
    assert list(DOCUMENT["channels"][kind]["messages"]) == [kind]
    message = resolve(DOCUMENT["channels"][kind]["messages"][kind]["$ref"])
    assert message["name"] == kind
    assert resolve(message["payload"]["$ref"])["title"] == KINDS[kind].__name__


def test_nothing_but_kinds_and_commands() -> None:
    assert set(DOCUMENT["channels"]) == {*KINDS, "command"}
    assert DOCUMENT["channels"]["command"]["address"] == "vaka/v1/{tenant}/{device}/command/{name}"
    assert DOCUMENT["operations"]["send_command"]["action"] == "send"


def test_channels_carry_their_technology() -> None:
    for technology, kinds in [*BY_TECHNOLOGY.items(), ("health", HEALTH)]:
        for kind in kinds:
            assert {"name": str(technology)} in DOCUMENT["channels"][kind]["tags"]


@pytest.mark.parametrize("kind", KINDS)
def test_schemas_have_the_fields_of_the_struct(kind: str) -> None:
    schema = DOCUMENT["components"]["schemas"][KINDS[kind].__name__]
    fields = msgspec.structs.fields(KINDS[kind])
    assert set(schema["properties"]) == {field.encode_name for field in fields}
    assert set(schema["required"]) == {field.encode_name for field in fields if field.required}
    assert schema["properties"]["at"]["format"] == "date-time"
