"""Wires the senders of all channels: to the network as the settings permit it, the broker, the database and SIP."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ingest.scaip.client import ScaipClient
from processors.channels import http
from processors.channels.channel import Sender
from processors.channels.network import Network
from processors.channels.permitted import networks
from processors.channels.senders import Means, senders
from rules.contact import Channel
from store.pool import Pool
from store.push_keys import private_of
from vaka.context import Context


@asynccontextmanager
async def open_senders(context: Context, pool: Pool) -> AsyncIterator[dict[Channel, Sender]]:
    """The senders, as long as the block lasts. Raises OSError when the file of authorities cannot be used."""
    settings = context.settings
    network = Network(networks(settings.private_networks or ""))
    tls = trusting(settings.authorities)

    async def push_key(public: str) -> str | None:
        async with pool.connection() as connection:
            return await private_of(connection, public)

    async with http.client(network, tls) as client:
        yield senders(
            Means(
                http=client,
                network=network,
                tls=tls,
                broker=context.broker,
                push_key=push_key,
                push_contact=settings.push_contact,
                tell_scaip=ScaipClient(network.resolve, tls).tell,
            )
        )


def trusting(authorities: Path | None) -> ssl.SSLContext:
    """The public authorities and those in the file, TLS 1.2 and above."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authorities is not None:
        context.load_verify_locations(authorities)
    return context
