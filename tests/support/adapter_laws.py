"""What must hold of whatever a reader makes of whatever a broker delivers."""

import re
from datetime import UTC, timedelta

from events.codec import decode_message
from events.delivery import Content, Found, Heard, Observation, Rejected
from events.devices import Origin

LONGEST_DETAIL = 2000
OF_THE_PROGRAM = re.compile(r"^[A-Z]\w+(Error|Exception|Warning): ")
"""How the reader quotes an exception that an adapter did not foresee: nobody understands that in quarantine."""


def check(content: Content) -> None:
    for seen in content:
        match seen:
            case Heard() | Observation():
                _check_event(seen)
            case Found():
                _check_origin(seen.origin)
                assert all(
                    text is None or is_storable(text) for text in (seen.name, seen.vendor, seen.model, *seen.topics)
                )
            case Rejected():
                assert seen.detail
                # It may quote anything: quarantine escapes what the database cannot store.
                assert len(seen.detail) <= LONGEST_DETAIL
                assert not OF_THE_PROGRAM.match(seen.detail), seen.detail
                if seen.origin is not None:
                    _check_origin(seen.origin)


def _check_event(seen: Heard | Observation) -> None:
    again = decode_message(seen.kind, seen.payload)
    assert again == seen.message
    assert seen.message.at.tzinfo is UTC
    assert seen.key is None or len(seen.key) == 16
    assert seen.same_within > timedelta(0)
    if isinstance(seen, Heard):
        # Vaka's own form is stored as it came: what the database refuses goes to quarantine with the reason.
        assert is_storable_json(seen.payload)
        assert seen.origins
        for origin in seen.origins:
            _check_origin(origin)


def _check_origin(origin: Origin) -> None:
    assert origin.id
    assert is_storable(origin.id)
    assert is_storable(origin.scope)


def is_storable(text: str) -> bool:
    """PostgreSQL's text has no NUL, and is UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def is_storable_json(payload: bytes) -> bool:
    """PostgreSQL's JSON has no NUL either, however it is spelt."""
    unescaped = payload.replace(b"\\\\", b"")
    return b"\\u0000" not in unescaped and b"\x00" not in payload
