"""`kill -9` while social alarms call over SCAIP: what was "handled" is in the log, once; the others ask again."""

import asyncio
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from events.address import Address, MqttServer
from store.people import Role
from tests.faults.test_kill import Vaka
from tests.support.sipp import Sipp

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

KILLS = 12
CONTROLLERS = 8
Sent = dict[str, set[str]]


class Relay:
    """A network between a sender and Vaka. `on_answer` sees each answer, and says whether it gets through."""

    def __init__(self, server: Address) -> None:
        self._near = socket.socket(type=socket.SOCK_DGRAM)
        self._near.bind(("127.0.0.1", 0))
        self._far = socket.socket(type=socket.SOCK_DGRAM)
        self._far.connect(server)
        self._sender: Any = None
        self.address = Address(*self._near.getsockname())
        self.on_answer: Callable[[bytes], bool] = lambda data: True
        for work in (self._forward, self._return):
            threading.Thread(target=work, daemon=True).start()

    def _forward(self) -> None:
        while True:
            data, self._sender = self._near.recvfrom(65536)
            self._far.send(data)

    def _return(self) -> None:
        while True:
            try:
                data = self._far.recv(65536)
            except ConnectionRefusedError:
                continue  # Nobody listens just now.
            if self.on_answer(data):
                self._near.sendto(data, self._sender)


class Controller(threading.Thread):
    """Presses one after the other, and asks again and again until each is handled."""

    def __init__(self, number: int, server: Address) -> None:
        super().__init__(daemon=True)
        self.cid = f"c-{number}"
        self.handled: list[str] = []
        self._server = server
        self._done = threading.Event()

    def stop(self) -> None:
        self._done.set()
        self.join()

    def run(self) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as line:
            line.bind(("127.0.0.1", 0))
            line.settimeout(0.5)
            number = 0
            while not self._done.is_set():
                number += 1
                while not self._press(line, f"n{number}"):
                    pass
                self.handled.append(f"n{number}")
                self._done.wait(0.02)

    def _press(self, line: socket.socket, ref: str) -> bool:
        port = line.getsockname()[1]
        body = f"<mrq><ref>{ref}</ref><cid>{self.cid}</cid><dty>2</dty></mrq>"
        lines = (
            "MESSAGE sip:vaka@127.0.0.1 SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{random.randbytes(8).hex()}",
            f"From: <sip:{self.cid}@alarm.example>;tag=1",
            "To: <sip:vaka@127.0.0.1>",
            f"Call-ID: {ref}@{self.cid}",
            "CSeq: 1 MESSAGE",
            "Content-Type: application/scaip+xml",
            f"Content-Length: {len(body)}",
        )
        line.sendto("\r\n".join((*lines, "", body)).encode(), self._server)
        try:
            answer = line.recv(65536).decode()
        except (TimeoutError, ConnectionRefusedError):
            return False
        return f"<ref>{ref}</ref><snu>0</snu>" in answer


@contextmanager
def vaka_with_controllers(
    data_dir: Path, database_url: str, server: MqttServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Vaka, Address]]:
    with socket.socket(type=socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        scaip = Address(*free.getsockname())
    monkeypatch.setenv("VAKA_SCAIP_LISTEN", str(scaip))
    vaka = Vaka(data_dir / "vaka", database_url, f"mqtt://{server.address}")
    try:
        _furnish(vaka.start(), database_url)
        yield vaka, scaip
    finally:
        vaka.kill()


def _furnish(url: str, database_url: str) -> None:
    command = [sys.executable, "-m", "vaka", "token", "--role", Role.ADMIN]
    environment = {**os.environ, "VAKA_DATABASE_URL": database_url}
    token = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout.split()[-1]
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as api:

        def make(resource: str, **fields: Any) -> None:
            answer = api.post(f"/api/v1/{resource}", json=fields)
            assert answer.status_code == 201, answer.text

        make("tenants", id="prov", name="Provköping", timezone="Europe/Stockholm")
        make("units", id="norr", tenant="prov", name="Norr")
        for number in range(CONTROLLERS):
            origin = {"family": "scaip", "scope": "", "id": f"c-{number}"}
            make("residents", id=f"r-{number}", tenant="prov", unit="norr", name=f"Testa {number}")
            make("devices", id=f"d-{number}", tenant="prov", technology="social_alarm", origin=origin)
            make("assignments", device=f"d-{number}", resident=f"r-{number}")


def _pressed(database_url: str) -> list[tuple[str, str]]:
    """Device and reference of every press in the log."""
    query = "SELECT device, data ->> 'raw' FROM events WHERE kind = 'alarm_pressed'"
    with psycopg.connect(database_url) as db:
        rows = db.execute(query).fetchall()
    return [(device, re.findall(r"<ref>(\w+)</ref>", raw)[0]) for device, raw in rows]


def test_killed_between_commit_and_answer(
    data_dir: Path, database_url: str, mqtt_server: MqttServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The answer of the first Vaka never arrives; the sender goes on asking, and the next one knows the alarm."""
    with vaka_with_controllers(data_dir, database_url, mqtt_server, monkeypatch) as (vaka, scaip):
        relay = Relay(scaip)
        committed = threading.Event()

        def lose(data: bytes) -> bool:
            committed.set()
            return False

        relay.on_answer = lose
        sender = threading.Thread(target=lambda: answers.append(asyncio.run(Sipp(tmp_path, relay.address).snu(body))))
        answers: list[int] = []
        body = "<mrq><ref>1243</ref><cid>c-0</cid><dty>2</dty></mrq>"
        sender.start()
        committed.wait()
        vaka.kill()
        assert _pressed(database_url) == [("d-0", "1243")]
        relay.on_answer = lambda data: True
        vaka.start()
        sender.join()
        assert answers == [0]
        assert _pressed(database_url) == [("d-0", "1243")]
        with psycopg.connect(database_url) as db:
            assert db.execute("SELECT count FROM alarms").fetchall() == [(1,)]


def test_killed_at_any_moment(
    data_dir: Path, database_url: str, mqtt_server: MqttServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(2026)
    with vaka_with_controllers(data_dir, database_url, mqtt_server, monkeypatch) as (vaka, scaip):
        controllers = [Controller(number, scaip) for number in range(CONTROLLERS)]
        for controller in controllers:
            controller.start()
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.5, 3.0))
            vaka.kill()
            vaka.start()
        for controller in controllers:
            controller.stop()
        sent = [(f"d-{number}", ref) for number in range(CONTROLLERS) for ref in controllers[number].handled]
        pressed = _pressed(database_url)
        assert len(set(pressed)) == len(pressed), "a press is there twice"
        assert set(pressed) == set(sent), "a press was handled and is not there"
        with psycopg.connect(database_url) as db:
            assert db.execute("SELECT sum(count) FROM alarms").fetchone() == (len(sent),)
        print(f"\n{KILLS} kills, {len(sent)} presses, all once")
