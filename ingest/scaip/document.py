"""The XML documents of SCAIP: `<mrq>` asks, `<mrs>` answers. Everything in them is untrusted.

Expat is told to refuse any document type, so there are no entities to expand or fetch; depth, number and length of
elements are bounded.
"""

import re
from enum import IntEnum
from typing import NamedTuple
from xml.parsers import expat
from xml.sax.saxutils import escape

from msgspec import Struct

MAX_DOCUMENT = 16 * 1024
"""Bytes. The standard's own limit is 1,300, and what is longer is split; some senders are more generous."""

MAX_CID = 32
MAX_ELEMENTS = 200
MAX_DEPTH = 8

PLACE_TAGS = ("tim", "geo", "gga")
"""What stands inside `lge`."""

TAGS = frozenset(
    ("ref", "ver", "cid", "dty", "did", "dco", "dte", "mty", "stc", "stt", "pri", "sco", "cha", "hbo", "crd", "ame")
) | {"lco", "lva", "lte", "ico", "ite", *PLACE_TAGS}
"""All that a request can say. Others are a manufacturer's own."""

ANSWER_TAGS = frozenset(("ref", "snu", "ste", "cve", "mre", "cre", "tnu", "hbi"))
MANDATORY = ("cid", "dty")
_REF = re.compile(r"[A-Za-z0-9]{1,16}")


class Status(IntEnum):
    """`snu`: what the receiver makes of a request."""

    HANDLED = 0
    TOO_LONG = 1
    INVALID_FORMAT = 2
    WRONG_DATA = 3
    HOLD = 4
    NOT_TREATED = 5
    BUSY = 6
    TAG_MISSING = 7
    REFERENCE_MISSING = 10


class MessageType(IntEnum):
    ALARM = 0
    RESET = 1
    INFORMATION = 2
    HEARTBEAT = 3


_TYPES = {
    "": MessageType.ALARM,
    "ME": MessageType.ALARM,
    "RE": MessageType.RESET,
    "IN": MessageType.INFORMATION,
    "PI": MessageType.HEARTBEAT,
}


class Fault(Exception):
    """A request that cannot be used: the status to answer, what is wrong, and who asked as far as it could be read."""

    def __init__(self, status: Status, text: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.ref = (fields or {}).get("ref")
        self.cid = (fields or {}).get("cid", "")[:MAX_CID] or None


class Document(Struct, frozen=True):
    """A request. `fields`: every tag that was not empty, as text; the others are those that must be right.

    `state` (stc) None: not given, which is an alarm when `type` is. `more` (ame): another part follows.
    """

    ref: str
    cid: str
    dty: int
    type: MessageType
    state: int | None
    more: bool
    fields: dict[str, str]

    def get(self, tag: str) -> str | None:
        return self.fields.get(tag)


def parse(body: bytes) -> Document:
    """The request in `body`. Raises Fault."""
    if len(body) > MAX_DOCUMENT:
        raise Fault(Status.TOO_LONG, f"{len(body)} bytes, at most {MAX_DOCUMENT} are read")
    return of_fields(_Reader().read(body))


def of_fields(fields: dict[str, str]) -> Document:
    """Raises Fault."""
    if "ref" not in fields:
        raise Fault(Status.REFERENCE_MISSING, "ref is missing", fields)
    for tag in MANDATORY:
        if tag not in fields:
            raise Fault(Status.TAG_MISSING, f"{tag} is missing", fields)
    if not _REF.fullmatch(fields["ref"]):
        raise Fault(Status.WRONG_DATA, f"ref: {fields['ref'][:50]!r} is not 1 to 16 letters and digits", fields)
    if len(fields["cid"]) > MAX_CID or not fields["cid"].isprintable():
        raise Fault(Status.WRONG_DATA, f"cid: {fields['cid'][:50]!r} is not 1 to 32 characters", fields)
    type = _TYPES.get(fields.get("mty", "").upper())
    if type is None:
        raise Fault(Status.WRONG_DATA, f"mty: {fields['mty'][:50]!r} is none of ME, RE, IN, PI", fields)
    dty, state = _code("dty", fields), _code("stc", fields)
    assert dty is not None
    more = fields.get("ame", "").lstrip("0") != ""
    return Document(fields["ref"], fields["cid"], dty, type, state, more, fields)


def _code(tag: str, fields: dict[str, str]) -> int | None:
    """Codes may lack leading zeros, or have them: they are numbers."""
    text = fields.get(tag)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 8):
        raise Fault(Status.WRONG_DATA, f"{tag}: {text[:50]!r} is not a number", fields)
    return int(text)


