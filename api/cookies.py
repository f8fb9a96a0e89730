"""The cookies: what they are called, and how a browser has to keep them.

SameSite is Lax and not Strict, because people come from a message's link, and would have to sign in each time; what
changes anything is protected by itself (`forgery.py`). Behind TLS the name's prefix has the browser see to it that no
neighbour, and no plain connection, can have set it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Scope

from store.sessions import LASTS

SESSION, FORM = "fleetmend", "fleetmend-form"
"""The session, and the secret of the form to sign in with, before there is one."""
_FORM_SECONDS = 3600


def over_tls(scope: Scope, public_url: str | None) -> bool:
    """True if browsers reach us over TLS."""
    return scope.get("scheme") == "https" or (public_url or "").startswith("https://")


def given(connection: HTTPConnection, name: str, *, secure: bool) -> str | None:
    """The cookie's value as it was sent, if there is just one."""
    wanted = _full(name, secure=secure) + "="
    pairs = [pair.strip() for said in connection.headers.getlist("cookie") for pair in said.split(";")]
    values: Sequence[str] = [pair.removeprefix(wanted) for pair in pairs if pair.startswith(wanted)]
    return values[0] if len(values) == 1 else None


def put(response: Response, name: str, value: str, *, secure: bool) -> None:
    """Have the browser keep a cookie; an empty *value* ends it."""
    seconds = (_FORM_SECONDS if name == FORM else int(LASTS.total_seconds())) if value else 0
    site: Literal["strict", "lax"] = "strict" if name == FORM else "lax"
    response.set_cookie(
        _full(name, secure=secure), value, max_age=seconds, path="/", secure=secure, httponly=True, samesite=site
    )


def _full(name: str, *, secure: bool) -> str:
    return f"__Host-{name}" if secure else name
