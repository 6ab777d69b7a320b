"""`kill -9` at random moments under load: every event is stored exactly once, every alarm is there exactly once, and
every notification went out at least once."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psycopg
import pytest
from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from events.address import Address
from store.people import Role
from tests.support.requirements import require
from tests.support.webhook_receiver import WebhookReceiver, webhook_receiver
from vaka.embedded.broker import Broker
from vaka.embedded.postgres import Postgres
from vaka.embedded.programs import mosquitto_path

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

KILLS = 50
DEVICES = 40
EVERY_SECONDS = 0.005
PRESS_EVERY = 50
ANY_PORT = Address("127.0.0.1", 0)


class Load:
    """Publishes with QoS 1, steadily, until it is stopped; remembers what the broker has acknowledged."""

    def __init__(self, address: Address) -> None:
        self.sent: list[tuple[str, str]] = []
        self._stop = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="load", protocol=MQTTv311, clean_session=False)
        self._client.max_inflight_messages_set(100)
        self._client.connect(address.host, address.port)
        self._client.loop_start()
        self._thread = threading.Thread(target=self._publish)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()

    def _publish(self) -> None:
        number = 0
        while not self._stop.wait(EVERY_SECONDS):
            number += 1
            kind = "alarm_pressed" if number % PRESS_EVERY == 0 else "motion"
            body = {"at": datetime.now(UTC), "id": f"n-{number}"}
            topic = f"vaka/v1/prov/d-{number % DEVICES}/{kind}"
            self._client.publish(topic, msgspec.json.encode(body), qos=1).wait_for_publish(60)
            self.sent.append((kind, f"n-{number}"))


class Vaka:
    """All roles in one process against the test's own servers."""

    def __init__(self, data_dir: Path, database_url: str, mqtt_url: str) -> None:
        self._environment = {
            **os.environ,
            "VAKA_DATABASE_URL": database_url,
            "VAKA_MQTT_URL": mqtt_url,
            "VAKA_DATA_DIR": str(data_dir),
            "VAKA_HTTP": "127.0.0.1:0",
            "VAKA_LOG_LEVEL": "warning",
            "VAKA_SNAPSHOT_SECONDS": "1",
            "VAKA_PRIVATE_NETWORKS": "127.0.0.0/8",
        }
        self.process: subprocess.Popen[Any] | None = None

    def start(self) -> str:
        """Returns the API's address once it is ready."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vaka", "up"], env=self._environment, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("Vaka is up:"):
                return line.split()[-1]
        raise AssertionError(f"vaka up ended with {self.process.wait()}")

    def launch(self) -> None:
        """Starts it, and does not wait."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vaka", "up"], env=self._environment, stdout=subprocess.DEVNULL
        )

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def stop(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture(params=["iotcore", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
def broker(request: pytest.FixtureRequest, data_dir: Path) -> Iterator[Broker]:
    if request.param == "mosquitto":
        require("mosquitto", mosquitto_path())
    broker = Broker(data_dir, ANY_PORT, request.param, 256, None)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as receiver:
        yield receiver


@contextmanager
def vaka_with_homes(data_dir: Path, database_url: str, broker: Broker, receiver: WebhookReceiver) -> Iterator[Vaka]:
    vaka = Vaka(data_dir / "vaka", database_url, f"mqtt://{broker.vaka}")
    url = vaka.start()
    try:
        _furnish(url, _admin_token(database_url), receiver.url)
        yield vaka
    finally:
        vaka.kill()


def _admin_token(database_url: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "vaka", "token", "--role", Role.ADMIN],
        env={**os.environ, "VAKA_DATABASE_URL": database_url},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.split()[-1]


def _furnish(url: str, token: str, webhook: str) -> None:
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as api:

        def make(resource: str, **fields: Any) -> None:
            answer = api.post(f"/api/v1/{resource}", json=fields)
            assert answer.status_code == 201, answer.text

        make("tenants", id="prov", name="Provköping", timezone="Europe/Stockholm")
        make("units", id="norr", tenant="prov", name="Norr")
        make("webhooks", tenant="prov", receiver="alarm_centre", url=webhook, secret="s" * 32)
        for number in range(DEVICES):
            make("residents", id=f"r-{number}", tenant="prov", unit="norr", name=f"Testa {number}")
            make("devices", id=f"d-{number}", tenant="prov", technology="social_alarm")
            make("assignments", device=f"d-{number}", resident=f"r-{number}")


def test_the_vaka_process_is_killed(
    data_dir: Path, database_url: str, broker: Broker, receiver: WebhookReceiver
) -> None:
    chance = random.Random(2026)
    with vaka_with_homes(data_dir, database_url, broker, receiver) as vaka:
        load = Load(broker.devices)
        load.start()
        for _ in range(KILLS):
            # Mostly while it works, sometimes while it starts.
            time.sleep(chance.uniform(0.2, 2.5))
            vaka.kill()
            vaka.launch()
        load.stop()
        vaka.kill()
        vaka.start()
        _await_all(database_url, load.sent)
        _check(database_url, load.sent, receiver)
        print(f"\n{broker.name}: {KILLS} kills, {len(load.sent)} events, all once")


def test_postgresql_is_killed(data_dir: Path, broker: Broker, receiver: WebhookReceiver) -> None:
    postgres = Postgres(data_dir / "db")
    (data_dir / "db").mkdir()
    postgres.start()
    chance = random.Random(2026)
    try:
        with vaka_with_homes(data_dir, postgres.url, broker, receiver):
            load = Load(broker.devices)
            load.start()
            for _ in range(8):
                time.sleep(chance.uniform(0.5, 2.0))
                assert postgres.pid is not None
                os.kill(postgres.pid, signal.SIGKILL)
                while postgres.running():
                    time.sleep(0.01)
                postgres.start()
            load.stop()
            _await_all(postgres.url, load.sent)
            _check(postgres.url, load.sent, receiver)
            print(f"\n{broker.name}: 8 kills of PostgreSQL, {len(load.sent)} events, all once")
    finally:
        postgres.stop()


def _await_all(database_url: str, sent: list[tuple[str, str]]) -> None:
    """Until as many events are stored as were sent, and every notification is sent; the timeout ends it otherwise."""
    with psycopg.connect(database_url, autocommit=True) as db:
        while _one(db, "SELECT count(DISTINCT source_id) FROM events WHERE source_id LIKE 'n-%%'") < len(sent):
            time.sleep(0.2)
        while _one(db, "SELECT count(*) FROM notifications WHERE state = 'due'"):
            time.sleep(0.2)
        while _one(db, "SELECT count(*) FROM alarms WHERE rung = 0 AND state = 'open'"):
            time.sleep(0.2)


def _check(database_url: str, sent: list[tuple[str, str]], receiver: WebhookReceiver) -> None:
    presses = {id for kind, id in sent if kind == "alarm_pressed"}
    with psycopg.connect(database_url) as db:
        stored = [row[0] for row in db.execute("SELECT source_id FROM events WHERE source_id LIKE 'n-%'")]
        assert len(stored) == len(set(stored)), "an event is stored twice"
        assert set(stored) == {id for _, id in sent}, "an event is missing"
        assert _one(db, "SELECT sum(count) FROM usage_daily") == len(sent)
        assert _one(db, "SELECT sum(count) FROM alarms") == len(presses), "a press was lost or counted twice"
        per_press = db.execute(
            "SELECT count(*), count(DISTINCT position) FROM events WHERE kind = 'alarm_pressed'"
        ).fetchone()
        assert per_press == (len(presses), len(presses))
        assert _one(db, "SELECT count(*) FROM decisions WHERE kind = 'raise'") == len(presses)
        assert _one(db, "SELECT count(*) FROM (SELECT key, kind FROM alarms GROUP BY 1, 2 HAVING count(*) > 1) x") == 0
        webhooks = {row[0] for row in db.execute("SELECT id FROM notifications WHERE channel = 'webhook'")}
        unsent = _one(db, "SELECT count(*) FROM notifications WHERE state NOT IN ('sent', 'seen')")
    received = {receiver.requests.get_nowait().id for _ in range(receiver.requests.qsize())}
    assert webhooks, "nobody was told at all"
    assert webhooks <= received, "a notification never went out"
    assert unsent == 0


def _one(db: psycopg.Connection[Any], query: str) -> Any:
    row = db.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]
