"""Is a callback Slack's? Its signature says so, over the raw body, within five minutes of its time."""

from __future__ import annotations

from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier

from core.clock import Clock

_DIGITS = 12
_WITHIN_SECONDS = 300
_LENGTH = len("v0=") + 64


class _OurClock(SlackClock):
    def __init__(self, clock: Clock) -> None:
        self._ours = clock

    def now(self) -> float:
        return self._ours.now().timestamp()


class Signatures:
    """Checks signatures with the app's signing secret."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._clock = _OurClock(clock)
        self._verifier = SignatureVerifier(secret, self._clock)

    def may_hold(self, timestamp: str | None, signature: str | None) -> bool:
        """True if they have the form of Slack's, and *timestamp* is within five minutes of now: without a body."""
        if timestamp is None or signature is None:
            return False
        # The verifier trusts the form of what it is given.
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _DIGITS):
            return False
        near = abs(self._clock.now() - int(timestamp)) <= _WITHIN_SECONDS
        return near and signature.isascii() and len(signature) == _LENGTH

    def hold(self, body: bytes, timestamp: str | None, signature: str | None) -> bool:
        """True if *signature* is Slack's for this *body*, and *timestamp* is within five minutes of now."""
        if timestamp is None or signature is None or not self.may_hold(timestamp, signature):
            return False
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except UnicodeDecodeError:
            return False
