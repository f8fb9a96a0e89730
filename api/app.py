"""The application, made for a loop by a factory: nothing exists at import time."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from api.address import Proxies
from api.auth import Authentication, Doors
from api.border import BodyBound, Border
from api.forgery import LARGEST_FORM
from api.front.bytes_held import BytesHeld
from api.metrics import make_registry
from api.pages import incidents as incident_pages
from api.pages import sign_in as sign_in_pages
from api.pages.looks import STATIC, is_page
from api.problems import ERROR_STATUSES, add_handlers, in_openapi
from api.refusals import Refusals
from api.routes import (
    agents,
    catalog,
    detections,
    fleets,
    health,
    hooks,
    incidents,
    journal,
    lessons,
    messages,
    pauses,
    people,
    plans,
    policy,
    requests,
    runs,
    silences,
    slack,
    sources,
    tokens,
)
from api.sign_in import SignIn
from api.slots import Slots
from core.errors import BadInput
from loop.wiring import Loop

BASE = "/api/v1"
_OPENAPI, _DOCS = f"{BASE}/openapi.json", f"{BASE}/docs"
SIGN_IN = "/sign-in"
OPEN_PATHS = frozenset({"/healthz", "/readyz", _OPENAPI, _DOCS, SIGN_IN, *STATIC})
"""Needs no token: whether we are up, what the API looks like, and how one comes in."""
_FROM = "https://cdn.jsdelivr.net"
_HEADERS: dict[str, dict[str, str]] = {
    # Its scripts are not ours, so the page is of no origin: they reach no session, and no page behind the sign-in.
    _DOCS: {
        "Content-Security-Policy": "sandbox allow-scripts; default-src 'none'; img-src data: https:; "
        f"connect-src 'self'; "
        f"script-src 'unsafe-inline' {_FROM}; style-src 'unsafe-inline' {_FROM}; frame-ancestors 'none'"
    },
    _OPENAPI: {"Access-Control-Allow-Origin": "*"},
}

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
    people,
    silences,
    sources,
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
    store, clock, settings = loop.context.store, loop.context.clock, loop.context.settings
    app.state.registry = make_registry(store, clock)
    app.state.refusals = refusals = Refusals(store, clock)
    app.state.slots = Slots(settings.previews)
    app.state.strangers = BytesHeld()
    app.state.sign_in = SignIn(store, clock, refusals)
    add_handlers(app, store, refusals)
    # The last one added is the outermost.
    app.add_middleware(BodyBound, own=(f"{BASE}/hooks/",), smaller={SIGN_IN: LARGEST_FORM})
    app.add_middleware(
        Authentication,
        store=store,
        refusals=refusals,
        doors=Doors(OPEN_PATHS, SELF_AUTHENTICATED, is_page, SIGN_IN),
        person=person,
        public_url=settings.public_url,
    )
    app.add_middleware(Border, headers=_HEADERS)
    if settings.proxies:
        app.add_middleware(Proxies, trusted=settings.proxies)

    # `Authentication` lets nobody in without a token or a session; this only says so in the documentation.
    bearer = Security(HTTPBearer(auto_error=False, description="Made by `fleetmend tokens make <name>`."))
    closed = APIRouter(dependencies=[bearer], responses=in_openapi(*ERROR_STATUSES))
    for noun in _NOUNS:
        closed.include_router(noun.router, prefix=BASE)
    closed.include_router(health.closed)
    # Routes are looked through in this order, for each request: those that storms come by are the first.
    app.include_router(hooks.router, prefix=BASE)
    app.include_router(closed)
    app.include_router(health.router)
    app.include_router(slack.router, prefix=BASE)
    app.include_router(sign_in_pages.router)
    app.include_router(incident_pages.router)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
