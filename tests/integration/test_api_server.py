"""The API behind a real server, on a free port of the loopback."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.border import LARGEST_BODY
from api.server import Server
from core.errors import BadInput
from tests.api_client import DOWN, Api, open_api


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with open_api(tmp_path, mode="observe") as opened:
        yield opened


def test_it_serves_on_a_free_port_and_gives_it_back(api: Api) -> None:
    with Server(api.app, host="127.0.0.1", port=0) as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {api.token}"}) as http:
            assert http.get("/healthz").json() == {"status": "ok"}
            answer = http.post("/api/v1/detections", json=DOWN)
            assert (answer.status_code, "server" in answer.headers) == (201, False)
            assert http.get("/api/v1/incidents", headers={"Authorization": ""}).status_code == 401
    with socket.create_server(("127.0.0.1", server.port)):
        pass
    assert api.house.loop.context.store.detections.count() == 1


def test_a_port_in_use_is_said_so(api: Api) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadInput, match=f"can't listen on 127.0.0.1:{port}: .*FLEETMEND_PORT"):
            Server(api.app, host="127.0.0.1", port=port)


def test_an_address_that_is_not_ours_is_said_so(api: Api) -> None:
    with pytest.raises(BadInput, match="FLEETMEND_HOST"):
        Server(api.app, host="192.0.2.1", port=0)


def test_it_can_be_stopped_before_it_was_started(api: Api) -> None:
    server = Server(api.app, host="127.0.0.1", port=0)
    server.stop()
    with socket.create_server(("127.0.0.1", server.port)):
        pass


def test_everywhere_is_reached_over_the_loopback(api: Api) -> None:
    server = Server(api.app, host="0.0.0.0", port=0)
    assert server.url == f"http://127.0.0.1:{server.port}"
    server.stop()


@pytest.mark.parametrize("said", [True, False], ids=["said", "not said"])
def test_a_large_body_is_refused_by_a_real_server(api: Api, said: bool) -> None:
    with Server(api.app, host="127.0.0.1", port=0) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.putrequest("POST", "/api/v1/detections")
        connection.putheader("Authorization", f"Bearer {api.token}")
        connection.putheader("Content-Type", "application/json")
        if said:
            connection.putheader("Content-Length", str(LARGEST_BODY + 1))
            connection.endheaders()
        else:
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders()
            for chunk in (b" " * LARGEST_BODY, b" "):
                connection.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("content-type")) == (413, "application/problem+json")
        connection.close()
