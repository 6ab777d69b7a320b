"""From bytes to messages and back, with errors that name field and value."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec

from events.control import CONTROL_KINDS, CONTROLS, Control
from events.ids import DeviceId
from events.kinds import KINDS
from events.messages import Instant, Message

_MESSAGE_DECODERS: dict[str, msgspec.json.Decoder[Message]] = {
    kind: msgspec.json.Decoder(message) for kind, message in KINDS.items()
}
_CONTROL_DECODERS: dict[str, msgspec.json.Decoder[Control]] = {
    kind: msgspec.json.Decoder(control) for kind, control in CONTROLS.items()
}
_ENCODER = msgspec.json.Encoder()
_CANONICAL = msgspec.json.Encoder(order="deterministic")


class Malformed(ValueError):
    """A payload that is not what its kind says; the text names the field and the value."""


class UnknownKind(ValueError):
    """A kind that the vocabulary does not have."""


def decode_message(kind: str, payload: bytes) -> Message:
    """The message in `payload` (JSON, UTF-8), with `at` in UTC. Raises UnknownKind or Malformed."""
    decoder = _MESSAGE_DECODERS.get(kind)
    if decoder is None:
        raise UnknownKind(f"kind {kind[:100]!r} is not in the vocabulary")
    try:
        # The decoder skips fields that it does not know unread; what is kept of them must be text all the same.
        message = decoder.decode(payload.decode())
    except UnicodeDecodeError as error:
        raise Malformed(f"byte {payload[error.start]:#04x} at {error.start} is not UTF-8") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed(explain(str(error), payload)) from error
    if message.at.tzinfo is not UTC:
        message = _in_utc(message)
    return message


def _in_utc(message: Message) -> Message:
    try:
        return msgspec.structs.replace(message, at=message.at.astimezone(UTC))
    except OverflowError:
        raise Malformed(f"at: {message.at.isoformat()!r} is not a time that UTC can express") from None


def explain(error: str, payload: bytes) -> str:
    """`error` of the decoder, with the value that it complains about.

    The decoder names a path (`$.at`); a reader in quarantine also wants to see what stood there.
    """
    text, _, path = error.partition(" - at `$.")
    if not path:
        return error if payload else "the payload is empty"
    field = path.rstrip("`")
    try:
        value: Any = msgspec.json.decode(payload)
        for step in field.split("."):
            value = value[step]
    except (msgspec.DecodeError, RecursionError, LookupError, TypeError):
        return f"{field}: {text}"
    return f"{field}: {text}, value {str(value)[:100]!r}"


def encode_message(message: Message) -> bytes:
    return _ENCODER.encode(message)


def encode_control(control: Control) -> bytes:
    return _ENCODER.encode(control)


def decode_control(kind: str, data: bytes) -> Control:
    return _CONTROL_DECODERS[kind].decode(data)


def control_kind(control: Control) -> str:
    return CONTROL_KINDS[type(control)]


def same_event_key(device: DeviceId, kind: str, message: Message, payload: bytes) -> bytes:
    """16 bytes that are equal when two messages are the same event.

    With an `id` it is that id that counts; the kind belongs to it, so that a device that counts every kind
    for itself loses no press. Without, it is the time and the body, whatever their spelling.
    """
    if message.id is not None:
        text = f"{device}\x1f{kind}\x1f{message.id}".encode()
    else:
        text = b"\x1f".join((device.encode(), kind.encode(), _body(message, payload)))
    return hashlib.blake2b(text, digest_size=16).digest()


def _body(message: Message, payload: bytes) -> bytes:
    try:
        body = msgspec.json.decode(payload)
        body["at"] = message.at.timestamp()
        return _CANONICAL.encode(body)
    except (msgspec.DecodeError, RecursionError):
        # Some field that no kind names holds what cannot be read (1e999, say). The message counts, as it is spelt.
        return payload


def utc(text: str) -> datetime:
    """An aware UTC time from RFC 3339 text; raises ValueError for anything else, also without an offset."""
    try:
        return msgspec.convert(text, Instant).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        raise ValueError(f"{text!r} is not an RFC 3339 time with an offset") from None
