"""The OS user that the servers run as when Vaka itself runs as root: PostgreSQL refuses to run as root."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from vaka.embedded.errors import ServerError

ACCOUNT = "vaka"


def server_account() -> str | None:
    """The OS user for the servers, made when it is missing; None means the user of Vaka itself. Raises ServerError."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    try:
        pwd.getpwnam(ACCOUNT)
    except KeyError:
        _make_account()
    return ACCOUNT


def _make_account() -> None:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", None) or error
        raise ServerError(
            f"PostgreSQL does not run as root, and the user {ACCOUNT!r} could not be made for it ({reason}). "
            f"Run Vaka as an ordinary user, or make that user and group first."
        ) from error


def give(path: Path, account: str | None) -> None:
    """Make `account` the owner of `path`; nothing to do when the servers run as Vaka's own user."""
    if account is not None:
        shutil.chown(path, account, account)


def check_reachable(path: Path, account: str | None) -> None:
    """ServerError unless `account` may enter every folder on the way to `path`."""
    if sys.platform == "win32" or account is None:
        return
    import pwd

    user = pwd.getpwnam(account).pw_uid
    for folder in path.absolute().parents:
        status = folder.stat()
        if not status.st_mode & 0o001 and status.st_uid != user:
            raise ServerError(
                f"PostgreSQL does not run as root but as the user {account!r}, who may not enter {folder} "
                f"on the way to {path}. Run Vaka as an ordinary user, or move it to a folder that everybody may enter "
                f"(the data alone: VAKA_DATA_DIR=/var/lib/vaka), or allow it: chmod a+x {folder}"
            )
