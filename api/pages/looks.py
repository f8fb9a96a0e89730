"""How pages are made: templates that escape whatever they are given, and a policy that runs nothing at all.

What a host, an alert or a person wrote is shown as text: Jinja escapes it, characters that change how a line reads are
replaced, and the browser is told to run no script and to take no style but our own.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse

from api.problems import answer_error, in_words, tell_refused
from core.errors import BadInput, FleetmendError, NotFound, Refused

_HERE = Path(__file__).parent
_TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
STATIC = {f"/static/{file.name}": file for file in sorted((_HERE / "static").iterdir()) if file.suffix in _TYPES}
"""Path -> file that anybody may load: how pages look."""
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_KEPT = "\n\t"


def is_page(path: str) -> bool:
    """True for what a browser shows, and so for what it has to sign in for."""
    return path in {"/", "/sign-out", "/incidents"} or path.startswith("/incidents/")


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The page that *template* makes of *values*."""
    actor = getattr(request.state, "actor", None)
    session = None if actor is None else actor.session
    text = _templates.get_template(template).render(
        **values, person=None if actor is None else actor.access.person, csrf=None if session is None else session.csrf
    )
    return HTMLResponse(text, status, headers={"Content-Security-Policy": _POLICY})


class PageRoute(APIRoute):
    """A route of a page: what goes wrong is said on a page, too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with our errors as pages."""
        handle = super().get_route_handler()

        async def handle_page(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                return problem_page(request, BadInput(in_words(error.errors(), error.body)))
            except FleetmendError as error:
                if isinstance(error, Refused):
                    state = request.app.state
                    await run_in_threadpool(tell_refused, request, error, state.loop.context.store, state.refusals)
                return problem_page(request, error)

        return handle_page


def problem_page(request: Request, error: FleetmendError) -> Response:
    """A page for one of our own errors, with the status that the API would answer."""
    answered = answer_error(error)
    shown = page(request, "problem.html", answered.status_code, detail=str(error), back=request.url.path)
    if "retry-after" in answered.headers:
        shown.headers["Retry-After"] = answered.headers["retry-after"]
    return shown


def new_router() -> APIRouter:
    """A router for pages; they are no part of the API."""
    return APIRouter(route_class=PageRoute, include_in_schema=False)


def static(path: str) -> Response:
    """The file at *path*. Raises NotFound unless it is one of `STATIC`."""
    if path not in STATIC:
        raise NotFound(f"nothing is at {path}")
    file = STATIC[path]
    return Response(file.read_bytes(), media_type=_TYPES[file.suffix])


def _printable(value: Any) -> Any:
    """What does not print, or would turn the direction of what follows, becomes a mark."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "".join(one if one.isprintable() or one in _KEPT else "\N{REPLACEMENT CHARACTER}" for one in value)


_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_printable,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["moment"] = lambda time: f"{time:%Y-%m-%d %H:%M:%S} UTC"
