"""The Web API of Slack, with a deadline on every call, and its errors as ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from approver.slack.texts import Block, notice, plain
from core.messages import Undelivered
from core.redaction import Redactor
from outgoing.clients import client

_SECONDS = 6.0
_TOO_MANY = 429
_LARGEST = 4_000_000
"""Bytes of an answer: a page of a thousand channels has about two million."""
_PAGES, _TYPES = 20, "public_channel,private_channel"
_ONLY_THIS = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_metadata_format",
        "metadata_too_large",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "invalid_arguments",
        "invalid_arg_name",
        "message_not_found",
        "cant_update_message",
        "edit_window_closed",
        "thread_not_found",
    }
)
"""What Slack says of one message, not of a channel or of the app."""
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})
"""The message is not there any more, or is not ours to change: a new one takes its place."""
NEXT_STEP = {
    "channel_not_found": "there is no such channel, or the app was not invited: in Slack, /invite the app there",
    "not_in_channel": "the app is not in the channel: in Slack, /invite it there",
    "is_archived": "the channel is archived: name another one in notify",
    "invalid_auth": "the token is not in force: copy the bot's token anew into FLEETMEND_SLACK_TOKEN",
    "not_authed": "the token is not in force: copy the bot's token anew into FLEETMEND_SLACK_TOKEN",
    "account_inactive": "the app or its workspace was taken out: install it again",
    "token_revoked": "the app was taken out of the workspace: install it again, and copy its new token",
    "missing_scope": "the app lacks a scope: install it again from `fleetmend slack manifest`",
    "ratelimited": "Slack asked us to slow down",
    "restricted_action": "the workspace does not let the app post there",
}
_PLACES_OF_ANSWERS = frozenset({("https", "hooks.slack.com", None), ("https", "hooks.slack-gov.com", None)})


class SlackError(Undelivered):
    """Slack answered no. `code` is its word for why."""

    def __init__(self, code: str, words: str, *, after: float | None = None) -> None:
        super().__init__(words, after=after, only_this=code in _ONLY_THIS)
        self.code = code


class Slack:
    """Calls Slack as the app's bot. Every method raises SlackError, or Undelivered without an answer."""

    def __init__(
        self, token: str, url: str, redactor: Redactor, *, seconds: float = _SECONDS, proxy: str | None = None
    ) -> None:
        """*url* is the base of the Web API; no call takes longer than *seconds*, however slowly Slack answers."""
        self._web = client(seconds, largest=_LARGEST, proxy=proxy)
        self._answers = client(seconds, public_only=True, proxy=proxy)
        self._url, self._redactor = url.rstrip("/"), redactor
        self._head = {"Authorization": f"Bearer {token}"}

    def post(self, channel: str, text: str, blocks: Sequence[Block], **more: Any) -> tuple[str, str]:
        """Post a message. Returns the channel's id and the message's `ts`."""
        answer = self._call("chat.postMessage", channel=channel, **self._body(text, blocks), **_QUIET, **more)
        return str(answer["channel"]), str(answer["ts"])

    def update(self, channel: str, ts: str, text: str, blocks: Sequence[Block]) -> None:
        """Put another content into a message that is there."""
        self._call("chat.update", channel=channel, ts=ts, parse="none", link_names=False, **self._body(text, blocks))

    def whisper(self, channel: str, user: str, words: str, thread: str | None = None) -> None:
        """Tell *user* something in *channel* that nobody else sees."""
        more = {"thread_ts": thread} if thread else {}
        body = self._body(words, _lines(words))
        self._call("chat.postEphemeral", channel=channel, user=user, **body, **_PLAIN, **more)

    def open_view(self, trigger: str, view: Block) -> None:
        """Open a modal."""
        self._call("views.open", trigger_id=trigger, view=view)

    def who_are_we(self) -> tuple[dict[str, Any], list[str]]:
        """The answer of `auth.test`, and the scopes that the token has."""
        answer = self._sent("auth.test", json={})
        scopes = answer.headers.get("x-oauth-scopes", "")
        return dict(answer.data), [one.strip() for one in scopes.split(",") if one.strip()]

    def is_member(self, channel: str) -> bool:
        """True if the app is in *channel*, which is a name (`#ops`) or an id."""
        if not channel.startswith("#"):
            return bool(self._form("conversations.info", channel=channel)["channel"].get("is_member"))
        cursor = ""
        for _ in range(_PAGES):
            page = self._form("conversations.list", types=_TYPES, exclude_archived="true", limit="1000", cursor=cursor)
            for one in page["channels"]:
                if one.get("name") == channel.removeprefix("#"):
                    return bool(one.get("is_member"))
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
        raise SlackError("channel_not_found", f"no such channel ({NEXT_STEP['channel_not_found']})")

    def answer(self, url: str, words: str, blocks: Sequence[Block] | None = None) -> None:
        """Answer whoever clicked or typed, at the `response_url` that came along, for him alone.

        Raises Undelivered for an address that is not Slack's: we never speak to another one.
        """
        # The address came with a callback: Slack's own, over https, and no name may lead it into our network. What
        # the operator named is as private as he likes, and is taken as it stands: scheme, port and all.
        ours = _place(url) == _place(self._url)
        if not ours and _place(url) not in _PLACES_OF_ANSWERS:
            raise Undelivered("the callback named an address that is not Slack's, so nothing was sent there")
        body: dict[str, Any] = self._body(words, blocks if blocks is not None else _lines(words))
        body |= {"response_type": "ephemeral", "replace_original": False}
        try:
            answer = (self._web if ours else self._answers).post(url, json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._silent(error) from None
        if answer.status_code != httpx.codes.OK:
            raise Undelivered(f"Slack answered {answer.status_code} at the response_url")

    def _body(self, text: str, blocks: Sequence[Block]) -> dict[str, Any]:
        """A message without whatever looks like a secret: the last place where it can be taken out."""
        return {"text": notice(self._redactor.text(text)), "blocks": self._redactor.value(blocks)}

    def _form(self, method: str, **arguments: str) -> Any:
        """A call of those that take no JSON."""
        return self._sent(method, data=arguments).data

    def _call(self, method: str, **arguments: Any) -> Any:
        return self._sent(method, json=arguments).data

    def _sent(self, method: str, **how: Any) -> _Answer:
        try:
            answer = self._web.post(f"{self._url}/{method}", headers=self._head, **how)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._silent(error) from None
        try:
            data = answer.json()
        except (ValueError, RecursionError):
            data = None
        if answer.is_success and isinstance(data, dict) and data.get("ok") is True:
            return _Answer(data, answer.headers)
        raise self._refused(method, answer, data if isinstance(data, dict) else {})

    def _silent(self, error: Exception) -> Undelivered:
        return Undelivered(self._redactor.text(f"Slack does not answer: {error or type(error).__name__}"))

    def _refused(self, method: str, answer: httpx.Response, data: Mapping[str, Any]) -> SlackError:
        status = answer.status_code
        code = "ratelimited" if status == _TOO_MANY else str(data.get("error") or f"status {status}")[:100]
        details = data.get("response_metadata") or {}
        said = "; ".join(map(str, details.get("messages", ())))[:300] if isinstance(details, dict) else ""
        hint = NEXT_STEP.get(code) or said or "see https://docs.slack.dev/reference/methods"
        return SlackError(code, self._redactor.text(f"{method}: {code} ({hint})"), after=_retry_after(answer.headers))


class _Answer(NamedTuple):
    data: Mapping[str, Any]
    headers: Mapping[str, str]


def _place(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of *url*; of one that can't be read, nothing that is ever allowed."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port
    except ValueError:
        return "", None, None


_PLAIN = {"parse": "none", "link_names": False}
_QUIET = _PLAIN | {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}
"""Nothing in a message is looked for links, names, markup or previews."""


def _lines(words: str) -> list[Block]:
    return [{"type": "section", "text": plain(words)}]


def _retry_after(headers: Mapping[str, str]) -> float | None:
    said = headers.get("retry-after")
    try:
        return float(said) if said is not None else None
    except ValueError:
        return None
