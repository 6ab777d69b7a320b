"""Quarantine: messages that were not understood, with the reason."""

from base64 import b64encode
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel

from api.callers import Caller
from api.fields import DeviceRef, From, Number, TenantRef, To
from api.lists import BY_NUMBER, Page, Pages
from api.permissions import Permission, may
from api.problems import conflict, not_found
from api.routing import Vaka, resource
from events.control import QuarantineReplayed
from events.ids import DeviceId, TenantId
from store import quarantine
from store.quarantine import QuarantineState

router = resource("quarantine")

Reader = Annotated[Caller, may(Permission.QUARANTINE_READ)]
Operator = Annotated[Caller, may(Permission.QUARANTINE_REPLAY)]


class Quarantined(BaseModel):
    """`payload` are the raw bytes in base64, `text` the same where they are UTF-8.

    `tenant` and `device` are what the topic claimed, known or not.
    """

    id: str
    at: datetime
    reason: str
    detail: str
    tenant: TenantId | None
    device: DeviceId | None
    topic: str
    payload: str
    text: str | None
    state: QuarantineState
    replayed_at: datetime | None


@router.get("", summary="List messages in quarantine")
async def list_quarantine(
    caller: Reader,
    vaka: Vaka,
    pages: Pages,
    tenant: TenantRef | None = None,
    device: DeviceRef | None = None,
    state: QuarantineState | None = None,
    start: From = None,
    end: To = None,
) -> Page[Quarantined]:
    """The newest first."""
    filters: dict[str, Any] = {"tenant": tenant, "device": device, "state": state, "start": start, "end": end}
    async with vaka.read() as connection:
        after = pages.after(BY_NUMBER)
        found = await quarantine.quarantine(connection, caller.scope, **filters, after=after, limit=pages.fetch)
    return pages.page([_shown(message) for message in found], lambda message: (int(message.id),))


@router.get("/{id}", summary="A message in quarantine")
async def get_quarantined(id: Number, caller: Reader, vaka: Vaka) -> Quarantined:
    async with vaka.read() as connection:
        found = await quarantine.quarantined(connection, caller.scope, id)
    if found is None:
        raise not_found("message in quarantine", id)
    return _shown(found)


@router.post("/{id}/replay", status_code=202, summary="Read a message again")
async def replay(id: Number, caller: Operator, vaka: Vaka) -> Quarantined:
    """After the cause was mended. What is not understood again comes back as a new entry; 409 when it was read."""
    async with vaka.change() as change:
        found = await quarantine.quarantined(change.connection, caller.scope, id)
        if found is None:
            raise not_found("message in quarantine", id)
        if not await quarantine.ask_for_replay(change.connection, id):
            raise conflict(f"the message {id} is {found.state} already")
        await change.tell(QuarantineReplayed(quarantine=id))
    return _shown(replace(found, state="replaying"))


def _shown(message: quarantine.Quarantined) -> Quarantined:
    return Quarantined(
        id=str(message.id),
        at=message.at,
        reason=message.reason,
        detail=message.detail,
        tenant=message.tenant,
        device=message.device,
        topic=message.topic,
        payload=b64encode(message.payload).decode(),
        text=_text(message.payload),
        state=message.state,
        replayed_at=message.replayed_at,
    )


def _text(payload: bytes) -> str | None:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return None
