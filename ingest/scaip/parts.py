"""A request that its sender had to split (`ame`): the parts are put together before any of them is judged.

A part alone must not be judged: without the state that stands in the next one it would be an alarm. Nor may it be
forgotten when the next one does not come: after a few seconds, what is there counts as it is.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from ingest.scaip.document import Document, MessageType, of_fields

MOST = 1000
"""Requests of which parts are remembered."""

REMEMBERED_SECONDS = 3600.0

_TEXTS = ("dte", "stt", "lte", "ite")
_Key = tuple[str, str, MessageType]


class Parts:
    """`overdue` gets what is there of a request whose last part did not come within `seconds`."""

    def __init__(self, overdue: Callable[[Document], None], seconds: float) -> None:
        self._overdue = overdue
        self._seconds = seconds
        self._waiting: OrderedDict[_Key, tuple[Document, asyncio.TimerHandle]] = OrderedDict()
        self._done: OrderedDict[_Key, tuple[Document, float]] = OrderedDict()

    def add(self, part: Document) -> Document | None:
        """The whole request when this was its last part; None while more is to come.

        A part that is repeated because its answer was lost gives what was made of it then, or nothing.
        """
        key = (part.cid, part.ref, part.type)
        earlier, timer = self._waiting.pop(key, (None, None))
        if timer is not None:
            timer.cancel()
        done = self._made_of(key)
        if part.more and done is not None:
            return None
        earlier = earlier or done
        whole = part if earlier is None else _together(earlier, part)
        if part.more:
            self._wait(key, whole)
            return None
        if earlier is not None:
            self._finish(key, whole)
        return whole

    def flush(self) -> None:
        """No more parts will come."""
        for key in list(self._waiting):
            self._give_up(key)

    def _wait(self, key: _Key, parts: Document) -> None:
        self._waiting[key] = (parts, asyncio.get_running_loop().call_later(self._seconds, self._give_up, key))
        if len(self._waiting) > MOST:
            self._give_up(next(iter(self._waiting)))

    def _give_up(self, key: _Key) -> None:
        parts, timer = self._waiting.pop(key)
        timer.cancel()
        self._finish(key, parts)
        self._overdue(parts)

    def _finish(self, key: _Key, whole: Document) -> None:
        self._done[key] = (whole, asyncio.get_running_loop().time())
        self._done.move_to_end(key)
        if len(self._done) > MOST:
            self._done.popitem(last=False)

    def _made_of(self, key: _Key) -> Document | None:
        whole, at = self._done.get(key, (None, 0.0))
        return whole if asyncio.get_running_loop().time() - at < REMEMBERED_SECONDS else None


def _together(earlier: Document, later: Document) -> Document:
    """What came first stands, but texts go on."""
    fields = {**later.fields, **earlier.fields}
    for tag in _TEXTS:
        old, new = earlier.get(tag), later.get(tag)
        if old and new and new not in old:
            fields[tag] = f"{old} {new}"
    fields.pop("ame", None)
    return of_fields(fields)
