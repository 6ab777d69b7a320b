"""SIP digest authentication (RFC 3261, 22, and RFC 2617): who may send, and what they must answer to be believed.

MD5 alone is offered: it is what the SIP stacks of alarm devices know, and some give up when offered more. It proves
who sends; what keeps others from reading and replaying is TLS.
"""

import hashlib
import hmac
import logging
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

NONCE_SECONDS = 300
_PARAMETER = re.compile(r'([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


class Users:
    """Names and passwords, one `name:password` a line; `*` is any name. Read again when the file has changed.

    Raises OSError or UnicodeDecodeError when the file cannot be read at first.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed = 0
        self._passwords: dict[str, str] = {}
        self._read()

    def password(self, name: str) -> str | None:
        try:
            self._read()
        except (OSError, UnicodeDecodeError) as error:
            # Whoever was known stays known: somebody who saves a file must not lock out those who press.
            log.error("SCAIP users in %s cannot be read: %s", self._path, error)
        return self._passwords.get(name, self._passwords.get("*"))

    def _read(self) -> None:
        changed = self._path.stat().st_mtime_ns
        if changed == self._changed:
            return
        lines = self._path.read_text(encoding="utf-8").splitlines()
        pairs = [line.partition(":") for line in lines if not line.startswith("#")]
        self._passwords = {name.strip(): password.strip() for name, _, password in pairs if password.strip()}
        self._changed = changed


class Digest:
    """Challenges, and judges what comes back. A nonce is its time and our signature: nothing is remembered."""

    def __init__(
        self, realm: str, password: Callable[[str], str | None], clock: Callable[[], float] = time.time
    ) -> None:
        self._realm = realm
        self._password = password
        self._clock = clock
        self._secret = secrets.token_bytes(32)

    def challenge(self, *, stale: bool = False) -> str:
        """The value of WWW-Authenticate. `stale`: the password was right, only the nonce is too old."""
        also = ", stale=true" if stale else ""
        return f'Digest realm="{self._realm}", nonce="{self._nonce()}", algorithm=MD5, qop="auth"{also}'

    def judge(self, method: str, authorization: str | None) -> str | None:
        """None when the sender is who they say; else the challenge to answer them with."""
        scheme, _, rest = (authorization or "").partition(" ")
        given = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)}
        if scheme.lower() != "digest" or not self._is_right(method, given):
            return self.challenge()
        return None if self._is_fresh(given["nonce"]) else self.challenge(stale=True)

    def _is_right(self, method: str, given: dict[str, str]) -> bool:
        if not self._is_ours(given.get("nonce", "")) or given.get("realm") != self._realm:
            return False
        password = self._password(given.get("username", ""))
        if password is None or given.get("algorithm", "MD5").upper() != "MD5":
            return False
        expected = answer(method, {**given, "password": password})
        return _is_same(expected, given.get("response", "").lower())

    def _nonce(self) -> str:
        moment = f"{int(self._clock()):x}"
        return f"{moment}.{self._signed(moment)}"

    def _signed(self, moment: str) -> str:
        return hmac.new(self._secret, _bytes(moment), "sha256").hexdigest()[:32]

    def _is_ours(self, nonce: str) -> bool:
        moment, _, signature = nonce.partition(".")
        return _is_same(self._signed(moment), signature)

    def _is_fresh(self, nonce: str) -> bool:
        return self._clock() - int(nonce.partition(".")[0], 16) <= NONCE_SECONDS


def authorization(challenge: str, method: str, uri: str, user: str, password: str) -> str:
    """The value of Authorization that proves the password to who sent `challenge`. Raises ValueError."""
    scheme, _, rest = challenge.partition(" ")
    asked = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)}
    if scheme.lower() != "digest" or not asked.get("nonce") or asked.get("algorithm", "MD5").upper() != "MD5":
        raise ValueError(f"a challenge that cannot be answered: {challenge[:100]!r}")
    given = {"username": user, "realm": asked.get("realm", ""), "nonce": asked["nonce"], "uri": uri}
    plain = {"algorithm": "MD5"}
    if "auth" in asked.get("qop", "").replace(" ", "").split(","):
        plain |= {"qop": "auth", "nc": "00000001"}
        given["cnonce"] = secrets.token_hex(8)
    response = answer(method, {**given, **plain, "password": password})
    quoted = [f'{name}="{value}"' for name, value in {**given, "response": response}.items()]
    echoed = [f'opaque="{asked["opaque"]}"'] if "opaque" in asked else []
    return "Digest " + ", ".join([*quoted, *echoed, *(f"{name}={value}" for name, value in plain.items())])


def answer(method: str, given: dict[str, str]) -> str:
    """The digest of username, realm, password, nonce and uri, with qop=auth also of nc and cnonce."""
    first = _md5(":".join(given.get(name, "") for name in ("username", "realm", "password")))
    second = _md5(f"{method}:{given.get('uri', '')}")
    if "qop" not in given:
        return _md5(f"{first}:{given['nonce']}:{second}")
    middle = ":".join(given.get(name, "") for name in ("nonce", "nc", "cnonce", "qop"))
    return _md5(f"{first}:{middle}:{second}")


def _md5(text: str) -> str:
    return hashlib.md5(_bytes(text), usedforsecurity=False).hexdigest()


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(_bytes(one), _bytes(other))


def _bytes(text: str) -> bytes:
    """As they came: a header may hold what is no text."""
    return text.encode("utf-8", "surrogateescape")
