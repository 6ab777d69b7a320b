"""The live stream: every change of an alarm or a device, as server-sent events, and a pulse that says how Vaka is."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Header, Query
from fastapi.responses import StreamingResponse

from api.callers import Caller, still_holds
from api.fields import MAX_BIGINT
from api.hub import Client
from api.permissions import Permission, may
from api.problems import ProblemError
from api.routing import Vaka, resource
from store.failures import DATABASE_DOWN

router = resource("stream")


class EventStream(StreamingResponse):
    """An answer that does not end, and that nothing on the way may keep back."""

    media_type = "text/event-stream"


@router.get("", summary="Follow alarms and devices live", response_class=EventStream)
async def stream(
    caller: Annotated[Caller, may(Permission.ALARMS_READ)],
    vaka: Vaka,
    last_event_id: Annotated[int | None, Query(ge=0, le=MAX_BIGINT)] = None,
    last_event_id_header: Annotated[int | None, Header(alias="Last-Event-ID", ge=0, le=MAX_BIGINT)] = None,
) -> EventStream:
    """`hello`, then `alarm` for each change (`id` is its place in the journal) and every five seconds a `pulse`.

    With `Last-Event-ID` it goes on behind that change, so no alarm is missed over a lost connection. `device` tells how
    a device is whose life cycle or trial has changed; it is not repeated to who was away.
    """
    try:
        await vaka.hub.ready()
    except TimeoutError:
        raise ProblemError(503, "the stream cannot follow alarms now", headers={"Retry-After": "1"}) from None
    after = last_event_id_header if last_event_id_header is not None else last_event_id
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventStream(_chunks(vaka, caller, after), headers=headers)


async def _chunks(vaka: Vaka, caller: Caller, after: int | None) -> AsyncIterator[bytes]:
    with vaka.hub.client(caller.scope) as client:
        # A place that the journal has not reached yet is somebody's mistake; from there on nothing would ever come.
        start = client.seq if after is None else min(after, client.seq)
        yield vaka.hub.hello(start)
        yield vaka.hub.pulse()
        async for chunk in vaka.hub.missed(caller.scope, start, client.seq):
            yield chunk
        async for chunk in _live(vaka, caller, client):
            yield chunk


async def _live(vaka: Vaka, caller: Caller, client: Client) -> AsyncIterator[bytes]:
    """What comes, until it ends, or until the caller has signed out or lost the token."""
    clock = asyncio.get_running_loop().time
    checked = clock()
    while (chunk := await client.next()) is not None:
        if clock() - checked >= vaka.hub.pulse_seconds:
            if not await _still_holds(vaka, caller):
                return
            checked = clock()
        yield chunk


async def _still_holds(vaka: Vaka, caller: Caller) -> bool:
    """While the database is away nobody can sign out, and the page should hear that Vaka is behind."""
    try:
        async with vaka.pool.connection(timeout=1) as connection:
            return await still_holds(connection, caller, vaka.wall())
    except DATABASE_DOWN:
        return True
