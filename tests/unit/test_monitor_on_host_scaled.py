"""The probe of scaled services: which connections count, and how many instances are wanted."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from monitor.on_host import scaled

ENTRY = {"first_port": 8081, "min": 2, "max": 4, "capacity": 4}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("  sl  local_address rem_address   st tx_queue", (0, "")),
        ("   0: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000", (8081, "0A")),
        ("   9: 0000000000000000FFFF00000100007F:1F92 0000000000000000FFFF00000100007F:C350 01 0", (8082, "01")),
        ("", (0, "")),
    ],
)
def test_lines_of_the_kernels_table(line: str, found: tuple[int, str]) -> None:
    assert scaled.port_and_state(line) == found


@pytest.mark.parametrize(
    ("running", "connections", "busy", "more", "spare", "fewer"),
    [
        (2, 0, 0.0, 2, 0, 2),
        (4, 0, 0.0, 4, 2, 2),
        (2, 8, 1.0, 4, 0, 4),
        (2, 7, 0.875, 3, 0, 4),
        (3, 7, 7 / 12, 3, 0, 4),
        (4, 5, 5 / 16, 4, 1, 3),
        (4, 99, 99 / 16, 4, 0, 4),
        (0, 3, 0.0, 2, 0, 2),
    ],
)
def test_how_many_are_wanted(running: int, connections: int, busy: float, more: int, spare: int, fewer: int) -> None:
    ports = {8081 + number for number in range(running)}
    items = scaled.measure("web", ENTRY, ports | {9999}, {8081: connections, 22: 50})
    found = {item["name"]: item for item in items}
    assert found["scaled.busy"]["value"] == pytest.approx(busy)
    assert found["scaled.busy"]["evidence"]["wanted"] == more
    assert found["scaled.spare"]["value"] == spare
    assert found["scaled.spare"]["evidence"]["wanted"] == fewer
    assert found["scaled.running"]["value"] == running


def test_real_connections_count() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def measured() -> dict[str, Any]:
            entry = {"first_port": port, "min": 1, "max": 1, "capacity": 2}
            return {item["name"]: item["value"] for item in scaled.probe({"scaled": {"x": entry}})}

        assert measured() == {"scaled.busy": 0, "scaled.spare": 0, "scaled.running": 1}
        with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
            assert measured()["scaled.busy"] == 1.0
    assert measured()["scaled.running"] == 0
