"""SIP messages, as far as MESSAGE needs them (RFC 3261, sections 7, 8.2.6, 18.2 and 25): read, answered, written.

Header values are kept as they came: an answer must repeat Via, From and Call-ID byte by byte.
"""

import re
import secrets

from msgspec import Struct

SCAIP = "application/scaip+xml"
MAGIC = "z9hG4bK"
"""How a branch begins that is unique to its transaction (RFC 3261, 8.1.1.7)."""

DEFAULT_PORT = 5060

_COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
    "e": "content-encoding",
    "k": "supported",
    "s": "subject",
}
_NEEDED = ("via", "from", "to", "call-id", "cseq")
_VIA = re.compile(r"SIP\s*/\s*2\.0\s*/\s*(\w+)\s+(\[[^\]]+\]|[^\s:;,]+)(?:\s*:\s*(\d{1,5}))?\s*(.*)", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_FOLD = re.compile(r"\r\n[ \t]+")
_PARAMETER = re.compile(r';\s*([\w.-]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s;]*))?')
_HOST = re.compile(r"sips?:(?:[^@]*@)?(\[[^\]]+\]|[^:;?>]+)(?::(\d{1,5}))?", re.IGNORECASE)
_URI = re.compile(r"sips?:[^\s<>;,\"]+(?:;[^\s<>,\"]*)?", re.IGNORECASE)

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    405: "Method Not Allowed",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    420: "Bad Extension",
    500: "Server Internal Error",
    503: "Service Unavailable",
    505: "Version Not Supported",
}


class Malformed(ValueError):
    """What is not SIP; the text says what is wrong."""


class Headers(Struct, frozen=True):
    """Names in lower case, never compact; in the order in which they came."""

    fields: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        """The first value of that header; several on one line stay one text."""
        return next((value for key, value in self.fields if key == name), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]


class Request(Struct, frozen=True):
    method: str
    uri: str
    version: str
    headers: Headers
    body: bytes = b""

    @property
    def via(self) -> "Via":
        return Via.parse(self.headers.get("via") or "")

    def transaction(self) -> tuple[str, ...]:
        """Equal for a request and its retransmissions, also from peers older than RFC 3261, whose branch may repeat."""
        top = _first(self.headers.get("via") or "")
        return (self.method, top, *(self.headers.get(name) or "" for name in ("call-id", "cseq", "from")))


class Response(Struct, frozen=True):
    status: int
    headers: Headers
    body: bytes = b""

    @property
    def branch(self) -> str | None:
        return Via.parse(self.headers.get("via") or "").branch


class Via(Struct, frozen=True):
    """The topmost Via: where the peer says that it listens."""

    transport: str
    host: str
    port: int | None
    parameters: dict[str, str | None]

    @classmethod
    def parse(cls, value: str) -> "Via":
        found = _VIA.match(_first(value))
        if found is None or (found[3] is not None and int(found[3]) > 65535):
            raise Malformed(f"Via {value[:100]!r} cannot be read")
        parameters = {name.lower(): text or None for name, text in _PARAMETER.findall(found[4])}
        return cls(found[1].upper(), found[2].strip("[]"), int(found[3]) if found[3] else None, parameters)

    @property
    def branch(self) -> str | None:
        return self.parameters.get("branch")


def parse(data: bytes, *, is_whole: bool = True) -> Request | Response:
    """The message in `data`: a datagram, or head and body of a stream's message. Raises Malformed.

    What follows the length that the message names is left out, as RFC 3261, 18.3, wants it for datagrams. Not
    `is_whole`: a head whose body was not read.
    """
    head, blank, rest = data.partition(b"\r\n\r\n")
    if not blank:
        raise Malformed("the headers do not end")
    start, _, text = _FOLD.sub(" ", head.decode("utf-8", "surrogateescape")).partition("\r\n")
    headers = _headers(text)
    length = content_length(headers)
    if is_whole and length is not None and length > len(rest):
        raise Malformed(f"Content-Length is {length}, but {len(rest)} bytes came")
    body = rest if length is None else rest[:length]
    if start.startswith("SIP/2.0 "):
        return Response(_status(start), headers, body)
    return _request(start, headers, body)


def content_length(headers: Headers) -> int | None:
    text = headers.get("content-length")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Malformed(f"Content-Length {text[:20]!r} is not a number")
    return int(text)


def read_head(head: bytes) -> Headers:
    """The headers alone, to see how much follows. Raises Malformed."""
    text = _FOLD.sub(" ", head.decode("utf-8", "surrogateescape").rstrip("\r\n"))
    return _headers(text.partition("\r\n")[2])


def _request(start: str, headers: Headers, body: bytes) -> Request:
    parts = start.split(" ")
    if len(parts) != 3 or not _TOKEN.fullmatch(parts[0]) or not parts[2].startswith("SIP/"):
        raise Malformed(f"{start[:100]!r} is not the first line of a SIP request")
    request = Request(parts[0], parts[1], parts[2], headers, body)
    missing = [name for name in _NEEDED if not headers.get(name)]
    if missing:
        raise Malformed(f"the header {missing[0]} is missing")
    request.via  # noqa: B018 - raises when it cannot be read, and then nobody could be answered.
    return request


