"""What operators are told of Vaka's troubles: that one has begun, that it goes on, that it is over. Pure.

Nothing is told before it has lasted for a while, and nothing is over before it has stayed away for as long: what comes
and goes is one trouble.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace


class Trouble(NamedTuple):
    """Something is wrong with a part since a time. `at_once`: it is told now, whatever its age."""

    detail: str
    since: datetime
    at_once: bool = False


class News(StrEnum):
    BEGUN = "begun"
    GOES_ON = "goes_on"
    OVER = "over"


class Notice(NamedTuple):
    """What is told about one part. `detail` of what is over is what it last was."""

    part: str
    news: News
    detail: str
    since: datetime


class Told(Struct, frozen=True):
    """What operators know of one part. `well_since`: nothing has been seen of it since then."""

    detail: str
    since: datetime
    told_at: datetime
    well_since: datetime | None = None


Book = dict[str, Told]
"""What was told by one way, by part; so that each way is told everything, once."""


class Patience(NamedTuple):
    """`lasting`: how long a trouble must last, and be away; `repeat`: how often one that goes on is told again."""

    lasting: timedelta
    repeat: timedelta


def advance(
    book: Book, troubles: Mapping[str, Trouble], now: datetime, patience: Patience
) -> tuple[Book, list[Notice]]:
    """What is to be told at `now`, in the order of parts, and the book once it has been."""
    after: Book = {}
    notices = []
    for part in sorted({*book, *troubles}):
        told, notice = _one(part, book.get(part), troubles.get(part), now, patience)
        if told is not None:
            after[part] = told
        if notice is not None:
            notices.append(notice)
    return after, notices


def _one(
    part: str, told: Told | None, trouble: Trouble | None, now: datetime, patience: Patience
) -> tuple[Told | None, Notice | None]:
    if trouble is not None and told is not None:
        if now - told.told_at < patience.repeat:
            return replace(told, detail=trouble.detail, well_since=None), None
        return Told(trouble.detail, told.since, now), Notice(part, News.GOES_ON, trouble.detail, told.since)
    if trouble is not None:
        if not trouble.at_once and now - trouble.since < patience.lasting:
            return None, None
        return Told(trouble.detail, trouble.since, now), Notice(part, News.BEGUN, trouble.detail, trouble.since)
    assert told is not None
    if told.well_since is None:
        return replace(told, well_since=now), None
    if now - told.well_since < patience.lasting:
        return told, None
    return None, Notice(part, News.OVER, told.detail, told.since)
