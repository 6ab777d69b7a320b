"""Where servers listen: `host:port` and `mqtt://` addresses, read in one place with errors a person can act on."""

from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import unquote, urlsplit


class Address(NamedTuple):
    """A TCP address; port 0 means any free port. As text `127.0.0.1:1883`, or `[::1]:1883` for IPv6."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Raises ValueError, saying what is wrong, unless `text` is `host:port` with a port from 0 to 65535."""
        host, colon, port = text.rpartition(":")
        if not colon or not host:
            raise ValueError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:8000")
        if not (port.isascii() and port.isdecimal()):
            raise ValueError(f"the port {port!r} is not a number")
        if int(port) > 65535:
            raise ValueError(f"the port {port} is above 65535")
        bracketed = host.startswith("[") and host.endswith("]")
        if ":" in host and not bracketed:
            raise ValueError(f"an IPv6 address is written in brackets: [{host}]:{port}")
        return cls(host[1:-1] if bracketed else host, int(port))

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of this machine reach it."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class MqttServer(NamedTuple):
    """What a client needs to reach a broker."""

    address: Address
    username: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> "MqttServer":
        """Raises ValueError unless `url` is `mqtt://[user:password@]host:port`; without a port it is 1883."""
        parts = urlsplit(url)
        if parts.scheme != "mqtt" or parts.path not in ("", "/") or parts.query or parts.fragment:
            raise ValueError("it is not mqtt://[user:password@]host:port")
        place = parts.netloc.rpartition("@")[2]
        address = Address.parse(place if _has_port(place) else f"{place}:1883")
        username = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        return cls(address, username, password)


def _has_port(place: str) -> bool:
    return ":" in place.rpartition("]")[2]
