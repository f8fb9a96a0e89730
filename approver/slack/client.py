"""The Web API of Slack, with a deadline on every call, and its errors as ours."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.webhook import WebhookClient

from approver.deadline import within
from approver.slack.texts import Block, notice, plain
from core.messages import Undelivered
from core.redaction import Redactor

_SECONDS = 6.0
_TOO_MANY = 429
_SILENT = logging.Logger("slack_sdk")
"""What goes wrong is told by whoever called; the SDK's own words would be a line for every try."""
_SILENT.addHandler(logging.NullHandler())
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
_HOSTS_OF_ANSWERS = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})


class SlackError(Undelivered):
    """Slack answered no. `code` is its word for why."""

    def __init__(self, code: str, words: str, *, after: float | None = None) -> None:
        super().__init__(words, after=after, only_this=code in _ONLY_THIS)
        self.code = code


class Slack:
    """Calls Slack as the app's bot. Every method raises SlackError, or Undelivered without an answer."""

    def __init__(self, token: str, url: str, redactor: Redactor, *, seconds: float = _SECONDS) -> None:
        """*url* is the base of the Web API; no call takes longer than *seconds*, however slowly Slack answers."""
        # Retrying is ours: the SDK would send again what may have come through.
        self._web = WebClient(token=token, base_url=url, timeout=int(_SECONDS), retry_handlers=[], logger=_SILENT)
        self._redactor, self._host, self._seconds = redactor, urlsplit(url).hostname, seconds

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
        answer = self._call("auth.test")
        headers = {str(name).lower(): value for name, value in (answer.headers or {}).items()}
        return dict(answer.data), [one.strip() for one in str(headers.get("x-oauth-scopes", "")).split(",") if one]

    def is_member(self, channel: str) -> bool:
        """True if the app is in *channel*, which is a name (`#ops`) or an id."""
        if not channel.startswith("#"):
            return bool(self._get("conversations.info", channel=channel)["channel"].get("is_member"))
        cursor = ""
        for _ in range(_PAGES):
            page = self._get("conversations.list", types=_TYPES, exclude_archived="true", limit="1000", cursor=cursor)
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
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        known = parts.hostname == self._host or (parts.scheme == "https" and parts.hostname in _HOSTS_OF_ANSWERS)
        if not known:
            raise Undelivered("the callback named an address that is not Slack's, so nothing was sent there")
        hook = WebhookClient(url, timeout=int(_SECONDS), retry_handlers=[], logger=_SILENT)
        body: dict[str, Any] = self._body(words, blocks if blocks is not None else _lines(words))
        body |= {"response_type": "ephemeral", "replace_original": False}
        try:
            answer = within(self._seconds, lambda: hook.send_dict(body))
        except (URLError, OSError, SlackClientError) as error:
            raise Undelivered(self._redactor.text(f"Slack does not answer: {error}")) from None
        if answer.status_code != 200:
            raise Undelivered(f"Slack answered {answer.status_code} at the response_url")

    def _body(self, text: str, blocks: Sequence[Block]) -> dict[str, Any]:
        """A message without whatever looks like a secret: the last place where it can be taken out."""
        return {"text": notice(self._redactor.text(text)), "blocks": self._redactor.value(blocks)}

    def _get(self, method: str, **arguments: str) -> Any:
        """A call of those that take no JSON."""
        return self._sent(method, lambda: self._web.api_call(method, http_verb="GET", params=arguments))

    def _call(self, method: str, **arguments: Any) -> Any:
        return self._sent(method, lambda: self._web.api_call(method, json=arguments))

    def _sent(self, method: str, call: Callable[[], Any]) -> Any:
        try:
            return within(self._seconds, call)
        except SlackApiError as error:
            raise self._as_ours(method, error) from None
        except (URLError, OSError, SlackClientError, ValueError) as error:
            words = str(getattr(error, "reason", error)) or type(error).__name__
            raise Undelivered(self._redactor.text(f"Slack does not answer: {words}")) from None

    def _as_ours(self, method: str, error: SlackApiError) -> SlackError:
        answer = error.response
        data: Mapping[str, Any] = answer.data if isinstance(answer.data, dict) else {}
        status = answer.status_code
        code = "ratelimited" if status == _TOO_MANY else str(data.get("error") or f"status {status}")[:100]
        details = data.get("response_metadata") or {}
        said = "; ".join(map(str, details.get("messages", ())))[:300] if isinstance(details, dict) else ""
        hint = NEXT_STEP.get(code) or said or "see https://docs.slack.dev/reference/methods"
        return SlackError(code, self._redactor.text(f"{method}: {code} ({hint})"), after=_retry_after(answer.headers))


_PLAIN = {"parse": "none", "link_names": False}
_QUIET = _PLAIN | {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}
"""Nothing in a message is looked for links, names, markup or previews."""


def _lines(words: str) -> list[Block]:
    return [{"type": "section", "text": plain(words)}]


def _retry_after(headers: Any) -> float | None:
    said = {str(name).lower(): value for name, value in (headers or {}).items()}.get("retry-after")
    try:
        return float(str(said)) if said is not None else None
    except ValueError:
        return None
