"""A plain MQTT client for tests: what arrives is in a queue, and nothing is done behind its back."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue

from paho.mqtt.client import Client, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from events.address import Address

WAIT_SECONDS = 20
TOPIC = "vaka/v1/demo/d-1/motion"


@contextmanager
def publisher(address: Address) -> Iterator[Client]:
    """A device: MQTT 3.1.1."""
    client = Client(CallbackAPIVersion.VERSION2, client_id="test-device", protocol=MQTTv311)
    client.max_inflight_messages_set(100)
    client.connect(address.host, address.port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def publish(address: Address, *payloads: bytes, topic: str = TOPIC) -> None:
    """Publish with QoS 1; returns when the broker has acknowledged all."""
    with publisher(address) as client:
        for sent in [client.publish(topic, payload, qos=1) for payload in payloads]:
            sent.wait_for_publish(WAIT_SECONDS)
            assert sent.is_published()


@contextmanager
def subscriber(address: Address, *, v5: bool, topic: str = TOPIC) -> Iterator["Queue[bytes]"]:
    """The payloads that reach a persistent session of one name, subscribed to `topic` with QoS 1."""
    got: Queue[bytes] = Queue()
    ready: Queue[bool] = Queue()
    if v5:
        client = Client(CallbackAPIVersion.VERSION2, client_id="test-vaka", protocol=MQTTv5)
        client.connect(address.host, address.port, clean_start=False, properties=_lasting())
    else:
        client = Client(CallbackAPIVersion.VERSION2, client_id="test-vaka", protocol=MQTTv311, clean_session=False)
        client.connect(address.host, address.port)
    client.on_message = lambda _client, _data, message: got.put(_payload(message))
    client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
    client.on_subscribe = lambda *_: ready.put(True)
    client.loop_start()
    try:
        ready.get(timeout=WAIT_SECONDS)
        yield got
    finally:
        client.disconnect()
        client.loop_stop()


def take(queue: "Queue[bytes]", count: int) -> list[bytes]:
    """The next `count` payloads; fails when they do not come."""
    return [queue.get(timeout=WAIT_SECONDS) for _ in range(count)]


def take_different(queue: "Queue[bytes]", count: int) -> list[bytes]:
    """The next `count` different payloads in the order of their first coming: QoS 1 may bring one twice."""
    seen: dict[bytes, None] = {}
    while len(seen) < count:
        seen[queue.get(timeout=WAIT_SECONDS)] = None
    return list(seen)


def _lasting() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 3600
    return properties


def _payload(message: MQTTMessage) -> bytes:
    return bytes(message.payload)
