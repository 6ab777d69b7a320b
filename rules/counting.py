"""So many of something within a time: found also when one of them is reported late, or out of order."""

from datetime import datetime, timedelta

Times = tuple[datetime, ...]


def counted(times: Times, at: datetime, count: int) -> Times:
    """`times` with one more, in order; as many as matter to what is reported late, and no more."""
    return tuple(sorted((*times, at)))[-2 * count :]


def together(times: Times, at: datetime, count: int, within: timedelta) -> Times | None:
    """The last `count` of the ordered `times` that have `at` among them and lie `within`; None when there are none."""
    for first in range(len(times) - count, -1, -1):
        some = times[first : first + count]
        if some[0] <= at <= some[-1] and some[-1] - some[0] <= within:
            return some
    return None
