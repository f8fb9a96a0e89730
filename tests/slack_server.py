"""A Slack of the tests' own: the Web API over real HTTP, its limits and errors, and callbacks signed as Slack signs.

`approver/slack/client.py` talks to it. What it takes in, it checks as Slack does: a message beyond a limit is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.slack_limits import modal_problem, problem_of

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TOKEN = "xoxb-0000-1111-tests"
OPS, NEXT = "C0OPS", "C0NEXT"
TEAM, APP = "T0TESTS", "A0TESTS"
Json = dict[str, Any]


@dataclass
class SlackServer:
    """What was sent to it, and how it answers."""

    port: int = 0
    calls: list[tuple[str, Json]] = field(default_factory=list)
    messages: dict[tuple[str, str], Json] = field(default_factory=dict)
    """(channel, ts) -> the message as it stands now."""
    whispers: list[Json] = field(default_factory=list)
    views: list[Json] = field(default_factory=list)
    channels: dict[str, str] = field(default_factory=lambda: {"#ops": OPS, "#next": NEXT})
    scopes: str = "chat:write,commands,channels:read,groups:read"
    errors: list[Json | int | tuple[int, str]] = field(default_factory=list)
    """Answers for the next calls: an error's word in `{"error": …}`, a status, or a status with its Retry-After."""
    down: bool = False
    hang: threading.Event | None = None
    """Set: calls wait for it before they are answered."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/"

    @property
    def response_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/response"

    def heads(self, channel: str = OPS) -> list[Json]:
        """Messages that begin a thread, oldest first."""
        return [one for one in self._in(channel) if not one.get("thread_ts")]

    def thread(self, head: Json) -> list[Json]:
        """The replies to a message."""
        return [one for one in self._in(head["channel"]) if one.get("thread_ts") == head["ts"]]

    def called(self, method: str) -> list[Json]:
        """The bodies of the calls of one method."""
        return [body for name, body in self.calls if name == method]

    def _in(self, channel: str) -> list[Json]:
        return [one for (where, _), one in sorted(self.messages.items()) if where == channel]

    def answer(self, method: str, body: Json) -> Json:  # noqa: PLR0911 - a method a line
        """What Slack answers to a call."""
        if method == "chat.postMessage":
            return self._post(body)
        if method == "chat.update":
            known = self.messages.get((body["channel"], body["ts"]))
            if known is None:
                return {"ok": False, "error": "message_not_found"}
            if (problem := problem_of(body)) is not None:
                return _invalid(problem)
            known |= {"text": body["text"], "blocks": body["blocks"]}
            return {"ok": True, "channel": body["channel"], "ts": body["ts"]}
        if method == "chat.postEphemeral":
            if (problem := problem_of(body)) is not None:
                return _invalid(problem)
            self.whispers.append(body)
            return {"ok": True, "message_ts": "1.1"}
        if method == "views.open":
            if (problem := modal_problem(body["view"])) is not None:
                return _invalid(problem)
            self.views.append(body)
            return {"ok": True, "view": body["view"]}
        if method == "auth.test":
            return {
                "ok": True,
                "team": "tests",
                "team_id": TEAM,
                "user": "fleetmend",
                "user_id": "UBOT",
                "bot_id": "B1",
            }
        if method == "conversations.info":
            known = body["channel"] in self.channels.values()
            return (
                {"ok": True, "channel": {"is_member": True}} if known else {"ok": False, "error": "channel_not_found"}
            )
        if method == "conversations.list":
            listed = [{"id": i, "name": name[1:], "is_member": True} for name, i in self.channels.items()]
            return {"ok": True, "channels": listed, "response_metadata": {"next_cursor": ""}}
        return {"ok": False, "error": "unknown_method"}

    def _post(self, body: Json) -> Json:
        channel = self.channels.get(body["channel"], body["channel"])
        if channel not in self.channels.values():
            return {"ok": False, "error": "channel_not_found"}
        if (problem := problem_of(body)) is not None:
            return _invalid(problem)
        if "thread_ts" in body and (channel, body["thread_ts"]) not in self.messages:
            return {"ok": False, "error": "thread_not_found"}
        ts = f"1700000000.{len(self.calls):06d}"
        self.messages[channel, ts] = body | {"channel": channel, "ts": ts}
        return {"ok": True, "channel": channel, "ts": ts}


def _invalid(problem: str) -> Json:
    return {"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": [f"[ERROR] {problem}"]}}


def signed(body: str, at: float, secret: str = SECRET) -> dict[str, str]:
    """The headers with which Slack sends *body*."""
    stamp = str(int(at))
    mac = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={mac}",
    }


def click(server: SlackServer, message: Json, action: str, user: str, /, **changes: Any) -> str:
    """The form that Slack sends when *user* presses a button of *message*."""
    buttons = [one for block in message["blocks"] if block["type"] == "actions" for one in block["elements"]]
    [button] = [one for one in buttons if one["action_id"] == action]
    payload = {
        "type": "block_actions",
        "user": {"id": user, "team_id": TEAM},
        "team": {"id": TEAM},
        "api_app_id": APP,
        "trigger_id": f"trigger-{time.monotonic_ns()}",
        "response_url": server.response_url,
        "channel": {"id": message["channel"]},
        "message": {"ts": message["ts"]},
        "container": {"message_ts": message["ts"], "channel_id": message["channel"]},
        "actions": [{"action_id": action, "value": button["value"], "block_id": "decide"}],
    }
    return urlencode({"payload": json.dumps(payload | changes)})


def submit(view: Json, user: str, *, hosts: list[str] | None = None, reason: str = "", **values: Any) -> str:
    """The form that Slack sends when *user* submits the modal *view*: as it was opened, but for what is given."""
    state: dict[str, Json] = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        element, name = block["element"], block["block_id"]
        given = values.get(name.removeprefix("parameter:"))
        if element["type"] in ("checkboxes", "multi_static_select"):
            chosen = (
                element["options"] if hosts is None else [one for one in element["options"] if one["value"] in hosts]
            )
            filled: Json = {"selected_options": chosen}
        elif element["type"] == "static_select":
            picked = element.get("initial_option") if given is None else {"value": given}
            filled = {"selected_option": picked}
        else:
            filled = {"value": reason or None if name == "reason" else given or element.get("initial_value")}
        state[name] = {element["action_id"]: filled | {"type": element["type"]}}
    sent = {
        "callback_id": view["callback_id"],
        "private_metadata": view["private_metadata"],
        "state": {"values": state},
    }
    payload = {
        "type": "view_submission",
        "user": {"id": user, "team_id": TEAM},
        "team": {"id": TEAM},
        "api_app_id": APP,
        "trigger_id": str(time.monotonic_ns()),
        "view": sent,
    }
    return urlencode({"payload": json.dumps(payload)})


def command(server: SlackServer, text: str, user: str, **changes: str) -> str:
    """The form that Slack sends for `/fleetmend text`."""
    return urlencode(
        {
            "command": "/fleetmend",
            "text": text,
            "user_id": user,
            "team_id": TEAM,
            "api_app_id": APP,
            "channel_id": OPS,
            "response_url": server.response_url,
            "trigger_id": str(time.monotonic_ns()),
        }
        | changes
    )


@contextmanager
def slack_server() -> Iterator[SlackServer]:
    """A server that answers until the block ends."""
    slack = SlackServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            if "json" in self.headers.get("Content-Type", ""):
                self._answer(json.loads(body or b"{}"))
            else:
                self._answer({name: values[0] for name, values in parse_qs(body.decode()).items()})

        def _answer(self, body: Json) -> None:
            method = urlsplit(self.path).path.removeprefix("/api/")
            if slack.down:
                self.close_connection = True
                return
            if slack.hang is not None:
                slack.hang.wait(20)
            if method == "/response":
                slack.whispers.append(body)
                self._send(200, {"ok": True}, text="ok")
                return
            slack.calls.append((method, body))
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self._send(200, {"ok": False, "error": "invalid_auth"})
            elif slack.errors:
                error = slack.errors.pop(0)
                if isinstance(error, dict):
                    self._send(200, {"ok": False} | error)
                elif isinstance(error, tuple):
                    self._send(error[0], {"ok": False, "error": "ratelimited"}, {"Retry-After": error[1]})
                else:
                    self._send(error, {"ok": False, "error": "internal_error"})
            else:
                self._send(200, slack.answer(method, body), {"X-OAuth-Scopes": slack.scopes})

        def _send(self, status: int, body: Json, headers: dict[str, str] | None = None, text: str = "") -> None:
            content = text.encode() or json.dumps(body).encode()
            self.send_response(status)
            kind = "text/plain" if text else "application/json"
            for name, value in ({"Content-Type": kind, "Content-Length": str(len(content))} | (headers or {})).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    slack.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield slack
    finally:
        if slack.hang is not None:
            slack.hang.set()
        server.shutdown()
        server.server_close()
        thread.join()
