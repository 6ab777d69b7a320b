"""What real Zigbee models expose, as `zigbee-herdsman-converters` (MIT) defines it: an oracle that knows no Vaka.

It is installed once, by its lock file, into a folder of the virtual environment.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.requirements import require, skip_for

SOURCE = Path(__file__).resolve().parents[1] / "servers" / "zigbee"
FILES = ("package.json", "package-lock.json", ".npmrc", "print-exposes.cjs")
INSTALL_SECONDS = 900

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
    node = require("node", shutil.which("node"))
    npm = require("npm", shutil.which("npm"))
    printed = subprocess.run([node, "print-exposes.cjs"], cwd=_installed(npm), capture_output=True, check=True).stdout
    return [_model(json.loads(line)) for line in printed.splitlines()]


def _installed(npm: str) -> Path:
    digest = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in FILES)).hexdigest()[:16]
    folder = Path(sys.prefix) / "share" / f"vaka-zigbee-{digest}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix="vaka-zigbee-", dir=folder.parent))
    try:
        for name in FILES:
            shutil.copy(SOURCE / name, making / name)
        _install(npm, making)
        try:
            making.rename(folder)
        except OSError:
            # Another run was faster.
            assert folder.is_dir()
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


def _install(npm: str, folder: Path) -> None:
    try:
        subprocess.run([npm, "ci"], cwd=folder, capture_output=True, check=True, timeout=INSTALL_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        told = (error.stderr or b"").decode(errors="replace").strip()[-300:]
        skip_for(f"the Zigbee definitions could not be installed: {told or error}")


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
