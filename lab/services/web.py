#!/usr/bin/python3
"""The lab's web application; web.sh installs it.

`--check FILE` says whether a configuration can be used; `--tls FOLDER` serves over TLS on port 8443, and reads
certificate and key anew on SIGHUP.
"""

import argparse
import configparser
import json
import signal
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

CONFIG = "/etc/web/web.conf"
MOST_SECONDS = 30.0


class Config:
    """What /etc/web/web.conf says. Raises ValueError, KeyError or configparser.Error if it can't be used."""

    def __init__(self, path):
        parser = configparser.ConfigParser(interpolation=None)
        with open(path, encoding="utf-8") as file:
            parser.read_file(file)
        section = parser["web"]
        self.greeting = section["greeting"]
        self.workers = int(section["workers"])
        if not 1 <= self.workers <= 64:
            raise ValueError("workers is a number from 1 to 64")


class Server(ThreadingHTTPServer):
    """Works on so many requests at once as the configuration says; the others wait."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, instance, port, config):
        super().__init__(("0.0.0.0", port), Handler)
        self.instance, self.config = instance, config
        self.room = threading.Semaphore(config.workers)
        self.lock, self.busy, self.waiting, self.served = threading.Lock(), 0, 0, 0
        self.log = open(f"/var/log/web/access-{instance}.log", "a", buffering=1, encoding="utf-8")

    def count(self, **changes):
        with self.lock:
            for name, change in changes.items():
                setattr(self, name, getattr(self, name) + change)

    def status(self):
        with self.lock:
            return {
                "instance": self.instance,
                "workers": self.config.workers,
                "busy": self.busy,
                "waiting": self.waiting,
                "served": self.served,
            }


class Handler(BaseHTTPRequestHandler):
    server_version = "lab-web/1"

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/health":
            self.answer(200, "ok\n")
        elif url.path == "/status":
            self.answer(200, json.dumps(self.server.status()) + "\n", "application/json")
        elif url.path in ("/", "/work"):
            self.work(url)
        else:
            self.answer(404, "no such page\n")

    def work(self, url):
        try:
            seconds = min(float(parse_qs(url.query).get("seconds", ["0"])[0]), MOST_SECONDS)
        except ValueError:
            self.answer(400, "seconds is a number\n")
            return
        self.server.count(waiting=1)
        with self.server.room:
            self.server.count(waiting=-1, busy=1)
            try:
                time.sleep(max(seconds, 0.0))
                self.answer(200, f"{self.server.config.greeting} from instance {self.server.instance}\n")
            finally:
                self.server.count(busy=-1, served=1)

    def answer(self, status, text, kind="text/plain"):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):
        if not self.path.startswith(("/health", "/status")):
            line = f"{self.address_string()} {format % arguments}"
            print(line, flush=True)
            self.server.log.write(f"{time.strftime('%FT%T%z')} {line}\n")


def serve_tls(server, folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def load(*_):
        context.load_cert_chain(f"{folder}/web.crt", f"{folder}/web.key")

    load()
    signal.signal(signal.SIGHUP, load)
    # The handshake is the handler's thread's affair: a silent client must not stop the others.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--instance", type=int, default=0)
    parser.add_argument("--tls", metavar="FOLDER")
    parser.add_argument("--check", metavar="FILE")
    given = parser.parse_args()
    try:
        config = Config(given.check or CONFIG)
    except (OSError, ValueError, KeyError, configparser.Error) as error:
        sys.exit(f"{given.check or CONFIG}: {error}")
    if given.check is None:
        server = Server(given.instance, 8443 if given.tls else 8080 + given.instance, config)
        if given.tls:
            serve_tls(server, given.tls)
        print(f"listening on {server.server_address[1]}, {config.workers} workers", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
