"""Push messages: a page registers the browser that it runs in for whoever is signed in there."""

from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, Field

from api.callers import Caller
from api.fields import AnyId, Body
from api.given import checked
from api.permissions import Permission, may
from api.problems import conflict, not_found
from api.routing import Vaka, located, resource
from events.ids import derived_id
from rules.addresses import read_address, written
from rules.contact import Channel, Owner
from rules.gateway_reports import Outcome
from store import push_keys, push_subscriptions
from store.contact_points import ContactPointRow
from store.receipts import note_receipt

router = resource("push")

Self = Annotated[Caller, may(Permission.OWN_SESSION)]

RANK = 1
"""Whoever asks their browser for messages wants them there first: it costs nothing and takes a second."""


class PushKey(BaseModel):
    """The public key that a browser subscribes with (`applicationServerKey`), base64url."""

    key: str


class NewSubscription(Body):
    """As the browser has it; `key`: the public key that it was made with."""

    endpoint: Annotated[str, Field(max_length=2000)]
    p256dh: Annotated[str, Field(max_length=200)]
    auth: Annotated[str, Field(max_length=100)]
    key: Annotated[str, Field(max_length=200)]


class Arrived(Body):
    """`id`: of the message, as it says itself."""

    id: AnyId


class Subscribed(BaseModel):
    """`id`: of the contact point that this browser is."""

    id: str


@router.get("/key", summary="The key for push messages")
async def get_key(caller: Self, vaka: Vaka) -> PushKey:
    """A subscription made with another one is to be made anew."""
    async with vaka.change() as change:
        return PushKey(key=await push_keys.key_in_force(change.connection, vaka.wall()))


@router.post("/subscriptions", status_code=201, summary="Register this browser")
async def subscribe(body: NewSubscription, caller: Self, vaka: Vaka, response: Response) -> Subscribed:
    """For whoever is signed in, and for nobody else any longer. 200 when it was theirs before."""
    if caller.username is None or caller.tenant is None:
        raise conflict("only a person of a municipality has a browser that can be told")
    with checked():
        address = written(read_address(Channel.PUSH, body.model_dump()))
    id = derived_id("push", caller.id, body.endpoint)
    async with vaka.change() as change:
        point = ContactPointRow(
            id=id,
            tenant=caller.tenant,
            staff_unit=caller.unit,
            owner=Owner.STAFF,
            owner_id=caller.id,
            channel=Channel.PUSH,
            address=address,
            rank=RANK,
            created_at=change.now,
            created_by=caller.id,
        )
        if not await push_subscriptions.subscribe(change.connection, point):
            response.status_code = 200
    located(response, "contact-points", id)
    return Subscribed(id=id)


@router.post("/delivered", status_code=204, summary="Say that a message has come")
async def delivered(body: Arrived, caller: Self, vaka: Vaka) -> None:
    """By the browser itself, while its person is signed in there."""
    async with vaka.change() as change:
        tenant = await push_subscriptions.tenant_of_message(change.connection, body.id, caller.id)
        if tenant is None:
            raise not_found("message", body.id)
        await note_receipt(change.connection, tenant, Channel.PUSH, body.id, Outcome.DELIVERED, change.now)
