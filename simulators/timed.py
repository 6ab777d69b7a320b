"""What simulators hand around: a message with the device that says it and the time at which it is sent."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

from events.ids import DeviceId
from events.kinds import KINDS
from events.messages import Message

Clock = Callable[[], datetime]
"""Gives an aware UTC time: the time of the Vaka that is spoken to, which may run faster than the true one."""

Sleep = Callable[[float], Awaitable[None]]
"""Waits for a number of true seconds."""

_KIND_OF = {message: kind for kind, message in KINDS.items()}


class TimedMessage(NamedTuple):
    """A message that `device` sends at `time`, aware UTC.

    `time` is when it leaves the device and `message.at` what the device's clock says: the same, unless a fault
    makes the device late or its clock wrong.
    """

    time: datetime
    device: DeviceId
    kind: str
    message: Message


def timed(device: DeviceId, message: Message) -> TimedMessage:
    """`message` of a device whose clock is right and that sends at once."""
    return TimedMessage(message.at, device, _KIND_OF[type(message)], message)
