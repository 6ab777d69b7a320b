"""What a search asks for: `patient`, a time with FHIR's prefixes, a page."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Query

from api.fhir.elements import Json, Resource, vaka_id
from api.lists import Paging
from api.problems import invalid
from events.codec import utc
from events.ids import ResidentId, is_id

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
PREFIXES = ("ge", "gt", "le", "lt", "eq")

Span = tuple[datetime | None, datetime | None]


class FhirPaging(Paging):
    """`_count` and `_cursor` in place of `limit` and `cursor`."""

    def __init__(
        self,
        limit: Annotated[int, Query(alias="_count", ge=1, le=1000)] = 100,
        cursor: Annotated[str | None, Query(alias="_cursor", max_length=1000)] = None,
    ) -> None:
        super().__init__(limit, cursor)


Pages = Annotated[FhirPaging, Depends()]
Date = Annotated[list[str] | None, Query(description="a day or a time, with ge, gt, le or lt before it; up to two")]


class Parameters:
    """Every search parameter of any type; `by_date` says which of the times one type has."""

    def __init__(
        self,
        pages: Pages,
        patient: Annotated[str | None, Query(max_length=200, description="`ID` or `Patient/ID`")] = None,
        date: Date = None,
        identified: Date = None,
        whenhandedover: Date = None,
    ) -> None:
        self._pages = pages
        self._patient = patient
        self._dates = {"date": date, "identified": identified, "whenhandedover": whenhandedover}

    def asked(self, now: datetime, *, by_patient: bool, by_date: str | None) -> "Asked":
        """What is asked of a type that has these parameters; raises ProblemError for one that it does not have."""
        given = {name: value for name, value in self._dates.items() if value is not None}
        if not by_patient and self._patient is not None:
            given["patient"] = [self._patient]
        for name, value in given.items():
            if name != by_date:
                raise invalid(name, "is not a search parameter here", value[0][:100])
        start, end = span(by_date or "", given.get(by_date or "", ()))
        return Asked(self._pages, now, resident_of(self._patient), start, end)


@dataclass(frozen=True, slots=True)
class Asked:
    """`start` is included, `end` is not; None where nothing was said."""

    pages: Paging
    now: datetime
    resident: ResidentId | None
    start: datetime | None
    end: datetime | None


@dataclass(slots=True)
class Found:
    """A page of resources, and the cursor of the next one. `included`: what they refer to and come with."""

    resources: list[Resource]
    next: str | None
    included: list[Resource] = field(default_factory=list)


def resident_of(patient: str | None) -> ResidentId | None:
    if patient is None:
        return None
    id = vaka_id(patient.removeprefix("Patient/"))
    if not is_id(id):
        raise invalid("patient", "is not an id of a Patient", patient[:200])
    return ResidentId(id)


def span(name: str, dates: Sequence[str]) -> Span:
    """From the first moment that all of `dates` allow until before the first one that they do not.

    Raises ProblemError about the parameter `name`.
    """
    starts, ends = [], []
    for text in dates:
        start, end = _one(name, text)
        starts += [start] if start is not None else []
        ends += [end] if end is not None else []
    return max(starts, default=None), min(ends, default=None)


def _one(name: str, text: str) -> Span:
    prefix, value = (text[:2], text[2:]) if text[:2] in PREFIXES else ("eq", text)
    first, beyond = _moment(name, text, value)
    spans = {"ge": (first, None), "gt": (beyond, None), "lt": (None, first), "le": (None, beyond)}
    return spans.get(prefix, (first, beyond))


def _moment(name: str, text: str, value: str) -> tuple[datetime, datetime]:
    """The first moment of a day or of a time to the second, and the first after it. Days are in UTC, as FHIR advises
    where no other zone is said."""
    try:
        if _DAY.fullmatch(value):
            first = datetime.fromisoformat(value).replace(tzinfo=UTC)
            return first, first + timedelta(days=1)
        first = utc(value)
        return first, first + timedelta(seconds=1)
    except (ValueError, OverflowError):
        raise invalid(name, "is not a day or an RFC 3339 time, with ge, gt, le or lt before it", text[:100]) from None


def bundle(found: Found, self_url: str, next_url: Callable[[str], str]) -> Resource:
    """A searchset. FHIR wants no `total` where it is not known."""
    links = [{"relation": "self", "url": self_url}]
    if found.next is not None:
        links.append({"relation": "next", "url": next_url(found.next)})
    entries = [*(_entry(one, "match") for one in found.resources), *(_entry(one, "include") for one in found.included)]
    whole: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "link": links}
    # An empty list is nothing that FHIR's JSON may hold.
    return {**whole, "entry": entries} if entries else whole


def collection(resources: Sequence[Resource]) -> Resource:
    entries = [{"fullUrl": full_url(resource), "resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _entry(resource: Resource, mode: str) -> Json:
    return {"fullUrl": full_url(resource), "resource": resource, "search": {"mode": mode}}


def full_url(resource: Resource) -> str:
    return f"/fhir/{resource['resourceType']}/{resource['id']}"
