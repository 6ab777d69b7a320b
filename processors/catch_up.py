"""After an outage, listen before judging: deadlines wait until the broker's backlog is read, but not for ever."""

from typing import Protocol


class Backlog(Protocol):
    """What must be known of the source."""

    def is_caught_up(self) -> bool: ...


class CatchUp:
    """Decides when deadlines are held and when they go on. Times are real seconds of a steady clock."""

    def __init__(self, at_most: float) -> None:
        self._at_most = at_most
        self._until: float | None = None
        self._wanted = False

    def begin(self, now: float) -> None:
        """The source has (re)connected, or the log is taken over: there may be a backlog."""
        self._wanted = True
        self._until = now + self._at_most

    def wants_hold(self, holding: bool) -> bool:
        wanted, self._wanted = self._wanted, False
        return wanted and not holding

    def has_news(self, holding: bool, backlog: Backlog) -> bool:
        return (self._wanted and not holding) or (holding and backlog.is_caught_up())

    def ended(self, holding: bool, backlog: Backlog, now: float) -> bool | None:
        """None while deadlines must wait (or do not); True when the backlog is read; False when it took too long."""
        if not holding:
            return None
        if backlog.is_caught_up():
            return True
        return False if self._until is not None and now >= self._until else None