def _status(start: str) -> int:
    code = start[8:11]
    if not (code.isascii() and code.isdecimal() and len(code) == 3):
        raise Malformed(f"{start[:100]!r} has no status")
    return int(code)


def _headers(text: str) -> Headers:
    fields = []
    for line in text.split("\r\n") if text else []:
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t").lower()
        if not colon or not _TOKEN.fullmatch(name):
            raise Malformed(f"{line[:100]!r} is not a header")
        if "\r" in value or "\n" in value or "\0" in value:
            raise Malformed(f"the header {name} holds a control character")
        fields.append((_COMPACT.get(name, name), value.strip(" \t")))
    return Headers(tuple(fields))


def _first(value: str) -> str:
    """The first of several values on one line, separated by commas outside quotes."""
    quoted = False
    for place, letter in enumerate(value):
        if letter == '"' and (place == 0 or value[place - 1] != "\\"):
            quoted = not quoted
        elif letter == "," and not quoted:
            return value[:place].rstrip()
    return value


def uri_in(address: str) -> str | None:
    """The SIP URI in a From, To or Contact; None when there is none."""
    found = _URI.search(address.partition("<")[2] or address.partition(";")[0])
    return found[0] if found else None


def respond(
    request: Request, status: int, source: tuple[str, int], *fields: tuple[str, str], body: bytes = b""
) -> bytes:
    """The answer to a request that came from `source` (host, port). `fields`: more headers."""
    vias = request.headers.all("via")
    to = request.headers.get("to") or ""
    if not re.search(r";\s*tag\s*=", to.rpartition(">")[2], re.IGNORECASE):
        to += f";tag={secrets.token_hex(6)}"
    lines = [f"SIP/2.0 {status} {REASONS[status]}", f"Via: {_stamped(vias[0], source)}"]
    lines += [f"Via: {value}" for value in vias[1:]]
    lines += [f"From: {request.headers.get('from')}", f"To: {to}"]
    lines += [f"Call-ID: {request.headers.get('call-id')}", f"CSeq: {request.headers.get('cseq')}"]
    return _written(lines, fields, body)


def _stamped(via: str, source: tuple[str, int]) -> str:
    """With the address it really came from, which finds the way back through address translation (RFC 3581)."""
    top = _first(via)
    others = via[len(top) :]
    parameters = Via.parse(top).parameters
    if "rport" in parameters:
        top = re.sub(r";\s*rport\s*(=\s*\d*)?(?=\s*(;|$))", f";rport={source[1]}", top, count=1, flags=re.IGNORECASE)
    top = re.sub(r";\s*received\s*=\s*[^;]*", "", top, flags=re.IGNORECASE)
    return f"{top};received={source[0]}{others}"


def way_back(request: Request, source: tuple[str, int]) -> tuple[str, int]:
    """Where a datagram's answer goes: to its source port when the peer asks for it, else where the peer listens."""
    via = request.via
    if "rport" in via.parameters:
        return source
    return source[0], via.port or DEFAULT_PORT


def contact_of(request: Request, source: tuple[str, int]) -> tuple[str, int]:
    """Where the peer listens for requests: at its Contact when that is where it came from, else where it spoke from.

    Behind address translation a Contact names an address that nobody outside can reach.
    """
    found = _HOST.match(uri_in(request.headers.get("contact") or "") or "")
    port = int(found[2] or DEFAULT_PORT) if found is not None else 0
    if found is None or found[1].strip("[]") != source[0] or not 0 < port < 65536:
        return way_back(request, source)
    return source[0], port


def message_to(peer: str, request: Request, transport: str, here: str, body: bytes) -> tuple[str, bytes]:
    """A MESSAGE of our own with a SCAIP document for `peer` (a URI), answering `request`: its branch, and its bytes."""
    us = uri_in(request.headers.get("to") or "") or f"sip:vaka@{here}"
    to = uri_in(request.headers.get("from") or "") or peer
    return message(peer, us, to, transport, here, body)


def message(
    uri: str,
    us: str,
    to: str,
    transport: str,
    here: str,
    body: bytes,
    *fields: tuple[str, str],
    call_id: str | None = None,
    number: int = 1,
) -> tuple[str, bytes]:
    """A MESSAGE of our own with a SCAIP document: its branch, and its bytes.

    `number`: of several requests with the same `call_id`, such as one that is repeated with a password.
    """
    branch = MAGIC + secrets.token_hex(12)
    lines = [
        f"MESSAGE {uri} SIP/2.0",
        f"Via: SIP/2.0/{transport} {here};branch={branch};rport",
        "Max-Forwards: 70",
        f"From: <{us}>;tag={secrets.token_hex(6)}",
        f"To: <{to}>",
        f"Call-ID: {call_id or secrets.token_hex(16)}",
        f"CSeq: {number} MESSAGE",
    ]
    return branch, _written(lines, [*fields, ("Content-Type", SCAIP)], body)


def _written(lines: list[str], fields: "list[tuple[str, str]] | tuple[tuple[str, str], ...]", body: bytes) -> bytes:
    lines = [*lines, *(f"{name}: {value}" for name, value in fields), f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape") + body
