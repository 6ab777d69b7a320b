"""What all routes have in common: strict JSON, no unknown query parameters, and the way to what they need."""

from collections.abc import Callable, Coroutine, Iterator
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.problems import FieldError, ProblemError, invalid
from api.services import Services

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

PREFIX = "/api/v1"


class StrictRequest(Request):
    """A request whose JSON is read without leniency: UTF-8 only, numbers that are numbers, no NUL in texts."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = read_json(await self.body())
        return self._json


def read_json(body: bytes) -> Any:
    try:
        data = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError(400, f"the body is not JSON: {error}") from None
    if b"\\u0000" in body and (place := _nul(data, "")) is not None:
        raise invalid(place, "holds a NUL character, which cannot be kept")
    return data


def _nul(data: Any, place: str) -> str | None:
    """Where in `data` a text or a name of a field has a NUL character."""
    if isinstance(data, str):
        return place or "body" if "\x00" in data else None
    parts = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for name, part in parts:
        if isinstance(name, str) and "\x00" in name:
            return place or "body"
        if (found := _nul(part, f"{place}.{name}" if place else str(name))) is not None:
            return found
    return None


class StrictRoute(APIRoute):
    """A route that refuses what it does not know."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()
        known = set(_query_names(self.dependant))

        async def strict(request: Request) -> Response:
            for name, value in request.query_params.items():
                if name not in known:
                    raise invalid(name[:100], "is not a query parameter here", value[:100])
            if self.body_field is not None:
                _check_is_json(request)
            return await handle(StrictRequest(request.scope, request.receive))

        return strict


def _query_names(dependant: Dependant) -> Iterator[str]:
    for parameter in dependant.query_params:
        yield parameter.alias
    for dependency in dependant.dependencies:
        yield from _query_names(dependency)


def _check_is_json(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        error = FieldError("Content-Type", "must be application/json", kind[:100])
        raise ProblemError(415, f"{error.field} {error.value!r} {error.message}", [error])


def resource(name: str) -> APIRouter:
    """A router for the routes of one resource."""
    return APIRouter(prefix=f"{PREFIX}/{name}", tags=[name], route_class=StrictRoute)


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Vaka = Annotated[Services, Depends(_services)]


def located(response: Response, collection: str, id: object) -> None:
    """Says where what was created can be found."""
    response.headers["Location"] = f"{PREFIX}/{collection}/{id}"
