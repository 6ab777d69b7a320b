"""What a test needs from the machine."""

import os
from typing import NoReturn

import pytest


def require(program: str, path: str | None) -> str:
    """The path of `program`; without one the test is skipped, and with CI=true it fails, for there all must run."""
    if path is None:
        skip_for(f"{program} is not installed")
    return path


def skip_for(reason: str) -> NoReturn:
    """Skips the test; with CI=true it fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and with CI=true nothing may be skipped")
    pytest.skip(reason)
