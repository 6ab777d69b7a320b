"""Starting, finding and ending the processes of the embedded servers, which may outlive the Vaka that started them."""

import os
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import psutil

from vaka.embedded.errors import ServerError

STOP_SECONDS = 20
LOG_BYTES = 10_000_000


def spawn(
    command: Sequence[str], log: Path, account: str | None = None, stdin: int | None = subprocess.DEVNULL
) -> "subprocess.Popen[bytes]":
    """Start `command`, its output appended to `log`, as the OS user `account` (None: the same user as Vaka).

    In a session of its own it is spared the Ctrl-C at the terminal, so that Vaka can write its last before it stops.
    """
    user: dict[str, Any] = {} if account is None else {"user": account, "group": account, "extra_groups": []}
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            env=_environment(),
            **user,
        )


def run(command: Sequence[str], log: Path, account: str | None = None, stdin: str = "") -> None:
    """Run `command` to its end; ServerError with the end of `log` unless it succeeds."""
    with spawn(command, log, account, subprocess.PIPE) as process:
        process.communicate(stdin.encode())
    if process.returncode:
        raise ServerError(f"{Path(command[0]).name} failed; the end of {log}:\n{last_lines(log)}")


def _environment() -> dict[str, str]:
    """Without libpq's variables, which would send the PostgreSQL programs to another server."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {"LC_ALL": "C"}


def find(arguments: Sequence[str]) -> psutil.Process | None:
    """The living process that was started with exactly these arguments, whatever the path of its program.

    The arguments name a file in the data directory, so they identify a server of this very data directory. A start
    time would not do as well: on a small machine the clock is set after boot, and start times move with it.
    """
    for process in psutil.process_iter(["cmdline"]):
        if (process.info["cmdline"] or [])[1:] == list(arguments):
            return process
    return None


def runs(pid: int | None, arguments: Sequence[str]) -> bool:
    """Whether the process with this id lives (a zombie does not) and is not another one that got its number."""
    try:
        return pid is not None and psutil.Process(pid).cmdline()[1:] == list(arguments)
    except psutil.Error:
        return False


def serves(pid: int, data_dir: Path) -> bool:
    """Whether the process with this id lives and was started on a file of `data_dir`."""
    try:
        return any(argument.startswith(str(data_dir.resolve())) for argument in psutil.Process(pid).cmdline())
    except psutil.Error:
        return False


def end(process: psutil.Process) -> None:
    """Ask the process to stop, and kill it if it has not after STOP_SECONDS."""
    try:
        process.terminate()
    except psutil.NoSuchProcess:
        return
    if not _wait([process]):
        kill([process])


def kill(processes: Iterable[psutil.Process]) -> None:
    """Kill the processes and wait until they are gone."""
    victims = list(processes)
    for process in victims:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    _wait(victims)


def _wait(processes: Sequence[psutil.Process]) -> bool:
    """Whether all have ended within STOP_SECONDS. A zombie has: whoever should bury it may never do so."""
    deadline = time.monotonic() + STOP_SECONDS
    while any(_lives(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def rotate(log: Path) -> None:
    """Set a log that has grown above LOG_BYTES aside, in place of the one set aside before."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_name(log.name + ".1"))


def last_lines(log: Path, count: int = 8) -> str:
    """The last lines of `log`, indented."""
    lines = log.read_text(errors="replace").splitlines()[-count:]
    return "\n".join(f"  {line}" for line in lines)
