"""The module haproxy_members, against a socket that answers as haproxy does."""

from __future__ import annotations

import importlib.util
import socketserver
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "roles" / "balancer_members" / "library" / "haproxy_members.py"
spec = importlib.util.spec_from_file_location("haproxy_members", SOURCE)
assert spec and spec.loader
members: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(members)

STATE = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_port\n"
STATS = "# pxname,svname,qcur,qmax,scur,status,\nfront,FRONTEND,,,3,OPEN,\n"
DRAINED, MAINTAINED = 0x08, 0x01


class FakeHaproxy:
    """Servers of one backend, as name -> [address, port, admin state, up, sessions]; it does what it is told."""

    def __init__(self, servers: dict[str, list[Any]]) -> None:
        self.servers = servers
        self.orders: list[str] = []

    def answer(self, command: str) -> str:
        if command == "show servers state":
            lines = [f"3 web {n} {name} {s[0]} 2 {s[2]} {s[1]}" for n, (name, s) in enumerate(self.servers.items())]
            return STATE + "\n".join(lines) + "\n\n"
        if command == "show stat":
            return STATS + "".join(f"web,{name},0,0,{s[4]},{self.status(s)},\n" for name, s in self.servers.items())
        self.orders.append(command)
        name, state = command.split("/")[1].split(maxsplit=1)[0], command.rsplit(maxsplit=1)[-1]
        if state == "drain" and self.servers[name][3] == "stubborn":
            return "No such server.\n"
        self.servers[name][2] = DRAINED if state == "drain" else 0
        return "\n"

    def status(self, server: list[Any]) -> str:
        if server[2] & MAINTAINED:
            return "MAINT"
        if server[2] & DRAINED:
            return "DRAIN"
        return "UP" if server[3] else "DOWN"


@pytest.fixture
def haproxy() -> Iterator[tuple[FakeHaproxy, str]]:
    servers = {
        "web1-1": ["10.0.0.1", 8081, 0, True, 0],
        "web1-2": ["10.0.0.1", 8082, 0, True, 0],
        "web1-3": ["10.0.0.1", 8083, 0, False, 0],
        "web2-1": ["10.0.0.2", 8081, 0, True, 5],
    }
    fake = FakeHaproxy(servers)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(fake.answer(self.rfile.readline().decode().strip()).encode())

    with tempfile.TemporaryDirectory(prefix="fm") as folder:
        path = f"{folder}/s"
        with socketserver.ThreadingUnixStreamServer(path, Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            yield fake, path
            server.shutdown()
            thread.join()


def bring(path: str, state: str, *, check: bool = False, **options: Any) -> Any:
    given = {
        "socket": path,
        "address": "10.0.0.1",
        "ports": [],
        "backend": None,
        "only": None,
        "state": state,
        "wait": 0,
    }
    return members.bring_about(given | options, check)


def test_a_host_is_taken_out_and_brought_back(haproxy: tuple[FakeHaproxy, str]) -> None:
    fake, path = haproxy
    foretold = bring(path, "out", check=True)
    assert (foretold["changed"], fake.orders) == (True, [])
    assert bring(path, "out") == {"changed": True, "members": ["web/web1-1", "web/web1-2"], "sessions": 0}
    assert fake.orders == ["set server web/web1-1 state drain", "set server web/web1-2 state drain"]
    assert bring(path, "out")["changed"] is False
    fake.servers["web1-3"][3] = True
    assert bring(path, "in")["members"] == ["web/web1-1", "web/web1-2"]
    assert bring(path, "in")["changed"] is False


def test_only_the_ports_that_are_meant(haproxy: tuple[FakeHaproxy, str]) -> None:
    _, path = haproxy
    assert bring(path, "out", ports=[8082, 8083])["members"] == ["web/web1-2"]


def test_only_those_that_were_taken_out_are_brought_back(haproxy: tuple[FakeHaproxy, str]) -> None:
    fake, path = haproxy
    fake.servers["web1-3"][2] = DRAINED  # of an instance that does not run
    taken = bring(path, "out")["members"]
    assert bring(path, "in", only=taken)["members"] == taken
    assert bring(path, "in", only=[])["changed"] is False


def test_sessions_that_do_not_end_are_told(haproxy: tuple[FakeHaproxy, str]) -> None:
    _, path = haproxy
    assert bring(path, "out", address="10.0.0.2")["sessions"] == 5


def test_the_last_server_is_never_taken_out(haproxy: tuple[FakeHaproxy, str]) -> None:
    fake, path = haproxy
    fake.servers["web2-1"][3] = False
    with pytest.raises(members.Refused, match="no other server that is up"):
        bring(path, "out")
    assert fake.orders == []


def test_what_a_person_put_into_maintenance_stays_there(haproxy: tuple[FakeHaproxy, str]) -> None:
    fake, path = haproxy
    fake.servers["web1-1"][2] = MAINTAINED
    assert bring(path, "out", ports=[8081])["changed"] is False
    assert bring(path, "in", ports=[8081])["changed"] is False
    assert fake.orders == []


def test_a_server_that_is_not_found_healthy_is_a_failure(haproxy: tuple[FakeHaproxy, str]) -> None:
    _, path = haproxy
    with pytest.raises(members.Refused, match="web/web1-3 is DOWN"):
        bring(path, "in")


@pytest.mark.parametrize("options", [{"address": "10.9.9.9"}, {"ports": [1]}, {"backend": "api"}])
def test_no_such_server_is_a_failure(haproxy: tuple[FakeHaproxy, str], options: dict[str, Any]) -> None:
    with pytest.raises(members.Refused, match="has no server"):
        bring(haproxy[1], "out", **options)


def test_what_haproxy_refuses_is_told(haproxy: tuple[FakeHaproxy, str]) -> None:
    fake, path = haproxy
    fake.servers["web1-1"][3] = "stubborn"
    with pytest.raises(members.Refused, match="refuses to set web/web1-1 to drain: No such server"):
        bring(path, "out")


def test_an_answer_of_another_form_is_refused() -> None:
    with pytest.raises(members.Refused, match="does not list its servers: Permission denied"):
        members.parse_servers("Permission denied\n")
