"""Who may bring receipts: whoever shows the secret, or a signature made with it not long ago."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from api.gateway_callers import MIN_LENGTH, OLDEST, is_from_gateway
from processors.channels.webhook import signature

SECRET = "a secret of the gateway"
BODY = b'{"id": "g-1"}'
NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


def basic(password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()}


def signed(secret: str = SECRET, body: bytes = BODY, at: datetime = NOW) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    return {"vaka-timestamp": timestamp, "vaka-signature": signature(secret, timestamp, body)}


@pytest.mark.parametrize("headers", [basic(SECRET), {"authorization": f"Bearer {SECRET}"}, signed()])
def test_whoever_shows_the_secret_or_has_signed_with_it(headers: dict[str, str]) -> None:
    assert is_from_gateway(SECRET, headers, BODY, NOW)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("another secret of it"),
        basic(""),
        {"authorization": "Bearer "},
        {"authorization": SECRET},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic /w=="},
        signed("another secret of it"),
        signed(body=b"{}"),
        signed(at=NOW - OLDEST - timedelta(seconds=1)),
        signed(at=NOW + OLDEST + timedelta(seconds=1)),
        {**signed(), "vaka-timestamp": "1"},
        {**signed(), "vaka-signature": "é"},
        {"vaka-signature": signature(SECRET, "", BODY)},
        {"vaka-timestamp": "²", "vaka-signature": signature(SECRET, "²", BODY)},
        # A signature that does not fit is not made good by anything beside it.
        {**signed("another secret of it"), **basic(SECRET)},
    ],
)
def test_anybody_else(headers: dict[str, str]) -> None:
    assert not is_from_gateway(SECRET, headers, BODY, NOW)


@pytest.mark.parametrize("secret", [None, "", "x" * (MIN_LENGTH - 1)])
def test_without_a_proper_secret_nobody(secret: str | None) -> None:
    assert not is_from_gateway(secret, basic(secret or ""), BODY, NOW)
    assert not is_from_gateway(secret, {"authorization": f"Bearer {secret or ''}"}, BODY, NOW)


def test_the_shortest_secret() -> None:
    assert is_from_gateway("x" * MIN_LENGTH, basic("x" * MIN_LENGTH), BODY, NOW)
