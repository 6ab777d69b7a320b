import stat
import sys
from pathlib import Path

import pytest

from vaka.embedded.state import Addresses, read_addresses, remove_addresses, write_addresses

ADDRESSES = Addresses(
    database_url="postgresql://vaka:password@127.0.0.1:5432/vaka",
    database_pid=1,
    mqtt_url="mqtt://127.0.0.1:1884",
    device_mqtt="127.0.0.1:1883",
    broker_program="iotcore",
    broker_pid=None,
)


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    assert read_addresses(tmp_path) is None
    write_addresses(tmp_path, ADDRESSES)
    assert read_addresses(tmp_path) == ADDRESSES
    remove_addresses(tmp_path)
    remove_addresses(tmp_path)
    assert read_addresses(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[1", b"\xff"])
def test_a_broken_file_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "servers.json").write_bytes(content)
    assert read_addresses(tmp_path) is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_only_the_owner_can_read_the_password(tmp_path: Path) -> None:
    write_addresses(tmp_path, ADDRESSES)
    write_addresses(tmp_path, ADDRESSES)
    assert stat.S_IMODE((tmp_path / "servers.json").stat().st_mode) == 0o600
