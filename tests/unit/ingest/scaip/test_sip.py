"""SIP messages: what is read, what is refused, and that answers repeat what they must."""

import pytest

from ingest.scaip.sip import Malformed, Request, Response, contact_of, message_to, parse, respond, uri_in, way_back

SOURCE = ("192.0.2.7", 40000)


def message(*lines: str, body: bytes = b"", start: str = "MESSAGE sip:vaka@192.0.2.1 SIP/2.0") -> bytes:
    headers = lines or (
        "Via: SIP/2.0/UDP 10.0.0.5:5062;rport;branch=z9hG4bKabc",
        "From: <sip:678@alarm.example>;tag=1",
        "To: <sip:vaka@192.0.2.1>",
        "Call-ID: one@10.0.0.5",
        "CSeq: 7 MESSAGE",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join([start, *headers, "", ""]).encode() + body


def request(*lines: str, body: bytes = b"") -> Request:
    read = parse(message(*lines, body=body))
    assert isinstance(read, Request)
    return read


COMPACT = (
    "v : SIP / 2.0 / UDP host.example ; branch=z9hG4bKabc",
    "f: sip:678@alarm.example;tag=1",
    "t: Vaka <sip:vaka@192.0.2.1>",
    "i: one",
    "cseq: 1 MESSAGE",
    "c: application/scaip+xml",
    "l: 0",
)


def test_a_request_is_read() -> None:
    read = request(body=b"<mrq/>")
    assert (read.method, read.uri, read.version, read.body) == (
        "MESSAGE",
        "sip:vaka@192.0.2.1",
        "SIP/2.0",
        b"<mrq/>",
    )
    assert (read.via.transport, read.via.host, read.via.port, read.via.branch) == (
        "UDP",
        "10.0.0.5",
        5062,
        "z9hG4bKabc",
    )


def test_compact_names_blanks_and_folded_lines_are_read() -> None:
    read = request(*COMPACT[:2], "t: Vaka\r\n  <sip:vaka@192.0.2.1>", *COMPACT[3:])
    assert read.headers.get("to") == "Vaka <sip:vaka@192.0.2.1>"
    assert read.headers.get("content-type") == "application/scaip+xml"
    assert (read.via.host, read.via.branch) == ("host.example", "z9hG4bKabc")


def test_what_follows_the_named_length_is_left_out() -> None:
    data = message(body=b"12345").replace(b"Content-Length: 5", b"Content-Length: 2")
    assert parse(data).body == b"12"


def test_a_response_is_read() -> None:
    read = parse(message("Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKours", start="SIP/2.0 200 OK"))
    assert isinstance(read, Response)
    assert (read.status, read.branch) == (200, "z9hG4bKours")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"MESSAGE sip:x SIP/2.0\r\n", "do not end"),
        (message(start="MESSAGE sip:x"), "not the first line"),
        (message(start="MESS AGE sip:x SIP/2.0"), "not the first line"),
        (message(start="SIP/2.0 OK"), "has no status"),
        (message("no colon here"), "not a header"),
        (message("na me: x"), "not a header"),
        (message("Via: SIP/2.0/UDP a\0b"), "control character"),
        (message(*COMPACT[:-1], "l: many"), "not a number"),
        (message(*COMPACT[:-1], "l: 9999999999"), "not a number"),
        (message(*COMPACT[:-1], "l: -1"), "not a number"),
        (message(*COMPACT[:-1], "l: 10"), "10, but 0 bytes came"),
        (message("Via: nonsense", *COMPACT[1:]), "cannot be read"),
        (message("Via: SIP/2.0/UDP h:99999", *COMPACT[1:]), "cannot be read"),
        *((message(*(line for line in COMPACT if line != left)), "is missing") for left in COMPACT[:5]),
    ],
)
def test_what_is_not_sip_is_refused_with_the_reason(data: bytes, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        parse(data)


def test_an_answer_repeats_what_it_must_and_finds_the_way_back() -> None:
    asked = request(
        "Via: SIP/2.0/UDP 10.0.0.5:5062;rport;branch=z9hG4bKabc, SIP/2.0/UDP one.example",
        'Via: SIP/2.0/TCP two.example;x="a,b"',
        "From: <sip:678@alarm.example>;tag=1",
        "To: <sip:vaka@192.0.2.1>",
        "Call-ID: one@10.0.0.5",
        "CSeq: 7 MESSAGE",
    )
    answer = parse(respond(asked, 200, SOURCE, ("Content-Type", "text/plain"), body=b"yes"))
    assert isinstance(answer, Response)
    first, second = answer.headers.all("via")
    assert first == (
        "SIP/2.0/UDP 10.0.0.5:5062;rport=40000;branch=z9hG4bKabc;received=192.0.2.7, SIP/2.0/UDP one.example"
    )
    assert second == 'SIP/2.0/TCP two.example;x="a,b"'
    for name in ("from", "call-id", "cseq"):
        assert answer.headers.get(name) == asked.headers.get(name)
    assert (answer.headers.get("to") or "").startswith("<sip:vaka@192.0.2.1>;tag=")
    assert (answer.status, answer.body, answer.headers.get("content-length")) == (200, b"yes", "3")


def test_a_tag_that_is_there_is_kept() -> None:
    asked = request(*COMPACT[:2], "To: <sip:vaka@192.0.2.1;tag=no>;TAG=yes", *COMPACT[3:])
    assert parse(respond(asked, 200, SOURCE)).headers.get("to") == "<sip:vaka@192.0.2.1;tag=no>;TAG=yes"


def test_bytes_that_are_no_text_come_back_as_they_were() -> None:
    data = message(*COMPACT[:3], "Call-ID: \xe9", *COMPACT[4:]).replace("\xe9".encode(), b"\xe9")
    asked = parse(data)
    assert isinstance(asked, Request)
    assert b"Call-ID: \xe9\r\n" in respond(asked, 200, SOURCE)


@pytest.mark.parametrize(
    ("via", "to"),
    [
        ("SIP/2.0/UDP 10.0.0.5:5062;rport;branch=b", SOURCE),
        ("SIP/2.0/UDP 10.0.0.5:5062;branch=b", ("192.0.2.7", 5062)),
        ("SIP/2.0/UDP 10.0.0.5;branch=b", ("192.0.2.7", 5060)),
        ("SIP/2.0/UDP [2001:db8::5]:5070;branch=b", ("192.0.2.7", 5070)),
    ],
)
def test_where_an_answer_goes(via: str, to: tuple[str, int]) -> None:
    assert way_back(request(f"Via: {via}", *COMPACT[1:]), SOURCE) == to


@pytest.mark.parametrize(
    ("contact", "to"),
    [
        ("<sip:678@192.0.2.7:5070;transport=udp>", ("192.0.2.7", 5070)),
        ("sip:192.0.2.7", ("192.0.2.7", 5060)),
        ("<sip:678@10.0.0.5:5070>", SOURCE),
        ("<sip:678@192.0.2.7:99999>", SOURCE),
        ("nonsense", SOURCE),
    ],
)
def test_where_a_peer_listens(contact: str, to: tuple[str, int]) -> None:
    asked = request("Via: SIP/2.0/UDP 10.0.0.5;rport;branch=b", *COMPACT[1:], f"Contact: {contact}")
    assert contact_of(asked, SOURCE) == to


def test_a_retransmission_is_the_same_transaction_and_another_request_is_not() -> None:
    again = request(*COMPACT)
    assert request(*COMPACT).transaction() == again.transaction()
    assert request(*COMPACT[:3], "i: two", *COMPACT[4:]).transaction() != again.transaction()
    assert request(*COMPACT[:4], "cseq: 2 MESSAGE", *COMPACT[5:]).transaction() != again.transaction()


@pytest.mark.parametrize(
    ("address", "uri"),
    [
        ('"Anna, <x>" <sip:678@alarm.example;transport=tcp>;tag=1', "sip:678@alarm.example;transport=tcp"),
        ("sip:678@alarm.example;tag=1", "sip:678@alarm.example"),
        ("<SIPS:678@alarm.example>", "SIPS:678@alarm.example"),
        ("tel:+46700000001", None),
        ("", None),
    ],
)
def test_the_address_in_a_header(address: str, uri: str | None) -> None:
    assert uri_in(address) == uri


def test_a_message_of_our_own() -> None:
    branch, data = message_to("sip:678@10.0.0.5", request(), "TCP", "192.0.2.1:5060", b"<mrs/>")
    sent = parse(data)
    assert isinstance(sent, Request)
    assert (sent.method, sent.uri, sent.body) == ("MESSAGE", "sip:678@10.0.0.5", b"<mrs/>")
    assert (sent.via.branch, sent.via.transport) == (branch, "TCP")
    assert sent.headers.get("to") == "<sip:678@alarm.example>"
    assert (sent.headers.get("from") or "").startswith("<sip:vaka@192.0.2.1>;tag=")
    assert sent.headers.get("content-type") == "application/scaip+xml"
