"""Alarms, as staff see them, and what happened to each."""

from typing import Annotated, Any

from fastapi import Query

from api.callers import Caller
from api.fields import AlarmRef, AnyId, DeviceRef, From, ResidentRef, TenantRef, To, UnitRef
from api.lists import BY_NUMBER, BY_TIME, Page, Pages
from api.permissions import Permission, may
from api.problems import not_found
from api.routing import Vaka, resource
from events.kinds import Technology
from rules.alarm_lifecycle import State
from store import alarms_query, journal
from store.alarms_query import Alarm
from store.journal import JournalEntry

router = resource("alarms")

Reader = Annotated[Caller, may(Permission.ALARMS_READ)]


@router.get("", summary="List alarms")
async def list_alarms(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    tenant: TenantRef | None = None,
    unit: UnitRef | None = None,
    resident: ResidentRef | None = None,
    device: DeviceRef | None = None,
    kind: AnyId | None = None,
    technology: Technology | None = None,
    state: Annotated[list[State] | None, Query(description="any of these; may be repeated")] = None,
    start: From = None,
    end: To = None,
) -> Page[Alarm]:
    """The newest first; `from` and `to` are about `opened_at`."""
    filters: dict[str, Any] = {
        "tenant": tenant,
        "unit": unit,
        "resident": resident,
        "device": device,
        "kind": kind,
        "technology": technology,
        "states": state,
        "start": start,
        "end": end,
    }
    async with vaka.read() as connection:
        found = await alarms_query.alarms(
            connection, caller.scope, **filters, after=pages.after(BY_TIME), limit=pages.fetch
        )
    return pages.page(found, lambda alarm: (alarm.opened_at, alarm.id))


@router.get("/{id}", summary="An alarm")
async def get_alarm(id: AlarmRef, caller: Reader, vaka: Vaka) -> Alarm:
    async with vaka.read() as connection:
        found = await alarms_query.alarm(connection, caller.scope, id)
    if found is None:
        raise not_found("alarm", id)
    return found


@router.get("/{id}/journal", summary="What happened to an alarm")
async def get_journal(id: AlarmRef, caller: Reader, vaka: Vaka, pages: Pages) -> Page[JournalEntry]:
    """In the order in which it happened."""
    async with vaka.read() as connection:
        if await alarms_query.alarm(connection, caller.scope, id) is None:
            raise not_found("alarm", id)
        found = await journal.journal_of(connection, id, after=pages.after(BY_NUMBER), limit=pages.fetch)
    return pages.page(found, lambda entry: (entry.seq,))
