"""One `vaka up` for each data directory: a lock that its process holds, and that any death of that process frees."""

import os
import sys
import time
from pathlib import Path

import psutil

from vaka.embedded.errors import ServerError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


DEAD_HOLDER_SECONDS = 5.0


class DataDirLock:
    """The lock `vaka.lock` in the data directory. Raises ServerError if another living process holds it."""

    def __init__(self, data_dir: Path) -> None:
        path = data_dir / "vaka.lock"
        self._file = path.open("a+")
        try:
            self._lock_unless_alive(path)
        except OSError as error:
            self._file.close()
            raise ServerError(
                f"another vaka up ({_holder(path)}) runs on {data_dir}: stop that one, "
                f"or give this one a data directory of its own with --data-dir"
            ) from error
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def _lock_unless_alive(self, path: Path) -> None:
        """A holder that was killed while it started a server is outlived for a moment by the child that was not yet
        a program of its own: the lock of the dead is waited for."""
        give_up = time.monotonic() + DEAD_HOLDER_SECONDS
        while True:
            try:
                return self._lock()
            except OSError:
                if _is_alive(_pid(path)) or time.monotonic() >= give_up:
                    raise
            time.sleep(0.02)

    def _lock(self) -> None:
        if sys.platform == "win32":
            # A byte far behind the process id, which thereby stays readable.
            self._file.seek(1 << 20)
            msvcrt.locking(self._file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def release(self) -> None:
        """Closing frees the lock. The file stays: removing it would let two processes lock two files of that name."""
        self._file.close()


def _holder(path: Path) -> str:
    pid = _pid(path)
    return f"process {pid}" if pid is not None else "process unknown"


def _pid(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _is_alive(pid: int | None) -> bool:
    return pid is not None and psutil.pid_exists(pid)
