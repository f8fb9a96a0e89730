"""The application, made for a loop by a factory: nothing exists at import time."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from api.auth import Authentication
from api.border import BodyBound, Border
from api.metrics import make_registry
from api.problems import ERROR_STATUSES, add_handlers, in_openapi
from api.routes import (
    agents,
    catalog,
    detections,
    fleets,
    health,
    incidents,
    journal,
    lessons,
    messages,
    pauses,
    plans,
    policy,
    requests,
    runs,
    slack,
    tokens,
)
from core.errors import BadInput
from loop.wiring import Loop

BASE = "/api/v1"
_OPENAPI, _DOCS = f"{BASE}/openapi.json", f"{BASE}/docs"
OPEN_PATHS = frozenset({"/healthz", "/readyz", _OPENAPI, _DOCS})
"""Needs no token: whether we are up, and what the API looks like."""

SELF_AUTHENTICATED = (f"{BASE}/hooks/", f"{BASE}/slack/")
"""Paths that begin so ask their senders for secrets of their own: nobody is let in here for a token or a session."""

_LONGEST_PERSON = 90
_ABOUT = "Self-healing for Ansible fleets. Errors are `application/problem+json`; times are ISO 8601 with a zone."
_NOUNS = (
    detections,
    incidents,
    plans,
    policy,
    requests,
    runs,
    catalog,
    fleets,
    lessons,
    journal,
    agents,
    pauses,
    messages,
    tokens,
)


def create_app(loop: Loop, *, person: str | None = None) -> FastAPI:
    """The API over *loop*.

    With *person*, no token is asked for and every act is that person's: only for callers within this process, who own
    the state folder anyway. Such an application is never put on a network. Raises BadInput for an unfit name.
    """
    if person is not None and not 0 < len(person) <= _LONGEST_PERSON:
        raise BadInput(f"the name of who acts has 1 to {_LONGEST_PERSON} characters", key="person")
    app = FastAPI(
        title="fleetmend",
        version="1",
        description=_ABOUT,
        openapi_url=_OPENAPI,
        docs_url=_DOCS,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    app.state.loop = loop
    app.state.registry = make_registry(loop.context.store, loop.context.clock)
    add_handlers(app, loop)
    # The last one added is the outermost.
    app.add_middleware(BodyBound)
    tokens_made = loop.context.store.tokens
    app.add_middleware(
        Authentication,
        owner=tokens_made.owner,
        owner_lately=tokens_made.owner_lately,
        person=person,
        open_paths=OPEN_PATHS,
        self_authenticated=SELF_AUTHENTICATED,
    )
    app.add_middleware(Border)

    # `Authentication` lets nobody in without a token; this only says so in the documentation.
    bearer = Security(HTTPBearer(auto_error=False, description="Made by `fleetmend tokens make <name>`."))
    closed = APIRouter(dependencies=[bearer], responses=in_openapi(*ERROR_STATUSES))
    for noun in _NOUNS:
        closed.include_router(noun.router, prefix=BASE)
    closed.include_router(health.closed)
    app.include_router(closed)
    app.include_router(health.router)
    app.include_router(slack.router, prefix=BASE)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
