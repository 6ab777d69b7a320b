"""Lists in pages: `limit`, an opaque `cursor`, and `{"items": [...], "next": cursor or null}`."""

import base64
import binascii
from collections.abc import Callable, Iterable
from datetime import date, datetime
from types import GenericAlias
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from fastapi import Depends, Query
from msgspec import Meta
from pydantic import BaseModel

from api.problems import FieldError, ProblemError
from events.messages import Instant

Item = TypeVar("Item")
Key = TypeVar("Key", bound=tuple[Any, ...])

CursorId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,99}\Z")]
CursorNumber = Annotated[int, Meta(ge=0, le=2**63 - 1)]

BY_ID: msgspec.json.Decoder[tuple[str]] = msgspec.json.Decoder(tuple[CursorId])
BY_NUMBER: msgspec.json.Decoder[tuple[int]] = msgspec.json.Decoder(tuple[CursorNumber])
BY_PERCENT: msgspec.json.Decoder[tuple[float, str]] = msgspec.json.Decoder(tuple[float, CursorId])
BY_TIME: msgspec.json.Decoder[tuple[datetime, str]] = msgspec.json.Decoder(tuple[Instant, CursorId])
BY_TIME_AND_NUMBER: msgspec.json.Decoder[tuple[datetime, int]] = msgspec.json.Decoder(tuple[Instant, CursorNumber])


def key_of(parts: Iterable[type[str] | type[date]]) -> msgspec.json.Decoder[tuple[Any, ...]]:
    """A key of ids and days."""
    return msgspec.json.Decoder(GenericAlias(tuple, tuple(date if part is date else CursorId for part in parts)))


class Page(BaseModel, Generic[Item]):
    """Part of a list; `next` asks for what follows, and is null at the end."""

    items: list[Item]
    next: str | None


class Paging:
    """Which part of a list is asked for."""

    def __init__(
        self,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        cursor: Annotated[str | None, Query(max_length=1000, description="`next` of the page before")] = None,
    ) -> None:
        self.limit = limit
        self.cursor = cursor

    @property
    def fetch(self) -> int:
        """One more than is shown: it tells whether there is a next page."""
        return self.limit + 1

    def after(self, decoder: msgspec.json.Decoder[Key]) -> Key | None:
        """The key of the last item of the page before. Raises ProblemError for a cursor that Vaka did not make."""
        if self.cursor is None:
            return None
        try:
            padded = self.cursor + "=" * (-len(self.cursor) % 4)
            return decoder.decode(base64.b64decode(padded, altchars=b"-_", validate=True))
        except (binascii.Error, msgspec.DecodeError, ValueError):
            error = FieldError("cursor", "is not the `next` of a page of this list", self.cursor[:200])
            raise ProblemError(400, f"cursor {error.value!r} {error.message}", [error]) from None

    def page(self, found: list[Item], key: Callable[[Item], tuple[object, ...]]) -> Page[Item]:
        """`found` are up to `fetch` items, and `key` gives what their order is by."""
        items = found[: self.limit]
        if len(found) <= self.limit:
            return Page(items=items, next=None)
        cursor = base64.urlsafe_b64encode(msgspec.json.encode(key(items[-1])))
        return Page(items=items, next=cursor.decode().rstrip("="))


def by_id(item: Any) -> tuple[str]:
    """The key of lists in the order of `id`."""
    return (item.id,)


Pages = Annotated[Paging, Depends()]
