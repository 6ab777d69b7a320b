"""Two recordings of real homes, lived through again: over the broker with a fast clock, and as history."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from events.address import MqttServer
from events.ids import ResidentId, TenantId
from events.kinds import ACTIVITY
from simulators.recordings import read_recording
from simulators.replay import replay_device, replay_mqtt
from simulators.timed import TimedMessage
from tests.support.recordings import recording
from tests.support.rows import row, rows
from tests.support.world import World, whole_world
from vaka.clock import fast_clock
from vaka.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(280)]

ZONE = "Europe/Stockholm"
SPEED = 30_000.0
LIMIT = timedelta(hours=5)
HOMES = {
    "casas": ("al-smarthome-30days.txt", 31_021),
    "ordonez": ("ordonez-a-sensors.txt", 632),
}


def _messages(form: str) -> list[TimedMessage]:
    file, _ = HOMES[form]
    return list(read_recording(recording(file), form, replay_device(ResidentId(form)), ZONE))


def _silences(messages: list[TimedMessage], limit: timedelta) -> int:
    """How often the home was silent for longer than the limit, from the recording itself."""
    times = sorted(said.message.at for said in messages if said.kind in ACTIVITY)
    return sum(later - earlier > limit for earlier, later in pairwise(times))


async def _found(world: World) -> None:
    await world.make("tenants", id="prov", name="Provköping", timezone=ZONE)
    await world.make("units", id="norr", tenant="prov", name="Norr")
    for form in HOMES:
        await world.make("residents", id=form, tenant="prov", unit="norr", name=f"Inspelad {form.title()}")


async def test_both_homes_live_again_over_the_broker(
    database_url: str, mqtt_server: MqttServer, tmp_path: Path
) -> None:
    homes = {form: _messages(form) for form in HOMES}
    clock = fast_clock(datetime.now(UTC), SPEED)
    async with whole_world(database_url, mqtt_server, Settings(data_dir=tmp_path), clock) as world:
        await _found(world)
        for form in HOMES:
            device = replay_device(ResidentId(form))
            await world.make("devices", id=device, tenant="prov", technology="passive_alarm")
            await world.make("assignments", device=device, resident=form)
            limits = [{"minutes": int(LIMIT.total_seconds()) // 60}]
            await world.make("plans", resident=form, inactivity={"limits": limits})
        url = f"mqtt://{mqtt_server.address}"
        plays = [replay_mqtt(m, url, TenantId("prov"), clock, speed=SPEED) for m in homes.values()]
        sent = [progress.sent for progress in await asyncio.gather(*plays)]
        await world.engine.until(lambda: world.engine.source.acknowledged >= sum(sent))

        async with world.pool.connection() as db:
            stored = dict(await rows(db, "SELECT resident, count(*) FROM events WHERE device IS NOT NULL GROUP BY 1"))
            counted = dict(await rows(db, "SELECT resident, sum(count)::int FROM usage_daily GROUP BY 1"))
            standing = {form: await _standing(db, form) for form in HOMES}
    assert stored == counted == {form: count for form, (_, count) in HOMES.items()}
    assert standing == {form: _silences(messages, LIMIT) for form, messages in homes.items()}
    assert standing == {"casas": 1, "ordonez": 19}


async def _standing(db: Any, form: str) -> int:
    """Episodes of inactivity that later data did not take back, up to the recording's last event."""
    query = """
    WITH last AS (SELECT max(occurred_at) AS at FROM events WHERE resident = %(form)s AND device IS NOT NULL)
    SELECT count(*) FILTER (WHERE kind = 'raise') - count(*) FILTER (WHERE kind = 'withdraw')
    FROM decisions, last WHERE key = 'r:' || %(form)s AND decisions.at <= last.at + interval '1 hour'
    """
    (count,) = await (await db.execute(query, {"form": form})).fetchone()
    return int(count)


async def test_both_homes_are_imported_as_history(database_url: str, mqtt_server: MqttServer, tmp_path: Path) -> None:
    async with whole_world(database_url, mqtt_server, Settings(data_dir=tmp_path)) as world:
        await _found(world)
        for form, (_, events) in HOMES.items():
            assert (
                await _import(world, database_url, tmp_path, form)
                == f"{events} events imported as history, 0 known before"
            )
        assert (
            await _import(world, database_url, tmp_path, "ordonez") == "0 events imported as history, 632 known before"
        )
        async with world.pool.connection() as db:
            assert await row(db, "SELECT count(*), bool_and(history) FROM events WHERE device IS NOT NULL") == (
                31_653,
                True,
            )
            assert await row(db, "SELECT sum(count)::int FROM usage_daily") == (31_653,)
            assert await row(db, "SELECT count(*) FROM alarms") == (0,)
        days = await world.get("usage", **{"from": "2011-06-15", "to": "2011-06-15", "by": "kind"})
        assert sum(item["count"] for item in days["items"]) > 0


async def _import(world: World, database_url: str, data_dir: Path, form: str) -> str:
    """What `vaka replay --fast` says in the end."""
    file, _ = HOMES[form]
    command = ["replay", str(recording(file)), "--format", form, "--resident", form, "--fast"]
    address = f"{world.admin.base_url.host}:{world.admin.base_url.port}"
    environment = {"VAKA_DATABASE_URL": database_url, "VAKA_DATA_DIR": str(data_dir), "VAKA_HTTP": address}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "vaka", *command, env=environment, stdout=subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode().strip()
