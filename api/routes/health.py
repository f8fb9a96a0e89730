"""Is it up, is it ready, and what do its numbers say? The first two need no token and tell nothing of the inside."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.given import READER_OF_ALL, TheLoop
from api.problems import NOT_READY, answer, in_openapi
from api.views import StatusView
from core.errors import BadInput, NotFound, Retryable
from loop.wiring import Loop

router = APIRouter(tags=["health"])
closed = APIRouter(tags=["health"], dependencies=[READER_OF_ALL])


@router.get("/healthz", summary="Is it up?", response_model=StatusView)
async def healthz() -> StatusView:
    """Answers as long as the process can answer at all. For a liveness check."""
    return StatusView(status="ok")


@router.get(
    "/readyz",
    summary="Is it ready?",
    response_model=StatusView,
    responses=in_openapi(NOT_READY.status),
)
def readyz(loop: TheLoop) -> StatusView | JSONResponse:
    """Ready means: the database answers, the catalog has remedies, and every `fleet.yml` can be read.

    Inventories are not resolved here: a dynamic source that is away must not take the API of all fleets with it.
    """
    obstacle = _obstacle(loop)
    return StatusView(status="ready") if obstacle is None else answer(NOT_READY, obstacle)


@closed.get(
    "/metrics",
    summary="Numbers for Prometheus",
    response_class=Response,
    responses={200: {"content": {CONTENT_TYPE_LATEST: {}}, "description": "Prometheus text format"}},
)
def metrics(request: Request) -> Response:
    """Incidents by fleet and state, open runs, detections accepted, and entries of the journal."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)


def _obstacle(loop: Loop) -> str | None:
    context = loop.context
    try:
        context.store.tokens.any()
    except Retryable:
        return "the database does not answer; see the log"
    if not context.catalog.remedies:
        return "no remedy could be loaded; `fleetmend catalog list` says why"
    for name in context.fleet_source.names():
        try:
            context.fleet_source.file(name)
        except (BadInput, NotFound):
            return "a fleet can't be read; `fleetmend fleets` says which one, and why"
    return None
