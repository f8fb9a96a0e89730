"""The web service that the demo breaks and heals: it answers 200 on /health while its configuration is sane.

It reads the configuration at every request, so that a changed file shows at once. Standard library only.
"""

from __future__ import annotations

import argparse
import configparser
import logging
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def read_greeting(path: Path) -> str:
    """Return the greeting of the configuration at *path*. Raises ValueError with what is wrong with it."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        greeting = parser.get("web", "greeting")
        items = parser.getint("web", "max_items")
    except (OSError, configparser.Error, ValueError) as error:
        raise ValueError(" ".join(str(error).split())) from None
    if not greeting:
        raise ValueError("greeting is empty")
    if not 1 <= items <= 1000:
        raise ValueError("max_items must lie between 1 and 1000")
    return greeting


class Handler(BaseHTTPRequestHandler):
    """Answers GET on / and /health."""

    config: Path

    def do_GET(self) -> None:
        if self.path not in {"/", "/health"}:
            self._answer(HTTPStatus.NOT_FOUND, "there is only / and /health")
            return
        try:
            greeting = read_greeting(self.config)
        except ValueError as error:
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, f"the configuration is broken: {error}")
            return
        self._answer(HTTPStatus.OK, "ok" if self.path == "/health" else greeting)

    def log_message(self, format: str, *args: object) -> None:
        logging.getLogger("web").info(format, *args)

    def _answer(self, status: HTTPStatus, text: str) -> None:
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve on the loopback interface until told to stop."""
    parser = argparse.ArgumentParser(description="the demo's web service")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(filename=arguments.log, level=logging.INFO, format="%(asctime)s %(message)s")
    Handler.config = arguments.config
    with ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
