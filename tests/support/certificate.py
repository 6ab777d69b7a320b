"""A certificate for localhost, made on the spot by the openssl program."""

import shutil
import subprocess
from pathlib import Path

from tests.support.requirements import require


def certificate(folder: Path) -> tuple[Path, Path]:
    """The certificate, which is its own authority, and its key: PEM files in `folder`."""
    openssl = require("openssl", shutil.which("openssl"))
    cert, key = folder / "cert.pem", folder / "key.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    made = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", *names]
    subprocess.run([*made, "-days", "2", "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key
