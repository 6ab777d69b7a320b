"""The long tail: whatever Apprise can send to, in a process of its own that is ended when its time is over.

Apprise waits with its hands tied while it sends, so it would hold a thread, for as long as a service likes to trickle.
A process can be ended, takes its memory along, and can be kept from everything but the network (`apprise_child`).
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from processors.channels.channel import Message, Receipt, Target
from processors.channels.http import readable
from processors.channels.permitted import IpNetwork
from rules.addresses import ServiceUrl, read_address
from rules.given import GivenError, read
from rules.providers import Services

TIMEOUT_SECONDS = 25.0
SERVICE_SECONDS = 10.0
"""For each connection and each read of the service."""

AT_ONCE = 4
"""Processes of about 60 MB each."""

_ROOT = str(Path(__file__).parents[2])
_COMMAND = (sys.executable, "-P", "-m", "processors.channels.apprise_child")
# Nothing of our own environment: neither passwords nor proxies.
_ENVIRONMENT = {"PYTHONPATH": _ROOT, "HOME": "/nonexistent", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


class Apprise:
    """`private`: networks that are not public and may be reached all the same."""

    def __init__(self, private: Sequence[IpNetwork], *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._private = [str(network) for network in private]
        self._timeout = timeout_seconds
        self._places = asyncio.Semaphore(AT_ONCE)

    async def send(self, message: Message, target: Target) -> Receipt:
        try:
            address = read_address(target.channel, target.address)
            services = read(Services, dict(target.provider))
        except GivenError as error:
            return Receipt(False, error=str(error))
        assert isinstance(address, ServiceUrl)
        if address.scheme not in services.schemes:
            return Receipt(False, refused=True, error=f"{address.scheme} is not among the services that are allowed")
        try:
            async with asyncio.timeout(self._timeout), self._places:
                said = await _run(self._asked(message, address.url))
        except TimeoutError:
            return Receipt(False, error=f"no answer within {self._timeout:g} s")
        except (OSError, msgspec.DecodeError) as error:
            return Receipt(False, error=readable(f"{type(error).__name__}: {error}".encode(errors="replace")))
        return Receipt(said["taken"], refused=not said["known"], answer=readable(said["said"].encode()))

    def _asked(self, message: Message, url: str) -> dict[str, Any]:
        return {
            "url": url,
            "title": message.title,
            "body": " ".join(part for part in (message.body, message.url) if part),
            "urgent": message.priority == 1 and not message.test,
            "seconds": SERVICE_SECONDS,
            "private": self._private,
        }


async def _run(asked: dict[str, Any]) -> dict[str, Any]:
    """Raises OSError, or DecodeError when the process said nothing that can be read."""
    process = await asyncio.create_subprocess_exec(
        *_COMMAND,
        env=_ENVIRONMENT,
        cwd="/",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        output, _ = await process.communicate(msgspec.json.encode(asked))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    # What a service printed comes before our own line.
    said: dict[str, Any] = msgspec.json.decode(output.splitlines()[-1] if output.strip() else b"")
    return said
