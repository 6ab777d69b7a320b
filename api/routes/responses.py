"""Who was asked and answered, or did not: for managers, about those whom a message has really reached."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import Depends

from api.callers import Caller
from api.fields import AlarmRef, From, StaffRef, TenantRef, To, UnitRef
from api.lists import BY_ID, CursorId, Page, Pages
from api.permissions import Permission, may
from api.routing import Vaka, resource
from events.messages import Instant
from store import responses
from store.responses import Answer, Response, ResponseCount, ResponseFilters

router = resource("responses")

Reader = Annotated[Caller, may(Permission.RESPONSES_READ)]

_BY_ALARM: msgspec.json.Decoder[tuple[datetime, str, str]] = msgspec.json.Decoder(tuple[Instant, CursorId, CursorId])


def _filters(
    tenant: TenantRef | None = None,
    unit: UnitRef | None = None,
    staff: StaffRef | None = None,
    alarm: AlarmRef | None = None,
    answer: Answer | None = None,
    start: From = None,
    end: To = None,
) -> ResponseFilters:
    return ResponseFilters(tenant, unit, staff, alarm, answer, start, end)


Filters = Annotated[ResponseFilters, Depends(_filters)]


@router.get("", summary="Who was reached by an alarm, and what became of it")
async def list_responses(caller: Reader, vaka: Vaka, pages: Pages, filters: Filters) -> Page[Response]:
    """The newest alarms first; `from` and `to` are about when they were opened."""
    async with vaka.read() as connection:
        found = await responses.responses(
            connection, caller.scope, vaka.now(), filters, after=pages.after(_BY_ALARM), limit=pages.fetch
        )
    return pages.page(found, lambda response: (response.opened_at, response.alarm, response.staff))


@router.get("/counts", summary="Count answers by person")
async def count_responses(caller: Reader, vaka: Vaka, pages: Pages, filters: Filters) -> Page[ResponseCount]:
    async with vaka.read() as connection:
        found = await responses.response_counts(
            connection, caller.scope, vaka.now(), filters, after=pages.after(BY_ID), limit=pages.fetch
        )
    return pages.page(found, lambda count: (count.staff,))
