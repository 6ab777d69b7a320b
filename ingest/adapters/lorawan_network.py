"""What LoRaWAN networks have in common: how their fields are read, their clock, and the way to events."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from events.codec import utc
from events.delivery import Content, Heard, Rejected, Rejection
from events.devices import Origin
from ingest.adapter import heard
from ingest.adapters.lorawan import Said

OLDEST = datetime(2015, 1, 1, tzinfo=UTC)
"""No LoRaWAN network is older: a server that says so has just started without a clock."""

AHEAD = timedelta(hours=1)
"""How far a network's clock may be ahead of ours to be believed. What is old may have waited at a gateway."""


LEVEL = r"[^/+#\x00]+"
"""One level of a topic, as a pattern."""

EUI = re.compile(r"[0-9a-f]{16}")


def either_of(bases: Sequence[str], network: str) -> str:
    """A pattern of topics that are one of these, where `+` stands for any one level. Raises ValueError for others."""
    for base in bases:
        if not all(level == "+" or re.fullmatch(LEVEL, level) for level in base.split("/")):
            raise ValueError(f"{base!r} is not where {network} publishes")
    paths = ("/".join(LEVEL if level == "+" else re.escape(level) for level in base.split("/")) for base in bases)
    return f"(?:{'|'.join(paths)})"


def inside(fields: dict[str, Any], name: str) -> dict[str, Any]:
    """The object under this name; an empty one when there is none."""
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def elements(fields: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects in the array under this name."""
    value = fields.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(fields: dict[str, Any], name: str, most: int = 100) -> str:
    """The text under this name, shortened; an empty one when there is none that can be printed."""
    value = fields.get(name)
    return value[:most] if isinstance(value, str) and value[:most].isprintable() else ""


_NUMBER = (int, float)


def number(fields: dict[str, Any], name: str) -> float | None:
    value = fields.get(name)
    return float(value) if isinstance(value, _NUMBER) and not isinstance(value, bool) and abs(value) < 1e9 else None


def spoken_at(given: object, received: datetime, wrong: list[str]) -> datetime:
    """When the network heard it, by its own clock; `received` when that cannot be believed."""
    if given is None:
        return received
    try:
        at = utc(given if isinstance(given, str) else "")
    except ValueError:
        wrong.append(f"time: {str(given)[:100]!r} is not a time; taken as {received.isoformat()}")
        return received
    if OLDEST <= at <= received + AHEAD:
        return at
    wrong.append(f"time: {str(given)[:100]!r} cannot be; taken as {received.isoformat()}")
    return received


def signal(receptions: Iterable[dict[str, Any]]) -> list[Said]:
    """How strong the best of the gateways heard it."""
    levels = [level for one in receptions if (level := number(one, "rssi")) is not None]
    return [Said("signal", {"rssi_dbm": max(levels)}, True)] if levels else []


def events(
    origins: tuple[Origin, ...],
    at: datetime,
    said: Iterable[Said],
    wrong: list[str],
    *,
    raw: bytes,
    same: object = None,
) -> Content:
    """The events, and what could not be understood. A device that said nothing of ours is alive all the same.

    `same` is what two copies of this message share, and no two messages. What happened comes before what is so, as the
    first event keeps the payload, and what is so may be known already.
    """
    content: list[Heard | Rejected] = []
    keep: bytes | None = raw
    whose = None if same is None or same == "" else _hash(f"{origins[0].scope}\x1f{origins[0].id}\x1f{same}")
    for kind, fields, is_state in [*sorted(said, key=_is_state), _ALIVE]:
        if keep is None and kind == "heartbeat":
            break
        key = None if whose is None else _key(whose, kind, fields)
        one = heard(origins, kind, at, fields, raw=keep, key=key, is_state=is_state)
        if isinstance(one, Heard):
            keep = None
        content.append(one)
    return (*content, *rejected(origins[0], wrong))


def rejected(origin: Origin, wrong: Iterable[str]) -> Content:
    return tuple(Rejected(Rejection.MALFORMED, detail, origin=origin) for detail in wrong)


_ALIVE = Said("heartbeat", {}, True)


def _is_state(said: Said) -> bool:
    return said.is_state


def _hash(text: str) -> hashlib.blake2b:
    return hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16)


def _key(whose: hashlib.blake2b, kind: str, fields: dict[str, Any]) -> bytes:
    """Two faults of one message are two events."""
    key = whose.copy()
    key.update(f"\x1f{kind}\x1f{fields.get('code', '')}".encode())
    return key.digest()
