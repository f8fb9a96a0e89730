"""Slack's callbacks: clicks, modals and the slash command. Their signature lets them in, and nothing else does.

The signature is checked on the raw body before anything of it is read. What is accepted is stored, then answered, and
then worked: Slack waits for three seconds.
"""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, BackgroundTasks, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.front.bytes_held import BodyTooLarge, BytesHeld, read_body
from api.given import Strangers, TheLoop
from api.problems import TOO_LARGE, UNAUTHORIZED, answer, answer_error, in_openapi
from core.errors import Conflict, Retryable
from loop.answers import ACTION, COMMAND, Answers, Hearing
from loop.wiring import Loop

LARGEST = 300_000
"""Bytes of a callback."""
_FORM = "application/x-www-form-urlencoded"
_MODAL_SECONDS = 2.0
_UNSIGNED = "it bears no signature of Slack's that holds now; see docs/howto/slack.md"
_STATUSES = (401, 409, 413, 422, 503)
_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {_FORM: {"schema": {"type": "object"}}}},
}

router = APIRouter(prefix="/slack", tags=["slack"], responses=in_openapi(*_STATUSES))


@router.post("/actions", summary="Take a click or a modal from Slack", openapi_extra=_BODY)
async def slack_action(request: Request, loop: TheLoop, strangers: Strangers, after: BackgroundTasks) -> Response:
    """For Slack alone: buttons and modals (interactivity). Signed with the app's signing secret."""
    return await _take(request, loop, strangers, after, ACTION)


@router.post("/commands", summary="Take a slash command from Slack", openapi_extra=_BODY)
async def slack_command(request: Request, loop: TheLoop, strangers: Strangers, after: BackgroundTasks) -> Response:
    """For Slack alone: `/fleetmend`. Signed with the app's signing secret; the answer follows in private."""
    return await _take(request, loop, strangers, after, COMMAND)


async def _take(request: Request, loop: Loop, strangers: BytesHeld, after: BackgroundTasks, kind: str) -> Response:
    signature, stamp = request.headers.get("x-slack-signature"), request.headers.get("x-slack-request-timestamp")
    signatures, answers = loop.signatures, loop.answers
    if signatures is None or answers is None or signature is None or not signatures.may_hold(stamp, signature):
        return answer(UNAUTHORIZED, _UNSIGNED)  # before any of the body is read
    with strangers.some() as share:
        try:
            body = await read_body(request.stream(), LARGEST, share)
        except BodyTooLarge:
            raise HTTPException(TOO_LARGE.status, f"a callback has at most {LARGEST} bytes") from None
        if not signatures.hold(body, stamp, signature):
            return answer(UNAUTHORIZED, _UNSIGNED)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise HTTPException(415, f"send it as {_FORM}")
    accepted = await run_in_threadpool(answers.accept, signature, kind, body.decode())
    if accepted is None:
        return answer_error(Conflict("this very callback was here before"))
    if accepted.waits:
        return JSONResponse(await _heard(answers, accepted.id))
    after.add_task(_work, answers, accepted.id)
    return Response(status_code=200)


async def _heard(answers: Answers, callback_id: str) -> dict[str, Any]:
    """Work a modal at once, so that it can say what is wrong with it; what takes longer is told in private."""
    hearing = Hearing()
    work = asyncio.create_task(run_in_threadpool(_work, answers, callback_id, hearing))
    _at_work.add(work)
    work.add_done_callback(_at_work.discard)
    await asyncio.wait({work}, timeout=_MODAL_SECONDS)
    errors = hearing.close()
    return {"response_action": "errors", "errors": errors} if errors else {}


_at_work: set[asyncio.Task[None]] = set()
"""A task that nobody holds could be collected while it is at work."""


def _work(answers: Answers, callback_id: str, hearing: Hearing | None = None) -> None:
    """It is stored already: what can't be done now is done by the messenger."""
    try:
        answers.work(callback_id, hearing)
    except Retryable:
        return
