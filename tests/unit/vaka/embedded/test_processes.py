import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from vaka.embedded.errors import ServerError
from vaka.embedded.processes import end, find, last_lines, rotate, run, runs, serves

WAIT_FOR_EVER = "import signal, sys; signal.pause()"


@pytest.fixture
def child(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-c", WAIT_FOR_EVER, str(tmp_path / "server.conf")]) as process:
        yield process
        process.kill()


def _arguments(tmp_path: Path) -> list[str]:
    return ["-c", WAIT_FOR_EVER, str(tmp_path / "server.conf")]


def test_a_process_is_known_by_its_arguments(tmp_path: Path, child: "subprocess.Popen[bytes]") -> None:
    found = find(_arguments(tmp_path))
    assert found is not None
    assert found.pid == child.pid
    assert runs(child.pid, _arguments(tmp_path))
    assert serves(child.pid, tmp_path)


def test_a_process_that_got_a_dead_ones_number_is_not_mistaken(
    tmp_path: Path, child: "subprocess.Popen[bytes]"
) -> None:
    assert not runs(child.pid, ["-c", str(tmp_path / "another.conf")])
    assert not serves(child.pid, tmp_path / "another")
    assert not runs(None, _arguments(tmp_path))


def test_a_zombie_does_not_run(tmp_path: Path, child: "subprocess.Popen[bytes]") -> None:
    end(psutil.Process(child.pid))
    assert not runs(child.pid, _arguments(tmp_path))
    assert not serves(child.pid, tmp_path)
    assert find(_arguments(tmp_path)) is None
    assert child.wait() == -signal.SIGTERM


def test_a_failure_shows_the_end_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with pytest.raises(ServerError, match="disk is full"):
        run([sys.executable, "-c", "import sys; sys.exit('disk is full')"], log)
    assert last_lines(log) == "  disk is full"


def test_libpq_variables_do_not_reach_the_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    log = tmp_path / "server.log"
    run([sys.executable, "-c", "import os; print(os.environ.get('PGPORT'))"], log)
    assert log.read_text() == "None\n"


def test_a_long_log_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "server.log"
    rotate(log)
    log.write_text("twelve bytes")
    rotate(log)
    assert log.exists()
    monkeypatch.setattr("vaka.embedded.processes.LOG_BYTES", 11)
    rotate(log)
    assert not log.exists()
    assert (tmp_path / "server.log.1").read_text() == "twelve bytes"
