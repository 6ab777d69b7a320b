"""The process in which Apprise runs: `python -m processors.channels.apprise_child`, one message on standard input.

Apprise is over a hundred services by as many authors, and some of them run programs, speak to the desktop, or read
files that an address names. Here whatever they do passes an audit hook, which refuses all but what sending takes:
connections to permitted addresses, and reading of Python's own files.
"""

import json
import logging
import os
import re
import ssl
import sys
from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from processors.channels.permitted import IpNetwork, check

CONNECTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
REFUSED = ("subprocess.", "os.", "shutil.", "pty.", "ctypes.", "syslog.", "ftplib.", "webbrowser.", "sqlite3.")
HARMLESS = frozenset(
    {"os.listdir", "os.scandir", "os.walk", "os.fwalk", "os.putenv", "os.unsetenv", "os.add_dll_directory"}
)
READ_ONLY = ("/etc/hosts", "/etc/resolv.conf", "/etc/ssl", "/usr/share/zoneinfo", "/usr/share/ca-certificates")


def guard(private: Iterable[IpNetwork]) -> None:
    """From now on nothing of this process gets beyond what sending a message takes."""
    allowed = tuple(private)
    places = _readable_places()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            _check_open(arguments[0], arguments[2], places)
        elif event in CONNECTS:
            _check_address(arguments[-1], allowed)
        elif event.startswith(REFUSED) and event not in HARMLESS:
            raise PermissionError(f"{event} is not allowed here")

    sys.addaudithook(hook)


def _check_open(path: object, flags: object, places: tuple[str, ...]) -> None:
    if isinstance(path, int):
        return
    writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    real = os.path.realpath(os.fsdecode(path)) if isinstance(path, str | bytes | os.PathLike) else ""
    if writes or not real.startswith(places):
        raise PermissionError(f"opening {real} is not allowed here")


def _check_address(address: object, allowed: tuple[IpNetwork, ...]) -> None:
    if address is None:
        return  # A datagram on a connected socket, which was checked when it was connected.
    if not isinstance(address, tuple):
        raise PermissionError("only the network can be reached from here")
    check(str(address[0]), allowed)


def _readable_places() -> tuple[str, ...]:
    paths = ssl.get_default_verify_paths()
    found = {sys.prefix, sys.base_prefix, str(Path(os.__file__).parent), paths.cafile, paths.capath}
    found |= {path for path in sys.path if path.endswith(("-packages", ".zip"))} | {*READ_ONLY}
    return tuple(os.path.realpath(path) for path in found if path)


def send(asked: dict[str, Any]) -> dict[str, Any]:
    """What came of `{"url", "title", "body", "urgent", "seconds"}`: whether it was taken, and what was said of it."""
    import apprise
    import requests

    # What is secret goes to that address alone.
    requests.Session.get_redirect_target = _nowhere  # type: ignore[assignment, method-assign]
    asset = apprise.AppriseAsset(app_id="Vaka", app_desc="Vaka", app_url="", secure_logging=True)
    guard(ip_network(text) for text in asked["private"])
    with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as said:  # type: ignore[no-untyped-call]
        service = apprise.Apprise.instantiate(asked["url"], asset=asset)
        if service is None:
            return {"taken": False, "known": False, "said": "the address is not understood"}
        service.socket_connect_timeout = service.socket_read_timeout = asked["seconds"]
        kind = apprise.NotifyType.FAILURE if asked["urgent"] else apprise.NotifyType.INFO
        sender = apprise.Apprise(asset=asset)
        sender.add(service)
        taken = bool(sender.notify(asked["body"], title=asked["title"], notify_type=kind))
        return {"taken": taken, "known": True, "said": _without_secrets(said.getvalue(), asked["url"])}


def _nowhere(session: object, response: object) -> None:
    """To where an answer redirects."""


def _without_secrets(text: str, url: str) -> str:
    for part in re.findall(r"[^/:@?&=#,\s]{5,}", url.partition("://")[2]):
        text = text.replace(part, "***")
    return text[:500]


if __name__ == "__main__":
    print(json.dumps(send(json.loads(sys.stdin.read()))))
