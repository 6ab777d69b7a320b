"""Messages over a real broker, and over ones that are none."""

import json

import pytest

from events.address import Address, MqttServer
from processors.channels.channel import Receipt
from processors.channels.mqtt import Mqtt
from rules.contact import Channel
from tests.support.channels import SHORT, message, nobody_listens, says, target
from tests.support.mqtt import subscriber, take
from vaka.embedded.broker import Broker

pytestmark = pytest.mark.anyio


async def test_the_broker_has_it(mqtt_server: MqttServer, embedded_broker: Broker) -> None:
    with subscriber(embedded_broker.devices, v5=False, topic="vaka/notify/prov/#") as got:
        told = message(facts={"id": "a-1", "kind": "social_alarm"})
        receipt = await Mqtt(mqtt_server).send(told, target(Channel.MQTT, {"topic": "wall/1"}))
        (payload,) = take(got, 1)
    assert receipt == Receipt(True, reference="n-1")
    assert json.loads(payload) == {
        "id": "n-1",
        "priority": 1,
        "title": "Larm",
        "body": "Öppna Vaka",
        "url": "https://vaka.example/?notification=n-1",
        "test": False,
        "alarm": {"id": "a-1", "kind": "social_alarm"},
        "rung": 0,
        "round": 0,
    }


@pytest.mark.parametrize("topic", ["", "#", "a/+", "/a", "a//b", "$SYS/x", "å", "a\0"])
async def test_no_address_leads_elsewhere(mqtt_server: MqttServer, topic: str) -> None:
    receipt = await Mqtt(mqtt_server).send(message(), target(Channel.MQTT, {"topic": topic}))
    assert (receipt.accepted, "topic" in (receipt.error or "")) == (False, True)


async def test_brokers_that_are_none() -> None:
    with nobody_listens() as port:
        mqtt = Mqtt(MqttServer(Address("127.0.0.1", port), None, None))
        receipt = await mqtt.send(message(), target(Channel.MQTT, {"topic": "x"}))
    assert (receipt.accepted, "MqttError" in (receipt.error or "")) == (False, True)
    for chunks in ((), (b"\x20",), (b"HTTP/1.1 400 Bad Request\r\n\r\n",)):
        async with says(*chunks) as port:
            mqtt = Mqtt(MqttServer(Address("127.0.0.1", port), None, None), timeout_seconds=SHORT)
            receipt = await mqtt.send(message(), target(Channel.MQTT, {"topic": "x"}))
        assert not receipt.accepted
        assert receipt.error
