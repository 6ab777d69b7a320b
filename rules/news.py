"""Whether the report of a state is an event: only if it was otherwise before, or has not been told for long.

Devices repeat how things are, some of them every few seconds; the log keeps what changed.
"""

from datetime import datetime, timedelta

from events.messages import Battery, Message, Signal
from rules.device_facts import ASPECTS, aspect_name
from rules.device_state import DeviceState

HEARTBEAT = timedelta(minutes=10)
"""A device that was heard of so recently need not be noted as alive."""

BATTERY_POINTS, BATTERY_AGE = 1.0, timedelta(hours=24)
SIGNAL_POINTS, SIGNAL_AGE = 20.0, timedelta(hours=6)

_ALIVE = ("heartbeat", "online")


def is_news(state: DeviceState | None, kind: str, message: Message, now: datetime) -> bool:
    """Whether this report of a state, received at `now`, tells something. What is no state is always news."""
    if state is None:
        return True
    if kind in _ALIVE:
        was_away = kind == "online" and state.known.aspects.get("online") is False
        return was_away or is_due_heartbeat(state, now)
    if kind in ASPECTS:
        return state.known.aspects.get(aspect_name(kind, message)) is not ASPECTS[kind][1]
    if isinstance(message, Battery):
        last = state.known.battery
        return last is None or now - last.at >= BATTERY_AGE or abs(message.percent - last.percent) >= BATTERY_POINTS
    if isinstance(message, Signal):
        return _is_other_signal(state, message, now)
    return True


def is_due_heartbeat(state: DeviceState | None, now: datetime) -> bool:
    """Whether the device was not heard of for so long that a word of it is worth a heartbeat."""
    return state is None or state.last_seen is None or now - state.last_seen >= HEARTBEAT


def _is_other_signal(state: DeviceState, message: Signal, now: datetime) -> bool:
    last = state.known.signal
    if last is None or now - last.at >= SIGNAL_AGE:
        return True
    pairs = ((last.quality, message.quality), (last.rssi_dbm, message.rssi_dbm))
    return any(new is not None and (old is None or abs(new - old) >= SIGNAL_POINTS) for old, new in pairs)
