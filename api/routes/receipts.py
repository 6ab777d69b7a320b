"""Receipts: gateways for SMS and voice calls tell what became of a message. No token opens this, the provider's own
secret does."""

from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import Path, Request

from api.gateway_callers import SECRET_NAME, is_from_gateway
from api.problems import ProblemError
from api.routing import Vaka, read_json, resource
from api.services import Transaction
from events.control import HelpAccepted
from events.ids import StaffId, TenantId
from rules.alarm_lifecycle import Action, State
from rules.contact import Channel, Owner
from rules.gateway import Gateway, Receipts
from rules.gateway_reports import Outcome, Report, read_report
from rules.given import GivenError, read
from store import people
from store.alarm_actions import Acted, Actor, act
from store.alarms_query import alarm
from store.channel_providers import provider
from store.inbox import put
from store.receipts import Told, note_receipt
from store.select import EVERYTHING

router = resource("receipts")

GATEWAYS = frozenset({Channel.SMS, Channel.VOICE})
MOST = 1000
"""Reports in one request."""

MOST_FIELDS = 100

ProviderId = Annotated[str, Path(description="TENANT:CHANNEL", max_length=150)]
REFUSED: dict[int | str, dict[str, Any]] = {401: {"description": "Not from this tenant's gateway"}}


@router.post("/{id}", status_code=204, summary="What became of messages", responses=REFUSED)
async def take_receipts(id: ProviderId, request: Request, vaka: Vaka) -> None:
    """JSON or a form, one report or a list, read as the provider's `receipts` settings say.

    The same report again, one about a message that is not known yet, and one about something else are all taken: a
    gateway has no use for a refusal.
    """
    tenant, channel, gateway = await _gateway(vaka, id)
    body = await request.body()
    secret = gateway.secrets.get(SECRET_NAME) if gateway is not None else None
    if gateway is None or not is_from_gateway(secret, request.headers, body, vaka.wall()):
        vaka.metrics.receipts.labels("refused").inc()
        challenge = {"WWW-Authenticate": 'Basic realm="vaka"'}
        raise ProblemError(401, "this is not from the gateway of this channel", headers=challenge)
    for report in _reports(body, request.headers.get("content-type", ""), gateway.receipts):
        async with vaka.change() as change:
            told = await note_receipt(change.connection, tenant, channel, report.reference, report.outcome, change.now)
            if report.outcome is Outcome.ACCEPTED:
                await _accept(change, told or [])
        known = "repeated" if told is None else report.outcome if told else "unmatched"
        vaka.metrics.receipts.labels(known).inc()


async def _gateway(vaka: Vaka, id: str) -> tuple[TenantId, Channel, Gateway | None]:
    tenant, _, name = id.rpartition(":")
    if name not in GATEWAYS:
        return TenantId(tenant), Channel.SMS, None
    async with vaka.read() as connection:
        found = await provider(connection, EVERYTHING, TenantId(tenant), Channel(name))
    if found is None:
        return TenantId(tenant), Channel(name), None
    try:
        return TenantId(tenant), Channel(name), read(Gateway, found.settings)
    except GivenError:
        return TenantId(tenant), Channel(name), None


def _reports(body: bytes, content_type: str, receipts: Receipts | None) -> list[Report]:
    if receipts is None:
        raise ProblemError(422, "the provider's settings do not say how its receipts are read")
    data = _data(body, content_type.partition(";")[0].strip().lower())
    items = data if isinstance(data, list) else [data]
    found = [read_report(receipts, item) for item in items[:MOST] if isinstance(item, dict)]
    return [report for report in found if report is not None]


def _data(body: bytes, kind: str) -> Any:
    if kind == "application/x-www-form-urlencoded":
        try:
            return dict(parse_qsl(body.decode(errors="replace").replace("\0", ""), max_num_fields=MOST_FIELDS))
        except ValueError:
            raise ProblemError(422, f"the form has more than {MOST_FIELDS} fields") from None
    if kind == "application/json" or kind.endswith("+json"):
        return read_json(body)
    raise ProblemError(415, "receipts come as application/json or application/x-www-form-urlencoded")


async def _accept(change: Transaction, told: list[Told]) -> None:
    """The one who was rung has pressed the key that takes the alarm; if nobody has before, it is theirs."""
    for notification in told:
        found = await alarm(change.connection, EVERYTHING, notification.alarm)
        if found is None or found.state is not State.OPEN or notification.owner_id is None:
            continue
        actor = await _actor(change, notification)
        done = await act(
            change.connection, found.id, Action.ACCEPT, found.version, actor, change.now, {"by": "telephone"}
        )
        if isinstance(done, Acted) and found.resident is not None:
            await put(change.connection, HelpAccepted(resident=found.resident, alarm=found.id), change.now)


async def _actor(change: Transaction, told: Told) -> Actor:
    """A person by their name; for a unit or an alarm centre only that it was they is known."""
    assert told.owner_id is not None
    if told.owner == Owner.STAFF:
        person = await people.staff_member(change.connection, EVERYTHING, StaffId(told.owner_id))
        if person is not None:
            return Actor(person.id, person.name)
    return Actor(told.owner_id, f"{told.owner}:{told.owner_id}")
