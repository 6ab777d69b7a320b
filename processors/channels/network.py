"""To which addresses channels may connect. Where they go is set up by many people: municipalities, staff, browsers.

A name is looked up here, once, and the connection goes to what was found: a name that means another address a moment
later leads nowhere else. Without this, a push subscription or a gateway's address would be a way into whatever Vaka's
own machine can reach: its database, the metadata of a cloud.
"""

import asyncio
import contextlib
import socket
from collections.abc import Sequence

import httpx

from processors.channels.permitted import IpNetwork, check


class Network:
    """`private`: networks that are not public and may be reached all the same."""

    def __init__(self, private: Sequence[IpNetwork] = ()) -> None:
        self.private = tuple(private)

    async def resolve(self, host: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> list[str]:
        """The addresses of `host`, all of which may be connected to. Raises OSError."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host.strip("[]"), port, type=kind)
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        for address in addresses:
            check(address, self.private)
        return addresses

    async def connect(self, host: str, port: int) -> socket.socket:
        """A TCP connection, by the first of the addresses that answers. Raises OSError."""
        addresses = await self.resolve(host, port)
        failure: OSError = ConnectionError(f"{host} has no address")
        for address in addresses:
            try:
                return await _connected(address, port)
            except OSError as error:
                failure = error
        raise failure


class PinnedTransport(httpx.AsyncBaseTransport):
    """HTTP to addresses that `network` permits. Connections are not kept: one made for a name must serve no other."""

    def __init__(self, network: Network, inner: httpx.AsyncBaseTransport) -> None:
        self._network = network
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        try:
            addresses = await self._network.resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
        except OSError as error:
            raise httpx.ConnectError(str(error), request=request) from error
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        for address in addresses[:-1]:
            with contextlib.suppress(httpx.ConnectError):
                return await self._to(address, request, url)
        return await self._to(addresses[-1], request, url)

    async def _to(self, address: str, request: httpx.Request, url: httpx.URL) -> httpx.Response:
        request.url = url.copy_with(host=address)
        try:
            return await self._inner.handle_async_request(request)
        finally:
            request.url = url

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _connected(address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    made.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(made, (address, port))
    except BaseException:
        made.close()
        raise
    return made
