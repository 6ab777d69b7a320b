"""Folders for servers under test."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A temporary folder that the servers' own OS user may enter when the tests run as root; pytest's are private."""
    folder = Path(tempfile.mkdtemp(prefix="vaka-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A fresh data directory for embedded servers."""
    with reachable_folder() as folder:
        yield folder
