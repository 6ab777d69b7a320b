"""Programs for tests that come as npm packages: installed once, by their lock file, beside the virtual environment."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.requirements import require, skip_for

SERVERS = Path(__file__).resolve().parents[1] / "servers"
INSTALL_SECONDS = 900


def node() -> str:
    """The path of Node, or a skip where there is none."""
    return require("node", shutil.which("node"))


def installed(name: str, *programs: str) -> Path:
    """A folder with `programs` of `tests/servers/NAME` and the packages that they need, or a skip."""
    npm = require("npm", shutil.which("npm"))
    source, files = SERVERS / name, ("package.json", "package-lock.json", ".npmrc", *programs)
    digest = hashlib.sha256(b"".join((source / file).read_bytes() for file in files)).hexdigest()[:16]
    folder = Path(sys.prefix) / "share" / f"vaka-{name}-{digest}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f"vaka-{name}-", dir=folder.parent))
    try:
        for file in files:
            shutil.copy(source / file, making / file)
        _install(npm, making)
        try:
            making.rename(folder)
        except OSError:
            # Another run was faster.
            assert folder.is_dir()
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


def _install(npm: str, folder: Path) -> None:
    try:
        subprocess.run([npm, "ci"], cwd=folder, capture_output=True, check=True, timeout=INSTALL_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        told = (error.stderr or b"").decode(errors="replace").strip()[-300:]
        skip_for(f"npm packages could not be installed: {told or error}")
