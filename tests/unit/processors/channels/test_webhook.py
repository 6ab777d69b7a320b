"""The signature, and what is written of it for receivers."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from events.ids import AlarmId
from processors.channels.channel import Message
from processors.channels.webhook import payload, signature

DOCS = Path(__file__).parents[4] / "docs" / "webhooks.md"
SENT_AT = "1772434800"
NOTIFICATION = Message(id="n", priority=1, title="Larm", body="", alarm=AlarmId("a"), rung=3, facts={"id": "a"})


@pytest.fixture
def is_from_vaka(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, dict[str, str], bytes], bool]:
    """The example of the docs, run at the time of sending."""
    monkeypatch.setattr("time.time", lambda: float(SENT_AT) + 10)
    names: dict[str, Callable[[str, dict[str, str], bytes], bool]] = {}
    exec(DOCS.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0], names)
    return names["is_from_vaka"]


def headers(body: bytes, timestamp: str = SENT_AT, secret: str = "örn") -> dict[str, str]:
    return {"Vaka-Timestamp": timestamp, "Vaka-Signature": signature(secret, timestamp, body)}


def test_the_signature_is_the_one_that_the_docs_describe() -> None:
    # printf '1772434800.{}' | openssl dgst -sha256 -hmac secret
    assert signature("secret", SENT_AT, b"{}") == (
        "v1=eb46706ac316ea45066385af3655068418fbea27a2c6ac3377d3caff09fad832"
    )


def test_a_receiver_that_follows_the_docs_accepts_it(
    is_from_vaka: Callable[[str, dict[str, str], bytes], bool],
) -> None:
    body = payload(NOTIFICATION)
    assert is_from_vaka("örn", headers(body), body)


def test_and_refuses_everything_else(is_from_vaka: Callable[[str, dict[str, str], bytes], bool]) -> None:
    body = payload(NOTIFICATION)
    assert not is_from_vaka("örn", headers(body), body + b" ")
    assert not is_from_vaka("other", headers(body), body)
    assert not is_from_vaka("örn", {**headers(body), "Vaka-Timestamp": "1772434801"}, body)
    assert not is_from_vaka("örn", headers(body, "1772434000"), body)


def test_the_payload() -> None:
    assert msgspec.json.decode(payload(NOTIFICATION)) == {"id": "n", "alarm": {"id": "a"}, "rung": 3, "round": 0}


def test_the_example_in_the_docs_is_ten_lines() -> None:
    assert len(DOCS.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0].splitlines()) <= 10