def write(fields: dict[str, str]) -> bytes:
    """The request with these fields, as a document again: what several parts say together."""
    inner = "".join(_element(tag, fields[tag]) for tag in PLACE_TAGS if tag in fields)
    tags = "".join(_element(tag, text) for tag, text in fields.items() if tag not in PLACE_TAGS)
    return f"<mrq>{tags}{f'<lge>{inner}</lge>' if inner else ''}</mrq>".encode()


def answer(ref: str | None, status: Status, heartbeat_minutes: int | None = None) -> bytes:
    """An `<mrs>`. Without `ref` when the request had none that could be read."""
    named = _element("ref", ref) if ref and _REF.fullmatch(ref) else ""
    interval = _element("hbi", str(heartbeat_minutes)) if heartbeat_minutes is not None else ""
    return f"<mrs>{named}{_element('snu', str(int(status)))}{interval}</mrs>".encode()


class Answer(NamedTuple):
    """What a receiver says: `status` (snu) of the request `ref`, which is None when it names none."""

    ref: str | None
    status: int


def read_answer(body: bytes) -> Answer:
    """The `<mrs>` in `body`. Raises Fault."""
    if len(body) > MAX_DOCUMENT:
        raise Fault(Status.TOO_LONG, f"{len(body)} bytes, at most {MAX_DOCUMENT} are read")
    fields = _Reader("mrs", ANSWER_TAGS).read(body)
    status = _code("snu", fields)
    if status is None:
        raise Fault(Status.TAG_MISSING, "snu is missing", fields)
    return Answer(fields.get("ref"), status)


def _element(tag: str, text: str) -> str:
    return f"<{tag}>{escape(text)}</{tag}>"


class _Reader:
    """Collects the text of the tags that count. One of its own for each document."""

    def __init__(self, root: str = "mrq", tags: frozenset[str] = TAGS) -> None:
        self._root = root
        self._tags = tags
        self._fields: dict[str, str] = {}
        self._path: list[str] = []
        self._text: list[str] = []
        self._elements = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text.append

    def read(self, body: bytes) -> dict[str, str]:
        """What the document says. Raises Fault."""
        try:
            self._parser.Parse(body, True)
        except (expat.ExpatError, LookupError, ValueError) as error:
            # LookupError and ValueError: an encoding that there is not, or that is none of text.
            raise self._fault(f"no XML document: {error}") from error
        return self._fields

    def _refuse(self, *_: object) -> None:
        raise self._fault("a document type is not allowed")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS or len(self._path) >= MAX_DEPTH:
            raise self._fault("too many elements")
        # A prefix means nothing here: the format has one namespace at most.
        name = name.rpartition(":")[2]
        if not self._path and name != self._root:
            raise self._fault(f"the document is {name[:50]!r}, not {self._root!r}")
        self._path.append(name)
        self._text.clear()

    def _end(self, name: str) -> None:
        tag = self._path.pop()
        text = "".join(self._text).strip()
        self._text.clear()
        if not text or tag not in self._tags or self._path not in ([self._root], [self._root, "lge"]):
            return
        if self._fields.setdefault(tag, text) != text:
            raise self._fault(f"{tag} is there twice")

    def _fault(self, text: str) -> Fault:
        return Fault(Status.INVALID_FORMAT, text, self._fields)
