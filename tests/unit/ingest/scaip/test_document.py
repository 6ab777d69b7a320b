"""SCAIP documents: what is read, what is answered to what cannot be, and that XML can do no harm."""

import pytest

from ingest.scaip.document import MAX_DOCUMENT, Fault, MessageType, Status, answer, parse, write

PRESS = b"<mrq><ref>1243</ref><cid>678</cid><dty>2</dty></mrq>"


def test_the_smallest_request() -> None:
    document = parse(PRESS)
    assert (document.ref, document.cid, document.dty, document.type) == ("1243", "678", 2, MessageType.ALARM)
    assert (document.state, document.more) == (None, False)


def test_a_request_that_says_all() -> None:
    document = parse(
        b"""<?xml version="1.0" encoding="UTF-8"?>
        <s:mrq xmlns:s="urn:x" version="1"><!-- one --> <ref> 1a </ref><ver>01.00</ver><cid>+46 7/x</cid>
          <dty>0003</dty><mty>re</mty><stc>0010</stc><ame>1</ame><lge><geo>59.3,18.1</geo><tim>2026</tim></lge>
          <lte><![CDATA[a < b]]> &amp; &#229;</lte><did/><own><ref>9</ref></own>
        </s:mrq>"""
    )
    assert (document.ref, document.cid, document.dty, document.state) == ("1a", "+46 7/x", 3, 10)
    assert (document.type, document.more) == (MessageType.RESET, True)
    assert [document.get(tag) for tag in ("geo", "lte", "did", "own")] == ["59.3,18.1", "a < b & å", None, None]


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16"])
def test_another_encoding_that_is_declared(encoding: str) -> None:
    text = (
        f"<?xml version='1.0' encoding='{encoding}'?><mrq><ref>1</ref><cid>6</cid><dty>3</dty><lte>hall å</lte></mrq>"
    )
    assert parse(text.encode(encoding)).get("lte") == "hall å"


def with_tags(**tags: str) -> bytes:
    fields = {"ref": "1243", "cid": "678", "dty": "2", **tags}
    return write({tag: text for tag, text in fields.items() if text})


