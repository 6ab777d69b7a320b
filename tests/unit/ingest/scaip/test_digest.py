"""Digest authentication: who is believed, and what the others are asked."""

import os
import re
from pathlib import Path

import pytest

from ingest.scaip.digest import NONCE_SECONDS, Digest, Users, answer

PASSWORDS = {"678": "a secret", "*": "shared"}


class Caller:
    """Answers a challenge as a device does; the clock is set by hand."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.digest = Digest("vaka", lambda name: PASSWORDS.get(name), lambda: self.time)

    def authorization(self, challenge: str, password: str = "a secret", **changes: str) -> str:
        nonce = re.findall(r'nonce="([^"]+)"', challenge)[0]
        given = {"username": "678", "realm": "vaka", "nonce": nonce, "uri": "sip:vaka@host", "qop": "auth"}
        given |= {"nc": "00000001", "cnonce": "abc", **changes}
        given = {name: text for name, text in given.items() if text}
        response = answer("MESSAGE", {**given, "password": password})
        plain = {"qop", "nc", "algorithm"}
        pairs = [f"{name}={text}" if name in plain else f'{name}="{text}"' for name, text in given.items()]
        return "Digest " + ", ".join([*pairs, f'response="{response}"'])


@pytest.fixture
def caller() -> Caller:
    return Caller()


def test_the_example_of_the_standard() -> None:
    """RFC 2617, 3.5."""
    given = {
        "username": "Mufasa",
        "realm": "testrealm@host.com",
        "password": "Circle Of Life",
        "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        "uri": "/dir/index.html",
        "qop": "auth",
        "nc": "00000001",
        "cnonce": "0a4f113b",
    }
    assert answer("GET", given) == "6629fae49393a05397450978507c4ef1"


@pytest.mark.parametrize("changes", [{}, {"qop": "", "nc": "", "cnonce": ""}, {"algorithm": "MD5"}])
def test_who_knows_the_password_is_believed(caller: Caller, changes: dict[str, str]) -> None:
    challenge = caller.digest.judge("MESSAGE", None)
    assert challenge is not None
    assert caller.digest.judge("MESSAGE", caller.authorization(challenge, **changes)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "wrong"},
        {"username": "nobody"},
        {"realm": "another"},
        {"nonce": "f4240.00000000000000000000000000000000"},
        {"nonce": "nonsense"},
        {"algorithm": "SHA-256"},
    ],
    ids=str,
)
def test_who_does_not_is_asked_again(caller: Caller, changes: dict[str, str]) -> None:
    authorization = caller.authorization(caller.digest.challenge(), **changes)
    challenge = caller.digest.judge("MESSAGE", authorization)
    assert challenge is not None
    assert "stale" not in challenge


@pytest.mark.parametrize(
    "authorization", [None, "", "Basic Njc4OmEgc2VjcmV0", "Digest", 'Digest nonce="', "Digest ,,,="]
)
def test_what_is_no_digest_is_asked_again(caller: Caller, authorization: str | None) -> None:
    assert caller.digest.judge("MESSAGE", authorization) is not None


def test_another_method_is_another_answer(caller: Caller) -> None:
    authorization = caller.authorization(caller.digest.challenge())
    assert caller.digest.judge("OPTIONS", authorization) is not None


def test_an_old_nonce_is_stale_and_no_wrong_password(caller: Caller) -> None:
    authorization = caller.authorization(caller.digest.challenge())
    caller.time += NONCE_SECONDS
    assert caller.digest.judge("MESSAGE", authorization) is None
    caller.time += 1
    assert "stale=true" in (caller.digest.judge("MESSAGE", authorization) or "")


def test_a_nonce_of_another_vaka_is_worth_nothing(caller: Caller) -> None:
    assert caller.digest.judge("MESSAGE", caller.authorization(Caller().digest.challenge())) is not None


def test_users_are_read_again_when_the_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text("# controllers\n678: a:secret \nempty:\n\n")
    users = Users(path)
    assert [users.password(name) for name in ("678", "empty", "999", "# controllers")] == ["a:secret", None, None, None]
    path.write_text("999:new\n*:shared\n")
    os.utime(path, ns=(1, 1))
    assert [users.password(name) for name in ("999", "678")] == ["new", "shared"]
    path.unlink()
    assert users.password("999") == "new"


def test_a_file_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="users"):
        Users(tmp_path / "users")
