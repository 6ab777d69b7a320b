"""From rows of text to devices: what each row of an import would add or change, or what is wrong with it. No I/O."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Literal

from pydantic import ValidationError

from api.device_bodies import NewDevice
from api.new_device import UNPROVEN, given
from api.problems import FieldError
from api.spreadsheet import Unreadable
from events.devices import LifeCycle, Origin
from events.ids import DeviceId, TenantId
from rules.device_lifecycle import is_allowed
from store.device_import import Known, Named
from store.devices import Device

ORIGIN = ("family", "scope", "external_id")
COLUMNS = ("id", "technology", "type", "name", "model", "serial", "note", *ORIGIN, "hub", "life_cycle")
"""The columns that a file may have, in any order; `id` it must. An empty cell says nothing: it changes nothing."""

Action = Literal["new", "change", "same", "error"]


@dataclass(frozen=True, slots=True)
class Line:
    """One row below the header: its number in the file, and its cells that are not empty, by column."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that the row changes."""

    field: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """What one row would do. `row` is its number in the file, the header being row 1."""

    row: int
    device: str | None
    action: Action
    changes: list[FieldChange] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Planned:
    """A row with the device as it is (None: new) and as it would be (None: there is an error)."""

    row: Row
    before: Device | None = None
    after: Device | None = None


def lines_of(rows: Sequence[Sequence[str]]) -> list[Line]:
    """The rows below the header. Raises Unreadable when the header is not one of devices."""
    header = [name.strip().lower() for name in rows[0]]
    if unknown := [name for name in header if name not in COLUMNS]:
        raise Unreadable(f"column {unknown[0][:100]!r} is not known; there are {', '.join(COLUMNS)}")
    if twice := [name for name, count in Counter(header).items() if count > 1]:
        raise Unreadable(f"column {twice[0]!r} is there twice")
    if "id" not in header:
        raise Unreadable("column 'id' is needed")
    return [
        Line(number, {name: cell for name, cell in zip(header, row, strict=False) if cell})
        for number, row in enumerate(rows[1:], 2)
        if any(row)
    ]


def named(lines: Sequence[Line]) -> Named:
    """What must be looked up before the lines can be judged."""
    cells = [line.cells for line in lines]
    hubs = {DeviceId(row["hub"]) for row in cells if "hub" in row}
    bodies = [body for body in map(_body, cells) if isinstance(body, NewDevice)]
    origins = {body.origin.origin for body in bodies if body.origin is not None}
    return Named({DeviceId(row["id"]) for row in cells if "id" in row}, hubs, origins)


def plan(lines: Sequence[Line], known: Known, tenant: TenantId, now: datetime) -> list[Planned]:
    """What each line would do, in their order."""
    planned = list(_Plan(lines, known, tenant, now).rows())
    while dropped := _without_hub(planned, known):
        planned = [dropped.get(each.row.row, each) for each in planned]
    return planned


