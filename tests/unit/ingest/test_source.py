"""What a refused subscription means for the handing over of topics."""

from datetime import UTC, datetime
from typing import Any

import pytest

from events.devices import Family, Origin
from ingest.adapters.zigbee2mqtt import Zigbee2Mqtt
from ingest.reader import Reader
from ingest.source import MqttSource

BUTTON = Origin(Family.ZIGBEE2MQTT, "home", "button")
GRANTED, REFUSED = 1, 0x87


class Client:
    """Takes what is sent to the broker, and answers nothing."""

    def __init__(self) -> None:
        self.subscriptions: list[Any] = []
        self.published: list[bytes] = []

    def subscribe(self, subscriptions: list[Any]) -> None:
        self.subscriptions += subscriptions

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        if payload.startswith(b"handover"):
            self.published.append(payload)


def connected() -> tuple[MqttSource, Client]:
    source = MqttSource(Reader([Zigbee2Mqtt(["home"])]), lambda: datetime.now(UTC))
    client = Client()
    for lane in (source._urgent, source._bulk):
        lane.session._client = client
        lane.session._on_connect(client, 0)
        lane.session._on_subscribe(client, 1, [GRANTED], None)
    return source, client


@pytest.mark.parametrize(("answer", "is_handed_over"), [(GRANTED, True), (REFUSED, False)])
def test_a_topic_that_the_broker_refused_is_not_skipped(answer: int, is_handed_over: bool) -> None:
    source, client = connected()
    source.follow(frozenset({BUTTON}))
    source._urgent.session._on_subscribe(client, 2, [answer], None)
    # Another subscription is granted later; it must not bring the refused one along.
    source._bulk.session._on_subscribe(client, 3, [GRANTED], None)
    for marker in client.published:
        source.handover.marker_came(marker)
    assert source.handover.owns("home/button") is is_handed_over
