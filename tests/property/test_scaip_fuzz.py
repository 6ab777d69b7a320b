"""Hostile SCAIP: whatever comes over the wire is answered or refused with a reason, and nothing else happens."""

import re
from datetime import UTC, datetime

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from events.codec import decode_message
from events.delivery import Heard, Rejected
from ingest.scaip.digest import Digest
from ingest.scaip.document import TAGS, Fault, Status, answer, parse, write
from ingest.scaip.meaning import read, topic_of
from ingest.scaip.sip import Malformed, Request, respond
from ingest.scaip.sip import parse as parse_sip

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
PRESS = b"<mrq><ref>1243</ref><cid>678</cid><dty>2</dty></mrq>"
BOMB = (
    b'<!DOCTYPE mrq [<!ENTITY a "'
    + b"ha" * 500
    + b'">'
    + b"".join(b'<!ENTITY %c "&%c;&%c;">' % (n + 1, n, n) for n in range(97, 121))
    + b"]><mrq><ref>&y;</ref></mrq>"
)
EXTERNAL = b'<!DOCTYPE mrq [<!ENTITY e SYSTEM "file:///etc/passwd">]><mrq><ref>&e;</ref></mrq>'

texts = st.text(max_size=40)
codes = st.one_of(st.integers(-5, 1100).map(str), st.integers(0, 130).map(lambda code: f"{code:04}"), texts)
values = st.one_of(
    codes,
    texts,
    st.sampled_from(["", "NaN", "1e999", "-1", "٣", "ME", "re", "IN", "PI", "001", "1970-01-01T00:00:00Z", "2100"]),
    st.sampled_from(["59.3,18.1", "1e9,1", "nan,nan", "999,999", "$GPGGA,,9999.9,N,99999.9,E,1", "$GPGGA,,,,,,"]),
)
documents = st.dictionaries(st.sampled_from(sorted(TAGS)), values).map(
    lambda fields: {"ref": "1", "cid": "678", "dty": "3", **fields}
)


bodies = st.one_of(
    st.binary(max_size=300),
    documents.map(write),
    st.tuples(documents.map(write), st.integers(0, 400), st.binary(max_size=10)).map(
        lambda cut: cut[0][: cut[1]] + cut[2] + cut[0][cut[1] :]
    ),
)


@given(bodies)
@example(b"")
@example(BOMB)
@example(EXTERNAL)
@example(b"<mrq>" + b"x" * 1_000_000 + b"</mrq>")
@example(b"<mrq>" + b"<a>" * 100_000)
@example(b"<mrq " + b'a="b" ' * 2_000 + b"/>")
@example(PRESS.replace(b"678", b"\xff\xfe\xfd"))
@example(PRESS.replace(b"678", b"&#xD800;"))
@example(PRESS.replace(b"678", b"&#x202E;"))
@example("\ufeff".encode() + PRESS)
@example(PRESS.decode().encode("utf-16"))
def test_every_document_is_events_or_a_reason(body: bytes) -> None:
    content = read(topic_of("678"), body, NOW)
    assert content
    for one in content:
        assert isinstance(one, Heard | Rejected)
        if isinstance(one, Rejected):
            assert one.detail
            continue
        assert one.key is not None
        assert decode_message(one.kind, one.payload) == one.message
        assert all(len(str(origin)) <= 200 for origin in one.origins)
        assert "\0" not in str(msgspec.json.decode(one.payload))


@given(bodies)
def test_every_document_has_an_answer(body: bytes) -> None:
    try:
        document = parse(body)
        given_back = answer(document.ref, Status.HANDLED)
        assert parse_ref(given_back) == document.ref
    except Fault as fault:
        given_back = answer(fault.ref, fault.status)
    assert re.fullmatch(rb"<mrs>(<ref>[A-Za-z0-9]{1,16}</ref>)?<snu>\d+</snu></mrs>", given_back)


def parse_ref(mrs: bytes) -> str:
    found = re.search(rb"<ref>(.*)</ref>", mrs)
    assert found is not None
    return found[1].decode()


@given(documents)
def test_what_can_be_read_is_read_the_same_once_it_is_written(fields: dict[str, str]) -> None:
    try:
        document = parse(write(fields))
    except Fault:
        return
    assert parse(write(document.fields)) == document


HEADERS = ["Via", "v", "From", "To", "t", "Call-ID", "CSeq", "Content-Length", "l", "Contact", "Authorization", "X"]
header_values = st.one_of(
    texts,
    st.sampled_from(["SIP/2.0/UDP h;branch=z9hG4bK1;rport", "SIP/2.0/TCP [::1]:99999", "<sip:a@b>;tag=1", "-1", "1e9"]),
    st.integers(-10, 10**12).map(str),
)
lines = st.lists(st.tuples(st.sampled_from(HEADERS), st.sampled_from([": ", ":", " :\r\n ", ""]), header_values))
heads = st.tuples(
    st.sampled_from(["MESSAGE sip:x SIP/2.0", "SIP/2.0 200 OK", "SIP/2.0 99", "OPTIONS * SIP/9", "\0", "ACK"]), lines
).map(lambda head: "\r\n".join([head[0], *("".join(line) for line in head[1])]).encode("utf-8", "surrogatepass"))
GOOD = (
    b"MESSAGE sip:v SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1;rport\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:v>\r\n"
    b"Call-ID: 1\r\nCSeq: 1 MESSAGE\r\n\r\n"
)
wires = st.one_of(
    st.binary(max_size=300),
    st.tuples(heads, st.binary(max_size=20)).map(lambda parts: parts[0] + b"\r\n\r\n" + parts[1]),
    st.tuples(st.integers(0, len(GOOD)), st.binary(max_size=8)).map(
        lambda cut: GOOD[: cut[0]] + cut[1] + GOOD[cut[0] :]
    ),
)


@given(wires)
@example(b"A" * 1_000_000)
@example(b"\r\n" * 10_000)
@example(GOOD.replace(b"h;branch", b"h" + b";x" * 5_000 + b";branch"))
@example(GOOD.replace(b"h;branch", b'h;a="' + b"\\" * 9_999 + b";branch"))
def test_every_message_is_read_or_refused_and_can_be_answered(data: bytes) -> None:
    try:
        message = parse_sip(data)
    except Malformed:
        return
    if isinstance(message, Request):
        head, blank, _ = respond(message, 200, ("192.0.2.7", 40000)).partition(b"\r\n\r\n")
        assert blank
        assert head.startswith(b"SIP/2.0 200 OK\r\nVia: ")


@settings(max_examples=200)
@given(st.one_of(texts, texts.map(lambda text: f"Digest {text}"), texts.map(lambda text: f'Digest nonce="{text}"')))
@example('Digest username="678", realm="vaka", nonce="1.\udce1"')
@example('Digest username="678", realm="vaka", nonce="' + "f" * 10_000 + '", response="é"')
def test_nobody_is_believed_by_chance(authorization: str) -> None:
    digest = Digest("vaka", {"678": "a secret"}.get)
    challenge = digest.judge("MESSAGE", authorization)
    assert challenge is not None
    assert "\r" not in challenge
