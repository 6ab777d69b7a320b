"""Which topics of other families the urgent session answers for, so that the bulk session can skip them.

Their messages often have nothing to tell a repetition by, so each must be taken from one session only. The bulk
session may skip a topic from the moment when all that the broker gave it before the urgent session's subscription has
been taken: a marker, published over the urgent session after the broker confirmed the subscription, comes back to the
bulk session behind all of that. Until then a message may come twice, and is never lost.
"""

from collections.abc import Callable, Iterable

from paho.mqtt.client import topic_matches_sub

PREFIX = b"handover "


class Handover:
    """`publish` sends a marker to the bulk session, over the urgent one."""

    def __init__(self, publish: Callable[[bytes], None]) -> None:
        self._publish = publish
        self._number = 0
        self._offered: frozenset[str] = frozenset()
        self._owned: frozenset[str] = frozenset()
        self._patterns: tuple[str, ...] = ()

    def offer(self, filters: Iterable[str]) -> None:
        """The broker has confirmed the urgent session's subscription to these."""
        self._number += 1
        self._offered = frozenset(filters)
        self._own(self._owned & self._offered)
        if self._offered != self._owned:
            self._publish(PREFIX + str(self._number).encode())

    def marker_came(self, payload: bytes) -> None:
        """A marker of an earlier offer says nothing of this one."""
        if payload == PREFIX + str(self._number).encode():
            self._own(self._offered)

    def withdraw(self, filters: Iterable[str] | None = None) -> None:
        """The urgent session will no longer be subscribed to these, or the broker has forgotten all of them."""
        self._own(self._owned - frozenset(filters) if filters is not None else frozenset())

    def owns(self, topic: str) -> bool:
        return topic in self._owned or any(topic_matches_sub(pattern, topic) for pattern in self._patterns)

    def _own(self, filters: frozenset[str]) -> None:
        self._owned = filters
        self._patterns = tuple(filter for filter in filters if "+" in filter or "#" in filter)
