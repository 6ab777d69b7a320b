"""What goes wrong between a device and Vaka, as pure functions: timed messages in, timed messages out, by time.

`time` is when a message is sent, `message.at` what the device's clock says; a fault changes one or the other. The
same messages and seed give the same result. Nothing here invents an event: there are only fewer, later, or twice.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from random import Random

from msgspec.structs import replace

from events.ids import DeviceId
from simulators.timed import TimedMessage

Messages = Sequence[TimedMessage]


def _by_time(messages: Messages) -> list[TimedMessage]:
    return sorted(messages, key=lambda said: said.time)


def _later(said: TimedMessage, delay: timedelta) -> TimedMessage:
    return said._replace(time=said.time + delay)


def duplicated(messages: Messages, seed: int, share: float, within: timedelta) -> list[TimedMessage]:
    """This share of the messages is sent twice, the second time at most `within` later, the very same bytes."""
    random = Random(seed)
    again = [_later(said, within * random.random()) for said in messages if random.random() < share]
    return _by_time([*messages, *again])


def delayed(messages: Messages, seed: int, share: float, by: timedelta) -> list[TimedMessage]:
    """This share of the messages is sent up to `by` too late."""
    random = Random(seed)
    return _by_time([_later(said, by * random.random()) if random.random() < share else said for said in messages])


def reordered(messages: Messages, seed: int, run: int) -> list[TimedMessage]:
    """Every `run` messages are kept back until the last of them, then sent in any order."""
    random = Random(seed)
    found: list[TimedMessage] = []
    for first in range(0, len(messages), run):
        kept = list(messages[first : first + run])
        last = kept[-1].time
        random.shuffle(kept)
        found += [said._replace(time=last) for said in kept]
    return found


def skewed(messages: Messages, seed: int, most: timedelta) -> list[TimedMessage]:
    """Each device's clock is wrong by up to `most`, either way, always by the same."""
    return [_skewed(said, most * Random(f"{seed} {said.device}").uniform(-1, 1)) for said in messages]


def _skewed(said: TimedMessage, by: timedelta) -> TimedMessage:
    return said._replace(message=replace(said.message, at=said.message.at + by))


def lost(messages: Messages, seed: int, share: float) -> list[TimedMessage]:
    """This share of the messages never arrives."""
    random = Random(seed)
    return [said for said in messages if random.random() >= share]


def cut_off(
    messages: Messages,
    start: datetime,
    end: datetime,
    *,
    buffered: bool,
    devices: Collection[DeviceId] | None = None,
) -> list[TimedMessage]:
    """Nothing gets through from `start` until before `end`, from these devices (None: from any).

    Devices with a buffer send it all at `end`, in order; those without lose it.
    """

    def affected(said: TimedMessage) -> bool:
        return start <= said.time < end and (devices is None or said.device in devices)

    if not buffered:
        return [said for said in messages if not affected(said)]
    return _by_time([said._replace(time=end) if affected(said) else said for said in messages])
