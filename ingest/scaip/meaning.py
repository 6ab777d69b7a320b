"""From a SCAIP request to canonical events: who speaks, what it means, and where to come or ring back."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from events.delivery import Content, Rejected, Rejection
from events.devices import Family, Origin
from events.kinds import KINDS
from events.messages import Call
from ingest.adapter import heard
from ingest.scaip import codes
from ingest.scaip.document import Document, Fault, MessageType, Status, parse
from ingest.scaip.location import place_of

TOPIC = "scaip/"
"""How the topic of a SCAIP message begins, in quarantine and on its way to the log; the controller follows."""

SAME_WITHIN = timedelta(hours=1)
"""The same `ref` of the same controller within this time is the same message."""

MAX_PLACE, MAX_CALL_BACK, MAX_NAME, MAX_TEXT = 500, 200, 100, 500
"""Characters, as `events.messages` has them. What is longer is cut, but for a number to ring: half of one is wrong."""


def topic_of(cid: str | None) -> str:
    return f"{TOPIC}{cid or ''}"


def read(topic: str, payload: bytes, received: datetime) -> Content:
    """What the document says, as it was sent by a controller or as it is read again from quarantine."""
    try:
        return content_of(parse(payload), payload, received)
    except Fault as fault:
        return refused(fault)


def refused(fault: Fault) -> Content:
    reason = Rejection.TOO_LARGE if fault.status is Status.TOO_LONG else Rejection.MALFORMED
    origin = Origin(Family.SCAIP, "", fault.cid) if fault.cid else None
    return (Rejected(reason, str(fault), origin=origin),)


def content_of(document: Document, payload: bytes, received: datetime) -> Content:
    """Its events; `received` is their time, as SCAIP sends none."""
    kind = codes.kind_of(document.type, document.dty, document.state)
    origins = origins_of(document)
    if kind is None:
        text = f"stc: {document.state} of a device of type {document.dty} is not known"
        return (Rejected(Rejection.UNKNOWN_KIND, text, origin=origins[0]),)
    said = _call(document)
    kinds = [kind]
    if document.type is MessageType.INFORMATION and said:
        kinds = ["call_updated"] if kind == codes.ALIVE else [kind, "call_updated"]
    if "latitude" in said and not any(issubclass(KINDS[kind], Call) for kind in kinds):
        kinds.append("position")
    raw = msgspec.json.encode(payload.decode("utf-8", "backslashreplace"))
    return tuple(
        heard(
            origins,
            kind,
            received,
            _fields(kind, document, said),
            raw=raw if place == 0 else None,
            key=_key(document, kind),
            is_state=document.type in (MessageType.INFORMATION, MessageType.HEARTBEAT),
            same_within=SAME_WITHIN,
        )
        for place, kind in enumerate(kinds)
    )


def origins_of(document: Document) -> tuple[Origin, ...]:
    """The device, and its controller for when the device is not registered.

    A device without an id is known by its type, and its component where there is one: `3`, or `3.2`.
    """
    controller = Origin(Family.SCAIP, "", document.cid)
    id = document.get("did")
    if id is None:
        if document.dty in codes.CONTROLLERS:
            return (controller,)
        component = document.get("dco")
        id = str(document.dty) if component is None else f"{document.dty}.{component.lstrip('0') or '0'}"
    return (Origin(Family.SCAIP, document.cid, id[:MAX_NAME]), controller)


def _key(document: Document, kind: str) -> bytes:
    text = "\x1f".join(("scaip", document.cid, document.ref, str(int(document.type)), kind))
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _call(document: Document) -> dict[str, Any]:
    """What staff need to come, or to ring back; nothing for what cannot be read, as the alarm counts all the same."""
    said: dict[str, Any] = {}
    place = place_of(document.get("geo"), document.get("gga"))
    if place is not None:
        said["latitude"], said["longitude"] = place
    words = [_word(document.get("lco")), document.get("lva"), document.get("lte")]
    where = " ".join(word for word in words if word)
    if where:
        said["place"] = where[:MAX_PLACE]
    number = document.get("crd")
    if number is not None and number.lower() not in ("sip:", "sips:", "tel:") and len(number) <= MAX_CALL_BACK:
        said["call_back"] = number
    return said


def _word(code: str | None) -> str | None:
    return codes.PLACES.get(int(code)) if code and code.isascii() and code.isdecimal() and len(code) <= 8 else None


def _fields(kind: str, document: Document, said: Mapping[str, Any]) -> dict[str, Any]:
    """What this kind has room for. The whole document is kept beside the first event."""
    own = _own(kind, document)
    fields = set(KINDS[kind].__struct_fields__)
    return {name: value for name, value in {**said, **own}.items() if name in fields}


def _own(kind: str, document: Document) -> dict[str, Any]:
    name = (document.get("dte") or codes.device_type(document.dty).word)[:MAX_NAME]
    where = _word(document.get("lco"))
    text = " ".join(text for tag in ("stt", "ite") if (text := document.get(tag)))[:MAX_TEXT]
    fault = codes.fault_of(document.state) or codes.device_type(document.dty).name
    alarm = codes.device_type(document.dty).alarm
    about = alarm if alarm in ("fall_detected", "smoke_detected") else "alarm_pressed"
    return {"button": name, "about": about, "room": where, "door": where, "code": fault, "text": text or None}
