"""Service levels: how soon an alarm is to be accepted, somebody to be at the person, and it to be resolved."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from rules.decisions import Priority


class Measure(StrEnum):
    """What is timed, each from when the alarm was opened until it happened for the first time."""

    ACCEPT = "accept"
    PERSON = "person"
    RESOLVE = "resolve"


class Target(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """This share (0 to 1) of the alarms of these priorities shall come so far within so many seconds."""

    measure: Measure
    within_seconds: Annotated[int, Meta(ge=1, le=30 * 86400)]
    share: Annotated[float, Meta(gt=0, le=1)]
    priorities: Annotated[tuple[Annotated[int, Meta(ge=1, le=4)], ...], Meta(min_length=1, max_length=4)] = (
        int(Priority.LIFE),
        int(Priority.CARE),
    )


MOST_TARGETS = 20

DEFAULT_TARGETS = (
    Target(measure=Measure.ACCEPT, within_seconds=60, share=0.975),
    Target(measure=Measure.ACCEPT, within_seconds=180, share=0.99),
    Target(measure=Measure.PERSON, within_seconds=45 * 60, share=0.9),
)
"""Accepting: the quality standard of British alarm centres (TSA). At the person within 45 minutes: MASCOT."""

ANSWER_SECONDS = 180
"""So long somebody whom an alarm has reached may take to answer before it is said that they did not."""

_TARGETS: msgspec.json.Decoder[tuple[Target, ...]] = msgspec.json.Decoder(tuple[Target, ...])


class TargetsError(ValueError):
    """Targets that cannot be kept or read; the text says why."""


def write_targets(targets: Sequence[Target]) -> bytes:
    return msgspec.json.encode(targets)


def read_targets(data: bytes) -> tuple[Target, ...]:
    """Raises TargetsError for anything that is not a list of targets, of which no two are about the same."""
    try:
        return checked(_TARGETS.decode(data))
    except msgspec.DecodeError as error:
        raise TargetsError(str(error)) from None


def checked(targets: tuple[Target, ...]) -> tuple[Target, ...]:
    if len(targets) > MOST_TARGETS:
        raise TargetsError(f"there are {len(targets)} targets, and at most {MOST_TARGETS} can be kept")
    seen: set[tuple[Any, ...]] = set()
    for target in targets:
        for priority in target.priorities:
            limit = (target.measure, target.within_seconds, priority)
            if limit in seen:
                raise TargetsError(
                    f"priority {priority} has two targets for {target.measure} within {target.within_seconds} s"
                )
            seen.add(limit)
    return targets
