"""Coverage-guided fuzzing of the SCAIP parsers, by hand: `python -m tests.fuzz.scaip -max_total_time=600`.

Needs the package atheris, which is no dependency of Vaka. What is found becomes an example in
tests/property/test_scaip_fuzz.py.
"""

import contextlib
import sys
from datetime import UTC, datetime

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["ingest.scaip"]):
    from events.delivery import Heard, Rejected
    from ingest.scaip.digest import Digest
    from ingest.scaip.document import Fault, parse
    from ingest.scaip.meaning import read
    from ingest.scaip.sip import Malformed, Request, contact_of, respond, way_back
    from ingest.scaip.sip import parse as parse_sip

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
SOURCE = ("192.0.2.7", 40000)
DIGEST = Digest("vaka", {"678": "a secret"}.get)


def one_input(data: bytes) -> None:
    """The same bytes as a document, and as a SIP message with whatever is in it."""
    _document(data)
    try:
        message = parse_sip(data)
    except Malformed:
        return
    if isinstance(message, Request):
        respond(message, 200, SOURCE)
        way_back(message, SOURCE)
        contact_of(message, SOURCE)
        assert DIGEST.judge(message.method, message.headers.get("authorization")) is not None
        _document(message.body)


def _document(data: bytes) -> None:
    content = read("scaip/678", data, NOW)
    assert content
    assert all(isinstance(one, Heard | Rejected) for one in content)
    with contextlib.suppress(Fault):
        parse(data)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
