"""How long to wait after a failure: twice as long each time, up to a limit."""

from datetime import timedelta
from typing import NamedTuple


class Backoff(NamedTuple):
    """`first` is the delay after the first failure."""

    first: timedelta
    limit: timedelta

    def delay(self, failures: int) -> timedelta:
        """The delay after so many failures in a row, at least one."""
        return min(self.first * (1 << min(failures - 1, 30)), self.limit)
