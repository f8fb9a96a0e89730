"""The pages to sign in and out, and what anybody may load for them."""

from __future__ import annotations

import re
import secrets
from typing import Annotated

from fastapi import Form, Request, Response
from starlette.responses import RedirectResponse

from api.address import address_of
from api.cookies import FORM, SESSION, given, over_tls, put
from api.forgery import same, same_origin
from api.given import TheLoop, Who
from api.pages.looks import new_router, page, static
from api.refusals import Kind
from core.errors import Refused, TooMany

router = new_router()

_LOCAL = re.compile(r"/(?:[A-Za-z0-9_\-][A-Za-z0-9_\-./]*)?")
_TRY_AGAIN = "this form is too old, or it is not ours; try again"
_Typed = Annotated[str, Form(max_length=600)]


@router.get("/sign-in")
def sign_in_form(request: Request, loop: TheLoop, next: str = "/") -> Response:
    """The form. Its secret is in a cookie too, so that no other site can sign somebody in."""
    return _form(request, loop.context.settings.public_url, next)


@router.post("/sign-in")
def sign_in(
    request: Request,
    loop: TheLoop,
    name: _Typed = "",
    password: _Typed = "",
    csrf_token: _Typed = "",
    next: _Typed = "/",
) -> Response:
    """Open a session, and go where one wanted to go."""
    public_url, address = loop.context.settings.public_url, address_of(request.scope)
    secure = over_tls(request.scope, public_url)
    secret = given(request, FORM, secure=secure)
    if not (secret and same(csrf_token, secret) and same_origin(request.scope, public_url)):
        refusals = request.app.state.refusals
        refusals.tell(Kind.FORGED, address, reason="a sign-in from elsewhere", path=request.url.path)
        return _form(request, public_url, next, 403, _TRY_AGAIN)
    try:
        session = request.app.state.sign_in.by_password(name, password, address)
    except Refused as error:
        return _form(request, public_url, next, 403, str(error))
    except TooMany as error:
        shown = _form(request, public_url, next, 429, str(error))
        shown.headers["Retry-After"] = str(error.seconds)
        return shown
    answer = RedirectResponse(_local(next), 303)
    put(answer, SESSION, session, secure=secure)
    put(answer, FORM, "", secure=secure)
    return answer


@router.post("/sign-out")
def sign_out(request: Request, loop: TheLoop, who: Who) -> Response:
    """End the session, for whoever holds its cookie."""
    if who.session is not None:
        loop.context.store.sessions.end(who.session)
    answer = RedirectResponse("/sign-in", 303)
    put(answer, SESSION, "", secure=over_tls(request.scope, loop.context.settings.public_url))
    return answer


@router.get("/static/{name}")
def static_file(request: Request, name: str) -> Response:
    """How pages look."""
    return static(f"/static/{name}")


def _form(request: Request, public_url: str | None, then: str, status: int = 200, problem: str = "") -> Response:
    secure = over_tls(request.scope, public_url)
    # A form in another tab goes on being good.
    secret = given(request, FORM, secure=secure) or secrets.token_urlsafe(32)
    shown = page(request, "sign_in.html", status, form_secret=secret, next=_local(then), problem=problem)
    put(shown, FORM, secret, secure=secure)
    return shown


def _local(then: str) -> str:
    """*then* if it is a path of ours, else the first page: nobody is sent elsewhere from here."""
    return then if _LOCAL.fullmatch(then) else "/"
