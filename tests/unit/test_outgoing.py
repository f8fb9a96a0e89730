"""Whatever fleetmend calls may be hostile: each way out meets a server that redirects, dribbles, and never ends."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpcore
import httpx
import pytest

from approver.slack.client import Slack
from approver.webhook import WebhookTeller
from core.clock import ManualClock
from core.errors import ModelFailed
from core.fleets import Fleet, FleetFile, Host
from core.messages import Undelivered
from core.redaction import Redactor
from core.sources import PrometheusSource
from loop import heartbeat
from loop.slack_check import SlackCheck
from monitor.controller_probes import ControllerProbes
from monitor.prometheus import PrometheusProbe
from outgoing import addresses, clients
from outgoing.addresses import is_public
from planner.chat import open_chat
from planner.models import detect_ollama
from tests.hostile_server import MODES, HostileServer, hostile_server

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 0.4
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
REDACTOR = Redactor(frozenset())
NOW = ManualClock().now()


class Refused(Exception):
    """A way out noticed that what came was no answer, and says so in its own manner."""


def beats(url: str) -> None:
    heartbeat.caller()(url)


def webhook(url: str) -> None:
    WebhookTeller(url, SECRET, ManualClock(), REDACTOR)._send("{}", {})


def slack_call(url: str) -> None:
    Slack("xoxb", f"{url}/api/", REDACTOR, seconds=SECONDS).who_are_we()


def slack_answer(url: str) -> None:
    Slack("xoxb", f"{url}/api/", REDACTOR, seconds=SECONDS).answer(f"{url}/response", "words")


def public_url(url: str) -> None:
    if SlackCheck._reached(url).level != "ok":
        raise Refused


def ollama_found(url: str) -> None:
    if detect_ollama(url, SECONDS) is None:
        raise Refused


def ollama(url: str) -> None:
    open_chat("ollama:m", ollama_url=url, limit=timedelta(seconds=SECONDS)).ask("", "", {"type": "object"})


def http_probe(url: str) -> None:
    host = Host(name="h1", variables={"fleetmend_http": {"web": {"url": url, "timeout": SECONDS}}})
    samples = ControllerProbes().measure([(host, "http")], NOW)
    if {one.name: one.value for one in samples}["http.ok"] != 1:
        raise Refused


def prometheus(url: str) -> None:
    asked = {"q": {"query": "up", "sample": "x.up"}}
    source = PrometheusSource.model_validate({"kind": "prometheus", "url": url, "queries": asked, "timeout": "1s"})
    fleet = Fleet(name="demo", folder=Path("/f"), file=FleetFile(), hosts=(Host(name="h1"),), policy_digest="p")
    probe = PrometheusProbe(lambda: {"p": source}, lambda _secret: "")
    if any(one.name == "probe.ok" and one.value != 1 for one in probe.measure(fleet, ["h1"], NOW)):
        raise Refused


WAYS: dict[str, Callable[[str], None]] = {
    one.__name__: one
    for one in (beats, webhook, slack_call, slack_answer, public_url, ollama_found, ollama, http_probe, prometheus)
}
ERRORS = (Refused, httpx.HTTPError, Undelivered, ModelFailed)
FINE = {("http_probe", "endless"), ("http_probe", "bomb")}
"""It reads a bounded part of the body, as it came, and asks for the status alone."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    monkeypatch.setattr("approver.webhook._SECONDS", SECONDS)
    monkeypatch.setattr("loop.heartbeat._TIMEOUT_SECONDS", SECONDS)
    monkeypatch.setattr("loop.slack_check._SECONDS", SECONDS)
    with hostile_server() as serving:
        yield serving


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", WAYS)
def test_no_way_out_follows_waits_or_swallows(server: HostileServer, name: str, mode: str) -> None:
    server.mode = mode
    if (name, mode) in FINE:
        WAYS[name](server.url)
    else:
        with pytest.raises(ERRORS):
            WAYS[name](server.url)
    assert server.asked
    assert "/elsewhere" not in server.asked


@pytest.mark.parametrize("name", ["beats", "webhook", "slack_call", "slack_answer", "public_url", "http_probe"])
def test_a_good_answer_is_one_whatever_the_environment_says(
    server: HostileServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9/")
    WAYS[name](server.url)


def test_a_proxy_that_is_set_is_used(server: HostileServer) -> None:
    heartbeat.caller(server.url)("http://nowhere.invalid/x")
    assert server.asked == ["http://nowhere.invalid/x"]


@pytest.mark.parametrize(
    ("url", "answers"),
    [
        ("http://169.254.169.254/latest/meta-data", False),
        ("http://127.0.0.1:{port}/x", True),
        ("http://127.0.0.1:1/x", False),
        ("https://127.0.0.1:{port}/x", False),
        ("http://hooks.slack.com/x", False),
        ("https://hooks.slack.com:8443/x", False),
        ("https://hooks.slack.com@127.0.0.1/x", False),
        ("https://hooks.slack.com.evil.example/x", False),
        ("file:///etc/passwd", False),
        ("http://[::1/x", False),
        ("", False),
    ],
)
def test_slack_is_answered_where_slack_is(server: HostileServer, url: str, answers: bool) -> None:
    slack = Slack("xoxb", f"{server.url}/api/", REDACTOR, seconds=SECONDS)
    if answers:
        slack.answer(url.format(port=server.port), "words")
        return
    with pytest.raises(Undelivered, match="is not Slack's"):
        slack.answer(url.format(port=server.port), "words")
    assert server.asked == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("fe80::1%eth0", False),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("192.168.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("fd00:ec2::254", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:a9fe:a9fe::1", False),
        ("ff02::1", False),
        ("nonsense", False),
    ],
)
def test_what_is_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize("found", [["127.0.0.1"], ["169.254.169.254"], ["8.8.8.8", "10.0.0.1"], []])
def test_a_name_that_leads_inside_is_not_connected_to(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch, found: list[str]
) -> None:
    class Loop:
        async def getaddrinfo(self, *_asked: Any, **_how: Any) -> list[Any]:
            return [(0, 0, 0, "", (address, server.port)) for address in found]

    monkeypatch.setattr(addresses.asyncio, "get_running_loop", Loop)
    with clients.client(SECONDS, public_only=True) as http, pytest.raises(httpx.ConnectError, match="leads to this"):
        http.get(f"http://hooks.slack.com:{server.port}/x")
    assert server.asked == []
    assert issubclass(addresses.PublicOnly, httpcore.AsyncNetworkBackend)


MAKERS = {
    "Client",
    "AsyncClient",
    "get",
    "post",
    "put",
    "request",
    "stream",
    "urlopen",
    "HTTPConnection",
    "build_opener",
}
ELSEWHERE = {"api/in_process.py", "cli/client.py"}
"""Our own API: within the process, and where the operator says that it is."""


def test_nothing_else_makes_clients() -> None:
    rooms = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["packages"]
    made = set()
    for room in set(rooms) - {"outgoing", "lab"}:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                called = node.func if isinstance(node, ast.Call) else None
                if isinstance(called, ast.Attribute) and called.attr in MAKERS:
                    of = ast.unparse(called.value)
                    if of.split(".")[0] in ("httpx", "urllib", "requests", "aiohttp"):
                        made.add(str(path.relative_to(ROOT)))
    assert made <= ELSEWHERE | {"cli/demo/hosts.py"}, "make it with outgoing/clients.py"
