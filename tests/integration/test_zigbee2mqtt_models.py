"""Every real Zigbee model that tells of something of ours is understood: its definitions are the oracle."""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from events.delivery import Heard, Rejected
from ingest.adapters.zigbee2mqtt import Zigbee2Mqtt
from tests.support.zigbee_expected import Told, expected, expected_action, expected_lock, expected_word
from tests.support.zigbee_models import Expose, Model, models

__all__ = ["models"]

PAGE = Path(__file__).parents[2] / "docs/devices.md"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
pytestmark = pytest.mark.timeout(1000)

LEFT_OUT = {
    r"window": "a thermostat's guess that a window is open, from the temperature",
    r"_alarm_2$": "a bit that the Zigbee standard gives no meaning for such sensors; `_alarm_1` is read",
    r"^out_door_sensor": "a thermostat's own, of sensors paired to it",
    r"^dry_contact$": "an input that may be wired to anything",
    r"^magnetic_status$": "`opening_state` of the same model says more",
    r"^motor_fault$": "of a blind",
    r"^ac_(connected|error_status)$": "of an air conditioner",
    r"^neutral_presence$": "of electric wiring",
    r"^moving": "of a blind's motor",
    r"^(motion_direction|presence_event|occupancy_and)$": "`presence` or `occupancy` of the same model says it",
    r"^rain_sensor_status$": "rain",
    r"^smoke_(unit|alarm_silenced)$": "about the smoke detector, not about smoke",
}
"""Properties whose names sound like ours, and why they are not read."""


class Demand(NamedTuple):
    """A first message of the model with this value must become this kind."""

    concept: str
    property: str
    value: Any
    kind: str | None


def demands(model: Model) -> Iterator[Demand]:
    for expose in model.exposes:
        name = expose.property
        if re.fullmatch(r"action(_l\d)?", name):
            for action in map(str, expose.values):
                concept, kind = expected_action(action, model)
                yield Demand(concept, "action", action, kind)
        elif name == "battery" and expose.type == "numeric":
            yield Demand("battery", name, 55, "battery")
        else:
            concept, told = _known(expose, model)
            yield from (Demand(concept, name, value, kind) for value, kind in told)


def _known(expose: Expose, model: Model) -> tuple[str, list[Told]]:
    lock = expected_lock(expose)
    if lock:
        return "lock", lock
    return expected_word(expose) or expected(expose, model) or ("", [])


def is_met(model: Model, demand: Demand) -> bool:
    content = _said(model, {demand.property: demand.value, "linkquality": 120})
    if any(isinstance(seen, Rejected) for seen in content):
        return False
    kinds = {seen.kind for seen in content if isinstance(seen, Heard)} - {"signal", "heartbeat"}
    if demand.kind == "used" and kinds == {"motion"}:
        return True
    if demand.property == "status":
        return demand.kind in kinds
    return kinds == ({demand.kind} if demand.kind else set())


BEGINNINGS = {
    "alarm_pressed", "fall_detected", "smoke_detected", "leak_detected", "door_opened", "motion", "bed_entered",
    "mat_on", "tampered", "unlock_denied",
}  # fmt: skip
"""Kinds that nothing else in a payload may hide."""


def is_met_among_all(model: Model, demand: Demand) -> bool:
    """The same in a payload as hubs send it, with all that the model has."""
    content = _said(model, _all_usual(model, 55) | {demand.property: demand.value})
    wrong = [seen.detail for seen in content if isinstance(seen, Rejected)]
    return not wrong and demand.kind in {seen.kind for seen in content if isinstance(seen, Heard)}


def _all_usual(model: Model, number: int) -> dict[str, Any]:
    return {expose.property: _usual(expose, number) for expose in model.exposes} | {"linkquality": 120, "action": ""}


def _usual(expose: Expose, number: int) -> Any:
    return {"numeric": number, "binary": expose.off, "text": "a text"}.get(expose.type)


def _said(model: Model, payload: dict[str, Any]) -> tuple[Any, ...]:
    """What comes of it after the hub has told of the model."""
    adapter = Zigbee2Mqtt(["zigbee2mqtt"])
    listed = [{"ieee_address": "0x00124b0022334455", "friendly_name": "hall/device", "definition": model.definition}]
    adapter.read("zigbee2mqtt/bridge/devices", msgspec.json.encode(listed), NOW, retained=True)
    return adapter.read("zigbee2mqtt/hall/device", msgspec.json.encode(payload), NOW, retained=False)


class Coverage:
    """By concept and property: the models that have it, and those of which a value did not become what it must."""

    def __init__(self, models: list[Model]) -> None:
        self.relevant: dict[tuple[str, str], set[int]] = defaultdict(set)
        self.missed: dict[tuple[str, str], set[int]] = defaultdict(set)
        self.wrong: list[tuple[str, Demand]] = []
        for number, model in enumerate(models):
            for demand in demands(model):
                about = demand.concept, re.sub(r"(?<!alarm_)\d+", "N", demand.property)
                self.relevant[about].add(number)
                if not is_met(model, demand):
                    self.missed[about].add(number)
                    self.wrong.append((model.name, demand))

    def table(self) -> str:
        rows = ["| what | property | models | covered | the others are left out because |", "|---|---|---:|---:|---|"]
        for (concept, name), numbers in sorted(self.relevant.items(), key=lambda item: (item[0][0], -len(item[1]))):
            covered = len(numbers) - len(self.missed[concept, name])
            reason = "" if covered == len(numbers) else _reason(name) or "a fault"
            rows.append(f"| {concept} | `{name}` | {len(numbers)} | {covered} | {reason} |")
        relevant = set().union(*self.relevant.values())
        whole = len(relevant) - len(set().union(*self.missed.values()))
        rows.append(f"| **all that a model tells of this** | | {len(relevant)} | {whole} | |")
        return "\n".join(rows)


def _reason(name: str) -> str | None:
    return next((why for pattern, why in LEFT_OUT.items() if re.search(pattern, name)), None)


@pytest.fixture(scope="session")
def coverage(models: list[Model]) -> Coverage:
    return Coverage(models)


def test_every_model_is_understood(coverage: Coverage, models: list[Model]) -> None:
    assert len(models) > 4000
    assert [miss for miss in coverage.wrong if _reason(miss[1].property) is None] == []


def test_every_model_is_understood_in_the_midst_of_all_that_it_tells(models: list[Model]) -> None:
    missed = [
        (model.name, demand)
        for model in models
        for demand in demands(model)
        if demand.kind in BEGINNINGS and _reason(demand.property) is None and not is_met_among_all(model, demand)
    ]
    assert missed == []


CALLS = {"alarm_pressed", "fall_detected", "smoke_detected", "leak_detected", "bed_entered", "mat_on", "tampered"}


@pytest.mark.parametrize("number", [1, 55])
def test_what_models_usually_tell_is_neither_alarming_nor_refused(models: list[Model], number: int) -> None:
    for model in models:
        content = _said(model, _all_usual(model, number))
        assert not [seen for seen in content if isinstance(seen, Rejected)], model.name
        assert CALLS.isdisjoint(seen.kind for seen in content if isinstance(seen, Heard)), model.name


def test_what_is_left_out_is_there_and_is_not_read(coverage: Coverage) -> None:
    names = {name for _, name in coverage.missed if coverage.missed[_, name]}
    assert [pattern for pattern in LEFT_OUT if not any(re.search(pattern, name) for name in names)] == []


def test_the_page_holds_the_table(coverage: Coverage) -> None:
    print(coverage.table())
    assert coverage.table() in PAGE.read_text(encoding="utf-8")
