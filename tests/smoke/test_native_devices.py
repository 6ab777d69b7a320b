"""A story for each technology: a device speaks as it really does, and it is the right person's event, alarm and use."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest

from tests.support.engine import START
from tests.support.world import World

pytestmark = pytest.mark.anyio

EUI = "a81758fffe030000"


class Story(NamedTuple):
    """`says` gives topic and payload of the device's n-th word; `kind` is the event it means, `alarm` what it raises.

    `words`: how many it says after it was passed on, of which one is that event.
    """

    technology: str
    origin: dict[str, str] | None
    says: Callable[[int, datetime], tuple[str, dict[str, Any]]]
    kind: str
    alarm: str | None
    life_critical: bool = False
    words: int = 1


def zigbee(name: str, *payloads: dict[str, Any]) -> Callable[[int, datetime], tuple[str, dict[str, Any]]]:
    return lambda n, now: (f"zigbee2mqtt/{name}", payloads[n % len(payloads)])


def chirpstack(**fields: Any) -> Callable[[int, datetime], tuple[str, dict[str, Any]]]:
    def says(n: int, now: datetime) -> tuple[str, dict[str, Any]]:
        info = {"applicationId": "7", "devEui": EUI, "deviceName": "pir", "deviceProfileName": "PIR"}
        rest = {"deviceInfo": info, "fPort": 2, "data": "AQ==", "object": fields, "rxInfo": [{"rssi": -71, "snr": 9.5}]}
        up = {"deduplicationId": f"3ac7e3c4-4401-4b8d-9386-a5c902f9{n:04}", "time": now.isoformat(), **rest}
        return f"application/7/device/{EUI}/event/up", up

    return says


def things_stack(n: int, now: datetime) -> tuple[str, dict[str, Any]]:
    position = {"latitude": 58.3 + n / 1000, "longitude": 14.55}
    up = {"f_port": 1, "frm_payload": "AQ==", "decoded_payload": position, "rx_metadata": [{"rssi": -80, "snr": 7}]}
    ids = {"device_id": "watch-1", "application_ids": {"application_id": "gps"}, "dev_eui": EUI.upper()}
    up["received_at"] = now.isoformat()
    return "v3/gps@prov/devices/watch-1/up", {
        "end_device_ids": ids, "correlation_ids": [f"as:up:{n}"], "received_at": now.isoformat(), "uplink_message": up
    }  # fmt: skip


def canonical(device: str, kind: str, **fields: Any) -> Callable[[int, datetime], tuple[str, dict[str, Any]]]:
    return lambda n, now: (f"vaka/v1/prov/{device}/{kind}", {"at": now.isoformat(), "id": str(n), **fields})


STORIES = {
    "social alarm, Zigbee": Story(
        "social_alarm",
        {"family": "zigbee2mqtt", "scope": "zigbee2mqtt", "id": "anna/sos"},
        zigbee("anna/sos", {"action": "emergency", "battery": 80}),
        "alarm_pressed",
        "social_alarm",
        life_critical=True,
    ),
    "passive alarm, Zigbee": Story(
        "passive_alarm",
        {"family": "zigbee2mqtt", "scope": "zigbee2mqtt", "id": "door"},
        zigbee("door", {"contact": False}, {"contact": True}, {"contact": True}, {"contact": False}),
        "door_opened",
        None,
        words=3,
    ),
    "passive alarm, LoRaWAN": Story(
        "passive_alarm",
        {"family": "chirpstack", "scope": "7", "id": EUI},
        chirpstack(motion=True),
        "motion",
        None,
    ),
    "GPS alarm, LoRaWAN": Story(
        "gps_alarm",
        {"family": "things_stack", "scope": "gps@prov", "id": EUI},
        things_stack,
        "position",
        None,
    ),
    "medicine": Story(
        "medicine", None, canonical("device", "dose_missed", dose="morning"), "dose_missed", "missed_dose"
    ),
    "supervision": Story("supervision", None, canonical("device", "check_done"), "check_done", None),
    "lock, Zigbee": Story(
        "lock",
        {"family": "zigbee2mqtt", "scope": "zigbee2mqtt", "id": "lock"},
        zigbee(
            "lock",
            {"action": "unlock", "action_user": 3, "action_source_name": "keypad", "state": "UNLOCK"},
            {"action": "lock", "state": "LOCK"},
        ),
        "unlocked",
        None,
        words=2,
    ),
}


async def lend(world: World, to: str, since: datetime) -> str:
    lent = await world.make("assignments", device="device", resident=to, **{"from": since.isoformat()})
    return str(lent["id"])


async def hear(world: World, story: Story, n: int) -> None:
    topic, payload = story.says(n, world.engine.clock())
    if story.life_critical:
        await world.engine.until(lambda: world.engine.source.handover.owns(topic))
    await world.engine.hear(topic, json.dumps(payload).encode())


async def uses(world: World, story: Story) -> dict[str, int]:
    day = START.date().isoformat()
    query = {"from": day, "to": day, "by": "resident,kind", "technology": story.technology}
    rows = (await world.get("usage", **query))["items"]
    return {row["resident"]: row["count"] for row in rows if row["kind"] == story.kind}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
async def test_what_a_device_says_is_of_who_has_it(world: World, story: Story) -> None:
    await world.make("residents", id="bo", tenant="prov", unit="norr", name="Bo Påhittad")
    await world.make(
        "device-types",
        id="type",
        tenant="prov",
        name="Prova",
        technology=story.technology,
        life_critical=story.life_critical,
    )
    await world.make(
        "devices", id="device", tenant="prov", technology=story.technology, type="type", origin=story.origin
    )
    first = await lend(world, "anna", START - timedelta(days=1))

    await hear(world, story, 0)
    events = (await world.get("events", device="device", kind=story.kind))["items"]
    assert [(event["resident"], event["kind"]) for event in events] == [("anna", story.kind)]
    alarms = (await world.get("alarms"))["items"]
    assert [(alarm["resident"], alarm["kind"]) for alarm in alarms] == ([("anna", story.alarm)] if story.alarm else [])
    assert await uses(world, story) == {"anna": 1}

    await world.pass_time(hours=1)
    moved = world.engine.clock().isoformat()
    answer = await world.admin.patch(f"/api/v1/assignments/{first}", json={"to": moved})
    assert answer.is_success, answer.text
    await lend(world, "bo", world.engine.clock())
    await world.pass_time(minutes=5)
    for n in range(1, 1 + story.words):
        await hear(world, story, n)
    assert await uses(world, story) == {"anna": 1, "bo": 1}
    assert (await world.get("quarantine"))["items"] == []
