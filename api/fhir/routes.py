"""`/fhir/...`: read and search, for record systems that fetch."""

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from pydantic_core import to_json

from api.callers import Caller
from api.fhir.asked import Parameters, bundle, collection
from api.fhir.capability import capability_statement
from api.fhir.elements import Resource, vaka_id
from api.fhir.outcome import MEDIA_TYPE
from api.fhir.sources import SOURCES, Source, everything_of_alarm
from api.permissions import Permission, may
from api.problems import not_found
from api.routing import StrictRoute, Vaka
from events.ids import is_id

router = APIRouter(prefix="/fhir", tags=["fhir"], route_class=StrictRoute)

Reader = Annotated[Caller, may(Permission.FHIR_READ)]
Question = Annotated[Parameters, Depends()]


class FhirResponse(Response):
    media_type = MEDIA_TYPE

    def render(self, content: Resource) -> bytes:
        return to_json(content)


@router.get("/metadata", summary="What the FHIR server can do", response_class=FhirResponse)
async def metadata(caller: Reader, vaka: Vaka) -> Response:
    return FhirResponse(capability_statement(vaka.now()))


@router.get("/DetectedIssue/{id}/$everything", summary="All about one alarm", response_class=FhirResponse)
async def everything(id: str, caller: Reader, vaka: Vaka) -> Response:
    """A Bundle of the DetectedIssue, the Encounter and the Composition, with the Patient and the Device."""
    async with vaka.read() as connection:
        found = await everything_of_alarm(connection, caller.scope, vaka.now(), _known_form("DetectedIssue", id))
    if not found:
        raise not_found("DetectedIssue", id)
    return FhirResponse(collection(found))


def _add(source: Source) -> None:
    router.add_api_route(
        f"/{source.type}",
        _search(source),
        summary=f"Search for {source.type}",
        response_class=FhirResponse,
        name=f"search_{source.type}",
    )
    router.add_api_route(
        f"/{source.type}/{{id}}",
        _read(source),
        summary=f"A {source.type}",
        response_class=FhirResponse,
        name=f"read_{source.type}",
    )


def _search(source: Source) -> Callable[..., Any]:
    async def search(
        request: Request, caller: Reader, vaka: Vaka, parameters: Annotated[Parameters, Depends()]
    ) -> Response:
        question = parameters.asked(vaka.now(), by_patient=source.by_patient, by_date=source.by_date)
        async with vaka.read() as connection:
            found = await source.search(connection, caller.scope, question)
        return FhirResponse(bundle(found, str(request.url), lambda cursor: _next(request, cursor)))

    return search


def _next(request: Request, cursor: str) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "_cursor"]
    return f"{request.url.replace(query='')}?{urlencode([*kept, ('_cursor', cursor)])}"


def _read(source: Source) -> Callable[..., Any]:
    async def read(id: str, caller: Reader, vaka: Vaka) -> Response:
        async with vaka.read() as connection:
            found = await source.read(connection, caller.scope, vaka.now(), _known_form(source.type, id))
        if found is None:
            raise not_found(source.type, id)
        return FhirResponse(found)

    return read


def _known_form(type: str, id: str) -> str:
    """Vaka's id; what cannot be one is not there, and the database is not asked."""
    plain = vaka_id(id)
    if not is_id(plain):
        raise not_found(type, id[:200])
    return plain


for _source in SOURCES:
    _add(_source)
