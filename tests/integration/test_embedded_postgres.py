"""The embedded PostgreSQL: what it keeps, and what a kill at any point leaves behind."""

import os
import signal
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest

from vaka.embedded.account import server_account
from vaka.embedded.errors import ServerError
from vaka.embedded.postgres import SOCKET_PATH_BYTES, Postgres
from vaka.embedded.processes import spawn

Start = Callable[[], Postgres]


@pytest.fixture
def start(data_dir: Path) -> Iterator[Start]:
    """Starts a server on the data directory, each time with nothing remembered; the last one is stopped."""
    started: list[Postgres] = []

    def start_one() -> Postgres:
        server = Postgres(data_dir)
        server.start()
        started.append(server)
        return server

    yield start_one
    started[-1].stop()


def _write(server: Postgres) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'Åsa' AS name")


def _read(server: Postgres) -> object:
    with psycopg.connect(server.url) as connection:
        return connection.execute("SELECT name FROM kept").fetchall()


def _setting(server: Postgres, name: str) -> object:
    with psycopg.connect(server.url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
        return row and row[0]


def _count_for_ever(server: Postgres) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("SELECT count(*) FROM generate_series(1, 1e15)")


def _is_counting(server: Postgres) -> bool:
    with psycopg.connect(server.url) as connection:
        found = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT count%' AND state = 'active'"
        return connection.execute(found).fetchone() is not None


def test_a_restart_keeps_everything(start: Start) -> None:
    first = start()
    _write(first)
    first.stop()
    assert not first.running()
    second = start()
    assert second.running()
    assert not second.adopted
    assert _read(second) == [("Åsa",)]


def test_it_is_set_up_for_a_small_machine_that_must_not_forget(start: Start) -> None:
    server = start()
    wanted = {"fsync": "on", "TimeZone": "UTC", "jit": "off", "shared_buffers": "64MB", "max_connections": "60"}
    assert {name: _setting(server, name) for name in wanted} == wanted


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such sockets")
def test_it_is_not_reachable_over_the_network(start: Start, data_dir: Path) -> None:
    server = start()
    assert _setting(server, "listen_addresses") == ""
    assert "trust" not in (data_dir / "postgres" / "pg_hba.conf").read_text()
    with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
        psycopg.connect(server.url.replace("vaka@", "postgres@"))


def test_over_tcp_it_wants_the_password(data_dir: Path) -> None:
    server = Postgres(data_dir, tcp=True)
    server.start()
    try:
        _write(server)
        assert _setting(server, "listen_addresses") == "127.0.0.1"
        password = (data_dir / "postgres.password").read_text()
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.url.replace(password, "guessed"))
        if sys.platform != "win32":
            assert stat.S_IMODE((data_dir / "postgres.password").stat().st_mode) == 0o600
    finally:
        server.stop()


def test_a_server_that_a_killed_vaka_left_is_adopted(start: Start) -> None:
    first = start()
    _write(first)
    second = start()
    assert second.adopted
    assert (second.pid, second.url) == (first.pid, first.url)


def test_a_killed_postmaster_costs_nothing_that_was_committed(start: Start) -> None:
    first = start()
    _write(first)
    psutil.Process(first.pid).kill()
    second = start()
    assert second.pid != first.pid
    assert _read(second) == [("Åsa",)]


def test_a_statement_that_outlives_its_postmaster_is_no_hindrance(start: Start) -> None:
    """Its process does not notice the death while it counts, and holds memory that the next postmaster wants."""
    first = start()
    _write(first)
    with ThreadPoolExecutor(1) as pool:
        counting = pool.submit(_count_for_ever, first)
        while not _is_counting(first):
            pass
        psutil.Process(first.pid).kill()
        assert _read(start()) == [("Åsa",)]
        with pytest.raises(psycopg.OperationalError):
            counting.result()


def test_lock_files_that_name_an_unrelated_process_are_no_hindrance(start: Start, data_dir: Path) -> None:
    first = start()
    _write(first)
    lock = data_dir / "postgres" / "postmaster.pid"
    lines = lock.read_text().splitlines()
    first.stop()
    (data_dir / "run").mkdir(mode=0o700)
    with spawn(["sleep", "600"], data_dir / "sleep.log", server_account()) as unrelated:
        lock.write_text("\n".join([str(unrelated.pid), *lines[1:]]) + "\n")
        (data_dir / "run" / ".s.PGSQL.5432.lock").write_text(f"{unrelated.pid}\n")
        try:
            assert _read(start()) == [("Åsa",)]
        finally:
            unrelated.kill()


def test_a_server_that_does_not_answer_is_replaced(
    start: Start, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vaka.embedded.processes.STOP_SECONDS", 0.2)
    monkeypatch.setattr("vaka.embedded.postgres.ANSWER_SECONDS", 1)
    first = start()
    _write(first)
    os.kill(first.pid or 0, signal.SIGSTOP)
    second = start()
    assert not second.adopted
    assert _read(second) == [("Åsa",)]


def test_files_half_made_when_vaka_was_killed_are_made_anew(start: Start, data_dir: Path) -> None:
    half_made = data_dir / "postgres-new-killed"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    assert start().running()
    assert not half_made.exists()


def test_a_data_directory_too_deep_for_a_socket(data_dir: Path) -> None:
    deep = data_dir / ("d" * SOCKET_PATH_BYTES)
    deep.mkdir()
    server = Postgres(deep)
    server.start()
    try:
        _write(server)
        assert _read(server) == [("Åsa",)]
    finally:
        server.stop()


def test_what_is_in_the_way_of_a_start_is_shown(start: Start, data_dir: Path) -> None:
    start().stop()
    (data_dir / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(ServerError, match=r"(?s)pg_ctl failed; the end of .*postgres\.log.*version 17"):
        Postgres(data_dir).start()


def test_nobody_listens_after_a_stop(start: Start, data_dir: Path) -> None:
    start().stop()
    with socket.socket(socket.AF_UNIX) as client, pytest.raises(FileNotFoundError):
        client.connect(str(data_dir / "run" / ".s.PGSQL.5432"))
