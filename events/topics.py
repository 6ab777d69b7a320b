"""MQTT topics of the canonical form, built and parsed here and nowhere else."""

from typing import NamedTuple

from events.ids import DeviceId, TenantId, is_id
from events.kinds import URGENT

ROOT = "vaka/v1"
EVERYTHING = f"{ROOT}/#"
"""The bulk session's filter. One filter only: a broker keeps order within a filter, and the marker needs it."""

URGENT_FILTERS = tuple(f"{ROOT}/+/+/{kind}" for kind in sorted(URGENT))

_MARKER_TENANT = "_marker"


class Topic(NamedTuple):
    """Who said what: the three free levels of a canonical topic."""

    tenant: TenantId
    device: DeviceId
    kind: str


class BadTopic(ValueError):
    """A topic below `vaka/v1` that is not of the canonical form; the text says what is wrong."""


def event_topic(tenant: TenantId, device: DeviceId, kind: str) -> str:
    return f"{ROOT}/{tenant}/{device}/{kind}"


def command_topic(tenant: TenantId, device: DeviceId, name: str) -> str:
    """Vaka to device: `remind`, `blink`, `speak`."""
    return f"{ROOT}/{tenant}/{device}/command/{name}"


def notify_topic(tenant: TenantId, name: str) -> str:
    """Vaka to a program of a municipality, outside of what devices may say or are told."""
    return f"vaka/notify/{tenant}/{name}"


def is_command(topic: str) -> bool:
    levels = topic.split("/")
    return len(levels) == 6 and levels[4] == "command" and topic.startswith(ROOT + "/")


def marker_topic(session: str) -> str:
    """Where a session writes to itself, to see when the backlog before it has been read."""
    return f"{ROOT}/{_MARKER_TENANT}/{session}/marker"


def is_marker(topic: str, session: str) -> bool:
    return topic == marker_topic(session)


def is_any_marker(topic: str) -> bool:
    """Also another session's marker: nothing to read, and nothing wrong."""
    return topic.startswith(f"{ROOT}/{_MARKER_TENANT}/")


def parse_topic(topic: str) -> Topic:
    """The parts of `vaka/v1/{tenant}/{device}/{kind}`; raises BadTopic and says which level is wrong."""
    levels = topic.split("/")
    if len(levels) != 5 or levels[0] != "vaka" or levels[1] != "v1":
        raise BadTopic(f"topic {topic!r} is not vaka/v1/TENANT/DEVICE/KIND")
    _, _, tenant, device, kind = levels
    for name, level in (("tenant", tenant), ("device", device)):
        if not is_id(level):
            raise BadTopic(f"{name} {level!r} in topic {topic!r} is not an id")
    return Topic(TenantId(tenant), DeviceId(device), kind)
