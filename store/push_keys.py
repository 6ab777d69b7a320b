"""The key pairs that push messages are signed with (VAPID, RFC 8292): one for the installation, made when first needed.

A browser's subscription is bound to the key that it was made with. So a new key takes over for new subscriptions, and
the old ones are kept until they are forgotten, and with them the subscriptions that nobody has renewed.
"""

import base64
from datetime import datetime
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from store.pool import Connection

IN_FORCE = "SELECT public FROM push_keys ORDER BY created_at DESC, public LIMIT 1"
PRIVATE = "SELECT private FROM push_keys WHERE public = %s"
ADD = "INSERT INTO push_keys (public, private, created_at) VALUES (%s, %s, %s)"
FORGET_OLD = """
DELETE FROM push_keys
WHERE public <> (SELECT public FROM push_keys ORDER BY created_at DESC, public LIMIT 1) RETURNING public
"""
# Two processes that start on an empty database must not make two keys.
LOCK = "LOCK TABLE push_keys IN SHARE ROW EXCLUSIVE MODE"


class Pair(NamedTuple):
    """Raw keys of the curve P-256 as base64url without padding: 65 octets uncompressed, and 32."""

    public: str
    private: str


async def key_in_force(connection: Connection, real_now: datetime) -> str:
    """The public key for new subscriptions; made now if there is none."""
    found = await _in_force(connection)
    if found is not None:
        return found
    await connection.execute(LOCK)
    return await _in_force(connection) or await rotate(connection, real_now)


async def rotate(connection: Connection, real_now: datetime) -> str:
    """Makes a new pair, in force from now on; returns its public key."""
    pair = new_pair()
    await connection.execute(ADD, (*pair, real_now))
    return pair.public


async def forget_old(connection: Connection) -> list[str]:
    """Keeps only the key in force. Who subscribed with another must do so again; returns the forgotten public keys."""
    return [row[0] for row in await (await connection.execute(FORGET_OLD)).fetchall()]


async def private_of(connection: Connection, public: str) -> str | None:
    row = await (await connection.execute(PRIVATE, (public,))).fetchone()
    return row[0] if row is not None else None


def new_pair() -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return Pair(_text(public), _text(key.private_numbers().private_value.to_bytes(32)))


async def _in_force(connection: Connection) -> str | None:
    row = await (await connection.execute(IN_FORCE)).fetchone()
    return row[0] if row is not None else None


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
