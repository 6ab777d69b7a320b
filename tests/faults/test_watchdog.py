"""Parts of a real Vaka hang, stop and are killed: operators are told by the watchdog, and by nobody else."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from events.address import Address
from tests.support.webhook_receiver import WebhookReceiver, webhook_receiver
from vaka.embedded.broker import Broker
from vaka.watchdog.notebook import read_books

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

ANY_PORT = Address("127.0.0.1", 0)


@pytest.fixture
def operators() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as receiver:
        yield receiver


@pytest.fixture
def outside() -> Iterator[WebhookReceiver]:
    """The dead-man's switch."""
    with webhook_receiver() as receiver:
        yield receiver


@pytest.fixture
def servers(database_url: str, data_dir: Path) -> Iterator[dict[str, str]]:
    """A database and a broker that are not Vaka's own, so that only Vaka is hurt."""
    broker = Broker(data_dir, ANY_PORT, "iotcore", 64, None)
    broker.start()
    yield {"VAKA_DATABASE_URL": database_url, "VAKA_MQTT_URL": f"mqtt://{broker.vaka}"}
    broker.stop()


@contextmanager
def vaka_up(folder: Path, operators: WebhookReceiver, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`vaka up`, ready; killed at the end if it is still there."""
    given = {
        **os.environ,
        "VAKA_DATA_DIR": str(folder),
        "VAKA_HTTP": "127.0.0.1:0",
        "VAKA_MQTT": "127.0.0.1:0",
        "VAKA_BROKER": "iotcore",
        "VAKA_WATCHDOG_WEBHOOK": operators.url,
        "VAKA_WATCHDOG_FREE_MB": "0",
        "VAKA_STANDSTILL_SECONDS": "2",
        **environment,
    }
    process = subprocess.Popen([sys.executable, "-m", "vaka", "up"], env=given, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith("Vaka is up:"):
                break
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def watchdog_of(folder: Path, *, but: int | None = None) -> psutil.Process:
    """The watchdog of that data directory, once there is one that is not `but`."""
    while True:
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if "watchdog" in words and str(folder) in words and process.pid != but:
                return process


def until(operators: WebhookReceiver, part: str, news: str) -> None:
    """Waits for that news of that part; what else is told on a busy machine is not asked for."""
    while True:
        (request,) = operators.take()
        if (part, news) in {(notice["part"], notice["news"]) for notice in request.json["notices"]}:
            return


def told(operators: WebhookReceiver) -> list[tuple[str, str]]:
    """All that has been told and not taken yet."""
    notices: list[tuple[str, str]] = []
    while not operators.requests.empty():
        (request,) = operators.take()
        notices += [(notice["part"], notice["news"]) for notice in request.json["notices"]]
    return notices


def drain(receiver: WebhookReceiver) -> None:
    while not receiver.requests.empty():
        receiver.requests.get()


def gone(process: psutil.Process) -> None:
    process.wait(60)


def test_a_notifier_that_hangs_is_told_of_while_all_else_goes_on(
    servers: dict[str, str], tmp_path: Path, operators: WebhookReceiver, outside: WebhookReceiver
) -> None:
    beats = {
        "VAKA_HEARTBEAT_URL": outside.url,
        "VAKA_HEARTBEAT_SECONDS": "0.01",
        "VAKA_WATCHDOG_REPEAT_MINUTES": "0.02",
    }
    with vaka_up(tmp_path, operators, **servers, **beats):
        outside.take()
        with psycopg.connect(servers["VAKA_DATABASE_URL"]) as connection:
            connection.execute("LOCK TABLE notifications IN ACCESS EXCLUSIVE MODE")
            until(operators, "notifier", "begun")
            drain(outside)
            until(operators, "notifier", "goes_on")
            assert outside.requests.empty()
        until(operators, "notifier", "over")
        outside.take()


def test_a_vaka_that_stands_still_is_told_of_and_that_it_goes_on(
    servers: dict[str, str], tmp_path: Path, operators: WebhookReceiver
) -> None:
    with vaka_up(tmp_path, operators, **servers) as vaka:
        vaka.send_signal(signal.SIGSTOP)
        waiting = {"log", "escalator", "notifier"}
        while waiting:
            (request,) = operators.take()
            waiting -= {notice["part"] for notice in request.json["notices"] if notice["news"] == "begun"}
        vaka.send_signal(signal.SIGCONT)
        until(operators, "escalator", "over")


def test_a_role_of_its_own_that_is_stopped_is_told_of(
    servers: dict[str, str], tmp_path: Path, operators: WebhookReceiver
) -> None:
    environment = {**os.environ, **servers, "VAKA_DATA_DIR": str(tmp_path), "VAKA_STANDSTILL_SECONDS": "2"}
    environment |= {"VAKA_WATCHDOG_WEBHOOK": operators.url, "VAKA_WATCHDOG_FREE_MB": "0"}

    def role(name: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "vaka", name], env=environment)

    escalate = role("escalate")
    _wait_for_pulse(servers["VAKA_DATABASE_URL"], "escalator")
    watchdog = role("watchdog")
    try:
        until(operators, "notifier", "begun")
        escalate.send_signal(signal.SIGSTOP)
        until(operators, "escalator", "begun")
        watchdog.send_signal(signal.SIGTERM)
        assert watchdog.wait(60) == 0
    finally:
        for process in (escalate, watchdog):
            process.kill()
            process.wait()


def _wait_for_pulse(url: str, part: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        while not connection.execute(
            "SELECT FROM pulses WHERE part = %s AND at > now() - interval '1 second'", (part,)
        ).fetchall():
            pass


def test_a_vaka_that_is_killed_is_told_of_and_leaves_no_watchdog(
    servers: dict[str, str], tmp_path: Path, operators: WebhookReceiver
) -> None:
    with vaka_up(tmp_path, operators, **servers) as vaka:
        watchdog = watchdog_of(tmp_path)
        vaka.kill()
        until(operators, "vaka", "begun")
        gone(watchdog)
    with vaka_up(tmp_path, operators, **servers):
        until(operators, "vaka", "over")


def test_all_but_the_watchdog_are_killed(tmp_path: Path, operators: WebhookReceiver, data_dir: Path) -> None:
    with vaka_up(data_dir, operators) as vaka:
        watchdog = watchdog_of(data_dir)
        others = [
            process
            for process in psutil.process_iter(["cmdline"])
            if process.pid != watchdog.pid
            and any(str(data_dir.resolve()) in word for word in process.info["cmdline"] or [])
        ]
        vaka.kill()
        for process in others:
            process.kill()
        until(operators, "vaka", "begun")
        gone(watchdog)


def test_a_watchdog_that_is_killed_or_hangs_is_begun_again_and_remembers(
    servers: dict[str, str], tmp_path: Path, operators: WebhookReceiver
) -> None:
    with (
        vaka_up(tmp_path, operators, **servers),
        psycopg.connect(servers["VAKA_DATABASE_URL"]) as connection,
    ):
        connection.execute("LOCK TABLE notifications IN ACCESS EXCLUSIVE MODE")
        until(operators, "notifier", "begun")
        # Killed between telling and noting, it would tell once more, with the same id.
        while "notifier" not in read_books(tmp_path).get("webhook", {}):
            pass
        first = watchdog_of(tmp_path)
        first.kill()
        watchdog_of(tmp_path, but=first.pid)
        connection.rollback()
        seen: list[tuple[str, str]] = []
        while ("notifier", "over") not in seen:
            (request,) = operators.take()
            seen += [(notice["part"], notice["news"]) for notice in request.json["notices"]]
        assert ("notifier", "begun") not in seen


def test_a_clean_stop_is_silent_and_leaves_nothing(
    servers: dict[str, str], tmp_path: Path, operators: WebhookReceiver
) -> None:
    with vaka_up(tmp_path, operators, **servers, VAKA_STANDSTILL_SECONDS="60") as vaka:
        watchdog = watchdog_of(tmp_path)
        vaka.send_signal(signal.SIGINT)
        assert vaka.wait(60) == 0
        assert not watchdog.is_running() or watchdog.status() == psutil.STATUS_ZOMBIE
        assert told(operators) == []
