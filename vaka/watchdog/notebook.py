"""What operators have been told, in a file: a watchdog that begins anew neither repeats nor forgets it."""

import os
from pathlib import Path

import msgspec

from vaka.watchdog.judge import Book

Books = dict[str, Book]
"""By path."""

FILE = "watchdog.json"


def read_books(folder: Path) -> Books:
    """Nothing was told when there is no file, or none that can be read."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Books)
    except (OSError, msgspec.MsgspecError):
        return {}


def write_books(folder: Path, books: Books) -> bool:
    """Written whole or not at all; whether it was. A disk that is full must not keep anybody from being told."""
    new = folder / f"{FILE}.new"
    try:
        new.write_bytes(msgspec.json.format(msgspec.json.encode(books)) + b"\n")
        os.replace(new, folder / FILE)
    except OSError:
        return False
    return True
