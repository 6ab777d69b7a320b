"""What a unit lets messages say that leave the house. Without a decision: that there is an alarm, and nothing more."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, Field, StringConstraints

from api.callers import Caller
from api.fields import Body, Number, TenantRef, UnitRef
from api.lists import BY_NUMBER, Page, Pages
from api.permissions import Permission, may
from api.problems import not_found
from api.references import known_unit
from api.routing import Vaka, located, resource
from events.ids import TenantId, UnitId
from rules.message_text import Shows
from store import message_decisions as store

router = resource("message-decisions")

Reader = Annotated[Caller, may(Permission.MESSAGE_DECISIONS_READ)]
Writer = Annotated[Caller, may(Permission.MESSAGE_DECISIONS_WRITE)]


class MessageDecision(BaseModel):
    """SMS, voice calls, e-mail, push messages and services show these about alarms of the unit. The newest holds."""

    id: str
    tenant: TenantId
    unit: UnitId
    shows: list[Shows]
    reason: str
    decided_at: datetime
    decided_by: str


class NewMessageDecision(Body):
    """`shows` empty: nothing any more. `reason`: why this is needed where the messages arrive."""

    unit: UnitRef
    shows: Annotated[list[Shows], Field(max_length=len(Shows))]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


@router.get("", summary="List decisions about messages")
async def list_message_decisions(
    caller: Reader, vaka: Vaka, pages: Pages, tenant: TenantRef | None = None, unit: UnitRef | None = None
) -> Page[MessageDecision]:
    """The newest first."""
    async with vaka.read() as connection:
        found = await store.message_decisions(
            connection, caller.scope, tenant=tenant, unit=unit, after=pages.after(BY_NUMBER), limit=pages.fetch
        )
    return pages.page([_shown(row) for row in found], lambda decision: (int(decision.id),))


@router.get("/{id}", summary="A decision about messages")
async def get_message_decision(id: Number, caller: Reader, vaka: Vaka) -> MessageDecision:
    async with vaka.read() as connection:
        found = await store.message_decision(connection, caller.scope, id)
    if found is None:
        raise not_found("message decision", id)
    return _shown(found)


@router.post("", status_code=201, summary="Decide what messages may say")
async def decide(body: NewMessageDecision, caller: Writer, vaka: Vaka, response: Response) -> MessageDecision:
    """It is kept with who decided it, when and why, and cannot be taken back but by another one."""
    async with vaka.change() as change:
        unit = await known_unit(change.connection, caller.scope, body.unit)
        shows = list(dict.fromkeys(body.shows))
        made = await store.decide(change.connection, unit.tenant, unit.id, shows, body.reason, change.now, caller.id)
    located(response, "message-decisions", made.id)
    return _shown(made)


def _shown(row: store.MessageDecision) -> MessageDecision:
    return MessageDecision(**{**asdict(row), "id": str(row.id)})
