"""Whether a receipt is from the gateway that it says: by a signature, or by the secret itself."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

SECRET_NAME = "callback"  # noqa: S105 - the name under which a provider's settings keep it.
MIN_LENGTH = 16
"""A shorter secret could be guessed, so it opens nothing."""

OLDEST = timedelta(minutes=5)


def is_from_gateway(secret: str | None, headers: Mapping[str, str], body: bytes, real_now: datetime) -> bool:
    """`Vaka-Signature` over time and body, made as Vaka signs its own webhooks; or the secret as bearer token or as
    the password of HTTP Basic, for gateways that can only be given an address."""
    if secret is None or len(secret) < MIN_LENGTH:
        return False
    if "vaka-signature" in headers:
        timestamp = headers.get("vaka-timestamp", "")
        signed = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        return _same(headers["vaka-signature"], f"v1={signed}") and _is_recent(timestamp, real_now)
    scheme, _, shown = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        return _same(_password(shown), secret)
    return scheme.lower() == "bearer" and _same(shown.strip(), secret)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _is_recent(timestamp: str, real_now: datetime) -> bool:
    """An old one may be a recording that somebody plays back."""
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:
        return False
    return abs(real_now.timestamp() - int(timestamp)) <= OLDEST.total_seconds()


def _password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
