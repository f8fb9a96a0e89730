"""The outgoing webhook: one URL that is told how incidents stand, signed as Standard Webhooks describe it.

An event comes at least once; a repeated one has the same `webhook-id`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

import httpx

from core.clock import Clock
from core.digests import digest_of
from core.errors import BadInput
from core.messages import Save, Story, Told, Undelivered
from core.redaction import Redactor
from outgoing.clients import client

_SECONDS = 8.0
_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64
_REASON = 1000


def key_of(secret: str) -> bytes:
    """The key behind `whsec_<base64>`. Raises BadInput for one that is no key of 24 to 64 bytes."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not _SHORTEST <= len(key) <= _LONGEST:
        problem = f"it is {_PREFIX} and {_SHORTEST} to {_LONGEST} random bytes in base64; `openssl rand -base64 32`"
        raise BadInput(problem, key="FLEETMEND_WEBHOOK_SECRET")
    return key


def sign(key: bytes, message_id: str, at: datetime, body: str) -> dict[str, str]:
    """The headers that go with *body*."""
    stamp = str(int(at.timestamp()))
    mac = hmac.digest(key, f"{message_id}.{stamp}.{body}".encode(), hashlib.sha256)
    signature = "v1," + base64.b64encode(mac).decode()
    return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": signature}


def event(story: Story) -> dict[str, Any]:
    """What is told: states and names, never evidence, diffs or values."""
    incident, plan = story.incident, story.plan
    return {
        "type": f"incident.{incident.state}",
        "data": {
            "incident": incident.id,
            "fleet": incident.fleet,
            "host": incident.host,
            "symptom": incident.symptom,
            "subject": incident.subject,
            "severity": incident.severity,
            "state": incident.state,
            "reason": incident.reason[:_REASON],
            "verdict": story.verdict,
            "plan": None
            if plan is None
            else {"id": plan.id, "hash": plan.hash, "title": plan.title, "risk": plan.risk, "hosts": list(plan.hosts)},
            "approvals": None if story.ask is None else {"needed": story.ask.needed, "given": len(story.approvals)},
            "until": None if story.ask is None else story.ask.expires_at.isoformat(),
            "link": story.link,
        },
    }


class WebhookTeller:
    """Tells the URL of the settings."""

    def __init__(
        self, url: str, secret: str | None, clock: Clock, redactor: Redactor, *, proxy: str | None = None
    ) -> None:
        """Raises BadInput without a secret: what is not signed can be forged."""
        if secret is None:
            raise BadInput("the webhook has a URL and no secret to sign with", key="FLEETMEND_WEBHOOK_SECRET")
        self._url, self._key, self._clock, self._redactor = url, key_of(secret), clock, redactor
        self._http = client(_SECONDS, proxy=proxy)

    def tell(self, story: Story, told: Told, save: Save) -> None:
        """Send the event, unless it is the one that was sent last. Raises Undelivered."""
        said = event(story)
        said["data"]["reason"] = self._redactor.text(said["data"]["reason"])
        digest = digest_of(_steady(said) | {"changed": story.incident.changed_at.isoformat()})
        if digest != told.digest:
            body = json.dumps(said | {"timestamp": story.incident.changed_at.isoformat()})
            headers = sign(self._key, f"msg_{digest[:32]}", self._clock.now(), body)
            self._send(body, headers)
        plan = story.plan
        plan_hash = plan.hash if plan is not None else None
        save(told.evolve(digest=digest, plan_hash=plan_hash, version=story.incident.version))

    def _send(self, body: str, headers: dict[str, str]) -> None:
        try:
            answer = self._http.post(self._url, content=body, headers=headers | {"Content-Type": "application/json"})
        except httpx.TimeoutException:
            raise Undelivered(f"no answer within {_SECONDS:g} seconds") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # What an error says may hold the URL, which is a secret.
            raise Undelivered(f"the webhook can't be called ({type(error).__name__})") from None
        if not answer.is_success:
            said = answer.headers.get("retry-after", "")
            after = float(said) if said.isdecimal() else None
            raise Undelivered(f"the webhook answered {answer.status_code}", after=after)


def _steady(said: dict[str, Any]) -> dict[str, Any]:
    """The event without the words that change with every look of the verifier."""
    data = {name: value for name, value in said["data"].items() if name != "reason"}
    return {"type": said["type"], "data": data}
