"""Where sources outside send their alerts. Each shows by its own secret that it is itself; no token is asked for."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.given import TheLoop
from api.problems import ERROR_STATUSES, TOO_LARGE, UNAUTHORIZED, answer, in_openapi
from core.errors import BadInput, NotFound
from core.model import Model
from loop.deliveries import Taken
from loop.hooks import Unauthentic

LARGEST_DELIVERY = 16_000_000
"""Bytes: a storm of ten thousand alerts fits in. What is larger is turned away, and people see that it was."""
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


class _TooLarge(Exception):
    """The body is larger than may be."""


@router.post(
    "/{source}",
    summary="Take alerts from a source",
    response_model=Delivery,
    responses=in_openapi(*ERROR_STATUSES),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}},
)
async def take_alerts(source: HookName, request: Request, loop: TheLoop) -> Delivery | JSONResponse:
    """Takes whatever the source sends, as it is: Alertmanager's webhook, or JSON that `sources.yml` has a mapping for.

    The answer comes when all of it is stored. An alert that can't be mapped becomes an incident that people see.
    """
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
    try:
        body = await _body(request)
        return Delivery.of(await loop.hooks.take_soon(source, headers, body))
    except Unauthentic as error:
        return answer(UNAUTHORIZED, str(error), {"WWW-Authenticate": "Bearer"})
    except _TooLarge:
        with suppress(NotFound, BadInput):  # nobody whom we know: nothing is kept of it
            await run_in_threadpool(loop.hooks.too_large, source, headers, LARGEST_DELIVERY)
        words = f"a delivery has at most {LARGEST_DELIVERY} bytes; set max_alerts in the receiver's webhook_configs"
        return answer(TOO_LARGE, words)


async def _body(request: Request) -> bytes:
    """The body; its rest is not read once it is too large."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_DELIVERY:
            raise _TooLarge
        parts.append(part)
    return b"".join(parts)
