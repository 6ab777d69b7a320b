"""The events of one Zigbee2MQTT payload, and when they happened."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from events.codec import encode_message, utc
from events.delivery import Content, Heard, Rejected, Rejection
from events.kinds import KINDS
from ingest.adapter import heard
from ingest.adapters.zigbee2mqtt_hub import Speaker

TRUSTED_AGE, TRUSTED_LEAD = timedelta(hours=48), timedelta(minutes=1)
"""How far `last_seen` may lie before and after our time to be believed: hubs without a network start in 1970."""

Values = dict[str, Any]
Event = tuple[str, Values]
"""A kind and its fields."""


class Message:
    """The events of one payload, which goes with the first of them."""

    def __init__(self, speaker: Speaker, fields: Values, kept: bytes, received: datetime) -> None:
        self._origins = speaker.origins
        self._kept = kept
        self._content: list[Heard | Rejected] = []
        self._wrong: list[str] = []
        self._at = received
        self._is_dated = False
        last_seen = fields.get("last_seen")
        if last_seen is not None:
            self._date(last_seen, speaker)

    def _date(self, last_seen: object, speaker: Speaker) -> None:
        """When the device spoke, if that can be believed. What its hub publishes by itself is said now."""
        try:
            at = _instant(last_seen)
        except (ValueError, OverflowError, OSError):
            self._wrong.append(f"last_seen: {str(last_seen)[:100]!r} is not a time")
            return
        self._is_dated = self._at - TRUSTED_AGE <= at <= self._at + TRUSTED_LEAD
        if self._is_dated and last_seen != speaker.last_seen:
            self._at = at

    @property
    def is_empty(self) -> bool:
        return not self._content

    def event(self, kind: str, values: Values) -> None:
        """With `last_seen` in it, the same bytes are the same event, brought twice."""
        key = None
        if self._is_dated:
            text = f"{self._origins[-1]}\x1f{kind}\x1f{values}\x1f".encode() + self._kept
            key = hashlib.blake2b(text, digest_size=16).digest()
        raw = None if self._content else self._kept
        self._content.append(heard(self._origins, kind, self._at, values, raw=raw, key=key))

    def state(self, kind: str, values: Values) -> None:
        if not self._content:
            self._content.append(heard(self._origins, kind, self._at, values, raw=self._kept, is_state=True))
            return
        # The values are known to be right: to have them examined would double what a message costs.
        message = KINDS[kind](at=self._at, **values)
        self._content.append(Heard(self._origins, kind, message, encode_message(message), None, True))

    def states(self, events: Iterable[Event]) -> None:
        for kind, values in events:
            self.state(kind, values)

    def content(self, wrong: list[str]) -> Content:
        """Also what was `wrong`."""
        for detail in (*self._wrong, *wrong):
            self._content.append(Rejected(Rejection.MALFORMED, detail, origin=self._origins[0]))
        return tuple(self._content)


def _instant(last_seen: object) -> datetime:
    if isinstance(last_seen, str):
        return utc(last_seen)
    if isinstance(last_seen, int | float) and not isinstance(last_seen, bool):
        return datetime.fromtimestamp(last_seen / 1000, UTC)
    raise ValueError(last_seen)
