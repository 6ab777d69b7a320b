"""Waiting for the log: a change is answered when rules know of it, so that what follows finds it in force."""

import asyncio
from collections.abc import Sequence


class Applied:
    """What the owner of the log has taken from the inbox.

    If it does not answer within `patience` seconds it is not waited for again until it is heard of: the change is
    safe in the inbox either way.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._answers = patience > 0
        self._expected: dict[int, asyncio.Event] = {}

    def expect(self, item: int) -> None:
        """To be called before the commit, or the answer could come before anybody expects it."""
        self._expected[item] = asyncio.Event()

    def note(self, item: str) -> None:
        """The owner of the log has applied `item`."""
        self._answers = self._patience > 0
        if (event := self._expected.get(int(item))) is not None:
            event.set()

    async def settle(self, items: Sequence[int]) -> None:
        if not self._answers:
            return
        try:
            async with asyncio.timeout(self._patience):
                for item in items:
                    await self._expected[item].wait()
        except TimeoutError:
            self._answers = False

    def forget(self, items: Sequence[int]) -> None:
        for item in items:
            self._expected.pop(item, None)
