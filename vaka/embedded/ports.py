"""TCP ports: is one free, who has it, does somebody answer."""

import errno
import secrets
import socket
import sys
import time

import psutil

from events.address import Address
from vaka.embedded.errors import ServerError

PORTS = range(20_000, 32_000)
"""Below those that systems give to outgoing connections, one of which could take a port just found free."""


RELEASE_SECONDS = 5.0


def free_port(host: str = "127.0.0.1") -> int:
    """A port of `host` that nobody uses now."""
    for port in secrets.SystemRandom().sample(PORTS, 100):
        try:
            _bind(Address(host, port))
        except OSError:
            continue
        return port
    raise ServerError(f"{host} has no free port")


def require_free(address: Address, option: str) -> None:
    """ServerError unless `address` can be listened on; it says who has it, and `option` to choose another one with."""
    try:
        _bind(address)
    except OSError as error:
        raise ServerError(_why_not(address, option, error)) from error


def wait_until_free(address: Address) -> None:
    """Waits, but not for long, for a port whose server was just ended.

    A process whose first thread has gone counts as ended, but its other threads may still be closing its sockets.
    """
    give_up = time.monotonic() + RELEASE_SECONDS
    while time.monotonic() < give_up:
        try:
            _bind(address)
        except OSError:
            time.sleep(0.02)
        else:
            break


def _bind(address: Address) -> None:
    """OSError unless a server could bind to `address` now."""
    with socket.socket(_family(address.host), socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def _why_not(address: Address, option: str, error: OSError) -> str:
    another = Address(address.host, free_port()) if error.errno == errno.EADDRINUSE else "HOST:PORT"
    advice = f"choose another address with {option} {another}"
    if error.errno == errno.EADDRINUSE:
        return f"{address} is in use by {_user(address.port)}: stop it, or {advice}"
    return f"{address} cannot be listened on ({error.strerror}): {advice}"


def _user(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.pid and connection.laddr and connection.laddr.port == port:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        pass
    return "a program of another user"


def answers(address: Address) -> bool:
    """Whether somebody accepts connections there."""
    try:
        with socket.create_connection(address, timeout=2):
            return True
    except OSError:
        return False


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
