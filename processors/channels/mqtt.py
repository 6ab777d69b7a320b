"""Telling a program over Vaka's own broker: QoS 1, and taken when the broker has acknowledged it."""

import asyncio
import contextlib

import aiomqtt
import msgspec

from events.address import MqttServer
from events.topics import notify_topic
from processors.channels.channel import Message, Receipt, Target
from rules.addresses import Topic, read_address
from rules.given import GivenError

TIMEOUT_SECONDS = 3.0
"""For each of connecting, publishing and parting. The client keeps to it by itself; one that is cancelled leaks."""

GOODBYE_SECONDS = 1.0


class Mqtt:
    """Connects to `broker` (its MQTT 5 listener) for each message: there are few, and none must wait for another."""

    def __init__(self, broker: MqttServer, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._broker = broker
        self._timeout = timeout_seconds

    async def send(self, message: Message, target: Target) -> Receipt:
        try:
            address = read_address(target.channel, target.address)
        except GivenError as error:
            return Receipt(False, error=str(error))
        assert isinstance(address, Topic)
        client = self._client()
        try:
            async with client:
                await client.publish(notify_topic(target.tenant, address.topic), payload(message), qos=1)
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            await _hang_up(client)
            return Receipt(False, error=f"{type(error).__name__}: {error}"[:500])
        return Receipt(True, reference=message.id)

    def _client(self) -> aiomqtt.Client:
        (host, port), username, password = self._broker
        version = aiomqtt.ProtocolVersion.V5
        return aiomqtt.Client(host, port, username=username, password=password, protocol=version, timeout=self._timeout)


async def _hang_up(client: aiomqtt.Client) -> None:
    """Closes what a failed beginning leaves open: the client itself forgets a broker that never answers."""
    with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
        async with asyncio.timeout(GOODBYE_SECONDS):
            await client.__aexit__(None, None, None)


def payload(message: Message) -> bytes:
    """JSON, as docs/channels.md has it."""
    return msgspec.json.encode(
        {
            "id": message.id,
            "priority": message.priority,
            "title": message.title,
            "body": message.body,
            "url": message.url,
            "test": message.test,
            "alarm": message.facts or None,
            "rung": message.rung,
            "round": message.round,
        }
    )
