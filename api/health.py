"""Whether Vaka does its work: what `/readyz` and the stream's pulse say of it."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps Vaka from its work: which part (broker, database, log), and what about it."""

    part: str
    detail: str


class Health(Protocol):
    """Looks at broker, database and log; given by whoever wires the parts together."""

    async def check(self) -> list[Problem]:
        """What is wrong now; empty when all is well. Answers within a few seconds, also when nothing else does."""
        ...
