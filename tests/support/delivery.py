"""What delivery needs in a small municipality: contact points, a gateway on a local server, and a notifier."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

from prometheus_client import CollectorRegistry
from psycopg.types.json import Jsonb

from processors.backoff import Backoff
from processors.channels import http
from processors.channels.channel import Sender
from processors.channels.gateway import GatewaySender
from processors.channels.network import Network
from processors.channels.webhook import Webhook
from processors.delivering import Delivery, Wording
from processors.notifier import LEASE, Notifier
from processors.reach_metrics import ReachMetrics
from rules.contact import Channel, Owner
from store.pool import Connection, Pool
from tests.support.alarms import OPENED, TENANT
from vaka.clock import Clock

AT_ONCE = Backoff(timedelta(0), timedelta(0))
LOOPBACK = Network((ip_network("127.0.0.0/8"),))
NUMBER = {"number": "+46700000001"}
CALLBACK = "a secret of the gateway"
WORDING = Wording("https://vaka.example", {"sv": {"social_alarm": "Trygghetslarm"}})


async def add_point(
    connection: Connection,
    id: str,
    channel: Channel = Channel.SMS,
    *,
    rank: int = 1,
    owner: Owner = Owner.STAFF,
    owner_id: str = "astrid",
    tenant: str = TENANT,
    address: Mapping[str, Any] = NUMBER,
) -> None:
    await connection.execute(
        "INSERT INTO contact_points (id, tenant, owner, owner_id, channel, address, rank, created_at, created_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'test')",
        (id, tenant, owner, owner_id, channel, Jsonb(dict(address)), rank, OPENED),
    )


def gateway(url: str) -> dict[str, Any]:
    """Settings of a gateway at `url`, which names messages by the `id` in its answer and tells later of `status`."""
    return {
        "url": url,
        "template": {"to": "{to}", "text": "{text}", "id": "{id}"},
        "secrets": {"callback": CALLBACK},
        "answer": {"reference": "id", "gone": {"path": "error", "values": ["unknown number"]}},
        "receipts": {
            "reference": "id",
            "state": "status",
            "delivered": ["delivered"],
            "answered": ["answered"],
            "failed": ["failed"],
            "key": "digit",
        },
    }


async def add_gateway(connection: Connection, channel: Channel, url: str, *, tenant: str = TENANT) -> None:
    await connection.execute(
        "INSERT INTO channel_providers VALUES (%s, %s, %s, %s, 'test')",
        (tenant, channel, Jsonb(gateway(url)), OPENED),
    )


@asynccontextmanager
async def open_delivery(
    pool: Pool, clock: Clock, *, timeout: float = 20, retries: Backoff = AT_ONCE
) -> AsyncIterator[Delivery]:
    """By webhook, SMS and voice call, to servers on this machine."""
    async with http.client(LOOPBACK) as client:
        telephone = GatewaySender(client, timeout_seconds=timeout)
        senders: dict[Channel, Sender] = {
            Channel.WEBHOOK: Webhook(client, timeout_seconds=timeout),
            Channel.SMS: telephone,
            Channel.VOICE: telephone,
        }
        yield Delivery(pool, clock, senders, WORDING, retries=retries)


@asynccontextmanager
async def open_notifier(
    pool: Pool,
    clock: Clock,
    registry: CollectorRegistry | None = None,
    *,
    timeout: float = 20,
    retries: Backoff = AT_ONCE,
    lease: timedelta = LEASE,
) -> AsyncIterator[Notifier]:
    metrics = ReachMetrics(registry or CollectorRegistry())
    async with open_delivery(pool, clock, timeout=timeout, retries=retries) as delivery:
        notifier = Notifier(pool, clock, metrics, delivery, lease=lease)
        yield notifier
        await notifier.finish()
