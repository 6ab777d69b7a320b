"""What real Zigbee models expose, as `zigbee-herdsman-converters` (MIT) defines it: an oracle that knows no Vaka."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.support.npm import installed, node

PROGRAM = "print-exposes.cjs"

PUBLISHED, SETTABLE = 1, 2


class Expose(NamedTuple):
    """A property of a payload. `on`, `off`: values of a binary one. `is_settable`: what people set, not what is."""

    property: str
    type: str
    values: tuple[Any, ...]
    on: Any
    off: Any
    is_settable: bool


class Model(NamedTuple):
    """`definition` as a hub shows it in `bridge/devices`."""

    vendor: str
    name: str
    description: str
    exposes: tuple[Expose, ...]
    definition: dict[str, Any]


def zigbee_models() -> list[Model]:
    """All models of the library, or a skip where it cannot be had."""
    printed = subprocess.run(
        [node(), PROGRAM], cwd=installed("zigbee", PROGRAM), capture_output=True, check=True
    ).stdout
    return [_model(json.loads(line)) for line in printed.splitlines()]


def _model(printed: dict[str, Any]) -> Model:
    exposes = tuple(_flat(printed["exposes"]))
    definition = {name: printed[name] for name in ("vendor", "model", "description", "exposes")}
    return Model(printed["vendor"], printed["model"], printed["description"], exposes, definition)


def _flat(exposes: list[dict[str, Any]], of_lock: bool = False) -> Iterator[Expose]:
    """What stands at the top of a payload: the features of a lock, a lamp ... too, those of composites not."""
    for expose in exposes:
        if expose["type"] in ("composite", "list"):
            continue
        if "features" in expose:
            yield from _flat(expose["features"], expose["type"] == "lock")
        elif expose.get("access", PUBLISHED) & PUBLISHED:
            settable = bool(expose.get("access", PUBLISHED) & SETTABLE) and not of_lock
            values = tuple(expose.get("values") or ())
            on, off = expose.get("value_on"), expose.get("value_off")
            yield Expose(expose["property"], expose["type"], values, on, off, settable)


@pytest.fixture(scope="session")
def models() -> list[Model]:
    return zigbee_models()
