"""Identifiers: short, URL- and topic-safe texts, each with a type of its own."""

import hashlib
import re
from typing import NewType

TenantId = NewType("TenantId", str)
UnitId = NewType("UnitId", str)
ResidentId = NewType("ResidentId", str)
DeviceId = NewType("DeviceId", str)
StaffId = NewType("StaffId", str)
AlarmId = NewType("AlarmId", str)

Key = NewType("Key", str)
"""What the log is ordered by: `r:RESIDENT`, `d:DEVICE` for a device with nobody, `u:UNIT`, or `` for everybody."""

EVERYBODY = Key("")

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,99}")


def is_id(text: str) -> bool:
    """Whether `text` can be an id: 1 to 100 of `A-Z a-z 0-9 . _ : @ -`, first a letter or digit."""
    return _ID.fullmatch(text) is not None


def resident_key(resident: ResidentId) -> Key:
    return Key(f"r:{resident}")


def device_key(device: DeviceId) -> Key:
    return Key(f"d:{device}")


def unit_key(unit: UnitId) -> Key:
    return Key(f"u:{unit}")


def health_key(device: DeviceId) -> Key:
    """Under which the rules keep what they know of a device itself; no entry of the log is ordered by it."""
    return Key(f"h:{device}")


def derived_id(*parts: object) -> str:
    """An id that depends on nothing but its parts: 32 hexadecimal digits, the same in every run."""
    text = "\x1f".join(map(str, parts))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
