"""Errors as FHIR wants them: an OperationOutcome that says what the problem details would."""

from collections.abc import Sequence
from typing import Protocol

from fastapi import Response
from pydantic_core import to_json

MEDIA_TYPE = "application/fhir+json"
PATH = "/fhir/"

CODES = {400: "invalid", 403: "forbidden", 404: "not-found", 405: "not-supported", 422: "invalid", 503: "transient"}


class FieldFault(Protocol):
    @property
    def field(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def value(self) -> object: ...


def outcome(status: int, detail: str, errors: Sequence[FieldFault] = ()) -> dict[str, object]:
    """`errors` say what was wrong with each parameter; without any there is one issue, with `detail`."""
    code = CODES.get(status, "exception" if status >= 500 else "processing")
    texts = [_told(error) for error in errors] or [detail]
    issues = [{"severity": "error", "code": code, "diagnostics": text} for text in texts]
    return {"resourceType": "OperationOutcome", "issue": issues}


def outcome_response(status: int, detail: str, errors: Sequence[FieldFault], headers: dict[str, str]) -> Response:
    return Response(to_json(outcome(status, detail, errors)), status, headers, MEDIA_TYPE)


def _told(error: FieldFault) -> str:
    value = f" {error.value!r}" if error.value is not None else ""
    return f"{error.field}{value}: {error.message}"
