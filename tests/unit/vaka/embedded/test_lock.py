import os
import signal
import subprocess
import sys
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
