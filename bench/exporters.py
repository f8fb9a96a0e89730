"""Plays node_exporter on many hosts, as a process of its own: each address of 127/8 is another host.

The page is one that node_exporter 1.5 printed, with processors, file systems and systemd's units as a server of eight
cores has them: some 85 KB. `GET /turn` is the next round: other hosts are unwell then (`unwell`).
"""

from __future__ import annotations

import asyncio
import ipaddress
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

from bench.server import CHECKOUT, read_until

PORT_WORDS = "node_exporter plays on port"
_RECORDED = Path(__file__).with_name("node_exporter.prom")
_FIRST = int(ipaddress.ip_address("127.1.0.0"))
_CORES = 8
_MODES = ("idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user")
_MOUNTS = (
    ("/", "/dev/vda1", "ext4", 4e10),
    ("/boot/efi", "/dev/vda15", "vfat", 1.3e8),
    ("/run", "tmpfs", "tmpfs", 8e8),
    ("/run/lock", "tmpfs", "tmpfs", 5e6),
    ("/srv/data", "/dev/vdb", "xfs", 2e11),
    ("/var/lib/postgresql", "/dev/vdc", "ext4", 1e11),
)
_UNITS = ("cron", "dbus", "nginx", "postgresql@15-main", "rsyslog", "ssh", "systemd-journald", "systemd-logind")
_STATES = ("activating", "active", "deactivating", "failed", "inactive")


def address(number: int) -> str:
    """Where host *number* is."""
    return str(ipaddress.ip_address(_FIRST + number))


def unwell(number: int, turn: int) -> bool:
    """Whether the disk of host *number* is full: 2 % always, 2 % in even rounds, 2 % in odd ones."""
    return number % 50 == 0 or number % 50 == 1 + turn % 2


@lru_cache
def _fixed(full: bool) -> bytes:
    """What of a page does not change from one look to the next."""
    lines = [_RECORDED.read_text().rstrip("\n")]
    shares = {"size_bytes": 1.0, "free_bytes": 0.6, "avail_bytes": 0.55, "files": 1e-4, "files_free": 9e-5}
    shares |= {"readonly": 0.0, "device_error": 0.0}
    for name, share in shares.items():
        lines += [f"# HELP node_filesystem_{name} Filesystem {name}.", f"# TYPE node_filesystem_{name} gauge"]
        for mount, device, kind, size in _MOUNTS:
            value = size * (0.02 if full and mount == "/" and name in ("free_bytes", "avail_bytes") else share)
            lines.append(
                f'node_filesystem_{name}{{device="{device}",fstype="{kind}",mountpoint="{mount}"}} {value:.9g}'
            )
    lines.append("# HELP node_systemd_unit_state Systemd unit\n# TYPE node_systemd_unit_state gauge")
    for unit in (*_UNITS, *(f"app-worker@{number}" for number in range(32))):
        lines += [
            f'node_systemd_unit_state{{name="{unit}.service",state="{state}",type="simple"}} {int(state == "active")}'
            for state in _STATES
        ]
    return "\n".join(lines).encode()


def page(number: int, turn: int, seconds: float) -> bytes:
    """The page of host *number*, whose processors were half idle for so many *seconds*."""
    name = "node_cpu_seconds_total"
    lines = ["", f"# HELP {name} Seconds the CPUs spent in each mode.", f"# TYPE {name} counter"]
    for core in range(_CORES):
        for mode in _MODES:
            lines.append(f'{name}{{cpu="{core}",mode="{mode}"}} {seconds * (0.5 if mode == "idle" else 0.05):.2f}')
    return _fixed(unwell(number, turn)) + "\n".join([*lines, ""]).encode()


class _Host(asyncio.Protocol):
    turn = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"GET /turn"):
            _Host.turn += 1
        number = int(ipaddress.ip_address(self._transport.get_extra_info("sockname")[0])) - _FIRST
        body = b"" if number < 0 else page(number, _Host.turn, time.monotonic())
        head = f"HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)
        self._transport.close()


class Exporters(NamedTuple):
    """The hosts' node_exporters, all on one port."""

    port: int

    def turn(self) -> None:
        """Begin the next round."""
        with urlopen(f"http://127.0.0.1:{self.port}/turn") as answer:
            answer.read()


@contextmanager
def exporters() -> Iterator[Exporters]:
    """A process that answers for every host, until the block is over."""
    command = [sys.executable, "-m", "bench.exporters"]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Exporters(int(read_until(process, PORT_WORDS).split()[-1]))
        finally:
            process.terminate()


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Host, "0.0.0.0", 0, backlog=4096)
    print(PORT_WORDS, server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
