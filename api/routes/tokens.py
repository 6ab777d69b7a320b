"""Tokens: credentials of programs."""

from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel

from api.callers import Caller
from api.fields import AnyId, Body, TenantRef, UnitRef, new_id
from api.lists import BY_ID, Page, Pages, by_id
from api.permissions import Permission, may
from api.problems import conflict, not_found
from api.references import unit_of
from api.routing import Vaka, located, resource
from store import people
from store.people import Role, Token

router = resource("tokens")

Admin = Annotated[Caller, may(Permission.TOKENS)]


class NewToken(Body):
    """Without a tenant, and made by a caller of none, a token is for all tenants."""

    id: AnyId | None = None
    role: Role
    tenant: TenantRef | None = None
    unit: UnitRef | None = None


class TokenWithSecret(BaseModel):
    """A token as it was made: the only time that `token`, the secret, is shown."""

    id: str
    role: Role
    tenant: str | None
    unit: str | None
    created_at: datetime
    token: str


@router.get("", summary="List tokens")
async def list_tokens(caller: Admin, vaka: Vaka, pages: Pages, tenant: TenantRef | None = None) -> Page[Token]:
    async with vaka.read() as connection:
        found = await people.tokens(
            connection, caller.scope, tenant=tenant, after=pages.after(BY_ID), limit=pages.fetch
        )
    return pages.page(found, by_id)


@router.get("/{id}", summary="A token")
async def get_token(id: AnyId, caller: Admin, vaka: Vaka) -> Token:
    async with vaka.read() as connection:
        found = await people.token(connection, caller.scope, id)
    if found is None:
        raise not_found("token", id)
    return found


@router.post("", status_code=201, summary="Make a token")
async def add_token(body: NewToken, caller: Admin, vaka: Vaka, response: Response) -> TokenWithSecret:
    async with vaka.change() as change:
        tenant, unit = await unit_of(change.connection, caller, body.tenant, body.unit)
        new = Token(body.id or new_id(), body.role, tenant, unit, vaka.wall())
        secret = await people.add_token(change.connection, new)
        if secret is None:
            raise conflict(f"there is a token {new.id!r} already")
    located(response, "tokens", new.id)
    return TokenWithSecret(id=new.id, role=new.role, tenant=tenant, unit=unit, created_at=new.created_at, token=secret)


@router.delete("/{id}", status_code=204, summary="Revoke a token")
async def delete_token(id: AnyId, caller: Admin, vaka: Vaka) -> None:
    async with vaka.change() as change:
        if await people.token(change.connection, caller.scope, id) is None:
            raise not_found("token", id)
        await people.delete_token(change.connection, id)
