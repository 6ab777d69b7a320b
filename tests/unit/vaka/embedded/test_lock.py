import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vaka.embedded.errors import ServerError
from vaka.embedded.lock import DataDirLock

HOLD = """
import signal, sys
from pathlib import Path
from vaka.embedded.lock import DataDirLock
lock = DataDirLock(Path(sys.argv[1]))
print("locked", flush=True)
signal.pause()
"""


def test_a_second_vaka_on_a_data_directory_is_refused_with_the_first_ones_number(tmp_path: Path) -> None:
    lock = DataDirLock(tmp_path)
    with pytest.raises(ServerError, match=f"process {os.getpid()}.* stop that one, or .* --data-dir"):
        DataDirLock(tmp_path)
    lock.release()
    DataDirLock(tmp_path).release()


def test_a_killed_vaka_holds_nothing(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "locked\n"
        with pytest.raises(ServerError, match=f"process {first.pid}"):
            DataDirLock(tmp_path)
        first.send_signal(signal.SIGKILL)
        first.wait()
        DataDirLock(tmp_path).release()


def test_the_lock_of_the_dead_is_waited_for_while_a_child_of_theirs_still_holds_it(tmp_path: Path) -> None:
    """The child stands for one that was forked, and had not become its own program when its parent was killed."""
    code = """
import os, sys
from pathlib import Path
from vaka.embedded.lock import DataDirLock
lock = DataDirLock(Path(sys.argv[1]))
if os.fork() == 0:
    print("held", flush=True)
    sys.stdin.readline()
    os._exit(0)
os._exit(0)
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as dead:
        assert dead.stdout is not None
        assert dead.stdin is not None
        assert dead.stdout.readline() == "held\n"
        dead.wait()
        let_go = threading.Timer(0.1, dead.stdin.close)
        let_go.start()
        DataDirLock(tmp_path).release()
        let_go.join()
