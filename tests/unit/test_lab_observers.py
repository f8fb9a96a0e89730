"""The outside observer: when an answer counts, and what is said when it does not."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import lab.proving
from lab.proving.observers import judge_http, judge_ssh
from lab.proving.scenario import HttpCheck, SshCheck
from lab.ssh import Said

HTTP_GET = Path(lab.proving.__file__).parent / "on_host" / "http_get.py"


def ssh(**given):
    return SshCheck.model_validate({"host": "web1", "run": ["df"]} | given)


@pytest.mark.parametrize(
    ("check", "said", "problem"),
    [
        ({}, (0, "", ""), None),
        ({}, (1, "", "no\nway"), "exit status 1, and not 0: no way"),
        ({"exit": 3}, (3, "inactive", ""), None),
        ({"exit": 3}, (0, "active", ""), "exit status 0, and not 3"),
        ({}, (255, "", "refused"), "no SSH connection: refused"),
        ({"stdout": "^active$"}, (0, "x\nactive\n", ""), None),
        ({"stdout": "^active$"}, (0, "inactive\n", ""), "nothing like '^active$' in 'inactive'"),
        ({"at_most": 80}, (0, "Use%\n 42%\n", ""), None),
        ({"at_most": 80}, (0, "Use%\n 97%\n", ""), "97 is above 80"),
        ({"at_least": 2}, (0, "1.5", ""), "1.5 is below 2"),
        ({"at_least": -1, "at_most": 1}, (0, "-0.5 seconds", ""), None),
        ({"at_most": 80}, (0, "none", ""), "no number in 'none'"),
    ],
)
def test_a_command_over_ssh(check, said, problem):
    found = judge_ssh(ssh(**check), Said(*said))
    assert (found is None) if problem is None else (found is not None and problem in found)


def http(**given):
    return HttpCheck.model_validate({"from": "lb1", "url": "http://web1/"} | given)


@pytest.mark.parametrize(
    ("check", "answer", "problem"),
    [
        ({}, {"status": 200, "body": ""}, None),
        ({}, {"status": 503, "body": ""}, "status 503, and not 200"),
        ({"status": 503}, {"status": 503, "body": ""}, None),
        ({"body": "^ok$"}, {"status": 200, "body": "all\nok\n"}, None),
        ({"body": "^ok$"}, {"status": 200, "body": "not ok"}, "nothing like '^ok$' in 'not ok'"),
        ({}, {"error": "refused"}, "no answer (refused)"),
    ],
)
def test_an_answer_over_http(check, answer, problem):
    found = judge_http(http(**check), Said(0, json.dumps(answer), ""))
    assert found == problem if problem is None else problem in str(found)


def test_a_host_that_can_t_ask_is_no_answer():
    assert judge_http(http(), Said(255, "", "Connection refused")) == "lb1 could not ask: Connection refused"


class Answers(BaseHTTPRequestHandler):
    """`/moved` redirects, `/gone` is 410; everything else shows the name that was asked for."""

    def do_GET(self) -> None:
        self.send_response({"/moved": 302, "/gone": 410}.get(self.path, 200))
        self.send_header("Location", "http://elsewhere.invalid/")
        self.end_headers()
        self.wfile.write(str(self.headers["Host"]).encode())

    def log_message(self, *_arguments: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/moved", 302), ("/gone", 410)])
def test_the_program_asks_the_address_under_the_name_and_follows_nothing(port, path, status):
    command = [sys.executable, "-I", "-", f"http://web1.lab:{port}{path}", "127.0.0.1", "5"]
    done = subprocess.run(command, stdin=HTTP_GET.open(), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"status": status, "body": f"web1.lab:{port}"}


def test_the_program_says_that_nobody_answers():
    command = [sys.executable, "-I", "-", "http://web1.lab:1/", "127.0.0.1", "5"]
    done = subprocess.run(command, stdin=HTTP_GET.open(), capture_output=True, text=True, check=True)
    assert "refused" in json.loads(done.stdout)["error"]
