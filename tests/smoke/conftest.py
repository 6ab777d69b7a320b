"""The world that every story begins with: a municipality, one unit, Anna and her devices."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from events.address import MqttServer
from tests.support.engine import START
from tests.support.webhook_receiver import WebhookReceiver, webhook_receiver
from tests.support.world import World, whole_world
from vaka.settings import Settings

LAST_MONTH = (START - timedelta(days=30)).isoformat()


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as receiver:
        yield receiver


@pytest.fixture
async def world(database_url: str, mqtt_server: MqttServer, tmp_path: Path) -> AsyncIterator[World]:
    settings = Settings(data_dir=tmp_path)
    async with whole_world(database_url, mqtt_server, settings) as world:
        await world.make("tenants", id="prov", name="Provköping", timezone="Europe/Stockholm")
        await world.make("units", id="norr", tenant="prov", name="Norr")
        await world.make(
            "residents", id="anna", tenant="prov", unit="norr", name="Anna Påhittad", address="Provvägen 1"
        )
        for device, technology in (
            ("button", "social_alarm"),
            ("dispenser", "medicine"),
            ("motion", "passive_alarm"),
        ):
            await world.make("devices", id=device, tenant="prov", technology=technology)
            await world.make("assignments", device=device, resident="anna", **{"from": LAST_MONTH})
        yield world
