"""A small server that speaks Ollama's protocol, with answers that a test scripts. A real server on a free port.

Without a script it does what a grammar does: it answers with the smallest object that fits the request's `format`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

MODEL = "qwen2.5:7b-instruct"
_LONGEST_DRIBBLE = 600


@dataclass(frozen=True)
class Reply:
    """One scripted answer of `/api/chat`. `dribble` sends single bytes, and never the end."""

    text: str = "{}"
    done_reason: str = "stop"
    prompt_eval_count: int = 100
    status: int = 200
    dribble: bool = False

    @classmethod
    def of(cls, **fields: Any) -> Reply:
        """An answer that is the JSON object of *fields*."""
        return cls(text=json.dumps(fields))


@dataclass
class OllamaServer:
    """Answers until it is left. `replies` maps the title of a request's schema to its answer; `requests` keeps them."""

    replies: dict[str, Reply] = field(default_factory=dict)
    models: tuple[str, ...] = (MODEL,)
    requests: list[dict[str, Any]] = field(default_factory=list)

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"ollama": self})
        self.leaving = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.leaving.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def asked(self, title: str) -> list[dict[str, Any]]:
        """The requests whose schema has *title*: `canary`, `choice` or `parameters`."""
        return [request for request in self.requests if request["format"]["title"] == title]

    def reply_to(self, request: dict[str, Any]) -> Reply:
        """The scripted reply, else one that obeys the request's schema."""
        schema = request.get("format") or {}
        return self.replies.get(schema.get("title", ""), Reply(text=json.dumps(smallest(schema))))


def smallest(schema: dict[str, Any]) -> dict[str, Any]:
    """The smallest object that fits a flat *schema*: first choices, lowest numbers, empty texts."""
    return {name: _value(allowed) for name, allowed in schema.get("properties", {}).items()}


def _value(allowed: dict[str, Any]) -> Any:
    if "const" in allowed:
        return allowed["const"]
    if "enum" in allowed:
        return allowed["enum"][0]
    if allowed.get("type") == "array":
        return [_value(allowed["items"])]
    return {"integer": allowed.get("minimum", 0), "number": allowed.get("minimum", 0.0), "boolean": False}.get(
        allowed.get("type", ""), ""
    )


class _Handler(BaseHTTPRequestHandler):
    ollama: OllamaServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/api/version":
            self._json(200, {"version": "0.12.0"})
        elif self.path == "/api/tags":
            self._json(200, {"models": [{"name": name, "model": name} for name in self.ollama.models]})
        else:
            self._json(404, {"error": "not found"})

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/api/show":
            self._json(200, {"capabilities": ["completion"], "details": {"family": "qwen2"}})
        elif self.path == "/api/chat":
            self.ollama.requests.append(request)
            self._chat(request, self.ollama.reply_to(request))
        else:
            self._json(404, {"error": "not found"})

    def _chat(self, request: dict[str, Any], reply: Reply) -> None:
        if reply.status != 200:
            self._json(reply.status, {"error": "the scripted error"})
        elif reply.dribble:
            self._stream(self._dribble())
        elif request.get("stream", True):
            half = len(reply.text) // 2
            self._stream(
                (json.dumps(part) + "\n").encode()
                for part in (
                    self._message(reply.text[:half], done=False),
                    self._message(reply.text[half:], done=False),
                    self._message("", done=True) | self._ending(reply),
                )
            )
        else:
            self._json(200, self._message(reply.text, done=True) | self._ending(reply))

    def _dribble(self) -> Iterator[bytes]:
        for _ in range(_LONGEST_DRIBBLE):
            if self.ollama.leaving.wait(0.02):
                return
            yield b" "

    def _message(self, text: str, *, done: bool) -> dict[str, Any]:
        message = {"role": "assistant", "content": text}
        return {"model": MODEL, "created_at": "2026-01-01T00:00:00Z", "message": message, "done": done}

    def _ending(self, reply: Reply) -> dict[str, Any]:
        return {"done_reason": reply.done_reason, "prompt_eval_count": reply.prompt_eval_count, "eval_count": 20}

    def _stream(self, parts: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for part in parts:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _json(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a test reads `requests` instead."""
