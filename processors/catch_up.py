"""After an outage, listen before judging: deadlines wait until the broker's backlog is read, but not for ever."""

from typing import Protocol


class Backlog(Protocol):
    """What must be known of the source."""

    def is_caught_up(self) -> bool: ...


class CatchUp:
    """Decides when deadlines are held and when they go on. `at_most` and `now`: real seconds of a steady clock.

    A batch may fail after it was decided so, and then it is decided again: only `committed` makes it so. `holding` is
    what the partition does.
    """

    def __init__(self, at_most: float) -> None:
        self._at_most = at_most
        self._until: float | None = None
        self._backlogs = 0
        self._seen = 0
        self._held = 0

    def begin(self) -> None:
        """The source has (re)connected, or the log is taken over: there may be a backlog."""
        self._backlogs += 1

    def wants_hold(self, holding: bool) -> bool:
        """Whether deadlines shall wait from this batch on."""
        self._seen = self._backlogs
        return self._is_new() and not holding

    def has_news(self, holding: bool, backlog: Backlog) -> bool:
        return backlog.is_caught_up() if holding else self._is_new()

    def ended(self, holding: bool, backlog: Backlog, now: float) -> bool | None:
        """None while deadlines must wait (or do not); True when the backlog is read; False when it took too long.

        The limit runs from the first batch that held them: a connection that comes and goes must not hold them longer.
        """
        if not holding:
            return None
        if backlog.is_caught_up():
            return True
        if self._until is None:
            self._until = now + self._at_most
        return False if now >= self._until else None

    def committed(self, holding: bool) -> None:
        """The batch is in the log."""
        self._held = self._seen
        if not holding:
            self._until = None

    def _is_new(self) -> bool:
        return self._backlogs > self._held
