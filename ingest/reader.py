"""From a topic and bytes to what they mean: picks the adapter, and keeps every fault on this side of the log."""

from collections.abc import Sequence
from datetime import datetime

from events.delivery import Content, Found, Rejected, Rejection
from events.devices import Origin
from events.topics import EVERYTHING, ROOT, is_any_marker, is_command
from ingest.adapter import Adapter
from ingest.adapters import canonical
from ingest.scaip import meaning

MAX_PAYLOAD = 1024 * 1024
"""Bytes. A hub's list of a hundred devices, the largest real payload, is about half of it."""


class Reader:
    """All families: Vaka's own form and these adapters. A topic belongs to the first adapter that reads it."""

    def __init__(self, adapters: Sequence[Adapter] = ()) -> None:
        self._adapters = adapters

    def filters(self) -> tuple[str, ...]:
        """What the bulk session subscribes to. It may grow, as some families tell where their devices speak."""
        return (EVERYTHING, *(topic for adapter in self._adapters for topic in adapter.filters()))

    def learned(self) -> int:
        """Rises when a family has learned of devices: `filters` and `topics` may answer otherwise then."""
        return sum(adapter.learned for adapter in self._adapters)

    def remember(self, found: Sequence[Found]) -> None:
        """What families were told of devices before a restart."""
        for adapter in self._adapters:
            adapter.remember(found)

    def topics(self, origins: frozenset[Origin]) -> frozenset[str]:
        """The filters under which these devices speak."""
        return frozenset(topic for adapter in self._adapters for origin in origins for topic in adapter.topics(origin))

    def read(self, topic: str, payload: bytes, received: datetime, *, retained: bool = False) -> Content:
        """What the message says; nothing for what is not meant for the log. `received` is when it came."""
        if topic.startswith(ROOT) and (is_command(topic) or is_any_marker(topic)):
            return ()
        if len(payload) > MAX_PAYLOAD:
            return (Rejected(Rejection.TOO_LARGE, f"payload: {len(payload)} bytes, at most {MAX_PAYLOAD} are read"),)
        try:
            return self._read(topic, payload, received, retained)
        except Exception as error:  # An adapter's own fault: the message is kept, with the fault as its reason.
            return (Rejected(Rejection.MALFORMED, f"{type(error).__name__}: {error}"),)

    def reread(self, topic: str, payload: bytes, received: datetime) -> Content:
        """What a message from quarantine says: of a broker, or of the SCAIP gateway, which no broker can speak for."""
        if topic.startswith(meaning.TOPIC):
            return meaning.read(topic, payload, received)
        return self.read(topic, payload, received)

    def _read(self, topic: str, payload: bytes, received: datetime, retained: bool) -> Content:
        if topic.startswith(ROOT):
            return (canonical.read(topic, payload),)
        for adapter in self._adapters:
            if adapter.reads(topic):
                return adapter.read(topic, payload, received, retained=retained)
        return (Rejected(Rejection.BAD_TOPIC, f"topic {topic[:200]!r} is of no family that is set up"),)
