"""Errors as answers: `application/problem+json` (RFC 9457) with one line that says what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from api.address import address_of
from api.refusals import Kind as Refusal
from api.refusals import Refusals
from core.errors import (
    BadInput,
    Conflict,
    FleetmendError,
    NeedsHuman,
    NotFound,
    Refused,
    Retryable,
    StorageFull,
    TooMany,
)
from core.model import Model
from store.store import Store

MEDIA_TYPE = "application/problem+json"
_LONGEST = 1000
_LONGEST_PART = 60
_RETRY_SECONDS, _RETRY_FULL_SECONDS = 1, 30


class Problem(Model):
    """What every error answers."""

    type: str = Field(examples=["urn:fleetmend:conflict"], description="Which kind of problem, for programs.")
    title: str = Field(examples=["It moved on meanwhile"], description="The kind of problem, in words.")
    status: int = Field(examples=[409], description="The HTTP status.")
    detail: str = Field(
        examples=["inc-1k7m2q9x4tdz is resolved: there is nothing to decide"],
        description="One line that says what is wrong and what to do next.",
    )


class Kind(NamedTuple):
    """One kind of problem."""

    status: int
    name: str
    title: str


UNAUTHORIZED = Kind(401, "unauthorized", "Who are you?")
TOO_LARGE = Kind(413, "too-large", "The body is too large")
MALFORMED = Kind(400, "malformed", "It can't be read")
SLOW = Kind(408, "slow", "It did not come in time")
HEAD_TOO_LARGE = Kind(431, "head-too-large", "The head of the request is too large")
UNREADABLE = Kind(415, "unreadable", "It is in a form that is not taken")
BUSY = Kind(503, "retry", "Not now; try again")
FAULT = Kind(500, "fault", "A fault of fleetmend's own")
NOT_READY = Kind(503, "not-ready", "Not ready")
FORGED = Kind(403, "forged", "It did not come from a page of ours")
REFUSED = Kind(403, "refused", "A law or the policy says no")
_BAD_INPUT = Kind(422, "bad-input", "Something in it does not fit")
_NOT_FOUND = Kind(404, "not-found", "There is no such thing")
_KINDS: tuple[tuple[type[FleetmendError], Kind], ...] = (
    (Refused, REFUSED),
    (BadInput, _BAD_INPUT),
    (NotFound, _NOT_FOUND),
    (Conflict, Kind(409, "conflict", "It moved on meanwhile")),
    (NeedsHuman, Kind(409, "needs-human", "There is nothing safe left to do")),
    (StorageFull, Kind(507, "storage-full", "There is no room left")),
    (TooMany, Kind(429, "too-many", "Too many at once, or in a row")),
    (Retryable, BUSY),
)
ERROR_STATUSES = tuple(sorted({kind.status for _, kind in _KINDS} | {UNAUTHORIZED.status, TOO_LARGE.status}))
"""What any route may answer besides its own status."""


def answer(kind: Kind, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer for a problem. *detail* becomes one bounded, printable line."""
    body = Problem(
        type=f"urn:fleetmend:{kind.name}", title=kind.title, status=kind.status, detail=_one_line(detail, _LONGEST)
    )
    return JSONResponse(body.model_dump(), kind.status, headers=headers, media_type=MEDIA_TYPE)


def in_openapi(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How problems are documented."""
    content = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {status: {"description": "A problem, in one line", "content": content} for status in statuses}


def answer_error(error: Exception) -> JSONResponse:
    """The answer for one of our own errors."""
    kind = next((kind for known, kind in _KINDS if isinstance(error, known)), FAULT)
    seconds = _RETRY_FULL_SECONDS if isinstance(error, StorageFull) else _RETRY_SECONDS
    if isinstance(error, TooMany):
        seconds = error.seconds
    headers = {"Retry-After": str(seconds)} if isinstance(error, Retryable) else None
    return answer(kind, str(error), headers)


def add_handlers(app: FastAPI, store: Store, refusals: Refusals) -> None:
    """Have *app* answer errors as problems, and tell *refusals* what was refused to somebody."""

    def on_error(request: Request, error: Exception) -> JSONResponse:
        if isinstance(error, Refused):
            tell_refused(request, error, store, refusals)
        return answer_error(error)

    def on_validation(_request: Request, error: Exception) -> JSONResponse:
        refused = cast(RequestValidationError, error)  # Starlette types every handler this widely
        return answer(_BAD_INPUT, in_words(refused.errors(), refused.body))

    def on_http(request: Request, error: Exception) -> JSONResponse:
        known = cast(HTTPException, error)
        kind, detail = Kind(known.status_code, "http", known.detail), known.detail
        if known.status_code == TOO_LARGE.status:
            kind = TOO_LARGE
        elif known.status_code == _NOT_FOUND.status:
            kind, detail = _NOT_FOUND, f"nothing is at {request.url.path}; {app.docs_url} shows what there is"
        elif known.status_code == HTTPStatus.BAD_REQUEST:
            # Only FastAPI answers this, about JSON that Python gave up on.
            kind, detail = (
                _BAD_INPUT,
                "the body can't be read: it is nested too deeply, or a number has too many digits",
            )
        return answer(kind, detail, known.headers)

    app.add_exception_handler(FleetmendError, on_error)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)


def in_words(errors: Sequence[Any], body: object = None) -> str:
    """The first of pydantic's *errors* in one line that names the field, and how many more there are."""
    if isinstance(body, bytes):
        return "the body was not read; send it as `Content-Type: application/json`"
    first = errors[0]
    loc = [part for part in first["loc"][1:] if part != "[key]"]
    if loc[:1] == [0] and not isinstance(body, list):
        loc = loc[1:]  # a single object is taken as a list of one; whoever sent it need not know
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part[:_LONGEST_PART]}" for part in loc).lstrip(".")
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    match first["type"]:
        case "json_invalid":
            return f"the body is not valid JSON at character {first['loc'][-1]}: {first['ctx']['error']}"
        case "missing":
            return (f"the field {place!r} is missing" if place else "a JSON body is needed") + more
        case "extra_forbidden":
            words = "unknown field"
        case "dict_type" | "model_type" | "model_attributes_type":
            words = "it should be a JSON object"
        case "string_pattern_mismatch" if first["loc"][-1] == "[key]":
            words = "a name has lower-case letters, digits and '_', and begins with a letter"
        case _:
            words = str(first["msg"]).removeprefix("Value error, ").replace("Input should", "it should")
    return f"{place or 'the body'}: {words}{more}"


def tell_refused(request: Request, error: Refused, store: Store, refusals: Refusals) -> None:
    """Have the journal told of what was refused to whoever sent *request*."""
    given, actor = request.path_params.get("incident_id"), getattr(request.state, "actor", None)
    try:
        incident_id = None if given is None else store.incidents.get(given).id
    except (NotFound, Retryable):
        incident_id = None
    refusals.tell(
        Refusal.REQUEST,
        address_of(request.scope),
        actor="somebody" if actor is None else actor.by,
        reason=str(error),
        path=request.url.path,
        incident_id=incident_id,
    )


def _one_line(text: str, longest: int) -> str:
    printable = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return printable if len(printable) <= longest else printable[: longest - 1] + "…"
