"""History: events of the past, imported for the record. They are counted and browsable, and raise no alarm."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from fastapi import Response
from pydantic import Field

from api.callers import Caller
from api.fields import Body, DeviceRef, Number, ResidentRef, TenantRef
from api.permissions import Permission, may
from api.problems import ProblemError, invalid, not_found
from api.references import check_tenant, known_device, known_resident
from api.routing import Vaka, located, resource
from events.codec import Malformed, UnknownKind, decode_message
from events.control import HistoryEvent, HistoryImported
from store import assignments, inbox
from store.assignments import Assignment
from store.inbox import HistoryImport

router = resource("history")

Importer = Annotated[Caller, may(Permission.HISTORY_WRITE)]

AHEAD = timedelta(days=1)
"""As for messages from devices: a clock may be wrong, but not by more than this."""


class PastEvent(Body):
    """`data` is the JSON payload that a device would have sent: `at`, `id` if there is one, fields of the kind."""

    kind: str
    data: dict[str, Any]


class NewHistory(Body):
    """Events of one device with one resident, who must have had it at the time of each."""

    tenant: TenantRef | None = None
    resident: ResidentRef
    device: DeviceRef
    events: Annotated[list[PastEvent], Field(min_length=1, max_length=1000)]


@router.post("", status_code=202, summary="Import events of the past")
async def import_history(body: NewHistory, caller: Importer, vaka: Vaka, response: Response) -> HistoryImport:
    """All or nothing: one bad event and none is stored. Events that are known already are left out."""
    times = [_time(place, event, vaka.now()) for place, event in enumerate(body.events)]
    async with vaka.change() as change:
        resident = await known_resident(change.connection, caller.scope, body.resident)
        device = await known_device(change.connection, caller, change.now, body.device)
        check_tenant(body.tenant, resident.tenant)
        check_tenant(device.tenant, resident.tenant)
        lent = await assignments.assignments(
            change.connection, caller.scope, device=device.id, resident=resident.id, limit=1000
        )
        for place, at in enumerate(times):
            _check_lent(place, at, lent)
        told = HistoryImported(
            resident=resident.id,
            device=device.id,
            tenant=resident.tenant,
            events=[HistoryEvent(event.kind, event.data) for event in body.events],
        )
        id = await change.tell(told)
    located(response, "history", id)
    async with vaka.read() as connection:
        found = await inbox.history_import(connection, caller.scope, id)
    assert found is not None
    return found


@router.get("/{id}", summary="An import of events of the past")
async def get_import(id: Number, caller: Importer, vaka: Vaka) -> HistoryImport:
    async with vaka.read() as connection:
        found = await inbox.history_import(connection, caller.scope, id)
    if found is None:
        raise not_found("import", id)
    return found


def _time(place: int, event: PastEvent, now: datetime) -> datetime:
    """When it happened; raises ProblemError for what no device could have said."""
    try:
        at = decode_message(event.kind, msgspec.json.encode(event.data)).at
    except UnknownKind as error:
        raise invalid(f"events.{place}.kind", str(error), event.kind[:200]) from None
    except Malformed as error:
        raise _malformed(place, str(error)) from None
    if at > now + AHEAD:
        raise invalid(f"events.{place}.data.at", "is more than a day in the future", at.isoformat())
    return at


def _malformed(place: int, text: str) -> ProblemError:
    """The codec says `field: what is wrong, value '...'`."""
    found = re.fullmatch(r"([a-z_.]+): (.*?)(?:, value '(.*)')?", text, re.DOTALL)
    field, message, value = found.groups() if found else ("", text, None)
    return invalid(f"events.{place}.data" + (f".{field}" if field else ""), message, value)


def _check_lent(place: int, at: datetime, lent: list[Assignment]) -> None:
    if not any(assignment.covers(at) for assignment in lent):
        message = "no assignment says that the resident had the device then"
        raise invalid(f"events.{place}.data.at", message, at.isoformat())
