"""Requests that another site has a signed-in browser send: how ours are told from them.

Two things are asked of whatever changes something with a session's cookie: it comes from a page of ours, by what the
browser says of it (`Origin`, `Sec-Fetch-Site`); and it knows the secret that only our pages hold (`X-CSRF-Token`, or
the form's field `csrf_token`).
"""

from __future__ import annotations

import hmac
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

HEADER, FIELD = "x-csrf-token", "csrf_token"
_FORM = "application/x-www-form-urlencoded"
LARGEST_FORM = 64 * 1024
_MOST_FIELDS = 50


def same_origin(scope: Scope, public_url: str | None) -> bool:
    """True if the browser says that a page of ours sent the request. One that says nothing is not believed."""
    headers = Headers(scope=scope)
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    own = {f"{scope.get('scheme', 'http')}://{headers.get('host', '')}", public_url}
    return (site is not None or origin is not None) and site in {None, "same-origin"} and origin in {None, *own}


def same(given: str | None, secret: str) -> bool:
    """True if *given* is the secret. It takes as long if it is not."""
    return given is not None and hmac.compare_digest(given.encode(errors="replace"), secret.encode())


async def given_secret(scope: Scope, receive: Receive) -> tuple[str | None, Receive]:
    """What was sent as the secret, in the header or in a form, and how the body is received from here on."""
    headers = Headers(scope=scope)
    if (said := headers.get(HEADER)) is not None or headers.get("content-type", "").partition(";")[0] != _FORM:
        return said, receive
    messages: list[Message] = []
    body = b""
    while len(body) <= LARGEST_FORM:
        messages.append(await receive())
        body += messages[-1].get("body", b"")
        if not messages[-1].get("more_body", False):
            break

    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    return field_of(body, FIELD), again


def field_of(body: bytes, name: str) -> str | None:
    """The field *name* of a form, if it is there just once, and the form is not too large."""
    if len(body) > LARGEST_FORM:
        return None
    try:
        values = parse_qs(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS).get(name)
    except ValueError:
        return None
    return values[0] if values is not None and len(values) == 1 else None
