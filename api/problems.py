"""Errors as RFC 9457 problem details: every one that the API answers, validation and unknown addresses included."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from api.device_bodies import ShownDevice
from api.fhir.outcome import PATH as FHIR
from api.fhir.outcome import outcome_response
from store.alarms_query import Alarm
from store.failures import DATABASE_DOWN

MEDIA_TYPE = "application/problem+json"
SHOWN_LENGTH = 200
SECRETS = ("password", "secret", "token")

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field or parameter; `value` is what stood there, where it can be shown."""

    field: str
    message: str
    value: Scalar = None


class ProblemDetails(BaseModel):
    """RFC 9457. `errors` name each field with its value; `alarm` or `device` is how it is now, where that is why."""

    type: str = "about:blank"
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    errors: list[FieldError] | None = None
    alarm: Alarm | None = None
    device: ShownDevice | None = None


class ProblemError(HTTPException):
    """Raised anywhere in a request, answered as a problem; `more` are members beside those of the RFC."""

    def __init__(
        self,
        status_code: int,
        detail: str,
        errors: Sequence[FieldError] = (),
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(status_code, detail, headers)
        self.errors = errors
        self.more = more or {}


def not_found(what: str, id: object) -> ProblemError:
    """Also for what is there but not for this caller: whether it exists is not theirs to know."""
    return ProblemError(404, f"there is no {what} {id!r}")


def invalid(field: str, message: str, value: Scalar = None) -> ProblemError:
    shown = f" {value!r}" if value is not None else ""
    return ProblemError(422, f"{field}{shown}: {message}", [FieldError(field, message, value)])


def conflict(detail: str, **more: Any) -> ProblemError:
    return ProblemError(409, detail, more=more)


def problem_response(problem: ProblemError) -> Response:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status_code).phrase,
        "status": problem.status_code,
        "detail": problem.detail,
        **({"errors": list(problem.errors)} if problem.errors else {}),
        **problem.more,
    }
    headers = dict(problem.headers or {})
    return Response(to_json(body), status_code=problem.status_code, headers=headers, media_type=MEDIA_TYPE)


def _answer(request: Request, problem: ProblemError) -> Response:
    if request.url.path.startswith(FHIR):
        return outcome_response(problem.status_code, problem.detail, problem.errors, dict(problem.headers or {}))
    return problem_response(problem)


def answer_with_problems(app: FastAPI) -> None:
    """Makes `app` answer every exception as a problem, and below `/fhir/` as an OperationOutcome."""
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)
    for failure in DATABASE_DOWN:
        app.add_exception_handler(failure, _on_database_down)
    app.add_exception_handler(Exception, _on_bug)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if not isinstance(error, ProblemError):
        detail = f"{request.method} {request.url.path}: {error.detail}"
        error = ProblemError(error.status_code, detail, headers=error.headers)
    return _answer(request, error)


async def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [_field_error(found) for found in error.errors()]
    detail = "; ".join(f"{found.field}: {found.message}" for found in errors[:5])
    return _answer(request, ProblemError(422, detail, errors[:100]))


def _field_error(found: Mapping[str, Any]) -> FieldError:
    place, *path = found["loc"]
    name = ".".join(map(str, path)) or str(place)
    message = str(found["msg"]).removeprefix("Value error, ")
    return FieldError(name, message, shown(name, found.get("input")))


def shown(name: str, value: object) -> Scalar:
    """`value` as far as it may stand in an answer: never a secret, never a whole document."""
    if name.rpartition(".")[2] in SECRETS or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str):
        return value[:SHOWN_LENGTH].encode("utf-8", "replace").decode()
    return value if abs(value) < 1e15 else str(value)[:SHOWN_LENGTH]


def database_down() -> ProblemError:
    return ProblemError(503, "the database cannot be reached now", headers={"Retry-After": "1"})


async def _on_database_down(request: Request, error: Exception) -> Response:
    return _answer(request, database_down())


async def _on_bug(request: Request, error: Exception) -> Response:
    """The traceback is in the log, not in the answer."""
    return _answer(request, ProblemError(500, "Vaka could not answer this; its log says why"))
