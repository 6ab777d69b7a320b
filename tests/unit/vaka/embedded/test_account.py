import os
import sys
from pathlib import Path

import pytest

from vaka.embedded.account import check_reachable, server_account
from vaka.embedded.errors import ServerError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no root on Windows")


def test_a_folder_that_the_servers_user_may_not_enter_is_named_with_what_to_do(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(ServerError) as caught:
        check_reachable(closed / "vaka-data", "nobody")
    message = str(caught.value)
    assert "'nobody'" in message
    assert "VAKA_DATA_DIR" in message
    assert "chmod a+x" in message


def test_folders_that_everybody_may_enter_are_no_hindrance() -> None:
    check_reachable(Path("/usr/bin/env"), "nobody")


def test_the_user_of_vaka_itself_needs_no_check(tmp_path: Path) -> None:
    check_reachable(tmp_path / "anything", None)


def test_an_ordinary_user_runs_the_servers_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert server_account() is None
