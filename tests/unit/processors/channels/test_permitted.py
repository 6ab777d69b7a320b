"""Which addresses messages may go to."""

import pytest

from processors.channels.permitted import Forbidden, check, networks

INSIDE = [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:127.0.0.1",
    "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_public_is_forbidden(address: str) -> None:
    with pytest.raises(Forbidden, match="is not public"):
        check(address, ())


@pytest.mark.parametrize("address", ["8.8.8.8", "2a00:1450:400f::1", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_what_is_public_is_allowed(address: str) -> None:
    check(address, ())


def test_networks_of_the_house_are_allowed_when_they_are_named_and_no_others() -> None:
    private = networks("10.1.0.0/16, fd00::/8 ,127.0.0.1")
    for address in ("10.1.2.3", "fd00::1", "127.0.0.1", "::ffff:10.1.2.3", "64:ff9b::7f00:1"):
        check(address, private)
    for address in ("10.2.0.1", "127.0.0.2", "::1"):
        with pytest.raises(Forbidden):
            check(address, private)


def test_what_is_no_network_or_address() -> None:
    assert networks("") == ()
    with pytest.raises(ValueError, match="nonsense"):
        networks("10.0.0.0/8,nonsense")
    with pytest.raises(ValueError, match="nonsense"):
        check("nonsense", ())
