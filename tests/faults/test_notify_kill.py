"""`kill -9` of a real `vaka notify` at random moments: everything is sent, twice at most, and with the same id."""

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.support.alarms import OPENED
from tests.support.delivery import gateway
from tests.support.webhook_receiver import Answer, Request, WebhookReceiver, webhook_receiver

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

KILLS = 25
AT_A_TIME = 9
NO_PACE = {"burst": 1000, "seconds": 0.001}


class Notify:
    """The command in a process of its own."""

    def __init__(self, data_dir: Path, database_url: str) -> None:
        self._environment = {
            **os.environ,
            "VAKA_DATABASE_URL": database_url,
            "VAKA_MQTT_URL": "mqtt://127.0.0.1:9",
            "VAKA_DATA_DIR": str(data_dir),
            "VAKA_PRIVATE_NETWORKS": "127.0.0.0/8",
            "VAKA_LOG_LEVEL": "error",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", "vaka", "notify"], env=self._environment)

    def check(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, "vaka notify has ended by itself"

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    """A gateway that takes its time, so that there is a between to be killed in."""
    chance, lock = random.Random(5), threading.Lock()

    def answer(request: Request) -> Answer:
        with lock:
            pause = chance.uniform(0, 0.1)
        time.sleep(pause)
        return Answer(200, b"{}")

    with webhook_receiver() as server:
        server.answer = answer
        yield server


@pytest.fixture
def notify(data_dir: Path, database_url: str) -> Iterator[Notify]:
    notify = Notify(data_dir, database_url)
    notify.start()
    yield notify
    notify.kill()


def test_the_notifier_is_killed(database_url: str, receiver: WebhookReceiver, notify: Notify) -> None:
    chance = random.Random(2026)
    with psycopg.connect(database_url, autocommit=True) as db:
        _furnish(db, receiver.url)
        for number in range(KILLS):
            _tell(db, number)
            # Mostly while it sends, sometimes before, sometimes when all is done.
            time.sleep(chance.uniform(0, 0.4))
            notify.kill()
            # As if the time of the leases had passed.
            db.execute("UPDATE notifications SET leased_until = NULL WHERE state = 'due'")
            notify.start()
            _await_all(db, notify)
        rows = db.execute("SELECT id, coalesce(merged_into, id), attempts FROM notifications").fetchall()
    times = Counter(request.json["id"] for request in _whole(receiver))
    carriers = {carrier for _, carrier, _ in rows}
    assert len(rows) == KILLS * AT_A_TIME
    assert set(times) == carriers, "a notification never went out, or one that nobody knows"
    assert max(times.values()) <= 2, "one was sent more often than it was interrupted"
    assert all(times[id] <= attempts for id, carrier, attempts in rows if id == carrier)
    repeated = sum(count == 2 for count in times.values())
    print(f"\n{KILLS} kills, {len(rows)} notifications in {len(times)} messages, {repeated} of them sent twice")


def _whole(receiver: WebhookReceiver) -> list[Request]:
    """Without those in whose middle the sender was killed."""
    requests = receiver.take(receiver.requests.qsize())
    return [request for request in requests if len(request.body) == int(request.headers["Content-Length"])]


def _furnish(db: psycopg.Connection[Any], url: str) -> None:
    fast = {"channels": {"sms": {"receiver": NO_PACE, "provider": NO_PACE}}}
    db.execute("INSERT INTO tenants VALUES ('testby', 'Testby', 'Europe/Stockholm', %s)", (OPENED,))
    db.execute("INSERT INTO channel_providers VALUES ('testby', 'sms', %s, %s, 'test')", (Jsonb(gateway(url)), OPENED))
    db.execute("INSERT INTO delivery_settings VALUES ('testby', %s, %s, 'test', %s)", (Jsonb(fast), OPENED, OPENED))
    for person in range(3):
        db.execute(
            "INSERT INTO contact_points (id, tenant, owner, owner_id, channel, address, rank, created_at, created_by)"
            " VALUES (%s, 'testby', 'staff', %s, 'sms', %s, 1, %s, 'test')",
            (f"p-{person}", f"staff-{person}", Jsonb({"number": "+46700000001"}), OPENED),
        )


def _tell(db: psycopg.Connection[Any], number: int) -> None:
    """Three people, each of an alarm for life, and of two for care, which may go together."""
    with db.transaction():
        for place in range(AT_A_TIME):
            id, priority = f"n-{number}-{place}", 2 if place % 3 else 1
            db.execute(
                "INSERT INTO alarms (id, tenant, key, kind, priority, state, reason, opened_at, occurred_at)"
                " VALUES (%s, 'testby', %s, 'social_alarm', %s, 'open', 'pressed', %s, %s)",
                (id, id, priority, OPENED, OPENED),
            )
            db.execute(
                "INSERT INTO notifications"
                " (id, alarm, rung, round, priority, channel, receiver, created_at, next_attempt_at)"
                " VALUES (%s, %s, 1, 0, %s, 'sms', %s, %s, now())",
                (id, id, priority, f"p-{place // 3}", OPENED),
            )
        db.execute("NOTIFY vaka_notifications")


def _await_all(db: psycopg.Connection[Any], notify: Notify) -> None:
    """Until nothing is due; the test's timeout ends it otherwise."""
    while db.execute("SELECT FROM notifications WHERE state = 'due' LIMIT 1").fetchone() is not None:
        notify.check()
        time.sleep(0.05)
