"""Passwords, and patience with those who guess them."""

import base64
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

import anyio
from anyio import to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MAX_FAILURES = 5
WINDOW = timedelta(minutes=15)
REMEMBERED = 10_000
AT_ONCE = 2
"""Each check takes 64 MiB and a processor for some 50 ms: more at once would let strangers fill the memory."""


def hash_password(password: str) -> str:
    """The argon2id hash that is stored; takes some 50 ms."""
    return PasswordHasher().hash(password)


class Passwords:
    """Hashes and checks in threads of their own; argon2id with the parameters that its RFC recommends."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._limiter = anyio.CapacityLimiter(AT_ONCE)
        self._nobody = _unreachable_hash(self._hasher)

    async def hash(self, password: str) -> str:
        return await to_thread.run_sync(self._hasher.hash, password, limiter=self._limiter)

    async def fits(self, password: str, hash: str | None) -> bool:
        """Takes as long when there is no such account, so that time does not tell which usernames exist."""
        return await to_thread.run_sync(self._fits, password, hash or self._nobody, limiter=self._limiter)

    def _fits(self, password: str, hash: str) -> bool:
        try:
            return self._hasher.verify(hash, password)
        except (VerificationError, InvalidHashError):
            return False


def _unreachable_hash(hasher: PasswordHasher) -> str:
    """A hash that costs what every other one costs, and that no password is known for."""
    salt, digest = (
        base64.b64encode(bytes(length)).decode().rstrip("=") for length in (hasher.salt_len, hasher.hash_len)
    )
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${digest}"


class FailedSignIns:
    """Counts failures for each username and address, in real time; what was longest ago is forgotten first."""

    def __init__(self, wall: Callable[[], datetime]) -> None:
        self._wall = wall
        self._failures: OrderedDict[tuple[str, str], list[datetime]] = OrderedDict()

    def attempt(self, username: str, address: str) -> timedelta | None:
        """How long to wait when there were too many failures; else None, and this one counts until it succeeds.

        It is counted before it is checked, or many at once would all pass.
        """
        key = (username.lower(), address)
        recent = self._recent(key)
        if len(recent) >= MAX_FAILURES:
            return recent[-MAX_FAILURES] + WINDOW - self._wall()
        self._failures[key] = [*recent, self._wall()]
        self._failures.move_to_end(key)
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)
        return None

    def succeeded(self, username: str, address: str) -> None:
        self._failures.pop((username.lower(), address), None)

    def _recent(self, key: tuple[str, str]) -> list[datetime]:
        since = self._wall() - WINDOW
        return [time for time in self._failures.get(key, ()) if time > since]
