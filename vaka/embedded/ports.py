"""TCP ports: is one free, who has it, does somebody answer."""

import errno
import socket
import sys

import psutil

from events.address import Address
from vaka.embedded.errors import ServerError


def free_port(host: str = "127.0.0.1") -> int:
    """A port of `host` that nobody listens on now."""
    with socket.create_server((host, 0), family=_family(host)) as server:
        return int(server.getsockname()[1])


def require_free(address: Address, option: str) -> None:
    """ServerError unless `address` can be listened on; it says who has it, and `option` to choose another one with."""
    with socket.socket(_family(address.host), socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            raise ServerError(_why_not(address, option, error)) from error


def _why_not(address: Address, option: str, error: OSError) -> str:
    another = Address(address.host, free_port()) if error.errno == errno.EADDRINUSE else "HOST:PORT"
    advice = f"choose another address with {option} {another}"
    if error.errno == errno.EADDRINUSE:
        return f"{address} is in use by {_listener(address.port)}: stop it, or {advice}"
    return f"{address} cannot be listened on ({error.strerror}): {advice}"


def _listener(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if listens and connection.pid:
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
