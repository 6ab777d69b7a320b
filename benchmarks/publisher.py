"""A publisher that costs little, so that on two cores the subscriber is what is measured: MQTT 3.1.1, QoS 1."""

import asyncio
import struct
from collections.abc import Sequence

from events.address import Address

WINDOW = 1000
"""Messages that the broker has not acknowledged yet, at most."""

_CONNECT = b"\x00\x04MQTT\x04\x02\x0e\x10"
"""A clean session, and an hour until silence counts as death."""

_ANSWER_BYTES = 4
"""Of CONNACK, and of each PUBACK."""


class Publisher:
    """`publish` returns once the messages are on their way; `settle` when the broker has acknowledged all of them."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._sent = 0
        self._answered = 0

    @classmethod
    async def connect(cls, address: Address, name: str = "publisher") -> "Publisher":
        """Two of the same name end each other."""
        reader, writer = await asyncio.open_connection(address.host, address.port)
        body = _CONNECT + struct.pack(">H", len(name)) + name.encode()
        writer.write(b"\x10" + _length(len(body)) + body)
        answer = await reader.readexactly(_ANSWER_BYTES)
        if answer[3]:
            raise OSError(f"the broker at {address} refused the publisher: {answer.hex()}")
        return cls(reader, writer)

    async def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """At most WINDOW messages."""
        await self._read(self._sent + len(messages) - WINDOW)
        packets = []
        for topic, payload in messages:
            packets.append(_packet(topic.encode(), payload, self._sent % 65535 + 1))
            self._sent += 1
        self._writer.write(b"".join(packets))
        await self._writer.drain()

    async def settle(self) -> None:
        await self._read(self._sent)

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def _read(self, acknowledged: int) -> None:
        while self._answered < acknowledged * _ANSWER_BYTES:
            answers = await self._reader.read(1 << 16)
            if not answers:
                raise OSError("the broker closed the publisher's connection")
            self._answered += len(answers)


def _packet(topic: bytes, payload: bytes, id: int) -> bytes:
    body = struct.pack(">H", len(topic)) + topic + struct.pack(">H", id) + payload
    return b"\x32" + _length(len(body)) + body


def _length(number: int) -> bytes:
    """MQTT's variable byte integer."""
    encoded = bytearray()
    while True:
        number, low = divmod(number, 128)
        encoded.append(low | (128 if number else 0))
        if not number:
            return bytes(encoded)
