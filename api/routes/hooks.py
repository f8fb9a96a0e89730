"""Where sources outside send their alerts. Each shows by its own secret that it is itself; no token is asked for."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.front.bytes_held import BodyTooLarge, read_body
from api.given import Strangers, TheLoop
from api.problems import ERROR_STATUSES, TOO_LARGE, UNAUTHORIZED, answer, in_openapi
from core.errors import BadInput, NotFound
from core.model import Model
from loop.deliveries import Taken
from loop.hooks import Unauthentic

LARGEST_DELIVERY = 16_000_000
"""Bytes: a storm of ten thousand alerts fits in. What is larger is turned away, and people see that it was."""
LARGEST_SIGNED = 2_000_000
"""The same for a source that signs its body: all of it has to be held before it is known whose it is."""
router = APIRouter(prefix="/hooks", tags=["hooks"])

HookName = Annotated[
    str, Path(pattern=r"^[a-z][a-z0-9_\-]{0,62}$", description="The source, by its name in `sources.yml`.")
]


class Delivery(Model):
    """What became of a delivery."""

    source: str
    alerts: int = Field(description="How many alerts were in it.")
    again: bool = Field(description="True: the same body came a moment ago, and nothing was done.")
    fires: int = Field(default=0, description="Reported: they began, or they last.")
    repeated: int = Field(default=0, description="Nothing new, and counted.")
    over: int = Field(default=0, description="Over before they were told, or told late.")
    resolved: int = 0
    held: int = Field(default=0, description="Over, but they flap: their incidents stay until it is calm.")
    unmapped: int = Field(default=0, description="Nothing of ours fits; people see them.")
    ignored: int = Field(default=0, description="No problems, as `sources.yml` or the shipped names say.")
    incidents: tuple[str, ...] = Field(description="Incidents that were opened.")

    @classmethod
    def of(cls, taken: Taken) -> Delivery:
        """*taken* as an answer."""
        known = {name: number for name, number in taken.counts.items() if name in cls.model_fields}
        return cls(
            source=taken.source, alerts=taken.alerts, again=taken.again, incidents=taken.incidents[:100], **known
        )


@router.post(
    "/{source}",
    summary="Take alerts from a source",
    response_model=Delivery,
    responses=in_openapi(*ERROR_STATUSES),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}},
)
async def take_alerts(
    source: HookName, request: Request, loop: TheLoop, strangers: Strangers
) -> Delivery | JSONResponse:
    """Takes whatever the source sends, as it is: Alertmanager's webhook, or JSON that `sources.yml` has a mapping for.

    The answer comes when all of it is stored. An alert that can't be mapped becomes an incident that people see.
    """
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
    try:
        # Whatever can be known without the body is asked before any of it is read.
        known = loop.hooks.knock(source, headers)
        largest = LARGEST_DELIVERY if known.by_headers else LARGEST_SIGNED
        if _said(request) > largest:
            raise BodyTooLarge
        if known.by_headers:
            return Delivery.of(await loop.hooks.take_soon(source, headers, await read_body(request.stream(), largest)))
        with strangers.some() as share:
            body = await read_body(request.stream(), largest, share)
            return Delivery.of(await loop.hooks.take_soon(source, headers, body))
    except Unauthentic as error:
        await run_in_threadpool(loop.hooks.turned_away, source, error)
        return answer(UNAUTHORIZED, str(error), {"WWW-Authenticate": "Bearer"})
    except BodyTooLarge:
        with suppress(NotFound, BadInput):  # nobody whom we know: nothing is kept of it
            await run_in_threadpool(loop.hooks.too_large, source, headers, largest)
        words = f"a delivery has at most {largest} bytes; set max_alerts in the receiver's webhook_configs"
        return answer(TOO_LARGE, words)


def _said(request: Request) -> int:
    """How long the body is said to be; 0 if that is not said."""
    said = request.headers.get("content-length", "")
    return int(said) if said.isdecimal() else 0
