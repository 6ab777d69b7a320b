"""What a test needs from the machine."""

import os

import pytest


def require(program: str, path: str | None) -> str:
    """The path of `program`; without one the test is skipped, and with CI=true it fails, for there all must run."""
    if path is None:
        reason = f"{program} is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}, and with CI=true nothing may be skipped")
        pytest.skip(reason)
    return path
