"""One `vaka up` for each data directory: a lock that its process holds, and that any death of that process frees."""

import os
import sys
from pathlib import Path

from vaka.embedded.errors import ServerError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class DataDirLock:
    """The lock `vaka.lock` in the data directory. Raises ServerError if another living process holds it."""

    def __init__(self, data_dir: Path) -> None:
        path = data_dir / "vaka.lock"
        self._file = path.open("a+")
        try:
            self._lock()
        except OSError as error:
            self._file.close()
            raise ServerError(
                f"another vaka up ({_holder(path)}) runs on {data_dir}: stop that one, "
                f"or give this one a data directory of its own with --data-dir"
            ) from error
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

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
    try:
        return f"process {int(path.read_text())}"
    except (OSError, ValueError):
        return "process unknown"
