"""HTTP as channels need it: one request, bounded in time and size, to a permitted address, following nothing."""

import asyncio
import ssl
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx
from msgspec import Struct

from processors.channels.network import Network, PinnedTransport

TIMEOUT_SECONDS = 10.0
MAX_ANSWER = 64 * 1024
"""Bytes of an answer that are read."""

TEXT_CHARACTERS = 500


class NoAnswer(Exception):
    """There was none, or none in time; the text says why. Whether the request was acted on is not known."""


class Reply(Struct, frozen=True):
    """`headers` in lower case; `body` at most 64 KiB of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return readable(self.body)


def client(network: Network, tls: ssl.SSLContext | None = None) -> httpx.AsyncClient:
    """No redirects, no proxy, no cookies: what is secret goes to that address alone. `tls` None: public authorities."""
    inner = httpx.AsyncHTTPTransport(
        verify=tls if tls is not None else True, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
    )
    made = httpx.AsyncClient(
        transport=PinnedTransport(network, inner),
        follow_redirects=False,
        trust_env=False,
        timeout=TIMEOUT_SECONDS,
        headers={"User-Agent": "vaka"},
    )
    made.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return made


async def ask(client: httpx.AsyncClient, method: str, url: str, timeout: float, **content: Any) -> Reply:
    """The beginning of the answer. Raises NoAnswer, after `timeout` seconds at the latest."""
    try:
        # The client's own limits are for each read; an answer that trickles in would keep within them for ever.
        async with asyncio.timeout(timeout), client.stream(method, url, **content) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Reply(response.status_code, headers, await _beginning(response))
    except TimeoutError:
        raise NoAnswer(f"no answer within {timeout:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        raise NoAnswer(readable(f"{type(error).__name__}: {error}".encode(errors="replace"))) from error


def readable(text: bytes) -> str:
    """At most 500 characters that PostgreSQL can keep: it has no NUL."""
    beginning = text[: 4 * TEXT_CHARACTERS].decode(errors="replace")
    return beginning.replace("\0", "\N{REPLACEMENT CHARACTER}")[:TEXT_CHARACTERS]


async def _beginning(response: httpx.Response) -> bytes:
    beginning = bytearray()
    async for chunk in response.aiter_raw():
        beginning += chunk
        if len(beginning) >= MAX_ANSWER:
            break
    return bytes(beginning[:MAX_ANSWER])
