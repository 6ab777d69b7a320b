"""What an adapter is: it turns one payload family into canonical events, and knows where that family speaks.

It never decides whose device it is (the directory does) nor whether a state is news (the rules do).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec

from events.codec import encode_message
from events.delivery import SAME_EVENT_WITHIN, Content, Found, Heard, Rejected, Rejection
from events.devices import Origin
from events.kinds import KINDS
from events.messages import Message


class Adapter(Protocol):
    """One payload family over MQTT, on the topics that the settings give it.

    `learned`: how often it has learned something that changes what `filters` or `topics` answer.
    """

    learned: int

    def filters(self) -> tuple[str, ...]:
        """What to subscribe to."""

    def reads(self, topic: str) -> bool:
        """Whether the topic is of this family."""

    def read(self, topic: str, payload: bytes, received: datetime, *, retained: bool) -> Content:
        """What the payload says; nothing for what is not for the log. May raise: the reader keeps the message.

        `received` is when it came, for what tells no time itself. A `retained` message was said before somebody
        asked: it tells how things are, and is never a press or a sign of life now.
        """

    def remember(self, found: Iterable[Found]) -> None:
        """What all families were told of devices before a restart, for those whose hubs tell it only once."""

    def topics(self, origin: Origin) -> tuple[str, ...]:
        """The filters under which the device of this origin speaks, for the urgent lane; none for another family's."""


def heard(
    origins: tuple[Origin, ...],
    kind: str,
    at: datetime,
    fields: Mapping[str, Any] | None = None,
    *,
    raw: bytes | None = None,
    key: bytes | None = None,
    is_state: bool = False,
    same_within: timedelta = SAME_EVENT_WITHIN,
) -> Heard | Rejected:
    """One canonical event. `at` is aware UTC; `raw`: the JSON payload that it was made from, kept with it.

    Fields that are None are left out. Rejected, naming field and value, when a field is not what the kind allows.
    """
    given = {name: value for name, value in (fields or {}).items() if value is not None}
    try:
        message = msgspec.convert({"at": at, **given}, KINDS[kind])
    except msgspec.ValidationError as error:
        return Rejected(Rejection.MALFORMED, f"{kind}: {error}, in {str(given)[:200]}", origin=origins[0])
    return Heard(origins, kind, message, _payload(message, raw), key, is_state, same_within)


def _payload(message: Message, raw: bytes | None) -> bytes:
    canonical = encode_message(message)
    if raw is None:
        return canonical
    if b"\\u0000" in raw:
        # PostgreSQL's JSON has no NUL: kept as text, because a press must not fall over a name beside it.
        raw = msgspec.json.encode(raw.decode("utf-8", "backslashreplace").replace("\\u0000", "\\\\u0000"))
    return canonical[:-1] + b',"raw":' + raw + b"}"
