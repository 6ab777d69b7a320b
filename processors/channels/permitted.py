"""Which addresses may be connected to: public ones, and those of networks that the installation names.

Kept apart from `network`, so that the process which runs other people's code for us need not load more than this.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

_TRANSLATED = ip_network("64:ff9b::/96")
"""What a network that speaks only IPv6 reaches IPv4 by (RFC 6052): the address is in the last four octets."""


class Forbidden(OSError):
    """A place that is not public, and that the setting `private_networks` does not name."""


def check(address: str, private: Sequence[IpNetwork]) -> None:
    """Raises Forbidden, or ValueError when it is no address."""
    inner = _inner(ip_address(address))
    if any(inner in network for network in private if network.version == inner.version):
        return
    if not inner.is_global or inner.is_multicast:
        raise Forbidden(f"{address} is not public, and the setting private_networks does not allow it")


def networks(text: str) -> tuple[IpNetwork, ...]:
    """`10.0.0.0/8, fd00::/8`. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _inner(address: IpAddress) -> IpAddress:
    """The IPv4 address that an IPv6 address leads to, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
