"""What machines ask: is it alive, is it ready, its metrics, and how to talk to it."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from api.callers import Caller
from api.permissions import Permission, may
from api.problems import FieldError, ProblemError
from api.routing import StrictRoute, Vaka

router = APIRouter(tags=["operations"], route_class=StrictRoute)


@router.get("/healthz", summary="Does the process answer?")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz", summary="Does Vaka do its work?")
async def readyz(vaka: Vaka) -> dict[str, str]:
    """503, with what is wrong, unless broker subscription and database stand and the log is not behind."""
    problems = await vaka.health.check()
    if problems:
        errors = [FieldError(problem.part, problem.detail) for problem in problems]
        detail = "; ".join(f"{problem.part}: {problem.detail}" for problem in problems)
        raise ProblemError(503, detail, errors, headers={"Retry-After": "1"})
    return {"status": "ready"}


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
async def metrics(caller: Annotated[Caller, may(Permission.METRICS_READ)], vaka: Vaka) -> Response:
    return Response(generate_latest(vaka.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


@router.get("/openapi.json", include_in_schema=False)
async def openapi(caller: Annotated[Caller, may(Permission.OPENAPI_READ)], request: Request) -> dict[str, Any]:
    schema: dict[str, Any] = request.app.openapi()
    return schema
