"""From a topic and bytes to what they mean: picks the adapter, and keeps every fault on this side of the log."""

from events.delivery import Observation, Rejected, Rejection
from events.topics import ROOT, is_any_marker, is_command
from ingest.adapters import canonical

MAX_PAYLOAD = 256 * 1024
"""Bytes. The largest real payloads, a hub's list of devices, are a tenth of it."""


def read(topic: str, payload: bytes) -> Observation | Rejected | None:
    """What the message says; None for what is not meant for the log: Vaka's own commands and markers."""
    if topic.startswith(ROOT) and (is_command(topic) or is_any_marker(topic)):
        return None
    if len(payload) > MAX_PAYLOAD:
        return Rejected(Rejection.TOO_LARGE, f"payload: {len(payload)} bytes, at most {MAX_PAYLOAD} are read")
    try:
        return canonical.read(topic, payload)
    except Exception as error:  # An adapter's own fault: the message is kept, with the fault as its reason.
        return Rejected(Rejection.MALFORMED, f"{type(error).__name__}: {error}")
