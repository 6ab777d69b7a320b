"""TimescaleDB for tests: a server that is given, or one in WebAssembly that Node serves.

The latter has one connection at a time, no background jobs, and no COPY.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from tests.support.npm import installed, node

PROGRAM = "serve.mjs"
END_SECONDS = 20


@pytest.fixture
def bare_url() -> Iterator[str]:
    """URL of an empty database that can have the extension, or a skip where there is none."""
    given = os.environ.get("VAKA_TEST_TIMESCALE_URL")
    with _database_of(given) if given else _served() as url:
        yield url


@pytest.fixture
def timescale_url(bare_url: str) -> str:
    """URL of an empty database with the extension."""
    with psycopg.connect(bare_url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION timescaledb")
    return bare_url


@contextmanager
def _served() -> Iterator[str]:
    command = [node(), str(installed("timescale", PROGRAM) / PROGRAM)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            port = int(server.stdout.readline())
            yield f"postgresql://postgres:any@127.0.0.1:{port}/postgres?sslmode=disable"
        finally:
            server.stdin.close()
            try:
                server.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()


@contextmanager
def _database_of(server: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
