"""Recordings of real homes, which are beside the repository and never in it."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data"


def recording(name: str) -> Path:
    """The recording, or a skip where the folder is absent."""
    if not FOLDER.is_dir():
        pytest.skip("the recordings of ../shared/data are not here")
    return FOLDER / name
