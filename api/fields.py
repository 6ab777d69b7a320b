"""Types of fields and parameters: what may stand there, and what the caller is told otherwise."""

import re
from datetime import date, datetime
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from events.codec import utc
from events.ids import AlarmId, DeviceId, ResidentId, StaffId, TenantId, UnitId, is_id

MAX_BIGINT = 2**63 - 1
MAX_INT = 2**31 - 1


class Body(BaseModel):
    """Base of all request bodies: a field that they do not have is an error, not ignored."""

    model_config = ConfigDict(extra="forbid")


def _id(value: str) -> str:
    if not is_id(value):
        raise ValueError("an id is 1 to 100 of A-Z a-z 0-9 . _ : @ -, first a letter or digit")
    return value


def _time(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("is not an RFC 3339 time with an offset")
    return utc(value)


def _day(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("is not a date, YYYY-MM-DD")
    return date.fromisoformat(value)


_AN_ID = (AfterValidator(_id), Field(min_length=1, max_length=100))

AnyId = Annotated[str, *_AN_ID]
TenantRef = Annotated[TenantId, *_AN_ID]
UnitRef = Annotated[UnitId, *_AN_ID]
ResidentRef = Annotated[ResidentId, *_AN_ID]
DeviceRef = Annotated[DeviceId, *_AN_ID]
StaffRef = Annotated[StaffId, *_AN_ID]
AlarmRef = Annotated[AlarmId, *_AN_ID]

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]
Time = Annotated[datetime, BeforeValidator(_time), Field(description="RFC 3339, with an offset")]
Day = Annotated[date, BeforeValidator(_day)]
Number = Annotated[int, Path(ge=0, le=MAX_BIGINT)]

From = Annotated[Time | None, Query(alias="from", description="from this time on")]
To = Annotated[Time | None, Query(alias="to", description="until before this time")]


def new_id() -> str:
    """An id for what the client gave none."""
    return uuid4().hex


def unchanged(alias: str | None = None) -> Any:
    """Default of a field of a PATCH body that keeps what is stored, and cannot be null."""
    return Field(default=None, alias=alias, json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)
