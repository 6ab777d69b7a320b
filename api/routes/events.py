"""Events: what devices said."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from api.callers import Caller
from api.fields import MAX_BIGINT, AnyId, DeviceRef, From, ResidentRef, TenantRef, To, UnitRef
from api.lists import BY_TIME_AND_NUMBER, Page, Pages
from api.permissions import Permission, may
from api.problems import not_found
from api.routing import Vaka, resource
from events.codec import utc
from events.kinds import Technology
from rules.clock import TimeSource, source
from store import events_query

router = resource("events")

Reader = Annotated[Caller, may(Permission.EVENTS_READ)]


@dataclass(frozen=True, slots=True)
class Event(events_query.Event):
    """`device_time`: when it happened by the device's own clock; `time`: whether `occurred_at` is that time."""

    device_time: datetime
    time: TimeSource


def _shown(event: events_query.Event) -> Event:
    at = utc(event.data["at"])
    told = {name: getattr(event, name) for name in event.__dataclass_fields__}
    return Event(**told, device_time=at, time=source(at, event.occurred_at, event.received_at))


@router.get("", summary="List events")
async def list_events(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    tenant: TenantRef | None = None,
    unit: UnitRef | None = None,
    resident: ResidentRef | None = None,
    device: DeviceRef | None = None,
    kind: AnyId | None = None,
    technology: Technology | None = None,
    start: From = None,
    end: To = None,
) -> Page[Event]:
    """The newest first: those of one resident or device by `occurred_at`, others in the order of the log.

    `from` and `to` are about `occurred_at`.
    """
    filters: dict[str, Any] = {
        "tenant": tenant,
        "unit": unit,
        "resident": resident,
        "device": device,
        "kind": kind,
        "technology": technology,
        "start": start,
        "end": end,
    }
    async with vaka.read() as connection:
        after = pages.after(BY_TIME_AND_NUMBER)
        found = await events_query.events(connection, caller.scope, **filters, after=after, limit=pages.fetch)
    return pages.page([_shown(event) for event in found], lambda event: (event.occurred_at, int(event.id)))


@router.get("/{id}", summary="An event")
async def get_event(id: str, caller: Reader, vaka: Vaka) -> Event:
    position = int(id) if re.fullmatch(r"[0-9]{1,19}", id) else MAX_BIGINT + 1
    found = None
    if position <= MAX_BIGINT:
        async with vaka.read() as connection:
            found = await events_query.event(connection, caller.scope, position)
    if found is None:
        raise not_found("event", id[:100])
    return _shown(found)
