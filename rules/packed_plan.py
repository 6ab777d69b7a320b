"""A plan as snapshots keep it, in half of its size: mostly it is names of fields, which are the same in all plans."""

import zlib
from functools import lru_cache

import msgspec

from rules.plan import Plan

# Never to be changed: what was packed with it could not be read any more. What is named often stands last.
_WORDS = (
    b"learned sensitivity low high minimum_days floor_minutes ceiling_minutes dwell_minutes silent_minutes accuracy_m "
    b"refused_count refused_minutes planned open_minutes bed_minutes door_minutes outside front door bed_entered "
    b"motion help_accepted door_opened unlocked text priority devices unless_before unless_after kinds when kind "
    b"conditions geofence zones home latitude longitude radius_m hours lock supervision checks night doors as_needed "
    b"dose at_most inactivity limits quiet minutes medicine windows early_minutes remind_every_minutes "
    b"remind_after_minutes name "
    b"\xa4from\xa512:00\xa2to\xa513:00\xa4from\xa522:00\xa2to\xa506:00\xa4from\xa508:00\xa2to\xa509:00"
)
_WINDOW = -12
"""4 KB, without a header: more than nearly every plan has."""

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Plan)


@lru_cache(maxsize=4096)
def pack(plan: Plan) -> bytes:
    """Cached, as is `unpack`: many residents have equal plans, and what is saved of them again is mostly the same."""
    packer = zlib.compressobj(9, zlib.DEFLATED, _WINDOW, zdict=_WORDS)
    return packer.compress(_ENCODER.encode(plan)) + packer.flush()


@lru_cache(maxsize=4096)
def unpack(data: bytes) -> Plan:
    """Raises msgspec.DecodeError."""
    try:
        return _DECODER.decode(zlib.decompressobj(_WINDOW, zdict=_WORDS).decompress(data))
    except zlib.error as error:
        raise msgspec.DecodeError(f"a packed plan: {error}") from None
