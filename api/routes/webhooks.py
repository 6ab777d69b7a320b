"""Webhooks: where a unit or the alarm centre is told of alarms."""

import secrets
from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import Response
from pydantic import AfterValidator, BaseModel, Field

from api.callers import Caller
from api.fields import AnyId, Body, TenantRef, UnitRef, new_id
from api.lists import BY_ID, Page, Pages, by_id
from api.permissions import Permission, may
from api.problems import conflict, invalid, not_found
from api.references import unit_of
from api.routing import Vaka, located, resource
from store import webhooks
from store.webhooks import Webhook

router = resource("webhooks")

Reader = Annotated[Caller, may(Permission.WEBHOOKS_READ)]
Writer = Annotated[Caller, may(Permission.WEBHOOKS_WRITE)]


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and parts.hostname and not parts.username and parts.port != 0
    except ValueError:
        good = False
    if not good or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("is not an http or https address without user and password")
    return text


class NewWebhook(Body):
    """`unit` is needed when the receiver is a unit. Without `secret` one is made."""

    id: AnyId | None = None
    tenant: TenantRef | None = None
    unit: UnitRef | None = None
    receiver: Literal["unit", "alarm_centre"]
    url: Annotated[str, Field(max_length=2000), AfterValidator(_url)]
    secret: Annotated[str, Field(min_length=16, max_length=200)] | None = None


class WebhookWithSecret(BaseModel):
    """A webhook as it was made: the only time that the secret is shown."""

    id: str
    tenant: str
    unit: str | None
    receiver: Literal["unit", "alarm_centre"]
    url: str
    secret: str


@router.get("", summary="List webhooks")
async def list_webhooks(
    caller: Reader, vaka: Vaka, pages: Pages, tenant: TenantRef | None = None, unit: UnitRef | None = None
) -> Page[Webhook]:
    async with vaka.read() as connection:
        found = await webhooks.webhooks(
            connection, caller.scope, tenant=tenant, unit=unit, after=pages.after(BY_ID), limit=pages.fetch
        )
    return pages.page(found, by_id)


@router.get("/{id}", summary="A webhook")
async def get_webhook(id: AnyId, caller: Reader, vaka: Vaka) -> Webhook:
    async with vaka.read() as connection:
        found = await webhooks.webhook(connection, caller.scope, id)
    if found is None:
        raise not_found("webhook", id)
    return found


@router.post("", status_code=201, summary="Add a webhook")
async def add_webhook(body: NewWebhook, caller: Writer, vaka: Vaka, response: Response) -> WebhookWithSecret:
    secret = body.secret or secrets.token_urlsafe(32)
    async with vaka.change() as change:
        tenant, unit = await unit_of(change.connection, caller, body.tenant, body.unit)
        if tenant is None:
            raise invalid("tenant", "is needed, as the caller belongs to no tenant")
        if (body.receiver == "unit") != (unit is not None):
            raise invalid("unit", f"does not go with the receiver {body.receiver!r}", unit)
        new = Webhook(body.id or new_id(), tenant, unit, body.receiver, body.url, change.now)
        if not await webhooks.add_webhook(change.connection, new, secret):
            raise conflict(f"there is a webhook {new.id!r} already")
    located(response, "webhooks", new.id)
    return WebhookWithSecret(
        id=new.id, tenant=new.tenant, unit=new.unit, receiver=new.receiver, url=new.url, secret=secret
    )


@router.delete("/{id}", status_code=204, summary="Remove a webhook")
async def delete_webhook(id: AnyId, caller: Writer, vaka: Vaka) -> None:
    async with vaka.change() as change:
        if await webhooks.webhook(change.connection, caller.scope, id) is None:
            raise not_found("webhook", id)
        await webhooks.delete_webhook(change.connection, id)