FAULTS = {
    "too long": (b" " * (MAX_DOCUMENT + 1), Status.TOO_LONG, "at most"),
    "empty": (b"", Status.INVALID_FORMAT, "no XML"),
    "not XML": (b"alarm!", Status.INVALID_FORMAT, "no XML"),
    "not closed": (PRESS[:-3], Status.INVALID_FORMAT, "no XML"),
    "two documents": (PRESS * 2, Status.INVALID_FORMAT, "no XML"),
    "not UTF-8": (PRESS.replace(b"678", b"\xff\xfe"), Status.INVALID_FORMAT, "no XML"),
    "NUL": (PRESS.replace(b"678", b"6\x008"), Status.INVALID_FORMAT, "no XML"),
    "NUL by number": (PRESS.replace(b"678", b"6&#0;8"), Status.INVALID_FORMAT, "no XML"),
    "no encoding": (b"<?xml version='1.0' encoding='klingon'?>" + PRESS, Status.INVALID_FORMAT, "no XML"),
    "an encoding of no text": (b"<?xml version='1.0' encoding='zip'?>" + PRESS, Status.INVALID_FORMAT, "no XML"),
    "an answer": (b"<mrs><ref>1</ref></mrs>", Status.INVALID_FORMAT, "not 'mrq'"),
    "an entity of our own": (PRESS.replace(b"678", b"&lol;"), Status.INVALID_FORMAT, "no XML"),
    "the same tag twice": (PRESS.replace(b"</mrq>", b"<cid>679</cid></mrq>"), Status.INVALID_FORMAT, "cid is there"),
    "too deep": (PRESS.replace(b"</mrq>", b"<x>" * 9 + b"</x>" * 9 + b"</mrq>"), Status.INVALID_FORMAT, "too many"),
    "too many": (PRESS.replace(b"</mrq>", b"<x/>" * 200 + b"</mrq>"), Status.INVALID_FORMAT, "too many"),
    "no ref": (with_tags(ref=""), Status.REFERENCE_MISSING, "ref is missing"),
    "no cid": (with_tags(cid=""), Status.TAG_MISSING, "cid is missing"),
    "no dty": (with_tags(dty=""), Status.TAG_MISSING, "dty is missing"),
    "a long ref": (with_tags(ref="a" * 17), Status.WRONG_DATA, "ref: 'aaa"),
    "a ref of signs": (with_tags(ref="a-b"), Status.WRONG_DATA, "ref: 'a-b'"),
    "a long cid": (with_tags(cid="6" * 33), Status.WRONG_DATA, "cid: '666"),
    "a cid of two lines": (with_tags(cid="6\n7"), Status.WRONG_DATA, "cid: '6"),
    "dty no number": (with_tags(dty="two"), Status.WRONG_DATA, "dty: 'two'"),
    "dty a number elsewhere": (with_tags(dty="٣"), Status.WRONG_DATA, "dty: "),
    "stc no number": (with_tags(stc="1e9"), Status.WRONG_DATA, "stc: '1e9'"),
    "stc negative": (with_tags(stc="-1"), Status.WRONG_DATA, "stc: '-1'"),
    "an unknown mty": (with_tags(mty="XX"), Status.WRONG_DATA, "mty: 'XX'"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_its_answer(name: str) -> None:
    body, status, words = FAULTS[name]
    with pytest.raises(Fault, match=words) as caught:
        parse(body)
    assert caught.value.status is status


BOMB = b"""<!DOCTYPE mrq [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<mrq><ref>&b;</ref><cid>678</cid><dty>2</dty></mrq>"""
EXTERNAL = b"""<!DOCTYPE mrq SYSTEM "file:///etc/passwd"><mrq><ref>1</ref><cid>678</cid><dty>2</dty></mrq>"""
PARAMETER = b"""<!DOCTYPE mrq [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>""" + PRESS


@pytest.mark.parametrize("body", [BOMB, EXTERNAL, PARAMETER, b"<!DOCTYPE mrq>" + PRESS])
def test_no_document_type_is_looked_at(body: bytes) -> None:
    with pytest.raises(Fault, match="document type") as caught:
        parse(body)
    assert caught.value.status is Status.INVALID_FORMAT


def test_who_asked_is_known_as_far_as_it_was_read() -> None:
    with pytest.raises(Fault) as caught:
        parse(PRESS.replace(b"<dty>2</dty>", b"<dty>x</dty>"))
    assert (caught.value.ref, caught.value.cid) == ("1243", "678")
    with pytest.raises(Fault) as caught:
        parse(PRESS.replace(b"</mrq>", b"<broken"))
    assert (caught.value.ref, caught.value.cid) == ("1243", "678")


def test_of_a_name_that_is_too_long_the_beginning_is_enough() -> None:
    with pytest.raises(Fault) as caught:
        parse(with_tags(cid="6" * 10_000))
    assert caught.value.cid == "6" * 32


def test_what_is_written_is_read_again() -> None:
    fields = {"ref": "1", "cid": "a<b", "dty": "2", "lte": "hall & kök", "geo": "59.3,18.1", "gga": "$GPGGA,"}
    assert parse(write(fields)).fields == fields


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("1243", Status.HOLD), b"<mrs><ref>1243</ref><snu>4</snu></mrs>"),
        (("1244", Status.HANDLED, 60), b"<mrs><ref>1244</ref><snu>0</snu><hbi>60</hbi></mrs>"),
        ((None, Status.REFERENCE_MISSING), b"<mrs><snu>10</snu></mrs>"),
        (("<&>", Status.WRONG_DATA), b"<mrs><snu>3</snu></mrs>"),
    ],
)
def test_answers(given: tuple[str | None, Status], expected: bytes) -> None:
    assert answer(*given) == expected
