"""The embedded MQTT broker: started apart from Vaka, so that its queue outlives a killed Vaka, and found again."""

import ipaddress
import subprocess
import time
from pathlib import Path

import psutil

from events.address import Address, MqttServer
from vaka.embedded.account import check_reachable, give, server_account
from vaka.embedded.errors import ServerError
from vaka.embedded.ports import answers, free_port, require_free, wait_until_free
from vaka.embedded.processes import end, find, last_lines, rotate, runs, spawn
from vaka.embedded.programs import Program, choose, iotcore, mosquitto
from vaka.embedded.state import Addresses

START_SECONDS = 10


class Broker:
    """The broker of one data directory. All methods block; `devices`, `vaka` and `pid` stand after `start`.

    `devices` is the MQTT 3.1.1 listener and `vaka` the MQTT 5 one; `previous` is where the last one was, which is
    adopted if it still runs. `choice` is the setting `broker`.
    """

    def __init__(
        self, data_dir: Path, address: Address, choice: str, queue_mb: int, previous: Addresses | None
    ) -> None:
        self._folder = data_dir.resolve() / "broker"
        self._log = data_dir.resolve() / "broker.log"
        self._choice = choice
        self._queue_mb = queue_mb
        self._previous = previous
        self._program: Program | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self.devices = _loopback(address)
        self.vaka: Address | None = None
        self.pid: int | None = None
        self.adopted = False

    @property
    def name(self) -> str:
        return self._program.name if self._program else "broker"

    @property
    def loss(self) -> str:
        return self._program.loss if self._program else ""

    def start(self) -> None:
        """Adopt the broker that an earlier Vaka left, with its queue, if it serves this address; else start one.

        Raises ServerError.
        """
        left_over = self._left_over()
        self.adopted = left_over is not None and self._adopt(left_over)
        if not self.adopted:
            if left_over is not None:
                end(left_over)
            if left_over is not None or self._child is not None:
                wait_until_free(self.devices)
            self._launch()

    def running(self) -> bool:
        if self._child is not None:
            self._child.poll()
        return self._program is not None and runs(self.pid, self._program.command[1:])

    def stop(self) -> None:
        """Stop the broker: mosquitto saves its queue, iotcore forgets it."""
        if self.running():
            end(psutil.Process(self.pid))
        if self._child is not None:
            self._child.wait()

    def _plan(self, name: str, devices: Address, vaka: Address) -> Program:
        if name == "mosquitto":
            return mosquitto(self._folder, devices, self._queue_mb)
        return iotcore(self._folder, devices, vaka, self._queue_mb)

    def _left_over(self) -> psutil.Process | None:
        plans = (self._plan(name, self.devices, self.devices) for name in ("mosquitto", "iotcore"))
        return next((process for plan in plans if (process := find(plan.command[1:]))), None)

    def _adopt(self, process: psutil.Process) -> bool:
        previous = self._previous
        if previous is None or previous.broker_pid != process.pid:
            return False
        devices = Address.parse(previous.device_mqtt)
        vaka = MqttServer.parse(previous.mqtt_url).address
        wanted = self.devices in (devices, Address(devices.host, 0))
        if not wanted or not answers(devices) or not answers(vaka):
            return False
        self._program = self._plan(previous.broker_program, devices, vaka)
        self.devices, self.vaka, self.pid = devices, vaka, process.pid
        return True

    def _launch(self) -> None:
        devices = self.devices if self.devices.port else Address(self.devices.host, free_port(self.devices.host))
        require_free(devices, "--mqtt")
        name = choose(self._choice)
        vaka = devices if name == "mosquitto" else self.vaka or Address(devices.host, free_port(devices.host))
        self._program = self._plan(name, devices, vaka)
        self._child = self._spawn(self._program)
        self._wait_for(devices, vaka)
        self.devices, self.vaka, self.pid = devices, vaka, self._child.pid

    def _spawn(self, program: Program) -> "subprocess.Popen[bytes]":
        """mosquitto runs as the servers' account when Vaka is root; Python may be where that account cannot go."""
        account = server_account() if program.name == "mosquitto" else None
        self._folder.mkdir(exist_ok=True)
        check_reachable(program.config, account)
        program.config.write_text(program.text)
        for path in (self._folder, *self._folder.iterdir()):
            give(path, account)
        rotate(self._log)
        return spawn(program.command, self._log, account)

    def _wait_for(self, *listeners: Address) -> None:
        child = self._child
        assert child is not None
        deadline = time.monotonic() + START_SECONDS
        while not all(answers(listener) for listener in listeners):
            if child.poll() is not None or time.monotonic() > deadline:
                child.kill()
                child.wait()
                raise ServerError(f"{self.name} did not start; the end of {self._log}:\n{last_lines(self._log)}")
            time.sleep(0.02)


def _loopback(address: Address) -> Address:
    """The address with its host as a number. Raises ServerError unless it is this machine's own."""
    host = "127.0.0.1" if address.host == "localhost" else address.host
    try:
        if ipaddress.ip_address(host).is_loopback:
            return Address(host, address.port)
    except ValueError:
        pass
    raise ServerError(
        f"{address} is not on loopback: the embedded broker lets everybody in, so it serves this machine only. "
        f"For devices on the network run a broker with accounts and TLS, and give its address in VAKA_MQTT_URL"
    )
