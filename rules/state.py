"""What the rules remember of one resident: plain data, small, nothing shared between residents."""

from datetime import date, datetime
from enum import StrEnum

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from events.ids import Key
from events.kinds import Technology
from rules.packed_plan import pack, unpack
from rules.plan import Plan, shared
from rules.profile import DOUBTFUL, Profile

STATE_VERSION = 2
"""Rises with every change of these structs; a snapshot of another version is not used, the log is replayed instead."""


class SlotStatus(StrEnum):
    PENDING = "p"
    MISSED = "m"
    DONE = "t"


class Slot(Struct, frozen=True, array_like=True, gc=False):
    """One window on one day, such as a dose. `remind_at`: of the next reminder, if its window still runs then."""

    window: str
    day: date
    start: datetime
    end: datetime
    status: SlotStatus = SlotStatus.PENDING
    remind_at: datetime | None = None
    remind_every: int | None = None


class SlotState(Struct, frozen=True, array_like=True, gc=False):
    """The slots of about a day, and when the next window begins. `unclaimed`: when it was done, last, in no window."""

    slots: tuple[Slot, ...] = ()
    next_start: datetime | None = None
    deadline: datetime | None = None
    unclaimed: datetime | None = None


class Silence(Struct, frozen=True, array_like=True, gc=False):
    """An inactivity episode that was raised."""

    episode: str
    since: datetime
    raised_at: datetime


class InactivityState(Struct, frozen=True, array_like=True, gc=False):
    """`check_at` is never later than the true deadline, so an event costs a comparison or two, and the walk through
    local times is done when `check_at` has come.

    `source`: where the last sign of life came from; `profile`: what is learned of the resident's quiets (None: nothing
    shall be).
    """

    since: datetime | None = None
    check_at: datetime | None = None
    raised: Silence | None = None
    source: int = DOUBTFUL
    profile: Profile | None = None


class Wait(Struct, frozen=True, array_like=True, gc=False):
    """Something that began and must end. `what`: what it is known by, such as a device.

    `since`: when it began (None: it has ended). `until`: when it must have ended. `due`: when that is looked at (None
    with a `since`: it was, and staff were told). `last`, `ended`: the latest beginning and end that were heard of.
    """

    what: str
    since: datetime | None = None
    until: datetime | None = None
    due: datetime | None = None
    last: datetime | None = None
    ended: datetime | None = None


class Place(Struct, frozen=True, array_like=True, gc=False):
    """Where the resident was last seen outside, WGS 84."""

    at: datetime
    latitude: float
    longitude: float


class Pause(Struct, frozen=True, array_like=True, gc=False):
    """Not watched from `start` until before `end`: by these technologies, or at all when none is named."""

    id: str
    start: datetime
    end: datetime
    technologies: tuple[Technology, ...] = ()


class Flap(Struct, frozen=True, array_like=True, gc=False):
    """How often a device has changed since then; `told`: staff know, and it counts as one until it is calm."""

    device: str
    since: datetime
    count: int = 1
    told: bool = False


class ResidentState(Struct, frozen=True, array_like=True, gc=False):
    """State of one key of the log. `position` is the last entry applied: an older one changes nothing.

    `plan` is what is watched now; while something is paused, `whole_plan` is the plan with it. `pauses` are those that
    are not over, `pause_at` is when the next of them begins or ends.
    """

    key: Key
    position: int = -1
    deadline: datetime | None = None
    inactivity: InactivityState = InactivityState()
    medicine: SlotState = SlotState()
    plan: Plan = Plan()
    plan_version: int = 0
    timezone: str = "UTC"
    doors: tuple[Wait, ...] = ()
    night: tuple[Wait, ...] = ()
    supervision: SlotState = SlotState()
    refused: tuple[datetime, ...] = ()
    presses: tuple[datetime, ...] = ()
    outside: tuple[Wait, ...] = ()
    place: Place | None = None
    conditions: tuple[Wait, ...] = ()
    heard: tuple[tuple[str, datetime], ...] = ()
    whole_plan: Plan | None = None
    pauses: tuple[Pause, ...] = ()
    pause_at: datetime | None = None
    flaps: tuple[Flap, ...] = ()
    as_needed: tuple[tuple[str, tuple[datetime, ...]], ...] = ()


def with_inactivity(state: ResidentState, inactivity: InactivityState) -> ResidentState:
    return replace(state, inactivity=inactivity)


class _Saved(Struct, frozen=True, array_like=True, gc=False):
    """A state with its plans packed, which `state` is without."""

    state: ResidentState
    plan: bytes
    whole_plan: bytes | None


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Saved)
_PLAIN_DECODER = msgspec.msgpack.Decoder(ResidentState)
_SAVED = b"\x93"
"""How an array of three begins; a state has more fields than that."""


def encode_state(state: ResidentState) -> bytes:
    whole = pack(state.whole_plan) if state.whole_plan is not None else None
    return _ENCODER.encode(_Saved(replace(state, plan=Plan(), whole_plan=None), pack(state.plan), whole))


def decode_state(data: bytes) -> ResidentState:
    """Also of a state that was saved before plans were packed. Raises msgspec.DecodeError."""
    if not data.startswith(_SAVED):
        state = _PLAIN_DECODER.decode(data)
        return replace(state, plan=shared(state.plan))
    saved = _DECODER.decode(data)
    whole = shared(unpack(saved.whole_plan)) if saved.whole_plan is not None else None
    return replace(saved.state, plan=shared(unpack(saved.plan)), whole_plan=whole)
