"""What a gateway says of a message, in its answer and in what it reports later, read as its provider's settings say."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from rules.gateway import Match, Receipts


class Outcome(StrEnum):
    """`answered`: somebody has taken the call. `accepted`: and has pressed the key that takes the alarm."""

    DELIVERED = "delivered"
    ANSWERED = "answered"
    ACCEPTED = "accepted"
    FAILED = "failed"


class Report(Struct, frozen=True):
    """A later receipt: which message, and what became of it. `reference`: the gateway's own id of it, or ours."""

    reference: str
    outcome: Outcome


def read_report(receipts: Receipts, data: Mapping[str, Any]) -> Report | None:
    """What a gateway's callback says; None when it is about something else, such as that a message is on its way."""
    reference, state = at(data, receipts.reference), at(data, receipts.state)
    if not reference:
        return None
    if receipts.key is not None and at(data, receipts.key) == receipts.accept_key:
        return Report(reference, Outcome.ACCEPTED)
    for outcome in (Outcome.ANSWERED, Outcome.DELIVERED, Outcome.FAILED):
        if state in getattr(receipts, outcome):
            return Report(reference, outcome)
    return None


def holds(match: Match | None, data: Any) -> bool:
    return match is not None and at(data, match.path) in match.values


def at(data: Any, path: str) -> str | None:
    """What stands at `path`, as text (`true` as JSON has it); None when there is nothing, or more than one value."""
    for step in path.split("."):
        if isinstance(data, Mapping):
            data = data.get(step)
        elif isinstance(data, list) and step.isascii() and step.isdecimal() and int(step) < len(data):
            data = data[int(step)]
        else:
            return None
    if isinstance(data, bool):
        return str(data).lower()
    return str(data)[:200] if isinstance(data, str | int | float) else None
