"""One SCAIP request: understood, handed to the log, and answered by what became of it there.

"Handled" is said only when the request is committed. What takes longer is answered "hold": the sender asks again with
the same reference, and joins what is still in progress; after a restart the log itself knows what it has.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from events.delivery import Content, Delivery, Lane, Rejected, Rejection
from ingest.scaip.document import Document, Fault, MessageType, Status, answer, parse, write
from ingest.scaip.meaning import content_of, refused, topic_of
from ingest.scaip.parts import Parts

log = logging.getLogger(__name__)

HOLD_SECONDS = 2.0
PART_SECONDS = 5.0
MOST_OPEN = 2000
"""Requests that the log has not settled yet; above it senders are told that Vaka is busy."""

Offer = Callable[[Delivery], None]

_STATUS = {
    Rejection.TOO_LARGE: Status.TOO_LONG,
    Rejection.MALFORMED: Status.WRONG_DATA,
    Rejection.FUTURE_TIME: Status.WRONG_DATA,
    Rejection.PARTLY_MALFORMED: Status.HANDLED,
}
"""What a refusal of the log is to the sender. Any other, such as an unknown controller: it tries its next receiver."""


class Token(Protocol):
    """What a delivery of this gateway carries: told when its transaction is committed."""

    def committed(self, refused: Rejected | None) -> None:
        """`refused`: why it went to quarantine instead."""


class _Open:
    """A delivery on its way into the log."""

    def __init__(self, done: Callable[["_Open"], None]) -> None:
        self.settled: asyncio.Future[Rejected | None] = asyncio.get_running_loop().create_future()
        self._done = done

    def committed(self, refused: Rejected | None) -> None:
        if not self.settled.done():
            self.settled.set_result(refused)
        self._done(self)


_Key = tuple[str, str, MessageType]


class Gateway:
    """`heartbeat_minutes`: how often controllers that let themselves be told shall send heartbeats; None: their way."""

    def __init__(
        self,
        offer: Offer,
        now: Callable[[], datetime],
        *,
        heartbeat_minutes: int | None = None,
        hold_seconds: float = HOLD_SECONDS,
        part_seconds: float = PART_SECONDS,
    ) -> None:
        self._offer = offer
        self._now = now
        self._heartbeat_minutes = heartbeat_minutes
        self._hold_seconds = hold_seconds
        self._parts = Parts(self._overdue, part_seconds)
        self._open: set[_Open] = set()
        self._pending: dict[_Key, _Open] = {}

    async def answer(self, body: bytes) -> bytes:
        """The `<mrs>` to the request in `body`."""
        if len(self._open) >= MOST_OPEN:
            return answer(_ref_in(body), Status.BUSY)
        try:
            document = parse(body)
        except Fault as fault:
            log.info("SCAIP controller %r: %s", fault.cid, fault)
            self._hand_over(topic_of(fault.cid), body, refused(fault))
            return answer(fault.ref, fault.status)
        status = await self._handle(document, body)
        lets_itself_be_told = (document.get("hbo") or "").lstrip("0") == "1"
        tells = status is Status.HANDLED and lets_itself_be_told
        return answer(document.ref, status, self._heartbeat_minutes if tells else None)

    def close(self) -> None:
        """Hands over what still waited for its other parts."""
        self._parts.flush()

    async def _handle(self, document: Document, body: bytes) -> Status:
        whole = self._parts.add(document)
        if whole is None:
            return Status.HANDLED
        pending = self._begin(whole, body if whole is document else write(whole.fields))
        done, _ = await asyncio.wait({pending.settled}, timeout=self._hold_seconds)
        if not done:
            return Status.HOLD
        why = pending.settled.result()
        return Status.HANDLED if why is None else _STATUS.get(why.reason, Status.NOT_TREATED)

    def _begin(self, document: Document, payload: bytes) -> _Open:
        """The delivery of this request; the one that is on its way already when it is a repetition."""
        key = (document.cid, document.ref, document.type)
        if key not in self._pending:
            content = content_of(document, payload, self._now())
            self._pending[key] = self._hand_over(topic_of(document.cid), payload, content)
            self._pending[key].settled.add_done_callback(lambda _: self._pending.pop(key, None))
        return self._pending[key]

    def _hand_over(self, topic: str, payload: bytes, content: Content) -> _Open:
        token = _Open(self._open.discard)
        self._open.add(token)
        self._offer(Delivery(topic, payload, Lane.SCAIP, content, token))
        return token

    def _overdue(self, document: Document) -> None:
        log.warning("SCAIP controller %r: the rest of %s did not come", document.cid, document.ref)
        self._begin(document, write(document.fields))


def _ref_in(body: bytes) -> str | None:
    try:
        return parse(body).ref
    except Fault as fault:
        return fault.ref
