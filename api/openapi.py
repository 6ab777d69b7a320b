"""The OpenAPI document: what FastAPI makes of the routes, with the problems that every one of them can answer."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from api.authentication import OPEN
from api.callers import COOKIE
from api.problems import MEDIA_TYPE, ProblemDetails

Json = dict[str, Any]

_REFERENCE = "#/components/schemas/{model}"
_ALWAYS = {400: "Not understood", 422: "A field or parameter is wrong", 500: "A fault of Vaka", 503: "Not now"}
_CLOSED = {401: "No valid token or session", 403: "Not for this role"}


def openapi_of(app: FastAPI) -> Json:
    """Made once, when it is first asked for."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        _add_components(document)
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                _complete(path, method.upper(), operation)
        app.openapi_schema = document
    return app.openapi_schema


def _add_components(document: Json) -> None:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for replaced in ("HTTPValidationError", "ValidationError"):
        schemas.pop(replaced, None)
    problem = TypeAdapter(ProblemDetails).json_schema(ref_template=_REFERENCE)
    for name, schema in problem.pop("$defs", {}).items():
        schemas.setdefault(name, schema)
    schemas["ProblemDetails"] = problem
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    }


def _complete(path: str, method: str, operation: Json) -> None:
    statuses = dict(_ALWAYS)
    if (method, path) not in OPEN:
        operation["security"] = [{"token": []}, {"session": []}]
        statuses |= _CLOSED
        if "201" in operation["responses"]:
            statuses[409] = "It is there already"
    if "{" in path:
        statuses[404] = "Not there, or not for this caller"
    if "requestBody" in operation:
        statuses |= {413: "The body is too large", 415: "The body is not JSON"}
    responses = operation["responses"]
    responses.pop("422", None)  # FastAPI's own form of errors, which is not answered.
    for status, description in statuses.items():
        responses.setdefault(str(status), {"description": description})
    for status, response in responses.items():
        if status >= "400":
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model="ProblemDetails")}}}
