import os
import socket

import pytest

from events.address import Address
from vaka.embedded.errors import ServerError
from vaka.embedded.ports import answers, free_port, require_free


def test_a_free_port_can_be_listened_on() -> None:
    address = Address("127.0.0.1", free_port())
    require_free(address, "--mqtt")
    assert not answers(address)


def test_a_port_in_use_is_refused_with_who_has_it_and_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = Address("127.0.0.1", server.getsockname()[1])
        assert answers(address)
        with pytest.raises(ServerError) as caught:
            require_free(address, "--mqtt")
    message = str(caught.value)
    assert message.startswith(f"{address} is in use by ")
    assert f"(pid {os.getpid()})" in message
    assert "stop it, or choose another address with --mqtt 127.0.0.1:" in message


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ServerError, match="cannot be listened on"):
        require_free(Address("192.0.2.1", 1883), "--http")