class _Plan:
    """Remembers what the lines before have said, so that two of them cannot say the same."""

    def __init__(self, lines: Sequence[Line], known: Known, tenant: TenantId, now: datetime) -> None:
        self._lines = lines
        self._known = known
        self._tenant = tenant
        self._now = now
        self._seen: dict[str, int] = {}
        self._origins: dict[Origin, int] = {}
        self._ids = {DeviceId(line.cells["id"]) for line in lines if "id" in line.cells}
        told = {DeviceId(cells["id"]): DeviceId(cells["hub"]) for cells in (line.cells for line in lines)
                if "id" in cells and "hub" in cells}  # fmt: skip
        self._hubs = {**known.hubs, **told}

    def rows(self) -> Iterator[Planned]:
        for line in self._lines:
            id = line.cells.get("id")
            body = _body(line.cells)
            if not isinstance(body, NewDevice):
                yield Planned(Row(line.number, id, "error", errors=body))
                continue
            before = self._known.devices.get(DeviceId(str(id)))
            errors = [*self._faults(line, body), *self._faults_of_change(line, body, before)]
            if errors:
                yield Planned(Row(line.number, id, "error", errors=errors))
                continue
            after = self._new(body) if before is None else _changed(before, body)
            changes = _differences(before, after) if before is not None else []
            action: Action = "new" if before is None else "change" if changes else "same"
            yield Planned(Row(line.number, id, action, changes), before, after)

    def _faults(self, line: Line, body: NewDevice) -> Iterator[FieldError]:
        """What is wrong with the line as it stands beside the others and what is there."""
        id = DeviceId(str(body.id))
        if (earlier := self._seen.setdefault(id, line.number)) != line.number:
            yield FieldError("id", f"is in row {earlier} already", id)
        if body.type is not None and body.type not in self._known.types:
            yield FieldError("type", "is not known", body.type)
        if body.hub is not None and body.hub not in self._known.hubs and body.hub not in self._ids:
            yield FieldError("hub", "is not known", body.hub)
        elif body.hub is not None and self._is_behind_itself(id):
            yield FieldError("hub", "is behind this device itself", body.hub)
        if body.origin is not None:
            yield from self._faults_of_origin(line, id, body.origin.origin)

    def _faults_of_origin(self, line: Line, id: DeviceId, origin: Origin) -> Iterator[FieldError]:
        if (earlier := self._origins.setdefault(origin, line.number)) != line.number:
            yield FieldError("external_id", f"is the origin of row {earlier} already", str(origin))
        if (other := self._known.origins.get(origin, id)) != id:
            shown = repr(other) if other in self._known.devices else "another device"
            yield FieldError("external_id", f"is the origin of {shown}", str(origin))

    def _faults_of_change(self, line: Line, body: NewDevice, before: Device | None) -> Iterator[FieldError]:
        if before is None:
            if body.id in self._known.taken:
                yield FieldError("id", "is taken by a device that is not yours to change", body.id)
            if body.technology is None and body.type is None:
                yield FieldError("technology", "is needed for a new device, or a type")
            if body.life_cycle is LifeCycle.IN_USE:
                yield FieldError("life_cycle", UNPROVEN, body.life_cycle)
            return
        if body.technology not in (None, before.technology):
            message = f"is {before.technology}: another technology is another device"
            yield FieldError("technology", message, body.technology)
        if "life_cycle" in body.model_fields_set and body.life_cycle is not before.life_cycle:
            yield from _fault_of_step(before, body.life_cycle)

    def _is_behind_itself(self, id: DeviceId) -> bool:
        passed: set[DeviceId] = set()
        at = self._hubs.get(id)
        while at is not None and at not in passed:
            passed.add(at)
            at = self._hubs.get(at)
        return id in passed

    def _new(self, body: NewDevice) -> Device:
        technology = body.technology or self._known.types[str(body.type)].technology
        details = {"name": None, "model": None} | given(body)
        return Device(
            id=DeviceId(str(body.id)),
            tenant=self._tenant,
            technology=technology,
            resident=None,
            created_at=self._now,
            life_cycle=body.life_cycle,
            **details,
        )


def _without_hub(planned: Sequence[Planned], known: Known) -> dict[int, Planned]:
    """By row number, those that are right themselves, but whose hub stands in a row that is wrong."""
    there = {each.after.id for each in planned if each.after is not None} | known.hubs.keys()
    dropped: dict[int, Planned] = {}
    for each in planned:
        if each.after is not None and each.after.hub is not None and each.after.hub not in there:
            error = FieldError("hub", "is in a row that is wrong", each.after.hub)
            row = replace(each.row, action="error", changes=[], errors=[error])
            dropped[row.row] = Planned(row)
    return dropped


def _body(cells: dict[str, str]) -> NewDevice | list[FieldError]:
    """The line as a body of the API would say it, or what is wrong with its cells."""
    data: dict[str, Any] = {name: cell for name, cell in cells.items() if name not in ORIGIN}
    if "family" in cells or "external_id" in cells:
        data["origin"] = {"scope": cells.get("scope", "")} | {
            name: cells[column] for name, column in (("family", "family"), ("id", "external_id")) if column in cells
        }
    elif "scope" in cells:
        return [FieldError("family", "is needed beside a scope")]
    if "id" not in cells:
        return [FieldError("id", "is needed")]
    try:
        return NewDevice.model_validate(data)
    except ValidationError as error:
        return [_cell_error(dict(found), cells) for found in error.errors()]


def _cell_error(found: dict[str, Any], cells: dict[str, str]) -> FieldError:
    *_, name = found["loc"]
    column = {"origin": "family", "id": "external_id"}.get(str(name), str(name)) if len(found["loc"]) > 1 else str(name)
    message = str(found["msg"]).removeprefix("Value error, ")
    return FieldError(column, message, cells.get(column))


def _fault_of_step(before: Device, to: LifeCycle) -> Iterator[FieldError]:
    if before.resident is not None:
        yield FieldError("life_cycle", f"is {before.life_cycle}, and {before.resident!r} has the device", to)
    elif not is_allowed(before.life_cycle, to):
        yield FieldError("life_cycle", f"is {before.life_cycle}, and cannot become this by an import", to)


def _changed(before: Device, body: NewDevice) -> Device:
    told = given(body)
    if "life_cycle" in body.model_fields_set:
        told["life_cycle"] = body.life_cycle
    return replace(before, **told)


def _differences(before: Device, after: Device) -> list[FieldChange]:
    pairs = ((f.name, getattr(before, f.name), getattr(after, f.name)) for f in fields(Device))
    return [FieldChange(name, _text(old), _text(new)) for name, old, new in pairs if old != new]


def _text(value: object) -> str | None:
    return str(value) if value is not None else None
