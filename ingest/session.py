"""One persistent MQTT 5 session that acknowledges by hand: PUBACK is sent when the caller says so.

gmqtt is used below its public face, which cannot acknowledge later without a task for each message. All such use
is in this file, the version is pinned, and the kill tests run against it.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gmqtt import Client, Subscription
from gmqtt.mqtt.constants import MQTTv50
from gmqtt.mqtt.handler import MQTTError

from events.address import MqttServer

log = logging.getLogger(__name__)

NEVER_EXPIRES = 0xFFFFFFFF
RECEIVE_MAXIMUM = 2000
KEEPALIVE_SECONDS = 30
RECONNECT_SECONDS = 1
CONNECT_SECONDS = 15

Receive = Callable[[str, bytes, bool, "Token"], None]
"""Topic, payload, whether the broker had kept it from before the subscription, token."""

Token = tuple[int, int]
"""(connection, packet id): a packet id means something on the connection it came over only."""


class Session:
    """Calls `receive` for each message, and `ready()` whenever it is connected and all filters are subscribed.

    `refused`: the broker has refused a subscription on this connection, so `filters` says more than what comes.

    `granted()` is called after every subscription that the broker has confirmed, `forgotten()` when it has connected to
    a broker that knows nothing of it.
    """

    def __init__(self, client_id: str, filters: Sequence[str], receive: Receive, ready: Callable[[], None]) -> None:
        self.client_id = client_id
        self.connected = False
        self.refused = False
        self.granted: Callable[[], None] = lambda: None
        self.forgotten: Callable[[], None] = lambda: None
        self.filters = tuple(filters)
        self._receive = receive
        self._ready = ready
        self._is_ready = False
        self.connections = 0
        self._client: Any = None

    def subscribe(self, filters: Sequence[str]) -> None:
        """From now on these: subscribes what is new, and gives up what is not among them."""
        old, self.filters = self.filters, tuple(filters)
        if not self.connected:
            return
        added = [topic for topic in self.filters if topic not in old]
        if added:
            self._client.subscribe([Subscription(topic, qos=1) for topic in added])
        for topic in old:
            if topic not in self.filters:
                self._client.unsubscribe(topic)

    async def open(self, server: MqttServer, stop: asyncio.Event) -> None:
        """Connects, trying again until it succeeds or `stop` is set; later losses are mended by the client."""
        while not stop.is_set():
            self._client = self._new_client()
            if server.username is not None:
                self._client.set_auth_credentials(server.username, server.password)
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await self._client.connect(
                        server.address.host, server.address.port, keepalive=KEEPALIVE_SECONDS, version=MQTTv50
                    )
                return
            except (OSError, MQTTError, TimeoutError) as error:
                log.warning("broker %s:%s: %s; trying again", server.address.host, server.address.port, error)
                self._client.stop_reconnect()
                await wait_or_stop(stop, RECONNECT_SECONDS)

    async def close(self) -> None:
        if self._client is not None and self._client._connection is not None:
            await self._client.disconnect()

    def acknowledge(self, tokens: Iterable[Token]) -> None:
        """Sends PUBACK for messages of this connection; those of an earlier one will come again."""
        if not self.connected:
            return
        packets = b"".join(b"\x40\x02" + mid.to_bytes(2, "big") for number, mid in tokens if number == self.connections)
        connection = self._client._connection
        if packets and not connection.is_closing():
            connection._last_data_out = time.monotonic()
            connection._transport.write(packets)

    def publish(self, topic: str, payload: bytes) -> None:
        if self.connected:
            self._client.publish(topic, payload, qos=1)

    def pause(self) -> None:
        """Takes nothing more from the broker for now: what comes stays there."""
        if self.connected:
            self._client._connection._transport.pause_reading()

    def resume(self) -> None:
        if self.connected:
            self._client._connection._transport.resume_reading()

    def _new_client(self) -> Any:
        client = Client(
            self.client_id,
            clean_session=False,
            session_expiry_interval=NEVER_EXPIRES,
            receive_maximum=RECEIVE_MAXIMUM,
        )
        client.set_config({"reconnect_delay": RECONNECT_SECONDS, "reconnect_retries": -1})
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        # Without this, the client acknowledges before the message is even handed over.
        client._package_handler._handle_qos_1_publish_packet = self._on_qos1
        return client

    def _on_connect(self, client: Any, session_present: int, *_: object) -> None:
        # A resumed session's backlog comes before the answer to the subscription, so acknowledging begins here.
        self.connections += 1
        self.connected = True
        self._is_ready = False
        self.refused = False
        if not session_present:
            self.forgotten()
        client.subscriptions.clear()
        client.subscribe([Subscription(topic, qos=1) for topic in self.filters])

    def _on_subscribe(self, client: Any, mid: int, granted: Sequence[int], properties: object) -> None:
        if any(code >= 0x80 for code in granted):
            log.error("broker refused a subscription of %s: %s", self.filters, granted)
            self.refused = True
            return
        if not self._is_ready:
            self._is_ready = True
            self._ready()
        self.granted()

    def _on_disconnect(self, *_: object) -> None:
        self.connected = False

    def _on_message(self, client: Any, topic: str, payload: bytes, qos: int, properties: dict[str, Any]) -> None:
        """What was published with QoS 0 or 2: nothing to acknowledge, or done by the client."""
        self._receive(topic, payload, bool(properties.get("retain")), (0, 0))

    def _on_qos1(self, mid: int, payload: bytes, topic: str | bytes, properties: dict[str, Any]) -> None:
        text = topic if isinstance(topic, str) else topic.decode("utf-8", "backslashreplace")
        self._receive(text, payload, bool(properties.get("retain")), (self.connections, mid))


async def wait_or_stop(stop: asyncio.Event, seconds: float) -> None:
    """Waits so long, or until `stop` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
